use super::{CalibrationError, check};

/// How likely a row of a score is bad, learnt from rows of which the truth is known: the rising steps that are nearest to
/// it (isotonic regression by pooling adjacent violators; Zadrozny and Elkan, KDD 2002).
///
/// It supposes nothing but that higher scores are not better. It is right for streams with the same share of bad rows as
/// the rows it learnt from.
///
/// ```
/// use autosec_ml::calibrate::Isotonic;
///
/// let calibration = Isotonic::calibrate(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], &[false, false, true, false, true, true])?;
/// assert_eq!(calibration.probability(0.35), 0.5); // Of 0.3 and 0.4 one was bad, and not the higher one.
/// assert!(calibration.probability(0.1) < 0.1 && calibration.probability(0.9) > 0.9);
/// # Ok::<(), autosec_ml::calibrate::CalibrationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Isotonic {
    pub(super) rows: u64,
    /// Ascending by score, and by probability.
    pub(super) blocks: Vec<Block>,
}

/// Scores that are equally likely to be bad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) probability: f64,
}

/// Rows of one block while it grows.
#[derive(Clone, Copy, Debug)]
struct Pool {
    low: f64,
    high: f64,
    bad: u64,
    all: u64,
}

impl Isotonic {
    /// The most steps there are: of more rows, neighbours in score are taken together first.
    pub const MOST_STEPS: usize = 4_096;

    /// Learns from scores, and from whether each row was bad. Takes memory for a copy of them while it learns.
    ///
    /// # Errors
    /// When there are no scores, when one is not finite, or when there is not one truth for each.
    pub fn calibrate(scores: &[f64], bad: &[bool]) -> Result<Self, CalibrationError> {
        check(scores)?;
        if scores.len() != bad.len() {
            return Err(CalibrationError::Length { scores: scores.len(), truths: bad.len() });
        }
        let mut rows: Vec<(f64, bool)> =
            scores.iter().map(|score| score + 0.0).zip(bad.iter().copied()).collect();
        rows.sort_unstable_by(|(left, _), (right, _)| left.total_cmp(right));
        let mut pools: Vec<Pool> = Vec::new();
        for pool in together(&rows) {
            let mut pool = pool;
            while let Some(before) = pools.pop_if(|before| before.is_no_better(&pool)) {
                pool = before.and(&pool);
            }
            pools.push(pool);
        }
        // No number of rows shows that something never happens, or always.
        let least = 0.5 / (rows.len() + 1) as f64;
        let block = |pool: &Pool| Block {
            low: pool.low,
            high: pool.high,
            probability: (pool.bad as f64 / pool.all as f64).clamp(least, 1.0 - least),
        };
        Ok(Self { rows: rows.len() as u64, blocks: pools.iter().map(block).collect() })
    }

    /// How likely a row of this score is bad, from above 0 to below 1; between two steps on the line that joins them. NaN is
    /// taken for the lowest score.
    pub fn probability(&self, score: f64) -> f64 {
        let at = self.blocks.partition_point(|block| block.low <= score);
        let below = at.checked_sub(1).and_then(|at| self.blocks.get(at));
        match (below, self.blocks.get(at)) {
            (Some(below), Some(above)) if score > below.high => {
                let share = (0.5 * score - 0.5 * below.high) / (0.5 * above.low - 0.5 * below.high);
                below.probability + (above.probability - below.probability) * share
            }
            (Some(only), _) | (None, Some(only)) => only.probability,
            (None, None) => 0.5,
        }
    }

    /// How many rows were learnt from.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.blocks.len()
    }
}

impl Pool {
    /// Whether what has higher scores is not worse: then the two are one.
    fn is_no_better(&self, next: &Self) -> bool {
        u128::from(self.bad) * u128::from(next.all) >= u128::from(next.bad) * u128::from(self.all)
    }

    fn and(self, next: &Self) -> Self {
        Self { low: self.low, high: next.high, bad: self.bad + next.bad, all: self.all + next.all }
    }
}

/// Rows of one score in one pool, and so many scores together that there are not too many pools.
fn together(rows: &[(f64, bool)]) -> Vec<Pool> {
    let least = rows.len().div_ceil(Isotonic::MOST_STEPS) as u64;
    let mut pools: Vec<Pool> = Vec::new();
    for ties in rows.chunk_by(|(left, _), (right, _)| left == right) {
        let score = ties.first().map_or(0.0, |(score, _)| *score);
        let bad = ties.iter().filter(|(_, bad)| *bad).count() as u64;
        let pool = Pool { low: score, high: score, bad, all: ties.len() as u64 };
        match pools.last_mut().filter(|last| last.all < least) {
            Some(last) => *last = last.and(&pool),
            None => pools.push(pool),
        }
    }
    pools
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// No rising steps are nearer: what each row adds is tried against the least squares over all splits of six rows.
    #[test]
    fn is_nearest_of_all_that_rise() {
        for truths in 0..64_u32 {
            let bad: Vec<bool> = (0..6).map(|row| truths >> row & 1 == 1).collect();
            let scores: Vec<f64> = (0..6).map(f64::from).collect();
            let fitted = Isotonic::calibrate(&scores, &bad).unwrap();
            let truth = |row: usize| f64::from(u8::from(bad[row]));
            let error = |values: &[f64]| (0..6).map(|row| (values[row] - truth(row)).powi(2)).sum::<f64>();
            let ours: Vec<f64> = scores.iter().map(|score| fitted.probability(*score)).collect();
            assert!(ours.is_sorted(), "{bad:?}: {ours:?}");
            let best = (0..32_u32)
                .filter_map(|cuts| {
                    let mut values = Vec::new();
                    let mut from = 0;
                    for to in 1..=6 {
                        if to == 6 || cuts >> (to - 1) & 1 == 1 {
                            let mean = (from..to).map(truth).sum::<f64>() / (to - from) as f64;
                            values.extend(std::iter::repeat_n(mean, to - from));
                            from = to;
                        }
                    }
                    values.is_sorted().then(|| error(&values))
                })
                .fold(f64::INFINITY, f64::min);
            // The ends are drawn in by 0.5 / 7.
            assert!(error(&ours) <= best + 6.0 * 0.072 * 0.072, "{bad:?}: {ours:?}, {best}");
        }
    }

    #[test]
    fn many_rows_make_few_steps_that_are_near_the_truth() {
        let mut random = Random::new(1, 0);
        let scores: Vec<f64> = (0..100_000).map(|_| random.fraction()).collect();
        let bad: Vec<bool> = scores.iter().map(|score| random.fraction() < score * score).collect();
        let fitted = Isotonic::calibrate(&scores, &bad).unwrap();
        assert!(fitted.steps() <= Isotonic::MOST_STEPS && fitted.steps() > 20, "{}", fitted.steps());
        for score in [0.1, 0.3, 0.5, 0.7, 0.9] {
            let probability = fitted.probability(score);
            assert!((probability - score * score).abs() < 0.03, "{score}: {probability}");
        }
        assert_eq!(fitted.probability(f64::NAN), fitted.probability(-5.0));
        assert!(fitted.probability(f64::INFINITY) < 1.0);
    }

    #[test]
    fn one_kind_is_never_certain() {
        let never = Isotonic::calibrate(&[1.0, 2.0], &[false, false]).unwrap();
        assert_eq!((never.probability(9.0), never.steps()), (0.5 / 3.0, 1));
        let error = Isotonic::calibrate(&[1.0], &[]).unwrap_err();
        assert_eq!(error, CalibrationError::Length { scores: 1, truths: 0 });
    }
}
