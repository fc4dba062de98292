use super::axis::extent;
use super::grow::{Cells, Splitter, partition};
use super::node::PairNode;
use crate::random::Random;

/// Two columns drawn from those that vary among the rows, added up in a direction drawn at random, and the threshold
/// that makes both sides most alike in themselves: the largest pooled gain, σ − (n₁σ₁ + n₂σ₂) / n, of the rows' standard
/// deviation and those of both sides (Cortes, "Revisiting randomized choices in isolation forests", arXiv 2110.13402).
#[derive(Debug, Default)]
pub(super) struct PooledSplitter {
    columns: Vec<u16>,
    sorted: Vec<f32>,
}

impl Splitter for PooledSplitter {
    type Node = PairNode;

    fn begin(&mut self, cells: &Cells) {
        self.columns.clear();
        self.columns.extend(cells.varying());
    }

    fn split(&mut self, cells: &Cells, rows: &mut [u16], random: &mut Random) -> Option<(PairNode, usize)> {
        let node = self.direction(cells, rows, random)?;
        let [first, second] = node.columns.map(|column| cells.column(column));
        let project = |row: u16| {
            let value = |values: &[f32]| values.get(usize::from(row)).copied().unwrap_or(0.0);
            node.project(value(first), value(second))
        };
        self.sorted.clear();
        self.sorted.extend(rows.iter().map(|row| project(*row)));
        self.sorted.sort_unstable_by(f32::total_cmp);
        let threshold = best_threshold(&self.sorted)?;
        let lefts = partition(rows, |row| project(row) > threshold);
        Some((PairNode { threshold, ..node }, lefts))
    }
}

impl PooledSplitter {
    /// Two columns and the second one's coefficient; with one column only, that one with itself and nothing of it.
    fn direction(&mut self, cells: &Cells, rows: &[u16], random: &mut Random) -> Option<PairNode> {
        let (mut chosen, count) = (Vec::with_capacity(2), self.columns.len());
        for drawn in 0..count {
            self.columns.swap(drawn, drawn + random.below(count - drawn));
            let column = *self.columns.get(drawn)?;
            let values = cells.column(column);
            let (least, most) = extent(values, rows);
            if least < most {
                chosen.push((column, deviation(values, rows)));
            }
            if chosen.len() == 2 {
                break;
            }
        }
        let columns = match chosen.as_slice() {
            [] => return None,
            [(only, _)] => [*only; 2],
            [(first, _), (second, _), ..] => [*first, *second],
        };
        let node = PairNode { columns, ..PairNode::default() };
        let [first, second] = chosen.as_slice() else { return Some(node) };
        let (x, y) = random.direction();
        Some(combine([(first.0, x / first.1), (second.0, y / second.1)]))
    }
}

/// The sum of two columns with these coefficients, both divided by the larger one: that mirrors and stretches the line
/// that the rows are put on, and leaves them in the same places on it.
#[expect(clippy::cast_possible_truncation, reason = "rounding to 32 bits is what is wanted")]
fn combine([first, second]: [(u16, f64); 2]) -> PairNode {
    let (large, small) = if first.1.abs() >= second.1.abs() { (first, second) } else { (second, first) };
    let coefficient = (small.1 / large.1) as f32;
    PairNode { columns: [large.0, small.0], coefficient, ..PairNode::default() }
}

/// The standard deviation of these rows, never 0.
fn deviation(values: &[f32], rows: &[u16]) -> f64 {
    let value = |row: &u16| f64::from(values.get(usize::from(*row)).copied().unwrap_or(0.0));
    let count = rows.len() as f64;
    let mean = rows.iter().map(value).sum::<f64>() / count;
    let square = rows.iter().map(|row| (value(row) - mean) * (value(row) - mean)).sum::<f64>() / count;
    square.sqrt().max(f64::MIN_POSITIVE)
}

/// The threshold with the largest pooled gain, none if all values are the same. Of thresholds alike, the lowest.
fn best_threshold(sorted: &[f32]) -> Option<f32> {
    let count = sorted.len() as f64;
    let mean = sorted.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let all = sorted.iter().fold(Moments::default(), |sum, value| sum.with(f64::from(*value) - mean));
    let (mut left, mut best) = (Moments::default(), None);
    for (value, next) in sorted.iter().zip(sorted.iter().skip(1)) {
        left = left.with(f64::from(*value) - mean);
        if value == next {
            continue;
        }
        // What remains within both sides: the gain is largest where this is smallest.
        let within = left.spread() + all.without(left).spread();
        if best.is_none_or(|(least, _)| within < least) {
            best = Some((within, between(*value, *next)));
        }
    }
    best.map(|(_, threshold)| threshold)
}

#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn with(self, value: f64) -> Self {
        Self { count: self.count + 1.0, sum: self.sum + value, squares: self.squares + value * value }
    }

    fn without(self, part: Self) -> Self {
        let Self { count, sum, squares } = part;
        Self { count: self.count - count, sum: self.sum - sum, squares: self.squares - squares }
    }

    /// Count times standard deviation.
    fn spread(self) -> f64 {
        (self.count * self.squares - self.sum * self.sum).max(0.0).sqrt()
    }
}

/// The middle, but not `high` itself.
fn between(low: f32, high: f32) -> f32 {
    let middle = low + (high - low) / 2.0;
    if middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_groups_where_they_part() {
        assert_eq!(best_threshold(&[0.0, 1.0, 2.0, 10.0, 11.0]), Some(6.0));
        assert_eq!(best_threshold(&[-9.0, 0.0, 0.0, 0.0]), Some(-4.5));
        assert_eq!(best_threshold(&[3.0, 3.0]), None);
        let next = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(best_threshold(&[1.0, next]), Some(1.0), "the upper one stays on the right");
    }

    /// By definition, every threshold tried.
    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
    fn finds_the_largest_gain() {
        let mut random = Random::new(5, 0);
        for _ in 0..200 {
            let mut values: Vec<f32> = (0..12).map(|_| (random.fraction() * 20.0).floor() as f32).collect();
            values.sort_unstable_by(f32::total_cmp);
            let within = |threshold: f32| {
                let (left, right): (Vec<f32>, Vec<f32>) =
                    values.iter().partition(|value| **value <= threshold);
                let spread = |side: &[f32]| {
                    let rows: Vec<u16> = (0..).take(side.len()).collect();
                    if side.is_empty() { 0.0 } else { deviation(side, &rows) * side.len() as f64 }
                };
                spread(&left) + spread(&right)
            };
            let best = values.iter().map(|value| within(*value)).fold(f64::INFINITY, f64::min);
            let found = best_threshold(&values).unwrap();
            assert!(within(found) <= best + 1e-9, "{values:?} parted at {found}");
        }
    }

    #[test]
    fn coefficients_stay_within_one() {
        let node = combine([(4, 0.5), (7, -2.0)]);
        assert_eq!((node.columns, node.coefficient), ([7, 4], -0.25));
    }
}
