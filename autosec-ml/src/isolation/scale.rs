use super::sample::Sampler;
use crate::matrix::Matrix;
use crate::order::median;
use crate::random::Random;

/// Rows that are looked at to learn the scale.
const LOOKED_AT: usize = 1_024;

/// Turns a row of 64-bit numbers into the 32-bit ones that trees compare.
///
/// A 32-bit number has 24 significant bits: large ids and times in nanoseconds would all be the same one. So each column
/// is moved by its median first, with all its bits, and what is near the median keeps its differences. A power of two then
/// brings the usual distance from the median near 1. Both come from 1,024 rows drawn with the forest's seed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    columns: Vec<Column>,
}

/// No scaled value is farther from 0, so that two of them can be added.
pub(crate) const FARTHEST: f32 = f32::MAX / 2.0;

/// A column's value v becomes (v − centre) · factor; the factor is a power of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) centre: f64,
    pub(crate) factor: f64,
}

impl Scale {
    pub(crate) fn learn(rows: &Matrix<'_>, random: &mut Random) -> Self {
        let mut sampler = Sampler::new(rows.rows());
        let sample = sampler.draw(LOOKED_AT, random);
        let mut values = Vec::with_capacity(sample.len());
        let columns = (0..rows.columns()).map(|column| {
            values.clear();
            let all = sample.iter().filter_map(|row| rows.row(*row).get(column));
            values.extend(all.copied().filter(|value| value.is_finite()));
            Column::learn(&mut values)
        });
        Self { columns: columns.collect() }
    }

    pub(crate) fn from_columns(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Fills `cells` with the row. A missing value, or one the row is too short for, becomes the median.
    pub(crate) fn apply<C: Copy>(&self, row: &[f64], cells: &mut [C], to_cell: impl Fn(f32) -> C) {
        for (cell, (column, value)) in cells.iter_mut().zip(self.columns.iter().zip(row)) {
            *cell = to_cell(column.scale(*value));
        }
        cells.iter_mut().skip(row.len()).for_each(|missing| *missing = to_cell(0.0));
    }
}

impl Column {
    fn learn(values: &mut [f64]) -> Self {
        let centre = median(values).unwrap_or(0.0);
        values.iter_mut().for_each(|value| *value = (*value - centre).abs().min(f64::MAX));
        let constant = values.iter().filter(|distance| **distance == 0.0).count();
        let others = values.len() - constant;
        let distance = others.checked_sub(1).map(|last| *select(values, constant + last / 2));
        let usual = distance.unwrap_or(if centre == 0.0 { 1.0 } else { centre });
        Self { centre, factor: reciprocal_power(usual) }
    }

    /// Never NaN and never infinite: infinities become the largest number and the smallest.
    #[expect(clippy::cast_possible_truncation, reason = "rounding to 32 bits is what is wanted")]
    pub(crate) fn scale(self, value: f64) -> f32 {
        let scaled = ((value - self.centre) * self.factor) as f32;
        // Adding 0.0 makes one zero of both.
        if scaled.is_nan() { 0.0 } else { scaled.clamp(-FARTHEST, FARTHEST) + 0.0 }
    }
}

/// The value that so many are before; there are as many and more.
fn select(values: &mut [f64], before: usize) -> &mut f64 {
    values.select_nth_unstable_by(before, f64::total_cmp).1
}

/// The power of two that brings `value` into 1..2, but no smaller than 2^−1000 and no larger than 2^1000.
fn reciprocal_power(value: f64) -> f64 {
    let exponent = (value.to_bits() >> 52) & 0x7FF;
    f64::from_bits((2_046 - exponent.clamp(23, 2_023)) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f64]) -> Column {
        Scale::learn(&Matrix::new(values, 1).unwrap(), &mut Random::new(1, 0)).columns[0]
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "this is what loses them")]
    fn keeps_large_ids_apart() {
        let ids: Vec<f64> = (0..500).map(|id| 9e15 + f64::from(id)).collect();
        let column = learn(&ids);
        assert!(ids.windows(2).all(|pair| column.scale(pair[0]) < column.scale(pair[1])));
        assert_eq!((ids[0] as f32).to_bits(), (ids[499] as f32).to_bits(), "which 32 bits alone do not");
    }

    #[test]
    fn brings_the_usual_distance_near_one() {
        for unit in [1e-300, 1e-9, 1.0, 1e12, 1e300] {
            let column = learn(&[0.0, unit, 2.0 * unit, 3.0 * unit, 4.0 * unit]);
            let distance = column.scale(3.0 * unit);
            assert!((1.0..2.0).contains(&distance), "{unit} becomes {distance}");
        }
    }

    #[test]
    fn defines_what_is_missing_infinite_or_constant() {
        let column = learn(&[5.0, f64::NAN, 6.0, f64::INFINITY, 7.0]);
        assert_eq!((column.centre, column.scale(f64::NAN)), (6.0, 0.0));
        assert_eq!((column.scale(f64::INFINITY), column.scale(f64::NEG_INFINITY)), (FARTHEST, -FARTHEST));
        assert_eq!(learn(&[f64::NAN; 3]), Column { centre: 0.0, factor: 1.0 });
        let constant = learn(&[1e9; 3]);
        assert!(constant.scale(1e9) == 0.0 && constant.scale(1e9 + 1e-6) > 0.0);
        let wide = learn(&[f64::MIN, f64::MAX, f64::MAX]);
        assert!(wide.scale(f64::MIN) < wide.scale(0.0) && wide.scale(0.0) < wide.scale(f64::MAX));
    }

    #[test]
    fn short_rows_lack_their_last_values() {
        let scale = Scale::from_columns(vec![Column { centre: 1.0, factor: 2.0 }; 3]);
        let mut scaled = [9.0; 4];
        scale.apply(&[2.0], &mut scaled, |value| value);
        assert_eq!(scaled, [2.0, 0.0, 0.0, 0.0]);
        scale.apply(&[2.0, 3.0, 4.0, 5.0, 6.0], &mut scaled, |value| value);
        assert_eq!(scaled, [2.0, 4.0, 6.0, 0.0]);
    }
}
