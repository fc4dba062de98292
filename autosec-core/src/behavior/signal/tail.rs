/// Counts and shapes beyond it are scaled down to it, which bounds the work to about a hundred steps.
const LARGEST: f64 = 1000.0;
/// Steps of the continued fraction: four times what counts and shapes up to 1,000 took.
const STEPS: u32 = 400;

/// `ln P(K ≥ k)` for a negative binomial K of `shape` and `mean`, from -∞ to 0.
///
/// The tail is the regularized incomplete beta function `I_q(k, shape)` with `q = mean / (mean + shape)` (DLMF 8.17.5
/// and 8.17.24). Numbers are brought into range: a shape to 0.001 and more, not-a-number to 0.
pub(super) fn ln_negative_binomial_tail(k: f64, shape: f64, mean: f64) -> f64 {
    let (k, mean) = (super::math::amount(k), super::math::amount(mean));
    let shape = super::math::amount(shape).max(1e-3);
    if k == 0.0 {
        return 0.0;
    }
    if mean == 0.0 {
        return f64::NEG_INFINITY;
    }
    let down = (LARGEST / k.max(shape)).min(1.0);
    let q = mean.min(1e15) / (mean.min(1e15) + shape);
    ln_incomplete_beta(k * down, (shape * down).max(1e-3), q)
}

/// `ln I_x(a, b)`.
fn ln_incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    // x = 1 happens where the mean exceeds the shape beyond what digits can tell.
    let rest = (1.0 - x).max(f64::EPSILON / 2.0);
    let ln_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log(rest);
    let ln_tail = if x < (a + 1.0) / (a + b + 2.0) {
        ln_front + libm::log(fraction(a, b, x) / a)
    } else {
        let other_side = libm::exp(ln_front) * fraction(b, a, rest) / b;
        libm::log1p(-other_side.clamp(0.0, 1.0))
    };
    ln_tail.min(0.0)
}

/// The continued fraction of DLMF 8.17.22, by Lentz's method (Thompson and Barnett 1986).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |number: f64| if number.abs() < TINY { TINY } else { number };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..=STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = value;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            value *= c * d;
        }
        if (value - before).abs() <= 1e-15 * value.abs() {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tail as a sum of probabilities, the long way: from k upwards, until what is left cannot matter.
    fn slow_tail(k: u32, shape: f64, mean: f64) -> f64 {
        let q = mean / (mean + shape);
        let mut ln_mass = shape * (1.0 - q).ln();
        for j in 0..k {
            let j = f64::from(j);
            ln_mass += ((shape + j) / (j + 1.0) * q).ln();
        }
        let (mut mass, mut sum, mut j) = (1.0, 0.0, f64::from(k));
        while mass > sum * 1e-18 {
            sum += mass;
            mass *= (shape + j) / (j + 1.0) * q;
            j += 1.0;
        }
        ln_mass + sum.ln()
    }

    #[test]
    fn golden_values_worked_by_hand() {
        // Shape 1 is geometric: P(K ≥ k) = q^k; mean 1 gives q = ½.
        for k in 1..60 {
            let k = f64::from(k);
            assert!((ln_negative_binomial_tail(k, 1.0, 1.0) + k * 2f64.ln()).abs() < 1e-12 * k.max(10.0));
        }
        // Shape 2, q = ½: P(K = 0) = ¼, P(K = 1) = ¼, so P(K ≥ 2) = ½.
        assert!((ln_negative_binomial_tail(2.0, 2.0, 2.0) - 0.5f64.ln()).abs() < 1e-14);
        assert_eq!(ln_negative_binomial_tail(0.0, 2.0, 2.0), 0.0);
        assert_eq!(ln_negative_binomial_tail(3.0, 2.0, 0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn the_hardest_arguments_converge() {
        for shape in [1e-3, 0.5, 10.0, 1000.0] {
            for mean in [1e-6, 1.0, 300.0, 999.0, 1000.0, 1001.0, 1e15] {
                for k in [1.0, 10.0, 500.0, 1000.0] {
                    let tail = ln_negative_binomial_tail(k, shape, mean);
                    assert!(tail <= 0.0 && tail.is_finite(), "{k} {shape} {mean} {tail}");
                }
            }
        }
        let slow = slow_tail(1000, 1000.0, 990.0);
        assert!((ln_negative_binomial_tail(1000.0, 1000.0, 990.0) - slow).abs() < 1e-8);
    }

    proptest! {
        #[test]
        fn is_the_sum_of_the_tail(k in 1..300u32, shape in 0.01..300.0, mean in 0.01..300.0) {
            let (fast, slow) = (ln_negative_binomial_tail(f64::from(k), shape, mean), slow_tail(k, shape, mean));
            prop_assert!((fast - slow).abs() < 1e-9 * slow.abs().max(1.0), "{fast} {slow}");
        }

        #[test]
        fn falls_with_the_count_and_rises_with_the_mean(
            k in 1..5_000u32, shape in 0.01..2_000.0, mean in 0.01..5_000.0
        ) {
            let k = f64::from(k);
            let here = ln_negative_binomial_tail(k, shape, mean);
            prop_assert!(ln_negative_binomial_tail(k * 1.5, shape, mean) <= here + 1e-9);
            prop_assert!(ln_negative_binomial_tail(k, shape, mean * 1.5) >= here - 1e-9);
        }

        #[test]
        fn any_number_has_an_answer(k: u64, shape: u64, mean: u64) {
            let (k, shape, mean) = (f64::from_bits(k), f64::from_bits(shape), f64::from_bits(mean));
            let tail = ln_negative_binomial_tail(k, shape, mean);
            prop_assert!(tail <= 0.0, "{tail}");
        }
    }
}
