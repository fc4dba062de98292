use super::math::{amount, evidence, ln_student_tail, narrow, trust};
use super::{Kind, Reason, Signal};

/// How many steps the chance of whoever is asked next weighs.
const STRENGTH: f64 = 8.0;
/// Mean and standard deviation of the surprise of somebody of whom nothing is known, in nats, and how many steps they
/// weigh: a step among about seven.
const USUAL_MEAN: f64 = 2.0;
const USUAL_DEVIATION: f64 = 1.5;
const USUAL_WEIGHT: f64 = 10.0;
/// The least gain: the mean follows about the last 128 steps.
const LEAST_GAIN: f64 = 1.0 / 128.0;
/// The least deviation, in nats: who always does the same is not to be alarmed about for a step of chance one half.
const LEAST_DEVIATION: f64 = 0.5;
/// A step teaches no more than one this many deviations off.
const WINSOR: f64 = 3.0;
/// No step is more surprising than this, in nats: a chance of one in 480,000.
const MOST: f64 = 13.08;

/// How surprising the steps of an entity usually are: a running mean and variance of `-ln(chance)`, in twelve bytes.
///
/// Exponentially weighted with gain `max(1/(n + 1), 1/128)` (West 1979), where each step is first brought within
/// three deviations of the mean, so that one attack does not teach it that anything goes. Merging pools means and
/// variances by weight; commutative, and associative up to the rounding of `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Surprise {
    mean: f32,
    variance: f32,
    steps: f32,
}

impl Surprise {
    /// One from its parts, as [`Surprise::parts`] gave them: brought into range, since they may come from a file.
    pub fn from_parts([mean, variance, steps]: [f32; 3]) -> Self {
        let bounded = |part: f32, most: f64| narrow(amount(f64::from(part)).min(most));
        let steps = bounded(steps, 1e30);
        let known = if steps > 0.0 { 1.0 } else { 0.0 };
        Self { mean: bounded(mean, MOST) * known, variance: bounded(variance, MOST * MOST) * known, steps }
    }

    /// Mean, variance (of nats), and how many steps they rest on.
    pub const fn parts(self) -> [f32; 3] {
        [self.mean, self.variance, self.steps]
    }

    /// Takes in a step of this chance, 0 to 1; what is not a number is passed over.
    pub fn observe(&mut self, chance: f64) {
        let Some(surprise) = surprise(chance) else { return };
        let (mean, deviation) = self.expected();
        let (own, variance, n) = self.wide();
        let gain = (1.0 / (n + 1.0)).max(LEAST_GAIN);
        let away = surprise.clamp(mean - WINSOR * deviation, mean + WINSOR * deviation) - own;
        let variance = (1.0 - gain) * (variance + gain * away * away);
        *self = Self::from_parts([narrow(own + gain * away), narrow(variance), narrow(n + 1.0)]);
    }

    /// Forgets: the number of steps times `factor`, which is cut to 0..=1.
    #[must_use]
    pub fn faded(self, factor: f64) -> Self {
        let steps = f64::from(self.steps) * amount(factor).min(1.0);
        Self::from_parts([self.mean, self.variance, narrow(steps)])
    }

    /// Both together.
    #[must_use]
    pub fn merge(self, other: Surprise) -> Self {
        let ((m1, v1, n1), (m2, v2, n2)) = (self.wide(), other.wide());
        let (mean, variance) = pooled((m1, v1, n1), (m2, v2, n2));
        Self::from_parts([narrow(mean), narrow(variance), narrow(n1 + n2)])
    }

    /// Mean and standard deviation to expect, drawn towards what is usual.
    fn expected(self) -> (f64, f64) {
        let usual = (USUAL_MEAN, USUAL_DEVIATION * USUAL_DEVIATION, USUAL_WEIGHT);
        let (mean, variance) = pooled(self.wide(), usual);
        (mean, variance.sqrt().max(LEAST_DEVIATION))
    }

    fn wide(self) -> (f64, f64, f64) {
        (f64::from(self.mean), f64::from(self.variance), f64::from(self.steps))
    }
}

/// The chance of a step from one action to another: `(count + 8·prior) / (total + 8)`, where `count` of the `total`
/// steps from the first action went to the second, and `prior` is the chance of the step for whoever is like the
/// entity.
///
/// A Markov chain of first order with a Dirichlet prior at each level (MacKay and Peto 1995): asked of everyone with
/// the chance of the action alone as prior, of the peers with that of everyone, of the entity with that of its peers.
///
/// ```
/// use autosec_core::behavior::signal::step_chance;
///
/// let everyone = step_chance(50.0, 1000.0, 0.1);
/// let peers = step_chance(2.0, 12.0, everyone);
/// let own = step_chance(8.0, 8.0, peers);
/// assert!(everyone < peers && peers < own && own < 1.0);
/// ```
pub fn step_chance(count: f64, total: f64, prior: f64) -> f64 {
    let total = amount(total).min(1e15);
    (amount(count).min(total) + STRENGTH * amount(prior).min(1.0)) / (total + STRENGTH)
}

