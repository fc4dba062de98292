use std::time::Duration;

use autosec_core::time::Timestamp;

/// What is learnt counts for less by this with each stretch: half of it after 69.
const FADES: f64 = 0.99;
/// Stretches with what is known beforehand: one event in one stretch.
const PRIOR: f64 = 1.0;

/// How unlikely so many events are in the stretch of time they fall into, by the rates of the stretches before.
///
/// Rates are Gamma-distributed, so counts are negative binomial: with a events in b stretches (faded, and the prior's one in
/// one added), P(K ≥ k) is that of NB(a, b / (b + 1)). It is bounded from above by a geometric series from k on, which
/// takes constant time and is close where it is small.
#[derive(Clone, Debug)]
pub(super) struct Burst {
    /// Number of the stretch that is being counted.
    stretch: i64,
    count: u32,
    events: f64,
    stretches: f64,
    started: bool,
    /// −log₁₀ P, 0 and more.
    pub(super) surprise: f64,
}

impl Burst {
    pub(super) fn new() -> Self {
        Self { stretch: 0, count: 0, events: 0.0, stretches: 0.0, started: false, surprise: f64::NAN }
    }

    /// Counts an event. One of a stretch that is over is not counted, and nothing is said of it.
    pub(super) fn observe(&mut self, time: Timestamp, within: Duration) {
        let length = i64::try_from(within.as_micros()).unwrap_or(i64::MAX).max(1);
        let stretch = time.as_micros().div_euclid(length);
        if !self.started {
            (self.stretch, self.started) = (stretch, true);
        }
        if stretch < self.stretch {
            self.surprise = f64::NAN;
            return;
        }
        self.move_on(stretch);
        self.count = self.count.saturating_add(1);
        self.surprise = if self.stretches > 0.0 { self.tail() } else { f64::NAN };
    }

    /// Learns the stretches that are over.
    fn move_on(&mut self, stretch: i64) {
        let passed = stretch.saturating_sub(self.stretch);
        if passed == 0 {
            return;
        }
        // The one that was counted, and empty ones behind it: a geometric series of fading ones.
        let fade = libm::pow(FADES, passed as f64);
        self.events = self.events * fade + f64::from(self.count) * fade / FADES;
        self.stretches = self.stretches * fade + (1.0 - fade) / (1.0 - FADES);
        (self.stretch, self.count) = (stretch, 0);
    }

    fn tail(&self) -> f64 {
        let (events, stretches) = (self.events + PRIOR, self.stretches + PRIOR);
        let (chance, rest) = (stretches / (stretches + 1.0), 1.0 / (stretches + 1.0));
        let count = f64::from(self.count);
        // Each further event is less likely by this, and by no more the farther out it is than by the limit of this.
        let next = (events + count) / (count + 1.0) * rest;
        let series = next.max(rest);
        if series >= 1.0 {
            return 0.0;
        }
        let ways = libm::lgamma(events + count) - libm::lgamma(count + 1.0) - libm::lgamma(events);
        let at = ways + events * libm::log(chance) + count * libm::log(rest);
        let tail = at - libm::log1p(-series);
        (-tail / std::f64::consts::LN_10).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn after(counts: &[u32]) -> Burst {
        let mut burst = Burst::new();
        for (hour, count) in (0..).zip(counts) {
            for second in 0..i64::from(*count) {
                burst.observe(Timestamp::from_secs(hour * 3_600 + second), HOUR);
            }
        }
        burst
    }

    /// The tail summed up term by term.
    fn exact(burst: &Burst) -> f64 {
        let (r, b) = (burst.events + PRIOR, burst.stretches + PRIOR);
        let (p, q) = (b / (b + 1.0), 1.0 / (b + 1.0));
        let mut term = p.powf(r);
        let mut sum = 0.0;
        for k in 0..20_000_u32 {
            if k >= burst.count {
                sum += term;
            }
            term *= (r + f64::from(k)) / f64::from(k + 1) * q;
        }
        -sum.log10()
    }

    #[test]
    fn is_close_to_the_exact_tail_and_never_above_it() {
        for last in [1, 5, 9, 20, 60, 200] {
            let burst = after(&[4, 6, 5, 0, 0, 7, 5, last]);
            let exact = exact(&burst);
            assert!(burst.surprise <= exact + 1e-9, "{last}: {} of {exact}", burst.surprise);
            assert!(exact < 2.0 || burst.surprise > exact - 0.3, "{last}: {} of {exact}", burst.surprise);
        }
    }

    #[test]
    fn a_burst_is_one_by_the_entitys_own_rate() {
        let (quiet, busy) = (after(&[1, 1, 1, 1, 1, 50]), after(&[50, 50, 50, 50, 50, 50]));
        assert!(quiet.surprise > 6.0, "{}", quiet.surprise);
        assert!(busy.surprise < 1.0, "{}", busy.surprise);
        assert!(after(&[50]).surprise.is_nan(), "nothing is known of a first hour");
    }

    #[test]
    fn late_events_and_long_gaps_are_defined() {
        let mut burst = after(&[3, 3, 3]);
        burst.observe(Timestamp::from_secs(0), HOUR);
        assert!(burst.surprise.is_nan());
        burst.observe(Timestamp::MAX, HOUR);
        assert!(burst.surprise.is_finite() && burst.events < 1e-9);
        burst.observe(Timestamp::MIN, HOUR);
        assert!(burst.surprise.is_nan());
    }
}
