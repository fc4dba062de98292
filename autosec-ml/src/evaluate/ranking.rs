/// Scores in descending order, with how many bad and good rows have each.
///
/// ```
/// use autosec_ml::evaluate::Ranking;
///
/// let ranking = Ranking::new(&[0.9, 0.8, 0.3, 0.1], &[true, false, true, false])?;
/// assert_eq!(ranking.roc_auc(), 0.75);
/// assert_eq!(ranking.recall_at(0.0), 0.5);
/// # Ok::<(), autosec_ml::evaluate::RankingError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    pub(super) steps: Vec<Step>,
}

/// Rows of one score.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Step {
    pub(super) bad: u64,
    pub(super) good: u64,
}

/// Why scores cannot be ranked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RankingError {
    /// There is not one truth for each score.
    #[error("there are {scores} scores, and the truth is told of {truths} rows")]
    Length {
        /// How many scores there are.
        scores: usize,
        /// How many truths there are.
        truths: usize,
    },
    /// A score is NaN.
    #[error("the score of row {0} is not a number")]
    NotANumber(usize),
    /// All rows are good, or all are bad.
    #[error("all rows are of one kind: {bad} are bad and {good} are good")]
    OneKind {
        /// How many rows are bad.
        bad: u64,
        /// How many rows are good.
        good: u64,
    },
}

impl Ranking {
    /// Ranks rows by their scores, the highest first; `bad` says of each whether it is what was looked for.
    ///
    /// # Errors
    /// When the lengths differ, when a score is NaN, or when there are not both good rows and bad ones.
    pub fn new(scores: &[f64], bad: &[bool]) -> Result<Self, RankingError> {
        if scores.len() != bad.len() {
            return Err(RankingError::Length { scores: scores.len(), truths: bad.len() });
        }
        if let Some(row) = scores.iter().position(|score| score.is_nan()) {
            return Err(RankingError::NotANumber(row));
        }
        // Adding 0.0 makes one zero of both.
        let mut rows: Vec<(f64, bool)> =
            scores.iter().zip(bad).map(|(score, bad)| (score + 0.0, *bad)).collect();
        rows.sort_unstable_by(|(left, _), (right, _)| right.total_cmp(left));
        let steps = rows.chunk_by(|(left, _), (right, _)| left == right).map(|rows| {
            let bad = rows.iter().filter(|(_, bad)| *bad).count() as u64;
            Step { bad, good: rows.len() as u64 - bad }
        });
        let ranking = Self { steps: steps.collect() };
        match ranking.totals() {
            Step { bad: 1.., good: 1.. } => Ok(ranking),
            Step { bad, good } => Err(RankingError::OneKind { bad, good }),
        }
    }

    /// The area under the ROC curve, 0..=1: how often a bad row has a higher score than a good one, a tie counting half
    /// (Mann and Whitney). 0.5 is chance.
    pub fn roc_auc(&self) -> f64 {
        let all = self.totals();
        let (mut above, mut won) = (0, 0.0);
        for step in &self.steps {
            above += step.bad;
            // Twice the pairs that good rows of this score lose; ties lose half.
            won += step.good as f64 * (2 * above - step.bad) as f64;
        }
        won / (2.0 * all.bad as f64 * all.good as f64)
    }

    /// The average precision, 0..=1: Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the thresholds, with recall R and precision P. It is the area
    /// under the precision-recall curve taken in steps, as a straight line between its points would promise too much
    /// (Davis and Goadrich, ICML 2006). Chance is the share of bad rows.
    pub fn average_precision(&self) -> f64 {
        let all = self.totals().bad as f64;
        let (mut found, mut flagged, mut sum) = (0, 0, 0.0);
        for step in &self.steps {
            found += step.bad;
            flagged += step.bad + step.good;
            // Of a resample the first steps may be empty.
            sum += step.bad as f64 * (found as f64 / flagged.max(1) as f64);
        }
        sum / all
    }

    /// The largest share of bad rows (0..=1) that a threshold finds while at most `false_positive_rate` (0..=1) of the good
    /// rows are flagged, too.
    pub fn recall_at(&self, false_positive_rate: f64) -> f64 {
        let all = self.totals();
        let allowed = false_positive_rate * all.good as f64;
        let (mut found, mut wrong) = (0, 0);
        for step in &self.steps {
            wrong += step.good;
            // Rates such as 0.1 of 30 rows come out a little below the 3 that they mean.
            if wrong as f64 > allowed * (1.0 + 4.0 * f64::EPSILON) {
                break;
            }
            found += step.bad;
        }
        found as f64 / all.bad as f64
    }

