use std::sync::Arc;
use std::time::Duration;

use crate::finding::Analytic;
use crate::time::Timestamp;

/// Analytics remembered for one subject; beyond them the one with the least weight is forgotten.
pub(super) const ANALYTICS: usize = 16;

/// What is remembered of one subject: a decaying weight of evidence for each analytic that found something.
///
/// Weight of evidence is `-ln(1 - p)`, in which independent evidence adds up: noisy-OR in logarithms.
#[derive(Debug, Default)]
pub(super) struct Memory {
    traces: Vec<Trace>,
}

/// One analytic's trace.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pub(super) analytic: Arc<Analytic>,
    pub(super) times: u32,
    pub(super) last: Timestamp,
    /// Weight of evidence at `last`.
    weight: f64,
    /// How often it fired, decaying like the weight: what makes repeats count less.
    recent: f64,
}

impl Trace {
    /// Weight of evidence left at `now`.
    pub(super) fn weight(&self, now: Timestamp, half_life: Duration) -> f64 {
        self.weight * decay(now.since(self.last), half_life)
    }
}

impl Memory {
    /// Takes in a finding of probability `p` (below 1); each earlier one of the analytic that is still fresh halves `p`.
    pub(super) fn note(&mut self, analytic: &Arc<Analytic>, p: f64, at: Timestamp, half_life: Duration) {
        let trace = self.trace(analytic, at);
        // One of the two is 1. In order, what is held ages to the new finding's time; a late finding ages itself to the time
        // of what is held. Either way all weights of a trace are as of `last`, so that order does not change the sum.
        let aged = decay(at.since(trace.last), half_life);
        let late = decay(trace.last.since(at), half_life);
        trace.recent *= aged;
        // -ln(1 - p · 0.5^recent); `ln_1p` keeps its digits for small p, where 1 - p is nearly 1.
        let evidence = -(-p * (-trace.recent).exp2()).ln_1p();
        trace.weight = trace.weight * aged + evidence * late;
        trace.recent += 1.0;
        trace.times = trace.times.saturating_add(1);
        trace.last = trace.last.max(at);
        self.forget_beyond(ANALYTICS);
    }

    pub(super) fn traces(&self) -> &[Trace] {
        &self.traces
    }

    fn trace(&mut self, analytic: &Arc<Analytic>, at: Timestamp) -> &mut Trace {
        let position =
            self.traces.iter().position(|trace| trace.analytic.id == analytic.id).unwrap_or_else(|| {
                let fresh =
                    Trace { analytic: Arc::clone(analytic), times: 0, last: at, weight: 0.0, recent: 0.0 };
                self.traces.push(fresh);
                self.traces.len() - 1
            });
        #[expect(clippy::indexing_slicing, reason = "the position was found or made just above")]
        &mut self.traces[position]
    }

    fn forget_beyond(&mut self, limit: usize) {
        while self.traces.len() > limit {
            let least = (0..self.traces.len()).min_by(|a, b| {
                let weight = |index: &usize| self.traces.get(*index).map_or(0.0, |trace| trace.weight);
                weight(a).total_cmp(&weight(b))
            });
            self.traces.swap_remove(least.unwrap_or(0));
        }
    }
}

/// `0.5^(age / half_life)`.
fn decay(age: Duration, half_life: Duration) -> f64 {
    if half_life.is_zero() { 1.0 } else { (-(age.as_secs_f64() / half_life.as_secs_f64())).exp2() }
}
