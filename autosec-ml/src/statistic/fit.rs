use std::ops::ControlFlow;

use super::{Spread, StatisticalModel};
use crate::matrix::Matrix;

/// How far training is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Columns learnt so far.
    pub learnt: usize,
    /// Columns there are.
    pub columns: usize,
}

/// Why there is no model.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The host's function asked to stop.
    #[error("training was stopped after {learnt} columns")]
    Stopped {
        /// How many columns had been learnt.
        learnt: usize,
    },
    /// There is no column of that number to tell times.
    #[error("column {column} is to tell the time, and rows have {columns} columns, counted from 0")]
    Time {
        /// The number.
        column: usize,
        /// How many columns there are.
        columns: usize,
    },
}

impl StatisticalModel {
    /// Learns what each column usually holds.
    pub fn fit(rows: Matrix<'_>) -> Self {
        let mut values = Vec::new();
        let columns = (0..rows.columns()).map(|column| learn(rows, column, &mut values));
        Self::new(rows.rows() as u64, columns.collect())
    }

    /// The same, and tells `progress` after each column, which may ask to stop.
    ///
    /// # Errors
    /// When `progress` asked to stop.
    pub fn fit_with(
        rows: Matrix<'_>,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, FitError> {
        let mut values = Vec::new();
        let mut columns = Vec::with_capacity(rows.columns());
        while columns.len() < rows.columns() {
            columns.push(learn(rows, columns.len(), &mut values));
            let learnt = columns.len();
            if progress(Progress { learnt, columns: rows.columns() }).is_break() {
                return Err(FitError::Stopped { learnt });
            }
        }
        Ok(Self::new(rows.rows() as u64, columns))
    }
}

fn learn(rows: Matrix<'_>, column: usize, values: &mut Vec<f64>) -> Spread {
    values.clear();
    values.extend(rows.iter().filter_map(|row| row.get(column)));
    Spread::learn(values)
}
