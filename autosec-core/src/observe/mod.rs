//! The seam to the host's metrics, audit trail and logs: an [`Observer`] is told what happened, in plain records.
//!
//! The stages above translate into these records, so this module never looks up.

use std::fmt::Debug;
use std::sync::Arc;

use crate::entity::Entity;
use crate::finding::{Action, Fault, Finding};
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// Something worth telling the host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Record<'a> {
    /// A decision was made about a subject.
    Decided {
        /// About whom.
        subject: &'a Entity,
        /// What is to be done.
        action: Action,
        /// How risky the subject is.
        risk: RiskScore,
    },
    /// A firewall was asked to change, and did or did not.
    Enforced {
        /// The firewall's name.
        firewall: &'a str,
        /// What changed, in one word: `block` or `unblock`.
        change: &'a str,
        /// How many items it took on.
        applied: usize,
        /// How many it did not.
        failed: usize,
    },
    /// Something went wrong beside a verdict.
    Faulted(&'a Fault),
    /// An analytic found something.
    Found(&'a Finding),
    /// The guard held a decision back.
    Refused {
        /// About whom.
        subject: &'a Entity,
        /// Why, for a person.
        why: &'a str,
    },
}

/// The host's ear. Called on the caller's thread: keep it short, and free of panics, which pass through to whoever called
/// the engine (those of detectors, scorers and policies do not).
pub trait Observer: Debug + Send + Sync {
    /// Takes note of one record; `at` is event time for detection, clock time for enforcement.
    fn note(&self, at: Timestamp, record: &Record<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn note(&self, at: Timestamp, record: &Record<'_>) {
        (**self).note(at, record);
    }
}

/// An observer that ignores everything: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn note(&self, _at: Timestamp, _record: &Record<'_>) {}
}
