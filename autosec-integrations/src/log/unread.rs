use std::fmt;

/// A line that gave no event.
///
/// It holds no text of the line: what is displayed is safe to log, and the line's number leads to the rest.
///
/// ```
/// use autosec_integrations::log::{Unread, UnreadReason};
///
/// let unread = Unread { line: 7, reason: UnreadReason::Time };
/// assert_eq!(unread.to_string(), "line 7: no readable time");
/// assert_eq!(unread.reason.code(), "time");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unread {
    /// Its number in the input, from 1.
    pub line: u64,
    /// Why.
    pub reason: UnreadReason,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for Unread {}

/// Why a line could not be read.
///
/// Where a format is detected line by line ([`Format::Auto`](super::Format)), the reason is that of the format the input
/// had so far.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum UnreadReason {
    /// It is no access log line.
    NotAccess,
    /// It is no JSON object.
    NotEve,
    /// It is no syslog line.
    NotSyslog,
    /// It is RFC 5424, but its structured data is malformed.
    StructuredData,
    /// It has no time, or one that names no point in time.
    Time,
    /// It is longer than the limit.
    TooLong,
    /// It fits none of the formats.
    UnknownFormat,
}

impl UnreadReason {
    /// A stable name for metrics and reports.
    pub const fn code(self) -> &'static str {
        match self {
            UnreadReason::NotAccess => "not_access",
            UnreadReason::NotEve => "not_eve",
            UnreadReason::NotSyslog => "not_syslog",
            UnreadReason::StructuredData => "structured_data",
            UnreadReason::Time => "time",
            UnreadReason::TooLong => "too_long",
            UnreadReason::UnknownFormat => "unknown_format",
        }
    }
}

impl fmt::Display for UnreadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            UnreadReason::NotAccess => {
                "not an access log line: expected `ADDRESS - USER [TIME] \"REQUEST\" STATUS BYTES`"
            }
            UnreadReason::NotEve => "not a JSON object",
            UnreadReason::NotSyslog => "not a syslog line: expected a priority, a time and a host",
            UnreadReason::StructuredData => {
                "malformed structured data: expected `-` or `[id name=\"value\"]`"
            }
            UnreadReason::Time => "no readable time",
            UnreadReason::TooLong => "longer than the limit on lines",
            UnreadReason::UnknownFormat => "neither syslog, nor an access log line, nor a JSON object",
        })
    }
}

impl std::error::Error for UnreadReason {}
