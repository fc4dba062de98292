use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a finding would be if it is true, in OCSF's words.
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
