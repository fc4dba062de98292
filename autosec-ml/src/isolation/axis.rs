use super::grow::{Cells, Splitter, partition};
use super::node::{AxisNode, Key};
use crate::random::Random;

/// A column drawn from those that vary among the rows, and a threshold drawn between the smallest value and the largest.
#[derive(Debug, Default)]
pub(super) struct AxisSplitter {
    columns: Vec<u16>,
}

impl Splitter for AxisSplitter {
    type Node = AxisNode;

    fn begin(&mut self, cells: &Cells) {
        self.columns.clear();
        self.columns.extend(cells.varying());
    }

    fn split(&mut self, cells: &Cells, rows: &mut [u16], random: &mut Random) -> Option<(AxisNode, usize)> {
        let count = self.columns.len();
        for drawn in 0..count {
            // Columns are drawn without replacement until one varies among these rows, too.
            self.columns.swap(drawn, drawn + random.below(count - drawn));
            let column = *self.columns.get(drawn)?;
            let values = cells.column(column);
            let (least, most) = extent(values, rows);
            if least < most {
                let threshold = threshold(least, most, random);
                let value = |row: u16| values.get(usize::from(row)).copied().unwrap_or(0.0);
                let lefts = partition(rows, |row| value(row) > threshold);
                let threshold = Key::new(threshold);
                return Some((AxisNode { threshold, column, children: 0 }, lefts));
            }
        }
        None
    }
}

/// The smallest and the largest value of these rows.
pub(super) fn extent(values: &[f32], rows: &[u16]) -> (f32, f32) {
    let values = rows.iter().filter_map(|row| values.get(usize::from(*row)));
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), value| {
        (if *value < least { *value } else { least }, if *value > most { *value } else { most })
    })
}

/// From `least` up to, but not, `most`: some row is on either side.
#[expect(clippy::cast_possible_truncation, reason = "rounding to 32 bits is what is wanted")]
fn threshold(least: f32, most: f32, random: &mut Random) -> f32 {
    let drawn = f64::from(least) + random.fraction() * (f64::from(most) - f64::from(least));
    let threshold = drawn as f32;
    // Rounding may reach the upper end.
    if threshold < most { threshold } else { least }
}
