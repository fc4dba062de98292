/// Why a row has its score: by how much each column made it end higher or lower in the trees than any row would.
///
/// At each split, how deep a row is expected to end changes: from the mean over the rows of the sample that came there
/// to the mean over those that went the same way. That change is the splitting column's. The changes on a way down add up
/// to the difference between its ends, so the contributions add up to
/// [`expected`](Attribution::expected) − [`depth`](Attribution::depth), and they do so **exactly**, in any order of
/// addition: all of these are whole multiples of 2^−24.
///
/// Columns that made the row stand out are positive, those that made it look usual are negative.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attribution {
    /// How many splits earlier than expected each column let the row end, in order of the columns.
    pub contributions: Vec<f64>,
    /// How deep a row of the sample ends on average.
    pub expected: f64,
    /// How deep this row ends on average.
    pub depth: f64,
}

impl Attribution {
    /// Numbers of the columns with what they contribute, the largest contribution first.
    pub fn ranked(&self) -> Vec<(usize, f64)> {
        let mut ranked: Vec<(usize, f64)> = self.contributions.iter().copied().enumerate().collect();
        ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        ranked
    }
}

/// Whose a split is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    Whole(u16),
    /// In proportion to these weights, which are not negative.
    Split([u16; 2], [f64; 2]),
}

/// An attribution being added up, in the units of depths.
#[derive(Debug)]
pub(super) struct Shares {
    columns: Vec<i64>,
    pub(super) any_row: u64,
    pub(super) this_row: u64,
}

impl Shares {
    pub(super) fn new(columns: usize) -> Self {
        Self { columns: vec![0; columns], any_row: 0, this_row: 0 }
    }

    pub(super) fn add(&mut self, share: Share, change: i64) {
        match share {
            Share::Whole(column) => self.add_to(column, change),
            Share::Split([first, second], weights) => {
                let part = part(change, weights);
                self.add_to(first, part);
                self.add_to(second, change - part);
            }
        }
    }

    fn add_to(&mut self, column: u16, change: i64) {
        if let Some(sum) = self.columns.get_mut(usize::from(column)) {
            *sum += change;
        }
    }

    /// The means over so many trees.
    ///
    /// Each mean is rounded to 2^−24, and rounding sums up to a column minus sums up to the one before it, rather
    /// than each by itself, makes what was rounded add up as well.
    pub(super) fn finish(&self, trees: usize) -> Attribution {
        let trees = i64::try_from(trees.max(1)).unwrap_or(i64::MAX);
        let round = |sum: i64| ((sum << 8) + trees / 2).div_euclid(trees);
        let unit = |rounded: i64| rounded as f64 * (1.0 / 16_777_216.0);
        let (mut sum, mut before) = (0, round(0));
        let contributions = self.columns.iter().map(|change| {
            sum += change;
            let rounded = round(sum);
            unit(rounded - std::mem::replace(&mut before, rounded))
        });
        let contributions = contributions.collect();
        let depth = round(self.this_row.cast_signed());
        Attribution { contributions, expected: unit(depth + before), depth: unit(depth) }
    }
}

/// The first one's part of a change. Columns that both stand at their medians share alike.
#[expect(clippy::cast_possible_truncation, reason = "changes stay below 2^32")]
fn part(change: i64, [first, second]: [f64; 2]) -> i64 {
    let both = first + second;
    let share = if both > 0.0 { first / both } else { 0.5 };
    (change as f64 * share).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_loses_nothing() {
        let mut shares = Shares::new(4);
        shares.add(Share::Whole(0), 100_001);
        shares.add(Share::Whole(1), -7);
        shares.add(Share::Split([1, 3], [1.0, 2.0]), 100);
        shares.add(Share::Split([2, 3], [0.0, 0.0]), -31);
        (shares.any_row, shares.this_row) = (500_000, 500_000 - 100_001 + 7 - 100 + 31);
        for trees in [1, 3, 7, 100] {
            let attribution = shares.finish(trees);
            let forth: f64 = attribution.contributions.iter().sum();
            let back: f64 = attribution.contributions.iter().rev().sum();
            let wanted = attribution.expected - attribution.depth;
            assert_eq!(
                (forth.to_bits(), back.to_bits()),
                (wanted.to_bits(), wanted.to_bits()),
                "{trees} trees"
            );
        }
        let one = shares.finish(1);
        let wanted = [100_001, -7 + 33, -16, 67 - 15].map(|units: i32| f64::from(units) / 65_536.0);
        assert_eq!(one.contributions, wanted);
        assert_eq!(one.ranked().first().map(|(column, _)| *column), Some(0));
    }
}
