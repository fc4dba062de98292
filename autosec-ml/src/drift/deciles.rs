/// The tenths that numbers lie in, to tell whether others lie in them alike.
///
/// The population stability index is Σ (a − e) ln(a / e) over the tenths and one more for missing values, with the shares
/// expected (e) and found (a), each count half a row greater than it is so that none is 0. As a rule of thumb less than 0.1
/// is nothing and more than 0.25 a different population. Chance alone makes about 10 (1/n + 1/m) of it, for n rows learnt
/// from and m compared: look at a thousand rows or more.
///
/// ```
/// use autosec_ml::drift::Deciles;
///
/// let deciles = Deciles::learn((0..5_000).map(|row| f64::from(row % 997)));
/// let same: Vec<f64> = (0..2_000).map(|row| f64::from(row * 7 % 997)).collect();
/// let moved: Vec<f64> = same.iter().map(|value| value + 200.0).collect();
/// assert!(deciles.stability(&same) < 0.01 && deciles.stability(&moved) > 0.25);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Deciles {
    /// Ascending; a number is in the first bin whose edge it does not exceed.
    pub(super) edges: Vec<f64>,
    /// Rows of each bin; the last is of missing values.
    pub(super) expected: Vec<u64>,
}

/// Bins of numbers, besides the one of missing values.
const BINS: usize = 10;
/// The most bins there are.
pub(super) const MOST_BINS: usize = BINS + 1;

impl Deciles {
    /// Learns where numbers lie; NaN is a missing one. Where many are equal there are fewer bins than ten. Takes memory for
    /// a copy of them while it learns.
    pub fn learn(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut sorted, mut missing) = (Vec::new(), 0_u64);
        for value in values {
            if value.is_nan() { missing += 1 } else { sorted.push(value + 0.0) }
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let edge = |bin: usize| sorted.get((sorted.len() * bin / BINS).saturating_sub(1)).copied();
        let mut edges: Vec<f64> = (1..BINS).filter_map(edge).collect();
        edges.dedup();
        let mut deciles = Self { expected: vec![0; edges.len() + 2], edges };
        sorted.iter().for_each(|value| {
            let bin = deciles.bin(*value);
            deciles.expected.get_mut(bin).into_iter().for_each(|count| *count += 1);
        });
        deciles.expected.last_mut().into_iter().for_each(|count| *count = missing);
        deciles
    }

    /// The population stability index of these numbers, from 0 up.
    pub fn stability(&self, values: &[f64]) -> f64 {
        let mut found = vec![0; self.bins()];
        values.iter().for_each(|value| {
            found.get_mut(self.bin(*value)).into_iter().for_each(|count| *count += 1);
        });
        self.index(&found)
    }

    /// How many bins there are, with the one of missing values.
    pub(super) fn bins(&self) -> usize {
        self.expected.len()
    }

    /// The bin that a number is in.
    pub(super) fn bin(&self, value: f64) -> usize {
        if value.is_nan() { self.edges.len() + 1 } else { self.edges.partition_point(|edge| *edge < value) }
    }

    /// The index of what was counted in the bins.
    pub(super) fn index(&self, found: &[u64]) -> f64 {
        let share = |count: u64, counts: &[u64]| {
            let all: u64 = counts.iter().sum();
            (count as f64 + 0.5) / (all as f64 + 0.5 * counts.len() as f64)
        };
        let bins = self.expected.iter().zip(found);
        bins.map(|(expected, seen)| {
            let (expected, seen) = (share(*expected, &self.expected), share(*seen, found));
            (seen - expected) * libm::log(seen / expected)
        })
        .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_one_worked_out_by_hand() {
        let deciles = Deciles { edges: vec![1.0], expected: vec![5, 14, 0] };
        // Shares (5.5, 14.5, 0.5) of 20.5 and (2.5, 2.5, 0.5) of 5.5.
        let expected = [5.5 / 20.5, 14.5 / 20.5, 0.5 / 20.5_f64];
        let found = [2.5 / 5.5, 2.5 / 5.5, 0.5 / 5.5_f64];
        let wanted: f64 = expected.iter().zip(found).map(|(e, a)| (a - e) * (a / e).ln()).sum();
        assert!((deciles.stability(&[0.0, 1.0, 1.5, 9.0]) - wanted).abs() < 1e-12);
    }

    #[test]
    fn equal_and_missing_values_have_bins_of_their_own() {
        let deciles = Deciles::learn((0..1_000).map(|row| if row % 2 == 0 { 0.0 } else { f64::NAN }));
        assert_eq!((deciles.edges.as_slice(), deciles.expected.as_slice()), (&[0.0][..], &[500, 0, 500][..]));
        assert!(deciles.stability(&[0.0, f64::NAN].repeat(300)) < 0.01);
        assert!(deciles.stability(&[0.0; 600]) > 1.0, "nothing is missing any more");
        assert!(deciles.stability(&[f64::INFINITY; 600]).is_finite());
        assert_eq!(Deciles::learn([]).stability(&[]), 0.0);
    }
}