/// A step that surprises more than the entity's steps do: how many of its standard deviations `-ln(chance)` lies
/// above its mean, turned into evidence like [`level`](super::level). `chance` is that of [`step_chance`]; none if it
/// is not a number.
///
/// Mean and deviation are the entity's drawn towards 2 and 1.5 nats, which weigh ten steps: who is unpredictable
/// anyway does not alarm.
///
/// ```
/// use autosec_core::behavior::signal::{Surprise, sequence};
///
/// let mut own = Surprise::default();
/// (0..60).for_each(|_| own.observe(0.8));
/// assert!(sequence(0.8, own).unwrap().llr().value() < 0.0);
/// assert!(sequence(1e-4, own).unwrap().llr().value() > 2.0);
/// ```
pub fn sequence(chance: f64, own: Surprise) -> Option<Signal> {
    let surprise = surprise(chance)?;
    let (mean, deviation) = own.expected();
    let z = (surprise - mean) / deviation;
    let confidence = trust(f64::from(own.steps), USUAL_WEIGHT);
    let reason = Reason::Sequence { chance: chance.clamp(0.0, 1.0), z };
    Some(Signal::new(Kind::Sequence, evidence(ln_student_tail(z)), confidence, reason))
}

fn surprise(chance: f64) -> Option<f64> {
    (!chance.is_nan()).then(|| (-libm::log(chance.clamp(0.0, 1.0))).clamp(0.0, MOST))
}

/// Mean and variance of two groups together, each given as mean, variance and weight.
fn pooled((m1, v1, n1): (f64, f64, f64), (m2, v2, n2): (f64, f64, f64)) -> (f64, f64) {
    let total = n1 + n2;
    if total <= 0.0 {
        return (0.0, 0.0);
    }
    let (w1, w2) = (n1 / total, n2 / total);
    (w1 * m1 + w2 * m2, (w1 * v1 + w2 * v2) + w1 * w2 * (m1 - m2) * (m1 - m2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(chances: impl IntoIterator<Item = f64>) -> Surprise {
        chances.into_iter().fold(Surprise::default(), |mut surprise, chance| {
            surprise.observe(chance);
            surprise
        })
    }

    fn surprises() -> impl Strategy<Value = Surprise> {
        prop::collection::vec(0.0..1.0, 0..40).prop_map(of)
    }

    #[test]
    fn a_first_step_by_hand() {
        // Nothing known: mean 2, deviation 1.5. Chance e⁻⁵: z = 2, P(T₄ ≥ 2) = 0.058058,
        // ln(½ + ½·0.15·0.058058^-0.85) = 0.294833.
        let signal = sequence(libm::exp(-5.0), Surprise::default()).unwrap();
        assert_eq!(signal.llr().value(), 0.294_832_229_614_257_8);
        assert_eq!(signal.confidence().value(), 0.0);
    }

    #[test]
    fn mean_and_variance_are_those_of_the_sample() {
        // -ln(chance) of 1 and 3, within three deviations of what is usual: mean 2, variance 1.
        let [mean, variance, steps] = of([-1.0, -3.0].map(libm::exp)).parts();
        assert!(
            (mean - 2.0).abs() < 1e-6 && (variance - 1.0).abs() < 1e-6 && steps == 2.0,
            "{mean} {variance}"
        );
    }

    #[test]
    fn chances_of_all_steps_add_up() {
        let prior = [0.5, 0.3, 0.2];
        let counts = [7.0, 0.0, 2.0];
        let sum: f64 =
            counts.into_iter().zip(prior).map(|(count, prior)| step_chance(count, 9.0, prior)).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn merging_is_commutative_and_nearly_associative(a in surprises(), b in surprises(), c in surprises()) {
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(Surprise::default()), a);
            let (left, right) = (a.merge(b).merge(c).parts(), a.merge(b.merge(c)).parts());
            for (left, right) in left.into_iter().zip(right) {
                prop_assert!((left - right).abs() <= 1e-4 * left.abs().max(1.0), "{left} {right}");
            }
        }

        #[test]
        fn rarer_is_never_less_suspicious(own in surprises(), a in 0.0..1.0, b in 0.0..1.0) {
            let llr = |chance| sequence(chance, own).map(|signal| signal.llr());
            prop_assert!(llr(f64::min(a, b)) >= llr(f64::max(a, b)));
        }

        #[test]
        fn any_number_has_an_answer(numbers: [u64; 4], parts: [u32; 3], other: [u32; 3]) {
            let mut own = Surprise::from_parts(parts.map(f32::from_bits));
            let other = Surprise::from_parts(other.map(f32::from_bits));
            for number in numbers.map(f64::from_bits) {
                own.observe(number);
                own = own.faded(number).merge(other);
                prop_assert!(own.parts().iter().all(|part| part.is_finite() && *part >= 0.0));
                prop_assert!((0.0..=1.0).contains(&step_chance(number, number, number)));
                if let Some(signal) = sequence(number, own) {
                    let (least, most) = Kind::Sequence.caps();
                    prop_assert!((least..=most).contains(&signal.llr()));
                }
            }
        }
    }
}
