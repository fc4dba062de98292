use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What happened to one rule since its set was built.
///
/// Read it by [`RuleSet::stats`](super::super::RuleSet::stats). A rule with many matches and no finding has too high a
/// threshold; one with `evicted` above 0 needs more [keys](super::super::RuleSetBuilder::keys_per_rule), or counts by a field
/// that strangers choose.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RuleStats {
    /// The rule's id.
    pub id: Arc<str>,
    /// Events that satisfied its expression.
    pub matches: u64,
    /// Findings it gave, shadow findings among them.
    pub findings: u64,
    /// Events that came too late to be counted.
    pub late: u64,
    /// Keys that had to give way to others.
    pub evicted: u64,
    /// Events that satisfied the expression but lacked the field that names the subject.
    pub unnamed: u64,
    /// Keys it remembers now.
    pub keys: usize,
}

/// The counters behind [`RuleStats`]; they order nothing, so they need no ordering.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(super) matches: Counter,
    pub(super) findings: Counter,
    pub(super) late: Counter,
    pub(super) evicted: Counter,
    pub(super) unnamed: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Counts one more and gives how many there were before.
    pub(super) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts one more and says whether it is worth a report: the first, and every 1,024th.
    pub(super) fn add_reported(&self) -> bool {
        self.add().is_multiple_of(1024)
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
