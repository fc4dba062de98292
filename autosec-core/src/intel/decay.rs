use std::time::Duration;

use crate::time::Timestamp;

/// How an indicator loses weight with the time since it was last seen.
///
/// Scores count from 0 to 100, as MISP's do. The age is in event time, so a log replayed is judged as on its day.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::intel::Decay;
///
/// const DAY: Duration = Duration::from_secs(86_400);
/// let decay = Decay::Polynomial { lifetime: 120 * DAY, speed: 2.0, threshold: 30.0 };
/// assert_eq!(decay.score(80.0, Duration::ZERO), Some(80.0));
/// assert_eq!(decay.score(80.0, 30 * DAY), Some(40.0), "half of it after a quarter of its life");
/// assert_eq!(decay.score(80.0, 60 * DAY), None, "23.4 is below the threshold");
/// # assert!(Decay::None.score(80.0, 10_000 * DAY) == Some(80.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Decay {
    /// It does not.
    #[default]
    None,
    /// It loses half in every half-life.
    HalfLife {
        /// The half-life. Zero lets it decay at once.
        half_life: Duration,
        /// Below this score, 0 to 100, it counts for nothing.
        threshold: f64,
    },
    /// MISP's polynomial: `score · (1 − (age / lifetime)^(1 / speed))`.
    Polynomial {
        /// When nothing is left, τ. Zero lets it decay at once.
        lifetime: Duration,
        /// How early it loses, δ: 1 is a straight line, larger numbers lose early. Must be above 0.
        speed: f64,
        /// Below this score, 0 to 100, it counts for nothing.
        threshold: f64,
    },
}

impl Decay {
    /// What is left of `base` (0 to 100) at this age; none if it has decayed, that is, if less than the threshold
    /// is left.
    pub fn score(&self, base: f64, age: Duration) -> Option<f64> {
        let (left, threshold) = match *self {
            Decay::None => return Some(base),
            Decay::HalfLife { half_life, threshold } => (libm::exp2(-ratio(age, half_life)), threshold),
            Decay::Polynomial { lifetime, speed, threshold } => {
                (1.0 - libm::pow(ratio(age, lifetime), 1.0 / speed), threshold)
            }
        };
        let score = (base * left).max(0.0);
        (score >= threshold).then_some(score)
    }

    /// [`score`](Self::score) at a time, for a value last seen at `seen`. What was seen in the future has the score 0.
    pub fn score_at(&self, base: f64, seen: Option<Timestamp>, now: Timestamp) -> Option<f64> {
        match (self, seen) {
            (Decay::None, _) | (_, None) => Some(base),
            (Decay::HalfLife { threshold, .. } | Decay::Polynomial { threshold, .. }, Some(seen))
                if seen > now =>
            {
                (*threshold <= 0.0).then_some(0.0)
            }
            (_, Some(seen)) => self.score(base, now.since(seen)),
        }
    }
}

fn ratio(age: Duration, whole: Duration) -> f64 {
    if age.is_zero() { 0.0 } else { age.as_secs_f64() / whole.as_secs_f64() }
}

/// The time that decay counts from, by MISP's rule: the last sighting, unless the indicator was changed after it; else when
/// it was last seen by the source's word, else when it was changed.
pub(crate) fn counts_from(
    sighting: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    modified: Option<Timestamp>,
) -> Option<Timestamp> {
    sighting
        .filter(|sighting| modified.is_none_or(|modified| modified <= *sighting))
        .or(last_seen)
        .or(modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * DAY)
    }

    /// Worked by hand from the formula.
    #[test]
    fn is_misps_polynomial() {
        // base, τ in days, δ, age in seconds, score.
        let golden = [
            (100.0, 10, 1.0, 0, 100.0),
            (100.0, 10, 1.0, 5 * DAY, 50.0),
            (100.0, 10, 1.0, 10 * DAY, 0.0),
            (100.0, 10, 1.0, 20 * DAY, 0.0),
            (80.0, 100, 2.0, 25 * DAY, 40.0),
            (80.0, 100, 2.0, 64 * DAY, 16.0),
            (50.0, 90, 0.5, 45 * DAY, 37.5),
            (60.0, 8, 3.0, DAY, 30.0),
            (90.0, 16, 4.0, DAY, 45.0),
            (75.0, 2, 1.0, 43_200, 56.25),
        ];
        for (base, lifetime, speed, age, expected) in golden {
            let decay = Decay::Polynomial { lifetime: days(lifetime), speed, threshold: 0.0 };
            let score = decay.score(base, Duration::from_secs(age)).unwrap();
            assert!((score - expected).abs() < 1e-9, "{base} {lifetime} {speed} {age}: {score}");
        }
    }

    #[test]
    fn has_decayed_only_below_the_threshold() {
        let decay = |threshold| Decay::Polynomial { lifetime: days(10), speed: 1.0, threshold };
        assert_eq!(decay(50.0).score(100.0, days(5)), Some(50.0), "as much as the threshold is not below it");
        assert_eq!(decay(50.1).score(100.0, days(5)), None);
        let now = Timestamp::from_secs(1_000_000);
        let later = now + Duration::from_secs(1);
        assert_eq!(decay(0.0).score_at(100.0, Some(later), now), Some(0.0));
        assert_eq!(decay(1.0).score_at(100.0, Some(later), now), None);
        assert_eq!(decay(1.0).score_at(100.0, None, now), Some(100.0), "what has no time does not age");
    }

    #[test]
    fn halves() {
        let decay = Decay::HalfLife { half_life: days(2), threshold: 10.0 };
        assert_eq!(decay.score(80.0, days(2)), Some(40.0));
        assert_eq!(decay.score(80.0, days(6)), Some(10.0));
        assert_eq!(decay.score(80.0, days(7)), None);
        let at_once = Decay::HalfLife { half_life: Duration::ZERO, threshold: 1.0 };
        assert_eq!((at_once.score(80.0, Duration::ZERO), at_once.score(80.0, days(1))), (Some(80.0), None));
    }

    #[test]
    fn counts_from_the_last_sighting_unless_it_was_changed_since() {
        let at = |secs| Some(Timestamp::from_secs(secs));
        assert_eq!(counts_from(at(5), at(3), at(4)), at(5));
        assert_eq!(counts_from(at(5), at(3), at(5)), at(5));
        assert_eq!(counts_from(at(5), at(3), at(6)), at(3));
        assert_eq!(counts_from(at(5), None, at(6)), at(6));
        assert_eq!(counts_from(None, at(3), at(6)), at(3));
        assert_eq!(counts_from(None, None, None), None);
    }
}
