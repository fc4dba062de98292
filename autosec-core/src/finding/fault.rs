use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::entity::printable;

/// What kind of thing went wrong while an event was looked at.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// State was dropped to stay within its budget.
    Evicted,
    /// The event's time cannot be right.
    ImplausibleTime,
    /// The event is older than the allowed lateness, so windows did not count it.
    Late,
    /// A detector panicked or could not do its work.
    Detector,
}

impl FaultKind {
    /// A stable word for logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            FaultKind::Evicted => "evicted",
            FaultKind::ImplausibleTime => "implausible-time",
            FaultKind::Late => "late",
            FaultKind::Detector => "detector",
        }
    }
}

/// Something that went wrong beside the verdict; it never stops the others. Displayed, its texts are made
/// [`printable`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// Which part reports it: a rule's id, a detector's name.
    pub origin: Arc<str>,
    /// What happened, for a person.
    pub detail: Cow<'static, str>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.kind.code(), printable(&self.origin), printable(&self.detail))
    }
}
