/// Tells when the mean of a series changed (Page, 1954; Hinkley, 1971): when what has been added up above the mean so far,
/// or below it, exceeds a threshold. Constant memory; the order of the values matters.
///
/// ```
/// use autosec_ml::drift::{Change, PageHinkley};
///
/// let mut test = PageHinkley::new(0.1, 3.0);
/// let series = (0..100).map(|step| f64::from(step % 3) * 0.1 + if step < 60 { 0.0 } else { 1.0 });
/// let changes: Vec<(usize, Change)> =
///     series.enumerate().filter_map(|(step, value)| Some((step, test.observe(value)?))).collect();
/// assert_eq!(changes, [(63, Change::Rose)]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PageHinkley {
    pub(super) tolerance: f64,
    pub(super) threshold: f64,
    pub(super) count: u64,
    pub(super) mean: f64,
    /// What was added up above the mean and below it, each since it last was at its least.
    pub(super) above: f64,
    pub(super) below: f64,
}

/// How a mean changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// It became less.
    Fell,
    /// It became more.
    Rose,
}

impl PageHinkley {
    /// Changes by less than `tolerance` are nothing; a change by twice that is told after about `threshold` / `tolerance`
    /// values. Both are in the unit of the values and taken for 0 if they are less or NaN.
    pub fn new(tolerance: f64, threshold: f64) -> Self {
        let [tolerance, threshold] = [tolerance, threshold].map(|bound| bound.max(0.0));
        Self { tolerance, threshold, count: 0, mean: 0.0, above: 0.0, below: 0.0 }
    }

    /// Takes the next value in. When it says that the mean changed, it begins anew. What is not finite is left out.
    pub fn observe(&mut self, value: f64) -> Option<Change> {
        let next = self.mean + (value - self.mean) / (self.count + 1) as f64;
        if !value.is_finite() || !next.is_finite() {
            return None;
        }
        (self.count, self.mean) = (self.count + 1, next);
        self.above = (self.above + value - self.mean - self.tolerance).max(0.0);
        self.below = (self.below + self.mean - value - self.tolerance).max(0.0);
        let change = match (self.above > self.threshold, self.below > self.threshold) {
            (true, _) => Change::Rose,
            (_, true) => Change::Fell,
            _ => return None,
        };
        *self = Self::new(self.tolerance, self.threshold);
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn tells_both_ways_and_no_noise() {
        for (step, wanted) in [(2.0, Change::Rose), (-2.0, Change::Fell)] {
            let mut random = Random::new(3, 0);
            let mut test = PageHinkley::new(0.5, 8.0);
            let noise: Vec<f64> = (0..2_000).map(|_| random.fraction() * 2.0 - 1.0).collect();
            assert!(noise.iter().all(|value| test.observe(*value).is_none()));
            let found = noise.iter().take(20).find_map(|value| test.observe(value + step));
            assert_eq!(found, Some(wanted));
            assert_eq!(test, PageHinkley::new(0.5, 8.0), "it begins anew");
        }
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut test = PageHinkley::new(-1.0, f64::NAN);
        assert_eq!([f64::NAN, f64::INFINITY].map(|value| test.observe(value)), [None; 2]);
        assert_eq!(test, PageHinkley::new(0.0, 0.0));
        assert_eq!([f64::MAX, f64::MIN].map(|value| test.observe(value)), [None; 2], "no overflow");
    }
}
