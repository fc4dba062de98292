use super::math::{amount, evidence, ln_student_tail, narrow, trust};
use super::{Kind, Reason, Signal};

/// Observations of peers that weigh as much as one's own.
const STRENGTH: f64 = 10.0;
/// The least gain of the trackers: they follow about the last 64 observations.
const LEAST_GAIN: f64 = 1.0 / 64.0;
/// The MAD of a logarithm after the first observation, ±35 %, and its bounds: 5 % of jitter at least, for otherwise
/// equal amounts would leave no room at all.
const FIRST_SPREAD: f64 = 0.3;
const LEAST_SPREAD: f64 = 0.05;
const MOST_SPREAD: f64 = 20.0;
/// A MAD is this share of the standard deviation of a normal distribution: its third quartile.
const QUARTILE: f64 = 0.6745;

/// What is known of an amount (bytes, seconds): a running median and a running median absolute deviation of
/// `ln(1 + x)`.
///
/// Twelve bytes. Each is a quantile tracked by stochastic approximation (Robbins and Monro 1951; Tierney 1983): with
/// a gain `γ = max(1/(n + 1), 1/64)` and `d = |y − median|`,
///
/// - the median moves by `1.86·γ·mad` towards `y`;
/// - the MAD is multiplied by `1 ± 1.17·γ`, up if `d > mad`, within 0.05 to 20.
///
/// 1.86 and 1.17 are the steps that converge fastest for a normal distribution (half the inverse of its density at
/// the median and at the MAD). Only on which side an amount lies matters, not how far: it is winsorised by
/// construction, and whoever poisons it moves a settled median by at most 3 % of a MAD each time.
///
/// ```
/// use autosec_core::behavior::signal::Level;
///
/// let mut level = Level::default();
/// for round in 0..400 {
///     level.observe(1000.0 + 10.0 * f64::from(round % 41));
/// }
/// assert!((1100.0..1300.0).contains(&level.median()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    median: f32,
    spread: f32,
    weight: f32,
}

impl Level {
    /// One from its parts, as [`Level::parts`] gave them: brought into range, since they may come from a file.
    pub fn from_parts([median, spread, weight]: [f32; 3]) -> Self {
        let weight = narrow(amount(f64::from(weight)));
        if weight == 0.0 {
            return Self::default();
        }
        let median = narrow(amount(f64::from(median)).min(750.0));
        let spread = narrow(amount(f64::from(spread)).clamp(LEAST_SPREAD, MOST_SPREAD));
        Self { median, spread, weight }
    }

    /// Median and MAD of `ln(1 + x)`, and how many observations they rest on.
    pub const fn parts(self) -> [f32; 3] {
        [self.median, self.spread, self.weight]
    }

    /// Takes in an amount; one below zero or not a finite number is passed over.
    pub fn observe(&mut self, observed: f64) {
        let Some(y) = logarithm(observed) else { return };
        let (median, spread, n) = self.wide();
        let (median, spread) = if n > 0.0 {
            let gain = (1.0 / (n + 1.0)).max(LEAST_GAIN);
            let (away, step) = (y - median, 1.17 * gain);
            let scale = if away.abs() > spread { 1.0 + step } else { (1.0 - step).max(0.25) };
            // A step does not go beyond the amount itself.
            let most = away.abs();
            (median + (1.86 * gain * spread).min(most).copysign(away), spread * scale)
        } else {
            (y, FIRST_SPREAD)
        };
        *self = Self::from_parts([narrow(median), narrow(spread), narrow(n + 1.0)]);
    }

    /// Forgets: the number of observations times `factor`, which is cut to 0..=1, so that new ones move it faster.
    #[must_use]
    pub fn faded(self, factor: f64) -> Self {
        let weight = f64::from(self.weight) * amount(factor).min(1.0);
        Self::from_parts([self.median, self.spread, narrow(weight)])
    }

