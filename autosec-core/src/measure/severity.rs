use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a finding would be if it is true, in OCSF's words.
///
/// The variants are ordered, mildest first, and are written in lower case in rules. How much each weighs in a risk is
/// the scorer's affair: see [`NoisyOr`](crate::score::NoisyOr).
///
/// ```
/// use autosec_core::measure::Severity;
///
/// assert!(Severity::Critical > Severity::Low);
/// assert_eq!(Severity::High.to_string(), "high");
/// assert_eq!(Severity::High.ocsf_id(), 4);
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a line in a report, no more.
    Informational,
    /// Background noise of the internet.
    Low,
    /// Somebody is trying something.
    Medium,
    /// An attack that works if the host is vulnerable.
    High,
    /// An attack that has worked or is about to.
    Critical,
}

impl Severity {
    /// OCSF's `severity_id`: 1 informational … 5 critical.
    pub const fn ocsf_id(self) -> u8 {
        match self {
            Severity::Informational => 1,
            Severity::Low => 2,
            Severity::Medium => 3,
            Severity::High => 4,
            Severity::Critical => 5,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        })
    }
}
