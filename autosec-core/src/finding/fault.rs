use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::entity::printable;

/// What kind of thing went wrong while an event was looked at.
///
/// A fault says that something was not looked at, or not as usual; count them by [`FaultKind::code`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
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
    /// An enricher panicked or could not do its work, so the event may lack fields.
    Enricher,
    /// The scorer panicked, so nothing was decided about a subject.
    Scorer,
    /// The policy panicked, so what it would have decided or remembered about a subject is lost.
    Policy,
}

impl FaultKind {
    /// A stable word for logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            FaultKind::Evicted => "evicted",
            FaultKind::ImplausibleTime => "implausible-time",
            FaultKind::Late => "late",
            FaultKind::Detector => "detector",
            FaultKind::Enricher => "enricher",
            FaultKind::Scorer => "scorer",
            FaultKind::Policy => "policy",
        }
    }
}

/// Something that went wrong beside the verdict; it never stops the others.
///
/// What repeats with every event is reported sparsely: a rule whose keys are evicted, or whose matches lack a subject,
/// gives a fault the first time and every 1,024th time after it, in each of four groups of threads; [`RuleStats`](crate::rule::RuleStats) counts all.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// Which part reports it: a rule's id, a detector's name.
    pub origin: Arc<str>,
    /// What happened, for a person.
    pub detail: Cow<'static, str>,
}

impl Fault {
    /// A fault that `origin` reports.
    pub fn new(kind: FaultKind, origin: impl Into<Arc<str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, origin: origin.into(), detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.kind.code(), printable(&self.origin), printable(&self.detail))
    }
}