    /// Both together: the mean of the medians by weight; and for the spread, the mean of the squares plus what the
    /// medians differ by, as variances of a mixture add up. Commutative; associative up to the rounding of `f32`.
    ///
    /// It is what one tracker would have seen as far as two quantiles can say, not bit by bit.
    #[must_use]
    pub fn merge(self, other: Level) -> Self {
        mixture(self, f64::from(self.weight), other, f64::from(other.weight))
    }

    /// The median amount; 0 if nothing is known.
    pub fn median(self) -> f64 {
        libm::expm1(f64::from(self.median))
    }

    /// How many observations it rests on.
    pub fn weight(self) -> f64 {
        f64::from(self.weight)
    }

    /// How far `y`, a logarithm, is above the median, in robust standard deviations widened for a short history; 0 if
    /// nothing is known.
    pub(super) fn z(self, y: f64) -> f64 {
        let (median, spread, n) = self.wide();
        if n > 0.0 { QUARTILE * (y - median) / (spread * (1.0 + 2.0 / n).sqrt()) } else { 0.0 }
    }

    fn wide(self) -> (f64, f64, f64) {
        (f64::from(self.median), f64::from(self.spread), f64::from(self.weight))
    }
}

/// Too large an amount: the robust z of its logarithm, turned into evidence. None if the amount is below zero or not
/// a finite number, or nothing is known of the entity and its peers.
///
/// `z = 0.6745·(ln(1 + x) − median) / (mad·√(1 + 2/n))` (Iglewicz and Hoaglin 1993; the root widens it as a
/// prediction from few observations needs). Median and MAD are the entity's drawn towards its peers', of which ten
/// observations weigh as much as `n` of its own. The tail is Student's t with four degrees of freedom, since amounts
/// have heavy tails, and becomes evidence through the mean of 1 and `κ·p^(κ−1)`, κ = 0.15 (Vovk and Wang 2021). Too
/// little is not suspicious.
///
/// ```
/// use autosec_core::behavior::signal::{Level, level};
///
/// let mut own = Level::default();
/// (0..100).for_each(|day| own.observe(2e6 + 1e4 * f64::from(day % 30)));
/// let usual = level(2.1e6, own, Level::default()).unwrap();
/// let much = level(5e8, own, Level::default()).unwrap();
/// assert!(usual.llr().value() < 0.0 && much.llr().value() > 4.0);
/// assert!(level(f64::NAN, own, Level::default()).is_none());
/// ```
pub fn level(observed: f64, own: Level, peers: Level) -> Option<Signal> {
    let y = logarithm(observed)?;
    let weight = f64::from(own.weight);
    let known = mixture(own, weight, peers, f64::from(peers.weight).min(STRENGTH));
    let z = (known.weight > 0.0).then(|| known.z(y))?;
    let reason = Reason::Level { observed, median: known.median(), z };
    Some(Signal::new(Kind::Level, evidence(ln_student_tail(z)), trust(weight, STRENGTH), reason))
}

/// `ln(1 + x)` of an amount.
pub(super) fn logarithm(observed: f64) -> Option<f64> {
    (observed >= 0.0 && observed.is_finite()).then(|| libm::log1p(observed))
}

