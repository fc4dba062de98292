use super::tail::Tail;
use super::{CalibrationError, check};

/// So many of the highest scores are kept each by itself; below them a rank is kept when it is a part in so many greater
/// than the one kept before.
const EXACT: u64 = 128;

/// How rarely a usual row has a score this high (inductive conformal p-values; Vovk, Gammerman and Shafer, "Algorithmic
/// learning in a random world", 2005).
///
/// It keeps a table of scores instead of all of them: the highest 128, and of the others the fewer the lower they are. Of a
/// million scores that is 1,353, or 32 KB.
///
/// ```
/// use autosec_ml::calibrate::Conformal;
///
/// let usual: Vec<f64> = (0..999).map(|row| f64::from(row) / 1_000.0).collect();
/// let calibration = Conformal::calibrate(&usual)?;
/// assert_eq!(calibration.p_value(0.9895), 0.010); // Nine of 999 score higher: (1 + 9) / (999 + 1).
/// assert_eq!(calibration.p_value(7.0), 0.001);
/// // The score from which on one usual row in a hundred is flagged.
/// assert_eq!(calibration.threshold(0.01), Some(0.99));
/// # Ok::<(), autosec_ml::calibrate::CalibrationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conformal {
    pub(super) rows: u64,
    /// Ascending; the first is the lowest score and the last the highest.
    pub(super) points: Vec<Point>,
    pub(super) tail: Tail,
}

/// A score with its rank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) score: f64,
    /// How many scores are higher.
    pub(crate) above: u64,
    /// How many are as high or higher.
    pub(crate) from: u64,
}

impl Conformal {
    /// The most that [`surprise`](Self::surprise) says.
    pub const MOST_SURPRISE: f64 = 1_000.0;

    /// Learns how high usual rows score: `scores` are of rows that are taken for usual and that the model was not trained
    /// on. Takes memory for a copy of them while it learns.
    ///
    /// # Errors
    /// When there are no scores, or when one is not finite.
    pub fn calibrate(scores: &[f64]) -> Result<Self, CalibrationError> {
        check(scores)?;
        // Adding 0.0 makes one zero of both.
        let mut sorted: Vec<f64> = scores.iter().map(|score| score + 0.0).collect();
        sorted.sort_unstable_by(|left, right| right.total_cmp(left));
        let (mut points, mut above, mut next) = (Vec::new(), 0, 1);
        for ties in sorted.chunk_by(|left, right| left == right) {
            let from = above + ties.len() as u64;
            if let (Some(score), true) = (ties.first(), from >= next || from == sorted.len() as u64) {
                points.push(Point { score: *score, above, from });
                next = from + (from / EXACT).max(1);
            }
            above = from;
        }
        points.reverse();
        Ok(Self { rows: above, points, tail: Tail::fit(&sorted) })
    }

    /// The share of usual rows that score as high, 1/(n + 1)..=1: (1 + how many of the n scores learnt from are as high) /
    /// (n + 1).
    ///
    /// A usual row that comes from where those rows came from has a p-value of at most r with a chance of at most r,
    /// whatever the model and whatever the data; where scores tie, the chance is less. Where the table leaves scores out it
    /// errs upwards, by less than one part in 128. NaN has 1.
    pub fn p_value(&self, score: f64) -> f64 {
        let above = match self.below(score) {
            Some(point) if point.score == score => point.from,
            Some(point) => point.above,
            None => self.rows,
        };
        (1 + above) as f64 / (1 + self.rows) as f64
    }

    /// −ln of how likely a usual row is to score as high, in nats, 0..=[`MOST_SURPRISE`](Self::MOST_SURPRISE): as the
    /// [`p_value`](Self::p_value), but with straight lines between the scores of the table and, above the highest, the
    /// tail of a generalised Pareto distribution (Pickands, 1975) that the highest fiftieth is fitted by.
    ///
    /// It tells scores apart that are all higher than any seen, which makes it the thing to combine and to rank by. Above
    /// ln(n + 1) it is an estimate and no guarantee. Usual rows have 1 on average. NaN has 0.
    pub fn surprise(&self, score: f64) -> f64 {
        let nats = |count: u64| libm::log((1 + self.rows) as f64 / (1 + count) as f64);
        let at = self.points.partition_point(|point| point.score <= score);
        let surprise = match (at.checked_sub(1).and_then(|at| self.points.get(at)), self.points.get(at)) {
            (None, _) => 0.0,
            (Some(low), Some(high)) => {
                // Halved, so that no distance between finite scores is infinite.
                let share = (0.5 * score - 0.5 * low.score) / (0.5 * high.score - 0.5 * low.score);
                let (from, to) = (nats(low.from), nats(high.from));
                from + (to - from) * share
            }
            (Some(highest), None) => nats(highest.from) + self.tail.beyond(highest.score, score),
        };
        surprise.min(Self::MOST_SURPRISE)
    }

