/// Where scores lie, of good rows and of bad ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Whether the last bar holds what lies above the end, too.
    pub(super) is_open: bool,
    /// The share of good rows and the share of bad ones in each bar.
    pub(super) bars: Vec<[f64; 2]>,
}

const BARS: usize = 40;

impl Histogram {
    /// Of finite scores, at least one of each kind. Where few scores lie far above all others, these are put into the last
    /// bar: nothing would be seen of the rest.
    pub(super) fn new(scores: &[f64], bad: &[bool]) -> Self {
        let mut sorted: Vec<f64> = scores.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
        let (low, highest) = (at(0), at(sorted.len().saturating_sub(1)));
        let common = at(sorted.len().saturating_sub(1 + sorted.len() / 200));
        let is_open = highest - low > 3.0 * (common - low) && common > low;
        let high = if is_open { common } else { highest };
        let kinds = [false, true].map(|kind| bad.iter().filter(|bad| **bad == kind).count().max(1) as f64);
        let mut bars = vec![[0.0; 2]; BARS];
        for (score, bad) in scores.iter().zip(bad) {
            let kind = usize::from(*bad);
            let each = kinds.get(kind).map_or(0.0, |rows| 1.0 / rows);
            let bar = bars.get_mut(place(*score, low, high)).and_then(|bar| bar.get_mut(kind));
            bar.into_iter().for_each(|share| *share += each);
        }
        Self { low, high, is_open, bars }
    }

    /// The largest share.
    pub(super) fn highest(&self) -> f64 {
        self.bars.iter().flatten().copied().fold(0.0, f64::max)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is taken into 0..=1 first"
)]
fn place(score: f64, low: f64, high: f64) -> usize {
    let share = (0.5 * score - 0.5 * low) / (0.5 * high - 0.5 * low);
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    ((share * BARS as f64) as usize).min(BARS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_each_kind_add_up_to_one() {
        let scores: Vec<f64> = (0..1_000).map(f64::from).collect();
        let bad: Vec<bool> = (0..1_000).map(|row| row > 900).collect();
        let histogram = Histogram::new(&scores, &bad);
        for kind in 0..2 {
            let sum: f64 = histogram.bars.iter().map(|bar| bar[kind]).sum();
            assert!((sum - 1.0).abs() < 1e-9);
        }
        assert!(!histogram.is_open && histogram.bars[0][1] == 0.0 && histogram.bars[39][1] > 0.2);
    }

    #[test]
    fn far_scores_do_not_hide_the_others() {
        let scores: Vec<f64> = (0..1_000).map(f64::from).chain([1e12, f64::MAX]).collect();
        let bad: Vec<bool> = (0..1_002).map(|row| row >= 1_000).collect();
        let histogram = Histogram::new(&scores, &bad);
        assert!(histogram.is_open && histogram.high < 1_000.0);
        assert_eq!(histogram.bars[39][1], 1.0);
        let one = Histogram::new(&[3.0, 3.0], &[true, false]);
        assert_eq!(one.bars[0], [1.0, 1.0]);
    }
}