fn mixture(one: Level, weight: f64, other: Level, other_weight: f64) -> Level {
    let total = weight + other_weight;
    if weight <= 0.0 || other_weight <= 0.0 {
        let (kept, weight) = if weight > 0.0 { (one, weight) } else { (other, other_weight) };
        return Level::from_parts([kept.median, kept.spread, narrow(weight)]);
    }
    let ((m1, s1, _), (m2, s2, _)) = (one.wide(), other.wide());
    let (w1, w2) = (weight / total, other_weight / total);
    let apart = QUARTILE * (m1 - m2);
    let square = (w1 * s1 * s1 + w2 * s2 * s2) + w1 * w2 * apart * apart;
    Level::from_parts([narrow(w1 * m1 + w2 * m2), narrow(square.sqrt()), narrow(total)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(amounts: impl IntoIterator<Item = f64>) -> Level {
        amounts.into_iter().fold(Level::default(), |mut level, observed| {
            level.observe(observed);
            level
        })
    }

    /// Numbers between 0 and 1 in a scattered order.
    fn scattered(index: u32) -> f64 {
        f64::from(index.wrapping_mul(2_654_435_769)) / 4_294_967_296.0
    }

    fn levels() -> impl Strategy<Value = Level> {
        prop::collection::vec(0.0..1e9, 0..40).prop_map(of)
    }

    #[test]
    fn tracks_median_and_deviation() {
        // ln(1 + x) uniform in 8 to 12: the median is 10, the MAD 1.
        let level = of((0..5_000).map(|index| libm::expm1(8.0 + 4.0 * scattered(index))));
        let [median, spread, weight] = level.parts();
        assert!((median - 10.0).abs() < 0.2 && (spread - 1.0).abs() < 0.2, "{median} {spread}");
        assert_eq!(weight, 5_000.0);
    }

    #[test]
    fn a_poisoner_moves_a_settled_median_little() {
        let before = of((0..500).map(|index| 1e6 * (1.0 + scattered(index))));
        let mut after = before;
        after.observe(1e300);
        assert!(after.parts()[0] - before.parts()[0] <= 0.03 * before.parts()[1]);
    }

    #[test]
    fn follows_a_change_in_the_end() {
        let mut level = of([1e3; 200]);
        (0..400).for_each(|index| level.observe(1e6 * (1.0 + scattered(index))));
        assert!(level.median() > 9e5, "{}", level.median());
    }

    #[test]
    fn z_by_hand() {
        // Median 10, MAD 1, so many that the root is 1: y = 16 gives z = 4.047, P(T₄ ≥ 4.047) = 0.007757,
        // ln(½ + ½·0.15·0.007757^-0.85) = 1.641839.
        let own = Level::from_parts([10.0, 1.0, 1e9]);
        let signal = level(libm::expm1(16.0), own, Level::default()).unwrap();
        let Reason::Level { z, .. } = signal.reason() else { unreachable!() };
        assert!((z - 4.047).abs() < 1e-6);
        assert_eq!(signal.llr().value(), 1.641_839_027_404_785_2);
    }

    #[test]
    fn peers_speak_where_little_is_known() {
        let peers = Level::from_parts([7.0, 0.5, 1e4]);
        let few = of([1e3]);
        let known = |own| level(1e7, own, peers).unwrap().llr();
        assert!(known(few) > known(of((0..200).map(|index| 1e7 * (0.5 + scattered(index))))));
        assert!(level(1e7, Level::default(), Level::default()).is_none());
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_nearly_associative(a in levels(), b in levels(), c in levels()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(Level::default()), a);
            let (left, right) = (a.merge(b).merge(c).parts(), a.merge(b.merge(c)).parts());
            for (left, right) in left.into_iter().zip(right) {
                prop_assert!((left - right).abs() <= 1e-4 * left.abs().max(1.0), "{left} {right}");
            }
        }

        #[test]
        fn more_is_never_less_suspicious(own in levels(), peers in levels(), a in 0.0..1e12, b in 0.0..1e12) {
            let llr = |observed| level(observed, own, peers).map(|signal| signal.llr());
            prop_assert!(llr(f64::max(a, b)) >= llr(f64::min(a, b)));
        }

        #[test]
        fn any_number_has_an_answer(numbers: [u64; 4], parts: [u32; 3], peers: [u32; 3]) {
            let mut own = Level::from_parts(parts.map(f32::from_bits));
            let peers = Level::from_parts(peers.map(f32::from_bits));
            for number in numbers.map(f64::from_bits) {
                own.observe(number);
                own = own.faded(number).merge(peers);
                prop_assert!(own.parts().iter().all(|part| part.is_finite() && *part >= 0.0));
                if let Some(signal) = level(number, own, peers) {
                    let (least, most) = Kind::Level.caps();
                    prop_assert!((least..=most).contains(&signal.llr()));
                }
            }
        }
    }
}