    /// The lowest score in the table with a [`p_value`](Self::p_value) of at most `rate` (0..=1): flag what scores as high,
    /// and at most that share of usual rows is flagged. Nothing if so few scores were learnt from that none is as rare.
    pub fn threshold(&self, rate: f64) -> Option<f64> {
        let rare =
            |point: &&Point| (1 + point.from) as f64 <= rate * (1 + self.rows) as f64 * (1.0 + f64::EPSILON);
        self.points.iter().find(rare).map(|point| point.score)
    }

    /// How many scores were learnt from.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The highest score of the table that is not higher than this one.
    fn below(&self, score: f64) -> Option<&Point> {
        let at = self.points.partition_point(|point| point.score <= score);
        at.checked_sub(1).and_then(|at| self.points.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn scores(count: usize, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed, 0);
        (0..count).map(|_| -libm::log(1.0 - random.fraction())).collect()
    }

    /// Beside the definition, with every score kept.
    #[test]
    fn p_values_are_those_of_the_definition() {
        for count in [1, 2, 100, 128, 129, 5_000] {
            let scores = scores(count, 3);
            let calibration = Conformal::calibrate(&scores).unwrap();
            for score in scores.iter().step_by(7).chain(&[-1.0, 0.5, 2.0, 50.0]) {
                let exact =
                    (1 + scores.iter().filter(|other| *other >= score).count()) as f64 / (count + 1) as f64;
                let p = calibration.p_value(*score);
                let most =
                    if exact * (count + 1) as f64 <= 129.0 { exact } else { exact * (1.0 + 1.0 / 64.0) };
                assert!(exact <= p && p <= most, "{count}, {score}: {p} and {exact}");
            }
        }
    }

    #[test]
    fn ties_count_in_full() {
        let calibration = Conformal::calibrate(&[1.0, 1.0, 1.0, 0.0, -0.0]).unwrap();
        let found = [2.0, 1.0, 0.5, 0.0, -0.0, -1.0, f64::NAN].map(|score| calibration.p_value(score) * 6.0);
        assert_eq!(found, [1.0, 4.0, 4.0, 6.0, 6.0, 6.0, 6.0]);
        assert_eq!(calibration.threshold(0.1), None, "five scores cannot tell one in ten");
        assert_eq!(calibration.threshold(0.7), Some(1.0));
    }

    #[test]
    fn surprise_grows_with_the_score_and_stays_finite() {
        let calibration = Conformal::calibrate(&scores(20_000, 5)).unwrap();
        let surprises: Vec<f64> = (0..400).map(|step| calibration.surprise(f64::from(step) / 10.0)).collect();
        assert!(surprises.windows(2).all(|pair| pair[0] < pair[1]), "{surprises:?}");
        // The scores are those of an exponential distribution: a surprise of its own size.
        for (place, most) in [(20, 0.1), (60, 0.3), (100, 1.5), (150, 3.0)] {
            let off = surprises[place] - place as f64 / 10.0;
            assert!(off.abs() < most, "{off} at {place}");
        }
        for score in [f64::MAX, f64::INFINITY] {
            let surprise = calibration.surprise(score);
            assert!(surprise > surprises[399] && surprise <= Conformal::MOST_SURPRISE);
        }
        assert_eq!([f64::NAN, f64::NEG_INFINITY, -1.0].map(|score| calibration.surprise(score)), [0.0; 3]);
        let constant = Conformal::calibrate(&[3.0; 10]).unwrap();
        assert!(constant.surprise(4.0) > constant.surprise(3.0));
    }

    #[test]
    fn a_million_scores_take_a_small_table() {
        let calibration = Conformal::calibrate(&scores(1_000_000, 1)).unwrap();
        assert!(calibration.points.len() <= 1_360, "{}", calibration.points.len());
    }

    /// A thousand rows are calibrated on, a thousand others are asked; a hundred times.
    #[test]
    fn usual_rows_are_flagged_as_often_as_said() {
        for rate in [0.01, 0.1] {
            let flagged: usize = (0..100)
                .map(|seed| {
                    let scores = scores(1_999, seed);
                    let (learnt, asked) = scores.split_at(999);
                    let calibration = Conformal::calibrate(learnt).unwrap();
                    asked.iter().filter(|score| calibration.p_value(**score) <= rate).count()
                })
                .sum();
            let share = flagged as f64 / 100_000.0;
            assert!((share / rate - 1.0).abs() < 0.1, "{share} for {rate}");
        }
    }

    #[test]
    fn refuses_what_is_no_score() {
        assert_eq!(Conformal::calibrate(&[]).unwrap_err(), CalibrationError::NoScores);
        let error = Conformal::calibrate(&[1.0, f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "score 1 is no finite number");
    }
}