    pub(super) fn totals(&self) -> Step {
        let sum = |sum: Step, step: &Step| Step { bad: sum.bad + step.bad, good: sum.good + step.good };
        self.steps.iter().fold(Step::default(), sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn ranking(scores: &[f64], bad: &[u8]) -> Ranking {
        let bad: Vec<bool> = bad.iter().map(|bad| *bad == 1).collect();
        Ranking::new(scores, &bad).unwrap()
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn measures_are_those_worked_out_by_hand() {
        let perfect = ranking(&[0.9, 0.8, 0.2], &[1, 1, 0]);
        assert_eq!((perfect.roc_auc(), perfect.average_precision(), perfect.recall_at(0.0)), (1.0, 1.0, 1.0));
        let wrong = ranking(&[0.9, 0.8, 0.2], &[0, 0, 1]);
        assert_eq!((wrong.roc_auc(), wrong.recall_at(0.5), wrong.recall_at(1.0)), (0.0, 0.0, 1.0));
        assert!(close(wrong.average_precision(), 1.0 / 3.0));
        // Bad at ranks 1, 3 and 6 of 6: precisions 1, 2/3 and 1/2; of nine pairs 3 + 2 + 0 are won.
        let mixed = ranking(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0], &[1, 0, 1, 0, 0, 1]);
        assert!(close(mixed.roc_auc(), 5.0 / 9.0));
        assert!(close(mixed.average_precision(), (1.0 + 2.0 / 3.0 + 0.5) / 3.0));
        assert!(close(mixed.recall_at(0.34), 2.0 / 3.0) && close(mixed.recall_at(0.33), 1.0 / 3.0));
    }

    #[test]
    fn ties_are_taken_together() {
        let all = ranking(&[0.5; 4], &[1, 0, 0, 0]);
        assert_eq!((all.roc_auc(), all.average_precision()), (0.5, 0.25));
        assert_eq!((all.recall_at(0.99), all.recall_at(1.0)), (0.0, 1.0));
        let zeros = ranking(&[0.0, -0.0], &[1, 0]);
        assert_eq!(zeros.roc_auc(), 0.5);
    }

    #[test]
    fn a_rate_that_is_no_binary_fraction_is_kept_to() {
        let scores: Vec<f64> = (0..31).map(f64::from).rev().collect();
        let bad: Vec<u8> = (0..31).map(|row| u8::from(row == 3)).collect();
        assert_eq!(ranking(&scores, &bad).recall_at(0.1), 1.0, "three of thirty come before the bad one");
    }

    /// Every pair compared, every threshold tried.
    #[test]
    fn measures_are_those_of_the_definitions() {
        let mut random = Random::new(11, 0);
        for _ in 0..200 {
            let rows: Vec<(f64, bool)> = (0..25)
                .map(|row| (random.below(12) as f64, row == 0 || (row > 1 && random.below(3) == 0)))
                .collect();
            let (scores, bad): (Vec<f64>, Vec<bool>) = rows.iter().copied().unzip();
            let ranking = Ranking::new(&scores, &bad).unwrap();
            let [bads, goods] = [true, false]
                .map(|kind| rows.iter().filter(|row| row.1 == kind).map(|row| row.0).collect::<Vec<f64>>());
            let share = |of: &[f64], least: f64| of.iter().filter(|score| **score >= least).count() as f64;
            let pairs = bads.iter().flat_map(|bad| goods.iter().map(move |good| (bad, good)));
            let won: f64 = pairs
                .map(|(bad, good)| {
                    if bad > good {
                        1.0
                    } else if bad == good {
                        0.5
                    } else {
                        0.0
                    }
                })
                .sum();
            assert!(close(ranking.roc_auc(), won / (bads.len() * goods.len()) as f64), "{rows:?}");
            let precision = |least: f64| share(&bads, least) / share(&scores, least);
            let average = bads.iter().map(|bad| precision(*bad)).sum::<f64>() / bads.len() as f64;
            assert!(close(ranking.average_precision(), average), "{rows:?}");
            for rate in [0.0, 0.1, 0.25, 0.5, 1.0] {
                let within =
                    scores.iter().filter(|least| share(&goods, **least) / goods.len() as f64 <= rate);
                let best = within.map(|least| share(&bads, *least) / bads.len() as f64).fold(0.0, f64::max);
                assert!(close(ranking.recall_at(rate), best), "{rate} of {rows:?}");
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_ranked() {
        let error = Ranking::new(&[1.0], &[]).unwrap_err();
        assert_eq!(error, RankingError::Length { scores: 1, truths: 0 });
        assert_eq!(Ranking::new(&[1.0, f64::NAN], &[true, false]).unwrap_err(), RankingError::NotANumber(1));
        let error = Ranking::new(&[1.0, 2.0], &[false, false]).unwrap_err();
        assert_eq!(error.to_string(), "all rows are of one kind: 0 are bad and 2 are good");
        assert!(Ranking::new(&[f64::INFINITY, f64::NEG_INFINITY], &[true, false]).is_ok());
    }
}
