use std::time::Duration;

use super::report::{Cost, RuleReport};
use crate::event::Event;
use crate::rule::plan::alone::Alone;
use crate::rule::set::RuleSet;
use crate::time::Stopwatch;

/// The best of so many rounds counts: what disturbs a measurement only ever makes it longer.
const ROUNDS: usize = 3;

/// Every n-th event, n as small as memory allows: when there are too many, every second one goes and n doubles.
#[derive(Debug)]
pub(super) struct Profile {
    events: Vec<Event<'static>>,
    limit: usize,
    stride: u64,
}

impl Profile {
    pub(super) fn new(limit: usize) -> Self {
        Self { events: Vec::new(), limit: limit.max(2), stride: 1 }
    }

    /// Takes the event with this number into the sample if it belongs there.
    pub(super) fn offer(&mut self, number: u64, event: &Event<'_>) {
        if !number.is_multiple_of(self.stride) {
            return;
        }
        if self.events.len() >= self.limit {
            let mut even = false;
            self.events.retain(|_| {
                even = !even;
                even
            });
            self.stride = self.stride.saturating_mul(2);
            if !number.is_multiple_of(self.stride) {
                return;
            }
        }
        let owned = Event::new(event.time());
        let fields = event.fields().map(|(field, value)| (field, value.to_owned_value()));
        self.events.push(fields.fold(owned, |owned, (field, value)| owned.with(field, value)));
    }

    /// Measures every rule that runs.
    pub(super) fn measure(&self, rules: &RuleSet, reports: &mut [RuleReport]) {
        if self.events.is_empty() {
            return;
        }
        let mut total = 0.0;
        for (definition, report) in rules.definitions().zip(&mut *reports) {
            let blueprint = definition.compiled.and(definition.blueprint);
            let condition = blueprint.and_then(|blueprint| rules.whole_condition(blueprint));
            let Some(alone) = condition.map(Alone::new) else { continue };
            let best = (0..ROUNDS).map(|_| self.round(&alone)).min().unwrap_or_default();
            let evaluations = self.events.len() as u64;
            let nanoseconds = best.as_secs_f64() * 1e9 / evaluations as f64;
            total += nanoseconds;
            report.cost = Some(Cost { evaluations, nanoseconds, share: 0.0 });
        }
        for cost in reports.iter_mut().filter_map(|report| report.cost.as_mut()) {
            cost.share = if total > 0.0 { cost.nanoseconds / total } else { 0.0 };
        }
    }

    fn round(&self, alone: &Alone) -> Duration {
        let watch = Stopwatch::start();
        for event in &self.events {
            std::hint::black_box(alone.matches(std::hint::black_box(event)));
        }
        watch.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn samples_evenly() {
        let mut profile = Profile::new(8);
        for (number, second) in (0..1_000).zip(0..) {
            profile.offer(number, &Event::new(Timestamp::from_secs(second)));
        }
        let seconds: Vec<_> =
            profile.events.iter().map(|event| event.time().as_micros() / 1_000_000).collect();
        assert_eq!(seconds, [0, 128, 256, 384, 512, 640, 768, 896]);
    }
}
