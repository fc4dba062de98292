//! What is counted of a plugin while it works.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use autosec_core::observe::{Observer, Record};
use autosec_core::time::{Clock, Timestamp};

use super::metrics::PluginMetrics;
use super::rest::{Rest, RestConfig};
use crate::plugin::interface::Crash;

/// The most of a crash's words that is kept, in characters.
const WORDS_LIMIT: usize = 240;

/// A plugin's counts, and whether it rests; it outlives what is configured, replaced or restarted.
#[derive(Debug)]
pub(super) struct Vitals {
    name: String,
    config: RestConfig,
    pub(super) clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    metrics: PluginMetrics,
    rest: Rest,
    /// Whether anything went well since the latest change of what runs.
    proved: bool,
    /// It began to rest, and nobody has seen to it yet.
    fell: bool,
    /// How many were made to run, and which of them does.
    turns: u64,
    turn: Option<u64>,
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'c> {
    Well,
    Failed,
    Crashed(&'c Crash),
}

impl Vitals {
    pub(super) fn new(
        name: &str,
        config: RestConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self { name: name.to_owned(), config, clock, observer, state: Mutex::default() }
    }

    /// A number for what is made to run next.
    pub(super) fn next_turn(&self) -> u64 {
        let mut state = self.state();
        state.turns += 1;
        state.turns
    }

    /// A call of what runs, or ran before, came to its end. What ran before counts, and proves nothing of what runs now.
    pub(super) fn ended(&self, turn: u64, items: usize, took: Duration, end: End<'_>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.metrics.calls += 1;
        state.metrics.items += items as u64;
        state.metrics.times.note(took);
        let is_present = state.turn == Some(turn);
        let End::Crashed(crash) = end else {
            state.metrics.failures += u64::from(matches!(end, End::Failed));
            if is_present {
                state.rest.succeeded();
                state.proved = true;
            }
            return;
        };
        let words: String = crash.to_string().chars().filter(|c| !c.is_control()).take(WORDS_LIMIT).collect();
        state.metrics.crashes += 1;
        state.metrics.last_crash = Some((now, words.clone()));
        let falls = is_present && state.rest.crashed(now, &self.config);
        state.fell |= falls && !state.proved;
        drop(state);
        self.tell("crashed", &words);
        if falls {
            self.tell("rests", &words);
        }
    }

    pub(super) fn abandoned(&self) {
        self.state().metrics.abandoned += 1;
    }

    /// What runs was changed: a rest is over, and it has to prove itself.
    pub(super) fn began_anew(&self, turn: Option<u64>) {
        let mut state = self.state();
        state.turn = turn;
        (state.proved, state.fell) = (false, false);
        state.rest.succeeded();
    }

    /// Whether it began to rest without having done anything well; said once.
    pub(super) fn fell(&self) -> bool {
        std::mem::take(&mut self.state().fell)
    }

    /// Until when it is left alone, and its last words.
    pub(super) fn resting(&self) -> Option<(Timestamp, String)> {
        let now = self.clock.now();
        let state = self.state();
        let until = state.rest.until(now)?;
        let words = state.metrics.last_crash.as_ref().map(|(_, words)| words.clone());
        Some((until, words.unwrap_or_default()))
    }

    pub(super) fn metrics(&self, memory_peak: Option<u64>) -> PluginMetrics {
        let metrics = self.state().metrics.clone();
        PluginMetrics { name: self.name.clone(), memory_peak, ..metrics }
    }

    pub(super) fn tell(&self, event: &str, detail: &str) {
        self.observer.note(self.clock.now(), &Record::Plugin { plugin: &self.name, event, detail });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a plugin is denied is counted, and everything goes on to the host's observer.
impl Observer for Vitals {
    fn note(&self, at: Timestamp, record: &Record<'_>) {
        if let Record::Denied { .. } = record {
            self.state().metrics.denials += 1;
        }
        self.observer.note(at, record);
    }
}
