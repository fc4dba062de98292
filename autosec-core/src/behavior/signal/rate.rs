use super::math::{amount, evidence, narrow, trust};
use super::tail::ln_negative_binomial_tail;
use super::{Kind, Reason, Signal};

/// Windows of history at which a rate is half as sure as it gets.
const STRENGTH: f64 = 10.0;
/// People and programs are burstier than any mean explains: however long the history, the count of one window has a
/// standard deviation of at least 1/√10, 32 %, of its mean beyond that of chance.
const STEADIEST: f64 = 10.0;

/// What is known of how often something happens in a window: a Gamma distribution of the mean number, as the events
/// that were counted in so many windows.
///
/// Eight bytes. Merging adds both numbers, so it is commutative, and associative up to the rounding of `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    events: f32,
    windows: f32,
}

impl Rate {
    /// One event a window, as sure as one window makes: what to expect of whom nothing is known about.
    pub const VAGUE: Rate = Rate { events: 1.0, windows: 1.0 };

    /// `events` in `windows` windows; numbers below zero or not numbers are 0.
    pub fn new(events: f64, windows: f64) -> Self {
        Self { events: narrow(amount(events)), windows: narrow(amount(windows)) }
    }

    /// Takes in `events` counted in `windows` windows (1 for one that is over).
    pub fn observe(&mut self, events: f64, windows: f64) {
        *self = self.merge(Rate::new(events, windows));
    }

    /// Forgets: both numbers times `factor`, which is cut to 0..=1, so the mean stays and its certainty falls. For a
    /// half-life `h` after a time `t` it is `2^(-t/h)`.
    #[must_use]
    pub fn faded(self, factor: f64) -> Self {
        let factor = amount(factor).min(1.0);
        Self::new(f64::from(self.events) * factor, f64::from(self.windows) * factor)
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Rate) -> Self {
        Self::new(
            f64::from(self.events) + f64::from(other.events),
            f64::from(self.windows) + f64::from(other.windows),
        )
    }

    /// The same mean, as sure as `windows` windows at most: what peers are to one of them.
    #[must_use]
    pub fn as_prior(self, windows: f64) -> Self {
        self.faded(amount(windows) / f64::from(self.windows).max(f64::MIN_POSITIVE))
    }

    /// Events that were counted.
    pub fn events(self) -> f64 {
        f64::from(self.events)
    }

    /// Windows in which they were counted.
    pub fn windows(self) -> f64 {
        f64::from(self.windows)
    }

    /// Events a window; 0 if nothing is known.
    pub fn mean(self) -> f64 {
        if self.windows > 0.0 { self.events() / self.windows() } else { 0.0 }
    }
}

/// What a count amounts to beside what is known.
pub(super) struct Excess {
    pub(super) expected: f64,
    pub(super) ln_tail: f64,
    pub(super) confidence: f64,
}

/// Too many events: the chance of `observed` or more in a part of `window` windows (1 for a whole one), turned into
/// evidence.
///
/// The mean number is Gamma-distributed with what `own` and `prior` counted together, so the number in a window is
/// negative binomial (Gelman et al., "Bayesian Data Analysis", 2.6): shape `r` the events, mean `μ` the events a
/// window. `r` is at most 10, since people are never as regular as a long history would make them. The tail becomes
/// evidence through the mean of 1 and `κ·p^(κ−1)`, κ = 0.15 (Vovk and Wang 2021): zero at p = 0.107, 9 nats at a
/// millionth, and -0.55 for the most ordinary count.
///
/// Counts beyond a thousand are scaled down together with the shape, which only understates the evidence.
///
/// ```
/// use autosec_core::behavior::signal::{Rate, rate};
///
/// // Two failures a day over a month; today nine.
/// let mut own = Rate::default();
/// own.observe(60.0, 30.0);
/// let signal = rate(9, 1.0, own, Rate::VAGUE);
/// assert_eq!(signal.reason().to_string(), "9 in the window, 2.0 expected (p = 1.0e-3)");
/// assert_eq!(signal.llr().to_string(), "+3.28");
/// ```
pub fn rate(observed: u64, window: f64, own: Rate, prior: Rate) -> Signal {
    let Excess { expected, ln_tail, confidence } = excess(observed, window, own, prior);
    let reason = Reason::Rate { observed, expected, tail: libm::exp(ln_tail) };
    Signal::new(Kind::Rate, evidence(ln_tail), confidence, reason)
}

