use crate::matrix::Matrix;

/// The last rows of a stream, in no order.
#[derive(Clone)]
pub(super) struct Window {
    values: Vec<f64>,
    columns: usize,
    rows: usize,
    /// The row that the next one takes the place of, once all places are taken.
    oldest: usize,
}

/// Rows are not shown: they may say who did what.
impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window")
            .field("columns", &self.columns)
            .field("rows", &self.len())
            .finish_non_exhaustive()
    }
}

impl Window {
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self { values: Vec::new(), columns, rows, oldest: 0 }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Takes a row in. What it lacks is missing.
    pub(super) fn push(&mut self, row: &[f64]) {
        let values = row.iter().copied().chain(std::iter::repeat(f64::NAN)).take(self.columns);
        if self.len() < self.rows {
            self.values.extend(values);
            return;
        }
        let places = self.values.iter_mut().skip(self.oldest * self.columns);
        places.zip(values).for_each(|(place, value)| *place = value);
        self.oldest = (self.oldest + 1) % self.rows;
    }

    /// The rows, if there are any.
    pub(super) fn matrix(&self) -> Option<Matrix<'_>> {
        Matrix::new(&self.values, self.columns).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_rows() {
        let mut window = Window::new(3, 2);
        assert!(window.matrix().is_none());
        for number in 0..7_u8 {
            window.push(&[f64::from(number), 9.0, 8.0]);
        }
        let mut firsts: Vec<f64> = window.matrix().unwrap().iter().map(|row| row[0]).collect();
        firsts.sort_unstable_by(f64::total_cmp);
        assert_eq!(firsts, [4.0, 5.0, 6.0]);
        window.push(&[]);
        assert!(window.matrix().unwrap().row(1)[1].is_nan());
        assert_eq!(format!("{window:?}"), "Window { columns: 2, rows: 3, .. }");
    }
}
