//! Durations as people write them: `90s`, `10m`, `1h 30m`, `7d`. Use with `#[serde(with = "human")]`.
//!
//! A duration is one or more numbers, each with a unit of `ms`, `s`, `m`, `h`, `d` or `w`; they are added up. A number
//! without a unit is refused, because nobody remembers whether `90` meant seconds or minutes. There are no fractions, no
//! months and no years, whose lengths vary.
//!
//! ```
//! use std::time::Duration;
//!
//! use autosec_core::time::human;
//!
//! #[derive(serde::Deserialize)]
//! struct Settings {
//!     #[serde(with = "human")]
//!     pause: Duration,
//! }
//!
//! let settings: Settings = serde_json::from_str(r#"{ "pause": "1m 30s" }"#)?;
//! assert_eq!(settings.pause, Duration::from_secs(90));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A text that is no duration.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a duration: write a number with one of the units ms, s, m, h, d, w, such as `10m`")]
pub struct DurationError {
    text: String,
}

/// Reads `10m`, `1h30m` or `1h 30m`; every number needs a unit.
///
/// # Errors
/// The text is empty, a unit is missing or unknown, or the sum overflows 2^64 milliseconds.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::human;
///
/// assert_eq!(human::parse("1h 30m"), Ok(Duration::from_secs(5400)));
/// assert_eq!(human::parse("1h30m"), human::parse("90m"));
///
/// let refused = human::parse("90").unwrap_err();
/// assert!(refused.to_string().starts_with("`90` is not a duration"));
/// ```
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let refused = || DurationError { text: text.chars().take(64).collect() };
    let mut millis: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refused());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let number: u64 = number.parse().map_err(|_| refused())?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        millis = number.checked_mul(*scale).and_then(|part| millis.checked_add(part)).ok_or_else(refused)?;
        rest = tail.trim_start();
    }
    Ok(Duration::from_millis(millis))
}

/// Writes a duration so that [`parse`] reads it back, to the millisecond: `1h 30m`.
///
/// What is below a millisecond is dropped, so a duration of less than one is `0s`.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::human;
///
/// assert_eq!(human::format(Duration::from_millis(90_500)), "1m 30s 500ms");
/// assert_eq!(human::format(Duration::from_secs(8 * 86_400)), "1w 1d");
/// ```
pub fn format(span: Duration) -> String {
    let mut millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, scale) in UNITS {
        let count = millis / scale;
        millis %= scale;
        if count > 0 {
            let gap = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{gap}{count}{unit}");
        }
    }
    text
}

/// Writes the duration as text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*span))
}

/// Reads the duration from text.
///
/// # Errors
/// The value is no text, or no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map_err(de::Error::custom)
}

/// The same for an optional duration: `#[serde(default, with = "human::option")]`.
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer, de};

    /// Writes the duration as text, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => serializer.serialize_some(&super::format(*span)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an optional duration from text.
    ///
    /// # Errors
    /// The value is neither absent nor a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).map_err(de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse("10m").unwrap(), Duration::from_secs(600));
        assert_eq!(parse(" 1h 30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(parse("1d2h3m4s5ms").unwrap(), Duration::from_millis(93_784_005));
        for wrong in ["", "10", "m", "10 minutes", "-1s", "1.5h", "99999999999999999999s"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn round_trips() {
        for millis in [0, 1, 999, 61_000, 604_800_000, 93_784_005] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse(&format(span)).unwrap(), span);
        }
    }
}