pub(super) fn excess(observed: u64, window: f64, own: Rate, prior: Rate) -> Excess {
    let known = own.merge(prior);
    // Of whom nothing is known, nothing is expected, and nothing surprises much.
    let known = if known.windows > 0.0 && known.events > 0.0 { known } else { known.merge(Rate::VAGUE) };
    let expected = known.mean() * amount(window).min(1e9);
    let ln_tail = ln_negative_binomial_tail(count(observed), known.events().min(STEADIEST), expected);
    Excess { expected, ln_tail, confidence: trust(own.windows(), STRENGTH) }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 events one more makes no difference")]
fn count(observed: u64) -> f64 {
    observed as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates() -> impl Strategy<Value = Rate> {
        (0.0..1e4, 0.0..1e4).prop_map(|(events, windows)| Rate::new(events, windows))
    }

    #[test]
    fn nothing_known_is_vague() {
        let first = rate(1, 1.0, Rate::default(), Rate::default());
        // Shape 1, mean 1: P(K ≥ 1) = ½, ln(½ + ½·0.15·2^0.85) = -0.4538.
        assert!((first.llr().value() + 0.453_832).abs() < 1e-5, "{}", first.llr());
        assert_eq!(first.confidence().value(), 0.0);
    }

    #[test]
    fn long_histories_leave_room_for_bursts() {
        let month = Rate::new(3_000.0, 30.0);
        let llr = |observed| rate(observed, 1.0, month, Rate::default()).llr().value();
        assert!(llr(150) < 1.0, "half more than usual is a busy day: {}", llr(150));
        assert!(llr(300) > 5.0, "three times is not: {}", llr(300));
    }

    #[test]
    fn bits_are_golden() {
        let signal = rate(9, 1.0, Rate::new(60.0, 30.0), Rate::VAGUE);
        assert_eq!(signal.llr().value(), 3.281_646_728_515_625);
    }

    #[test]
    fn a_prior_keeps_its_mean() {
        let peers = Rate::new(300.0, 100.0).as_prior(10.0);
        assert_eq!((peers.events(), peers.windows()), (30.0, 10.0));
        assert_eq!(Rate::new(3.0, 1.0).as_prior(10.0), Rate::new(3.0, 1.0), "no surer than it is");
        assert_eq!(Rate::default().as_prior(10.0), Rate::default());
    }

    proptest! {
        #[test]
        fn merging_is_adding(a in rates(), b in rates(), c in rates()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            let (left, right) = (a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert!((left.events() - right.events()).abs() <= 1e-6 * left.events().max(1.0));
            prop_assert_eq!(a.merge(Rate::default()), a);
        }

        #[test]
        fn more_is_never_less_suspicious(own in rates(), prior in rates(), observed in 0..3_000u64) {
            let llr = |observed| rate(observed, 1.0, own, prior).llr();
            prop_assert!(llr(observed + 1 + observed / 2) >= llr(observed));
        }

        #[test]
        fn any_number_has_an_answer(observed: u64, window: u64, a: u64, b: u64, c: u64, d: u64) {
            let number = f64::from_bits;
            let own = Rate::new(number(a), number(b)).faded(number(window));
            let signal = rate(observed, number(window), own, Rate::new(number(c), number(d)).as_prior(number(a)));
            let (least, most) = Kind::Rate.caps();
            prop_assert!((least..=most).contains(&signal.llr()));
            prop_assert!(own.mean() >= 0.0);
        }
    }
}
