use crate::matrix::{Matrix, MatrixError};
use crate::random::Random;

/// So many rows of a stream of any length, each as likely as any other (Vitter's algorithm R, 1985): what a model is
/// trained on.
///
/// ```
/// use autosec_ml::detector::Reservoir;
///
/// let mut kept = Reservoir::new(100, 2, 7);
/// for number in 0..10_000 {
///     kept.offer(&[f64::from(number), 1.0]);
/// }
/// assert_eq!((kept.seen(), kept.rows()?.rows()), (10_000, 100));
/// let mean = kept.rows()?.iter().map(|row| row[0]).sum::<f64>() / 100.0;
/// assert!((3_500.0..6_500.0).contains(&mean), "{mean}");
/// # Ok::<(), autosec_ml::matrix::MatrixError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reservoir {
    values: Vec<f64>,
    columns: usize,
    capacity: usize,
    seen: u64,
    random: Random,
}

impl Reservoir {
    /// The most numbers it may hold: 256 MiB of them.
    pub const MOST_VALUES: usize = 1 << 25;

    /// Room for `capacity` rows (at least 1) of so many columns (at least 1), fewer if they were more than
    /// [`MOST_VALUES`](Self::MOST_VALUES). Which rows stay follows from the seed and the order of rows alone.
    pub fn new(capacity: usize, columns: usize, seed: u64) -> Self {
        let columns = columns.max(1);
        let capacity = capacity.clamp(1, (Self::MOST_VALUES / columns).max(1));
        Self { values: Vec::new(), columns, capacity, seen: 0, random: Random::new(seed, 0) }
    }

    /// Takes a row, or lets it go by. One that is too short lacks its last values; what it has too many is not kept.
    pub fn offer(&mut self, row: &[f64]) {
        self.seen = self.seen.saturating_add(1);
        let held = self.values.len() / self.columns;
        let place = if held < self.capacity {
            self.values.resize(self.values.len() + self.columns, f64::NAN);
            held
        } else {
            self.random.below(usize::try_from(self.seen).unwrap_or(usize::MAX))
        };
        let from = place.saturating_mul(self.columns);
        if let Some(kept) = self.values.get_mut(from..from.saturating_add(self.columns)) {
            kept.fill(f64::NAN);
            kept.iter_mut().zip(row).for_each(|(kept, value)| *kept = *value);
        }
    }

    /// How many rows were offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Every other row that is kept, and those in between: one half to train on, and one to calibrate with, since a model
    /// scores the rows that it knows lower than others.
    ///
    /// ```
    /// use autosec_ml::calibrate::Conformal;
    /// use autosec_ml::detector::{Reservoir, Trained};
    /// use autosec_ml::isolation::IsolationForest;
    /// use autosec_ml::matrix::Matrix;
    ///
    /// let mut kept = Reservoir::new(2_000, 1, 7);
    /// (0..5_000).for_each(|number| kept.offer(&[f64::from(number % 100)]));
    /// let [known, new] = kept.halves();
    /// let forest = IsolationForest::builder().fit(Matrix::new(&known, 1)?)?;
    /// let calibration = Conformal::calibrate(&forest.score_batch(Matrix::new(&new, 1)?))?;
    /// let trained = Trained::new(forest).calibrated(calibration);
    /// assert!(trained.p_value(1.0) < Some(0.01));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn halves(&self) -> [Vec<f64>; 2] {
        let every_other = |first: usize| {
            let rows = self.values.chunks_exact(self.columns).skip(first).step_by(2);
            rows.flatten().copied().collect()
        };
        [every_other(0), every_other(1)]
    }

    /// The rows that are kept.
    ///
    /// # Errors
    /// When there are none.
    pub fn rows(&self) -> Result<Matrix<'_>, MatrixError> {
        Matrix::new(&self.values, self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_row_as_often_and_none_twice() {
        let mut counts = [0_i32; 50];
        for seed in 0..2_000 {
            let mut kept = Reservoir::new(10, 1, seed);
            (0..50).for_each(|row| kept.offer(&[f64::from(row)]));
            let mut rows: Vec<usize> = (0..50).filter(|row| kept.values.contains(&(*row as f64))).collect();
            assert_eq!(rows.len(), 10);
            rows.drain(..).for_each(|row| counts[row] += 1);
        }
        assert!(counts.iter().all(|count| (count - 400).abs() < 90), "{counts:?}");
    }

    #[test]
    fn has_rows_of_one_length() {
        let mut kept = Reservoir::new(2, 2, 0);
        assert_eq!(kept.rows().unwrap_err(), MatrixError::NoRows);
        kept.offer(&[1.0]);
        kept.offer(&[1.0, 2.0, 3.0]);
        assert!(kept.values[1].is_nan() && kept.values[2..] == [1.0, 2.0]);
        assert_eq!(Reservoir::new(usize::MAX, 0, 0).capacity, Reservoir::MOST_VALUES);
    }
}
