/// Nothing is said before so many values.
const FEWEST: u32 = 8;
/// The share of a new value in the mean.
const LEARNS: f64 = 1.0 / 32.0;
/// What deviates by less than so many standard deviations adds nothing.
const SLACK: f64 = 0.5;
/// One value deviates by no more than so many: a single one makes no shift.
const MOST: f64 = 3.0;
/// A sum grows no further, so that it comes back in bounded time.
const CAP: f64 = 50.0;
const LEAST_SPREAD: f64 = 0.05;
/// A standard deviation in mean deviations of a normal distribution.
const NORMAL: f64 = 1.253_314_137_315_500_3;

/// Whether numbers of an entity stay on one side of what they were: two sums of standardised deviations (CUSUM, Page
/// 1954) from a mean that moves slowly.
#[derive(Clone, Debug)]
pub(super) struct Shift {
    seen: u32,
    mean: f64,
    deviation: f64,
    up: f64,
    down: f64,
    /// The larger sum, 0 to 50.
    pub(super) sum: f64,
}

impl Shift {
    pub(super) fn new() -> Self {
        Self { seen: 0, mean: 0.0, deviation: 0.0, up: 0.0, down: 0.0, sum: f64::NAN }
    }

    /// Takes a number in. What is not finite is missing, and changes nothing.
    pub(super) fn observe(&mut self, number: f64) {
        self.sum = f64::NAN;
        if !number.is_finite() {
            return;
        }
        let spread = (self.deviation * NORMAL).max(LEAST_SPREAD);
        let z = ((number - self.mean) / spread).clamp(-MOST, MOST);
        let learning = self.seen < FEWEST;
        if !learning {
            self.up = (self.up + z - SLACK).clamp(0.0, CAP);
            self.down = (self.down - z - SLACK).clamp(0.0, CAP);
            self.sum = self.up.max(self.down);
        }
        // The first ones count alike, later ones are taken in no farther than they may deviate.
        let (share, change) = if learning {
            (1.0 / f64::from(self.seen + 1), number - self.mean)
        } else {
            (LEARNS, z * spread)
        };
        self.mean += share * change;
        if self.seen > 0 {
            self.deviation += share * (change.abs() - self.deviation);
        }
        self.seen = self.seen.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_is_no_shift_and_many_are() {
        let mut shift = Shift::new();
        (0..200_u32).for_each(|n| shift.observe(f64::from(n % 5)));
        assert!(shift.sum < 3.0, "{}", shift.sum);
        let mut once = shift.clone();
        once.observe(1e6);
        assert!(once.sum < 6.0, "{}", once.sum);
        (0..10).for_each(|_| shift.observe(5.0));
        assert!(shift.sum > 6.0, "{}", shift.sum);
        (0..500_u32).for_each(|n| shift.observe(5.0 + f64::from(n % 2)));
        assert!(shift.sum < 3.0, "it is used to it: {}", shift.sum);
    }

    #[test]
    fn stays_finite() {
        let mut shift = Shift::new();
        for number in [f64::NAN, f64::MAX, f64::MIN, 0.0, f64::INFINITY].into_iter().cycle().take(1_000) {
            shift.observe(number);
            assert!(shift.sum.is_nan() || (0.0..=CAP).contains(&shift.sum), "{}", shift.sum);
        }
    }
}
