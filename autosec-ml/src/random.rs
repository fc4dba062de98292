//! Chance that is the same everywhere: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
//! generators", OOPSLA 2014), whole numbers by multiplying and shifting, fractions from the top 53 bits.

/// A stream of numbers that a seed determines, on every machine and in every version of this crate.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// Stream number `stream` of `seed`: what one of them draws does not depend on how much another one drew.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(STEP)) ^ stream.wrapping_mul(STEP)) }
    }

    /// Any 64 bits.
    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A whole number below `bound`; 0 if that is 0. Off from uniform by less than `bound` / 2^64.
    #[expect(clippy::cast_possible_truncation, reason = "the product shifted by 64 bits is below `bound`")]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.draw()) * bound as u128) >> 64) as usize
    }

    /// A fraction in 0..1, a multiple of 2^−53.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.draw() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A direction in the plane: a point within the unit circle, but not its centre.
    pub(crate) fn direction(&mut self) -> (f64, f64) {
        loop {
            let (x, y) = (2.0 * self.fraction() - 1.0, 2.0 * self.fraction() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square <= 1.0 {
                return (x, y);
            }
        }
    }
}

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the authors' reference program draws from the seed 1234567.
    #[test]
    fn draws_what_split_mix_draws() {
        let mut random = Random { state: 1_234_567 };
        let drawn: Vec<u64> = (0..3).map(|_| random.draw()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_evenly_and_within_bounds() {
        let mut random = Random::new(7, 0);
        let mut counts = [0; 5];
        (0..50_000).for_each(|_| counts[random.below(5)] += 1);
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        let mean = (0..50_000).map(|_| random.fraction()).sum::<f64>() / 50_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn streams_of_a_seed_differ() {
        let firsts: Vec<u64> = (0..4).map(|stream| Random::new(7, stream).draw()).collect();
        assert!(firsts.windows(2).all(|pair| pair[0] != pair[1]), "{firsts:?}");
        assert_ne!(Random::new(7, 1).draw(), Random::new(1, 7).draw());
    }
}
