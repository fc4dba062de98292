//! What the examples share: reading the command line and writing reports.

pub mod options;
pub mod report;
