//! What the quickstart is made of besides its core: reading the command line and writing the report.

pub mod console;
mod layout;
pub mod options;
pub mod report;
