use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Parts of a nat that are held: 2^20, about a millionth.
const PARTS: f64 = 1_048_576.0;

/// A logarithm of a ratio of probabilities, in nats, held as a multiple of 2⁻²⁰ within ±2,047.
///
/// Fixed point makes sums exact: however contributions are ordered, grouped or printed, they add up to the same bits,
/// also as `f64` ([`Nats::value`] is exact, and so is a sum of such values). A step of a millionth of a nat is far
/// below anything that can be estimated from counts. Arithmetic saturates.
///
/// ```
/// use autosec_core::behavior::signal::Nats;
///
/// let parts = [Nats::new(0.1), Nats::new(0.2), Nats::new(-0.3)];
/// assert_eq!(parts[0] + parts[1] + parts[2], parts[2] + parts[1] + parts[0]);
/// assert_eq!(Nats::new(0.5).value(), 0.5);
/// assert_eq!(Nats::new(f64::NAN), Nats::ZERO);
/// assert_eq!(Nats::new(2.5).to_string(), "+2.50");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Nats(i32);

impl Nats {
    /// No evidence either way.
    pub const ZERO: Nats = Nats(0);
    /// The most that can be held: 2,047 nats.
    pub const MAX: Nats = Nats(2_047 << 20);

    /// The nearest multiple of 2⁻²⁰, ties away from zero; beyond ±2,047 the nearer end, not-a-number is zero.
    pub const fn new(nats: f64) -> Self {
        let parts = nats * PARTS;
        let half = if parts < 0.0 { -0.5 } else { 0.5 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, and turns not-a-number into zero"
        )]
        Self::bounded((parts + half) as i64)
    }

    /// The number, exactly.
    pub const fn value(self) -> f64 {
        self.0 as f64 / PARTS
    }

    /// A quarter, rounded towards zero.
    #[must_use]
    pub const fn quarter(self) -> Self {
        Self(self.0 / 4)
    }

    /// The distance from zero.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    const fn bounded(parts: i64) -> Self {
        const END: i64 = 2_047 << 20;
        let within = if parts > END {
            END
        } else if parts < -END {
            -END
        } else {
            parts
        };
        #[expect(clippy::cast_possible_truncation, reason = "it lies within ±2^31")]
        Self(within as i32)
    }
}

impl Add for Nats {
    type Output = Nats;

    fn add(self, other: Nats) -> Nats {
        Nats::bounded(i64::from(self.0) + i64::from(other.0))
    }
}

impl AddAssign for Nats {
    fn add_assign(&mut self, other: Nats) {
        *self = *self + other;
    }
}

impl Sub for Nats {
    type Output = Nats;

    fn sub(self, other: Nats) -> Nats {
        Nats::bounded(i64::from(self.0) - i64::from(other.0))
    }
}

impl Neg for Nats {
    type Output = Nats;

    fn neg(self) -> Nats {
        Nats(-self.0)
    }
}

impl std::iter::Sum for Nats {
    fn sum<I: Iterator<Item = Nats>>(parts: I) -> Nats {
        parts.fold(Nats::ZERO, Add::add)
    }
}

/// With a sign and two digits.
impl fmt::Display for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.2}", self.value())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extremes_have_a_place() {
        assert_eq!(Nats::new(f64::INFINITY).value(), 2_047.0);
        assert_eq!(Nats::new(f64::NEG_INFINITY).value(), -2_047.0);
        assert_eq!(Nats::new(f64::NAN), Nats::ZERO);
        assert_eq!(Nats::new(-0.0), Nats::ZERO);
        assert_eq!(Nats::new(1e300) + Nats::new(1e300), Nats::new(2_047.0));
        assert_eq!(Nats::new(2f64.powi(-21)).value(), 2f64.powi(-20), "ties go away from zero");
        assert_eq!(Nats::new(-2f64.powi(-21)).value(), -2f64.powi(-20));
    }

    proptest! {
        #[test]
        fn is_the_nearest_multiple(nats in -2_000.0..2_000.0) {
            prop_assert!((Nats::new(nats).value() - nats).abs() <= 2f64.powi(-21));
            prop_assert_eq!(Nats::new(-nats), -Nats::new(nats));
            prop_assert_eq!(Nats::new(Nats::new(nats).value()), Nats::new(nats));
        }

        #[test]
        fn sums_are_exact_in_floating_point_as_well(parts in prop::collection::vec(-30.0..30.0, 0..40)) {
            let parts: Vec<Nats> = parts.into_iter().map(Nats::new).collect();
            let sum: Nats = parts.iter().copied().sum();
            let backwards: Nats = parts.iter().rev().copied().sum();
            let floats: f64 = parts.iter().map(|part| part.value()).sum();
            prop_assert_eq!(sum, backwards);
            prop_assert_eq!(sum.value().to_bits(), (floats + 0.0).to_bits());
        }
    }
}
