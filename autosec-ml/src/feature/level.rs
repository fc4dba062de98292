/// How many values are remembered.
const RECENT: usize = 32;
/// Nothing is said before so many.
const FEWEST: usize = 8;
/// The least spread, in units of logarithms: values within 5 % of each other are alike.
const LEAST_SPREAD: f32 = 0.05;
/// A number of standard deviations, when spreads are medians of deviations from the median.
const NORMAL: f64 = 0.674_489_750_196_081_7;

/// The latest numbers of an entity, and how far the newest lies from those before it: exact medians of the last 32.
#[derive(Clone, Debug)]
pub(super) struct Level {
    recent: [f32; RECENT],
    /// How many were ever seen, up to what the index needs.
    seen: usize,
    pub(super) z: f64,
}

impl Level {
    pub(super) fn new() -> Self {
        Self { recent: [0.0; RECENT], seen: 0, z: f64::NAN }
    }

    /// Says how far the number lies from those before, then learns it. What is not finite is missing.
    #[expect(clippy::cast_possible_truncation, reason = "logarithms need no 64 bits")]
    pub(super) fn observe(&mut self, number: f64) {
        self.z = f64::NAN;
        if !number.is_finite() {
            return;
        }
        let number = number as f32;
        let mut held = self.recent;
        let held = held.get_mut(..self.seen.min(RECENT)).unwrap_or_default();
        if held.len() >= FEWEST {
            let centre = median(held);
            held.iter_mut().for_each(|value| *value = (*value - centre).abs());
            let spread = median(held).max(LEAST_SPREAD);
            self.z = NORMAL * f64::from(number - centre) / f64::from(spread);
        }
        if let Some(oldest) = self.recent.get_mut(self.seen % RECENT) {
            *oldest = number;
        }
        // Counts on within a second round, so that it never overflows.
        self.seen = if self.seen + 1 == 2 * RECENT { RECENT } else { self.seen + 1 };
    }
}

/// The lower median; 0 of nothing.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len().saturating_sub(1) / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_medians_of_the_last_ones() {
        let mut level = Level::new();
        let numbers: Vec<f64> = (0..300_u32).map(|n| f64::from(n * 7_919 % 101)).collect();
        for (at, number) in numbers.iter().enumerate() {
            level.observe(*number);
            let before = &numbers[at.saturating_sub(RECENT)..at];
            if before.len() < FEWEST {
                assert!(level.z.is_nan());
                continue;
            }
            let middle = |mut values: Vec<f64>| {
                values.sort_by(f64::total_cmp);
                values[(values.len() - 1) / 2]
            };
            let centre = middle(before.to_vec());
            let spread = middle(before.iter().map(|value| (value - centre).abs()).collect());
            assert_eq!(level.z, NORMAL * (number - centre) / spread, "number {at}");
        }
    }

    #[test]
    fn defines_what_is_constant_or_missing() {
        let mut level = Level::new();
        (0..10).for_each(|_| level.observe(3.0));
        assert_eq!(level.z, 0.0);
        level.observe(f64::INFINITY);
        assert!(level.z.is_nan());
        level.observe(4.0);
        assert!((13.0..14.0).contains(&level.z), "{}", level.z);
    }
}
