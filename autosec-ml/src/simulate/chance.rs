//! Distributions of the simulator. Logarithms and powers are `libm`'s, so that a seed means the same on every machine.

use crate::random::Random;

impl Random {
    /// True with this probability (0..=1).
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// A number from `low` to below `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.fraction()
    }

    /// A waiting time of this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.fraction())
    }

    /// A standard normal number (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(self.exponential(2.0));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.fraction())
    }

    /// A number whose logarithm is normal around that of `median`.
    pub(super) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * libm::exp(spread * self.normal())
    }

    /// A place in `weights`, which need not sum to 1; the last one if they are all 0.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.fraction() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
            last = place;
        }
        last
    }

    /// One of these, each with its weight.
    pub(super) fn pick<T: Copy>(&mut self, table: &[(T, f64)], otherwise: T) -> T {
        let place = self.weighted(table.iter().map(|(_, weight)| *weight));
        table.get(place).map_or(otherwise, |(choice, _)| *choice)
    }

    /// A rank below `count`, rank n with a weight of 1 / (n + 1) (Zipf).
    pub(super) fn zipf(&mut self, count: usize) -> usize {
        self.weighted((0..count).map(|rank| 1.0 / (rank as f64 + 1.0)))
    }
}

/// The same fraction in 0..1 for the same number, whoever asks.
pub(super) fn fixed_fraction(number: u64, purpose: u64) -> f64 {
    Random::new(number, purpose).fraction()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_means() {
        let mut random = Random::new(3, 0);
        let mean =
            |mut draw: Box<dyn FnMut() -> f64 + '_>| (0..40_000).map(|_| draw()).sum::<f64>() / 40_000.0;
        assert!((mean(Box::new(|| random.exponential(5.0))) - 5.0).abs() < 0.1);
        assert!(mean(Box::new(|| random.normal())).abs() < 0.02);
        assert!((mean(Box::new(|| random.normal().powi(2))) - 1.0).abs() < 0.03);
        let above = mean(Box::new(|| f64::from(u8::from(random.log_normal(0.5, 1.2) > 0.5))));
        assert!((above - 0.5).abs() < 0.01, "{above}");
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(4, 0);
        let mut counts = [0; 3];
        (0..30_000).for_each(|_| counts[random.weighted([1.0, 0.0, 2.0].into_iter())] += 1);
        assert!((9_500..10_500).contains(&counts[0]) && counts[1] == 0, "{counts:?}");
        assert_eq!(random.weighted(std::iter::empty()), 0);
        assert_eq!(random.pick::<u8>(&[], 7), 7);
        let firsts = (0..11_000).filter(|_| random.zipf(3) == 0).count();
        assert!((5_700..6_300).contains(&firsts), "{firsts}");
    }
}
