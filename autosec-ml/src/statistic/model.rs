use super::{Spread, add_up};
use crate::anomaly::AnomalyModel;

/// How far each value of a row lies from what its column usually holds: a robust z-value a column.
///
/// ```
/// use autosec_ml::anomaly::AnomalyModel;
/// use autosec_ml::matrix::Matrix;
/// use autosec_ml::statistic::StatisticalModel;
///
/// let rows: Vec<f64> = (0..300).flat_map(|n| [f64::from(n % 17), f64::from(n % 23)]).collect();
/// let model = StatisticalModel::fit(Matrix::new(&rows, 2)?);
/// let odd = [90.0, 3.0];
/// assert!(model.score(&odd) > model.score(&[8.0, 3.0]));
/// let why = model.contributions(&odd);
/// assert!(why[0] > why[1]);
/// assert_eq!(why[0] + why[1], model.score(&odd));
/// # Ok::<(), autosec_ml::matrix::MatrixError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StatisticalModel {
    rows: u64,
    pub(super) columns: Vec<Spread>,
}

impl StatisticalModel {
    pub(super) fn new(rows: u64, columns: Vec<Spread>) -> Self {
        Self { rows, columns }
    }

    /// How many rows it was trained on.
    pub fn trained_on(&self) -> u64 {
        self.rows
    }

    fn surprises(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        let values = row.iter().copied().chain(std::iter::repeat(f64::NAN));
        self.columns.iter().zip(values).map(|(column, value)| column.surprise(value))
    }
}

impl AnomalyModel for StatisticalModel {
    fn name(&self) -> &'static str {
        "statistical"
    }

    fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The sum of surprises, 0 to 56 a column: what is missing adds nothing. Allocates nothing.
    fn score(&self, row: &[f64]) -> f64 {
        add_up(self.surprises(row))
    }

    /// The surprise of each column, none below 0. They add up to the score, exactly and in any order.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        self.surprises(row).collect()
    }
}
