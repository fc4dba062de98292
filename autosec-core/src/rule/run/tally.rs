use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
///
/// Each thread counts in a stripe, which it shares with every fourth other thread: two threads that count in one place
/// wait for each other's cache line at every event. Two threads on one set did 1.26 times the work of one
/// that way (2026-11-22, 2-core x86-64 VM).
#[derive(Debug, Default)]
pub(crate) struct Tally {
    stripes: [Stripe; STRIPES],
}

const STRIPES: usize = 4;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Matches,
    Findings,
    Late,
    Evicted,
    Unnamed,
}

/// A cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe([AtomicU64; 5]);

/// Deals stripes to threads in turn.
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

impl Tally {
    /// Counts one more.
    pub(super) fn add(&self, what: Counted) {
        self.count(what);
    }

    /// Counts one more and says whether it is worth a report: the first of a stripe, and every 1,024th.
    pub(super) fn add_reported(&self, what: Counted) -> bool {
        self.count(what).is_multiple_of(1024)
    }

    pub(super) fn value(&self, what: Counted) -> u64 {
        let stripes = self.stripes.iter().filter_map(|stripe| stripe.0.get(what as usize));
        stripes.map(|counter| counter.load(Ordering::Relaxed)).sum()
    }

    /// Counts one more and gives how many there were before in this stripe.
    fn count(&self, what: Counted) -> u64 {
        let stripe = self.stripes.get(STRIPE.with(|stripe| *stripe));
        let counter = stripe.and_then(|stripe| stripe.0.get(what as usize));
        counter.map_or(0, |counter| counter.fetch_add(1, Ordering::Relaxed))
    }
}
