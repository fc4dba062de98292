use std::fmt;

use serde::{Deserialize, Serialize};

/// A number outside 0..=1, or not a number.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("`{value}` is outside the range 0 to 1")]
pub struct OutOfRange {
    value: f64,
}

macro_rules! unit_interval {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// The least value, 0.
            pub const ZERO: $name = $name(0.0);
            /// The greatest value, 1.
            pub const ONE: $name = $name(1.0);

            /// The value, if it is within 0..=1.
            ///
            /// # Errors
            /// The number is outside 0..=1, or not a number.
            pub fn new(value: f64) -> Result<Self, OutOfRange> {
                if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(OutOfRange { value }) }
            }

            /// The nearest value within 0..=1; not-a-number becomes 0.
            pub fn clamped(value: f64) -> Self {
                if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
            }

            /// The number itself, within 0..=1.
            pub const fn value(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = OutOfRange;

            fn try_from(value: f64) -> Result<Self, OutOfRange> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(measure: $name) -> f64 {
                measure.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:.2}", self.0)
            }
        }
    };
}

unit_interval! {
    /// How sure an analytic is that its finding is true, 0..=1.
    ///
    /// For a rule it is the share of its findings that turn out to be true, as far as its author knows; 0.8 unless
    /// the rule says otherwise.
    ///
    /// ```
    /// use autosec_core::measure::Confidence;
    ///
    /// assert_eq!(Confidence::new(0.9)?.value(), 0.9);
    /// assert_eq!(Confidence::new(90.0).unwrap_err().to_string(), "`90` is outside the range 0 to 1");
    /// assert_eq!(Confidence::clamped(90.0), Confidence::ONE);
    /// # Ok::<(), autosec_core::measure::OutOfRange>(())
    /// ```
    Confidence
}

unit_interval! {
    /// How risky a subject is, 0..=1; by default 0.5 raises an alert and 0.8 a block.
    ///
    /// Displayed with two digits. For ECS (`event.risk_score_norm`) and OCSF (`risk_score`), which count to 100,
    /// multiply it by 100.
    ///
    /// ```
    /// use autosec_core::measure::RiskScore;
    ///
    /// let score = RiskScore::clamped(0.8349);
    /// assert_eq!(score.to_string(), "0.83");
    /// assert!(score < RiskScore::ONE);
    /// ```
    RiskScore
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_only_what_is_in_range() {
        assert!(Confidence::new(1.1).is_err());
        assert!(Confidence::new(f64::NAN).is_err());
        assert_eq!(RiskScore::clamped(7.0), RiskScore::ONE);
        assert_eq!(RiskScore::clamped(f64::NAN), RiskScore::ZERO);
    }
}
