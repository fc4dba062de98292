use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::fault::MatchFault;
use super::super::observation::Observation;
use super::super::stream::{Held, PatternStream, StreamLimits};
use super::indicator::PatternIndicator;
use crate::finding::{Analytic, AnalyticKind, Evidence};

/// An indicator that is in force, or was revoked.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) indicator: PatternIndicator,
    pub(super) analytic: Arc<Analytic>,
    /// The pattern as findings show it.
    pub(super) shown: Box<str>,
    pub(super) state: Arc<State>,
}

/// What a pattern holds; shared by the versions of an indicator that have the same pattern.
#[derive(Debug)]
pub(super) struct State {
    stream: Mutex<PatternStream>,
    /// The bytes that one observation takes.
    pub(super) weight: usize,
    /// The bytes that all patterns hold together.
    total: Arc<AtomicUsize>,
    pub(super) faults: AtomicU64,
}

impl Entry {
    pub(super) fn new(indicator: PatternIndicator, state: Arc<State>) -> Self {
        let about = &indicator.about;
        let techniques =
            about.techniques.iter().map(|id| Arc::from(format!("attack.{}", id.to_ascii_lowercase())));
        let tags: Vec<Arc<str>> = about.tags.iter().cloned().chain(techniques).collect();
        let name = format!("Indicator of {}", about.source);
        let analytic = Analytic::new(AnalyticKind::Indicator, Arc::clone(&about.source), name);
        let text = indicator.pattern.text();
        let shown = text.get(..text.floor_char_boundary(Evidence::LIMIT)).unwrap_or_default();
        let cut = if shown.len() < text.len() { "…" } else { "" };
        let shown = format!("{shown}{cut}").into();
        Self { analytic: Arc::new(analytic.with_tags(tags)), shown, indicator, state }
    }
}

impl State {
    pub(super) fn new(indicator: &PatternIndicator, limits: &StreamLimits, total: &Arc<AtomicUsize>) -> Self {
        let stream = PatternStream::new(Arc::clone(&indicator.matcher), limits.clone());
        let weight = stream.weight();
        Self { stream: Mutex::new(stream), weight, total: Arc::clone(total), faults: AtomicU64::new(0) }
    }

    /// Takes an observation: the match that it completes, and how many had to leave for it.
    pub(super) fn take(&self, seen: &Observation) -> (Result<Option<Vec<Held>>, MatchFault>, u64) {
        self.changing(|stream| {
            let before = stream.evicted();
            let taken = stream.take(seen);
            (taken, stream.evicted() - before)
        })
    }

    /// Lets go of what is too old, and of all but the latest so many: gives how many of these there were.
    pub(super) fn keep(&self, newest: i64, most: usize) -> u64 {
        self.changing(|stream| stream.keep(newest, most))
    }

    /// How many bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        self.stream().held() * self.weight
    }

    fn changing<T>(&self, change: impl FnOnce(&mut PatternStream) -> T) -> T {
        let mut stream = self.stream();
        let before = stream.held();
        let outcome = change(&mut stream);
        let after = stream.held();
        self.total.fetch_add(after.saturating_sub(before) * self.weight, Ordering::Relaxed);
        self.total.fetch_sub(before.saturating_sub(after) * self.weight, Ordering::Relaxed);
        outcome
    }

    /// A stream is whole between any two of its steps, also after a panic.
    fn stream(&self) -> MutexGuard<'_, PatternStream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What nobody feeds any more holds nothing, once the last event that is in it is done.
impl Drop for State {
    fn drop(&mut self) {
        let held = self.bytes();
        self.total.fetch_sub(held, Ordering::Relaxed);
    }
}
