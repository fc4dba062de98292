//! Rows of numbers, the input of every model.

/// The most columns a model takes.
pub const MAX_COLUMNS: usize = 32_768;

/// Rows by columns of numbers, borrowed: one row lies behind the other.
///
/// NaN means that a value is missing. Infinities are values like others: larger, or smaller, than all that are finite.
///
/// ```
/// use autosec_ml::matrix::{Matrix, MatrixError};
///
/// let rows = Matrix::new(&[1.0, 2.0, 3.0, 4.0, f64::NAN, 6.0], 3)?;
/// assert_eq!((rows.rows(), rows.columns()), (2, 3));
/// assert_eq!(Matrix::new(&[1.0, 2.0, 3.0], 2).unwrap_err(), MatrixError::Ragged { values: 3, columns: 2 });
/// # Ok::<(), MatrixError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f64],
    columns: usize,
}

/// Why numbers are no matrix.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// There is no row.
    #[error("there are no rows: a model needs at least one")]
    NoRows,
    /// Rows have no columns.
    #[error("rows have no columns: a model needs at least one")]
    NoColumns,
    /// More than [`MAX_COLUMNS`].
    #[error("rows have {columns} columns, and the limit is {MAX_COLUMNS}")]
    TooManyColumns {
        /// How many there are.
        columns: usize,
    },
    /// The last row is cut short.
    #[error("{values} values do not make whole rows of {columns} columns")]
    Ragged {
        /// How many values there are.
        values: usize,
        /// How many make a row.
        columns: usize,
    },
}

impl<'a> Matrix<'a> {
    /// The rows that `values` holds, `columns` (1..=[`MAX_COLUMNS`]) of them a row.
    ///
    /// # Errors
    /// When there is no row or no column, when a row is cut short, or when there are too many columns.
    pub fn new(values: &'a [f64], columns: usize) -> Result<Self, MatrixError> {
        match (values.len(), columns) {
            (_, 0) => Err(MatrixError::NoColumns),
            (_, columns) if columns > MAX_COLUMNS => Err(MatrixError::TooManyColumns { columns }),
            (0, _) => Err(MatrixError::NoRows),
            (values, columns) if values % columns != 0 => Err(MatrixError::Ragged { values, columns }),
            _ => Ok(Self { values, columns }),
        }
    }

    /// How many rows; at least 1.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// How many columns; at least 1.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The row of this number, counted from 0; empty past the last.
    pub fn row(&self, number: usize) -> &'a [f64] {
        let from = number.saturating_mul(self.columns);
        self.values.get(from..from.saturating_add(self.columns)).unwrap_or_default()
    }

    /// One number of a row below [`rows`](Self::rows).
    #[inline]
    pub(crate) fn value(&self, row: usize, column: usize) -> f64 {
        self.values.get(row * self.columns + column).copied().unwrap_or(f64::NAN)
    }

    /// All rows, from the first on.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [f64]> + use<'a> {
        self.values.chunks_exact(self.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_matrix() {
        assert_eq!(Matrix::new(&[], 3).unwrap_err(), MatrixError::NoRows);
        assert_eq!(Matrix::new(&[1.0], 0).unwrap_err(), MatrixError::NoColumns);
        let wide = vec![0.0; MAX_COLUMNS + 1];
        let error = Matrix::new(&wide, wide.len()).unwrap_err();
        assert_eq!(error, MatrixError::TooManyColumns { columns: MAX_COLUMNS + 1 });
        assert_eq!(error.to_string(), "rows have 32769 columns, and the limit is 32768");
    }

    #[test]
    fn has_no_row_past_the_last() {
        let rows = Matrix::new(&[1.0, 2.0, 3.0, 4.0], 2).unwrap();
        assert_eq!((rows.row(1), rows.row(2), rows.row(usize::MAX)), (&[3.0, 4.0][..], &[][..], &[][..]));
        assert_eq!(rows.iter().len(), 2);
    }
}
