use std::io;

use super::report::Report;

/// Why an input was not read to its end. What was read before is with the sink, and counted in the report.
#[derive(Debug, thiserror::Error)]
#[error("{fault}, at byte {at} (line {line})")]
pub struct BundleError {
    /// What happened.
    #[source]
    pub fault: BundleFault,
    /// Where, in bytes from 0.
    pub at: u64,
    /// The line, from 1.
    pub line: u64,
    /// What was read until then.
    pub report: Box<Report>,
}

/// What ends reading.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The input ended in the middle.
    #[error("the bundle is truncated")]
    Truncated,
    /// The input is no JSON that holds objects.
    #[error("expected {expected}, found `{found}`")]
    Malformed {
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: char,
    },
    /// More objects than [`StixLimits::objects`](super::StixLimits::objects).
    #[error("the bundle has more than {0} objects")]
    TooMany(u64),
    /// The input could not be read.
    #[error("cannot read the bundle")]
    Io(#[from] io::Error),
}
