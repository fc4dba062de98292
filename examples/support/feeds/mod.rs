//! What the example of feeds is made of besides its core: the command line, loading, and the report.

pub mod intake;
pub mod options;
pub mod report;
pub mod taxii;
