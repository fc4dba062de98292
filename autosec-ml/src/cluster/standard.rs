use crate::matrix::Matrix;

/// Larger numbers count as this one when the mean is learned, so that squares of 2^32 of them add up in 64 bits.
const LARGEST: f64 = 1e140;
/// Rows of no more columns need no memory from the heap.
const NARROW: usize = 64;

/// Turns a row of 64-bit numbers into 32-bit ones of mean 0 and standard deviation 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standard {
    columns: Vec<Column>,
}

/// A column's value v becomes (v − centre) · factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) centre: f64,
    pub(super) factor: f64,
}

impl Standard {
    /// No cell is farther from 0, so that the squares of 32,768 of them add up in 32 bits.
    pub(super) const FARTHEST: f32 = 1e6;

    pub(super) fn learn(rows: Matrix<'_>) -> Self {
        let mut sums = vec![Sums::default(); rows.columns()];
        for row in rows.iter() {
            sums.iter_mut().zip(row).for_each(|(sums, value)| sums.add(*value));
        }
        sums.iter_mut().for_each(Sums::end_of_first_look);
        for row in rows.iter() {
            sums.iter_mut().zip(row).for_each(|(sums, value)| sums.add_square(*value));
        }
        Self { columns: sums.iter().map(Sums::column).collect() }
    }

    pub(super) fn from_columns(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Fills as many cells as there are columns with the row. What is missing, or what the row is too short for,
    /// becomes the mean.
    pub(super) fn apply(&self, row: &[f64], cells: &mut [f32]) {
        for (cell, (column, value)) in cells.iter_mut().zip(self.columns.iter().zip(row)) {
            *cell = column.cell(*value);
        }
        cells.iter_mut().skip(row.len()).for_each(|missing| *missing = 0.0);
    }

    /// What comes of the row's cells.
    pub(super) fn with_cells<R>(&self, row: &[f64], then: impl FnOnce(&[f32]) -> R) -> R {
        let mut narrow = [0.0; NARROW];
        let mut wide = Vec::new();
        let cells = match narrow.get_mut(..self.columns.len()) {
            Some(cells) => cells,
            None => {
                wide.resize(self.columns.len(), 0.0);
                wide.as_mut_slice()
            }
        };
        self.apply(row, cells);
        then(cells)
    }
}

impl Column {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to 32 bits is what is wanted")]
    fn cell(self, value: f64) -> f32 {
        let cell = ((value - self.centre) * self.factor) as f32;
        if cell.is_nan() { 0.0 } else { cell.clamp(-Standard::FARTHEST, Standard::FARTHEST) }
    }
}

/// What is added up of a column, from its first value on: so a constant adds up to 0 exactly, and ids and times, however
/// large, keep their differences.
#[derive(Clone, Debug, Default)]
struct Sums {
    first: Option<f64>,
    count: f64,
    sum: f64,
    mean: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        if value.is_finite() {
            let value = value.clamp(-LARGEST, LARGEST);
            self.sum += value - *self.first.get_or_insert(value);
            self.count += 1.0;
        }
    }

    fn end_of_first_look(&mut self) {
        self.mean = self.first.map_or(0.0, |first| first + self.sum / self.count);
    }

    fn add_square(&mut self, value: f64) {
        if value.is_finite() {
            let distance = value.clamp(-LARGEST, LARGEST) - self.mean;
            self.squares += distance * distance;
        }
    }

    fn column(&self) -> Column {
        let deviation = (self.squares / self.count.max(1.0)).sqrt();
        let unit = if deviation > 0.0 { deviation } else { self.mean.abs() };
        let factor = 1.0 / unit;
        Column { centre: self.mean, factor: if factor.is_normal() { factor } else { 1.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f64]) -> Column {
        Standard::learn(Matrix::new(values, 1).unwrap()).columns[0]
    }

    #[test]
    fn brings_mean_to_zero_and_deviation_to_one() {
        assert_eq!(learn(&[1.0, 3.0, f64::NAN, f64::INFINITY]), Column { centre: 2.0, factor: 1.0 });
        let ids = learn(&[9e15 + 2.0, 9e15, 9e15 + 4.0, 9e15 + 6.0]);
        assert_eq!(ids.cell(9e15 + 3.0), 0.0);
        assert!(ids.cell(9e15 + 4.0) > 0.4);
    }

    #[test]
    fn defines_what_is_missing_infinite_or_constant() {
        let column = learn(&[5.0, 7.0]);
        assert_eq!(column.cell(f64::NAN), 0.0);
        assert_eq!(
            (column.cell(f64::INFINITY), column.cell(f64::MIN)),
            (Standard::FARTHEST, -Standard::FARTHEST)
        );
        assert_eq!(learn(&[f64::NAN]), Column { centre: 0.0, factor: 1.0 });
        assert_eq!(learn(&[0.0; 3]), Column { centre: 0.0, factor: 1.0 });
        let constant = learn(&[0.1; 3]);
        assert_eq!((constant.cell(0.1), constant.cell(0.2)), (0.0, 1.0));
        let wide = learn(&[f64::MIN, f64::MAX]);
        assert!(wide.cell(-1e139) < wide.cell(1e139));
    }

    #[test]
    fn short_rows_lack_their_last_values() {
        let standard = Standard::from_columns(vec![Column { centre: 1.0, factor: 2.0 }; 3]);
        assert_eq!(standard.with_cells(&[2.0], <[f32]>::to_vec), [2.0, 0.0, 0.0]);
        assert_eq!(standard.with_cells(&[2.0, 3.0, 1.0, 9.0], <[f32]>::to_vec), [2.0, 4.0, 0.0]);
    }
}
