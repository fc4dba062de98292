use crate::order::median;

/// What a column usually holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// The median.
    pub(crate) centre: f64,
    /// What lies so far from it is as far as a standard deviation of a normal distribution is; above 0.
    pub(crate) unit: f64,
}

/// A median distance from the median, in standard deviations of a normal distribution.
const NORMAL: f64 = 1.482_602_218_505_602;
/// A mean distance from the median, likewise.
const NORMAL_MEAN: f64 = 1.253_314_137_315_500_3;
/// No z-value is larger: its surprise is then 55.
const FARTHEST: f64 = 1e12;
/// Surprises are whole multiples of 2^−24, so that their sums are exact in any order.
const GRID: f64 = 16_777_216.0;

impl Spread {
    /// From the finite ones of these values, which change their order.
    ///
    /// Where more than half of them are one value, the unit is of their mean distance from it; where all are, it is that
    /// value, or 1 if it is 0.
    pub(crate) fn learn(values: &mut Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        let centre = median(values).unwrap_or(0.0);
        // Halves keep the distance of the two largest numbers finite.
        values.iter_mut().for_each(|value| *value = (*value / 2.0 - centre / 2.0).abs());
        let half = median(values).unwrap_or(0.0);
        let half = if half > 0.0 {
            half * NORMAL
        } else {
            let count = values.len().max(1) as f64;
            values.iter().map(|value| value / count).sum::<f64>() * NORMAL_MEAN
        };
        let unit = (2.0 * half).min(f64::MAX);
        let constant = if centre == 0.0 { 1.0 } else { centre.abs() };
        Self { centre, unit: if unit.is_normal() { unit } else { constant.max(f64::MIN_POSITIVE) } }
    }

    /// ln(1 + z²): 0 and more, at most 56. What is missing surprises nobody.
    pub(crate) fn surprise(self, value: f64) -> f64 {
        if value.is_nan() {
            return 0.0;
        }
        let z = ((value - self.centre) / self.unit).abs();
        // Infinity less infinity, or by it: beyond what can be held.
        let z = if z.is_nan() { FARTHEST } else { z.min(FARTHEST) };
        on_grid(libm::log1p(z * z))
    }
}

/// The nearest multiple of 2^−24.
pub(crate) fn on_grid(number: f64) -> f64 {
    libm::round(number * GRID) / GRID
}

/// Sums of numbers on the grid are exact.
pub(crate) fn add_up(contributions: impl Iterator<Item = f64>) -> f64 {
    contributions.fold(0.0, |sum, adds| sum + adds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(values: &[f64]) -> Spread {
        Spread::learn(&mut values.to_vec())
    }

    #[test]
    fn is_of_the_finite_values() {
        let spread = learn(&[f64::NAN, 1.0, 2.0, 3.0, 4.0, 5.0, f64::INFINITY]);
        assert_eq!(spread, Spread { centre: 3.0, unit: NORMAL });
        assert_eq!(spread.surprise(f64::NAN), 0.0);
        assert_eq!(spread.surprise(f64::INFINITY), spread.surprise(f64::NEG_INFINITY));
        assert!(spread.surprise(f64::INFINITY) < 56.0);
    }

    #[test]
    fn is_defined_of_constants_and_of_nothing() {
        assert_eq!(learn(&[]), Spread { centre: 0.0, unit: 1.0 });
        assert_eq!(learn(&[-4.0; 9]), Spread { centre: -4.0, unit: 4.0 });
        let rare = learn(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert!((rare.unit - 0.125_331_413_731_550_02).abs() < 1e-15, "{}", rare.unit);
        let widest = learn(&[f64::MIN, f64::MAX]);
        assert!(widest.unit.is_finite() && widest.surprise(0.0).is_finite());
        let tiny = learn(&[0.0, 5e-324, 1e-323]);
        assert!(tiny.unit.is_normal());
    }
}
