use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::usual;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, before it negative.
///
/// Arithmetic saturates, so no event can overflow it.
///
/// It reaches 292,000 years either way; as text it is RFC 3339 in UTC with as many digits as it needs. The few points
/// in time that RFC 3339 cannot name (beyond the years -9999 to 9999) are displayed as a number of `µs`, which
/// [`Timestamp::parse`] does not read back.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::Timestamp;
///
/// let at = Timestamp::parse("2026-11-22T14:02:11.5+01:00")?;
/// assert_eq!(at.to_string(), "2026-11-22T13:02:11.5Z");
///
/// let later = at + Duration::from_secs(90);
/// assert_eq!(later.since(at), Duration::from_secs(90));
/// assert_eq!(at.since(later), Duration::ZERO);
/// assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
/// # Ok::<(), autosec_core::time::TimestampError>(())
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// The earliest point in time that can be held: 0001-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000_000);
    /// The latest point in time that can be held, in the year 9999: what RFC 3339 can write in any offset.
    pub const MAX: Timestamp = Timestamp(253_402_207_199_999_999);

    /// `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// `secs` seconds after the epoch, saturating.
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_micros(secs.saturating_mul(1_000_000))
    }

    /// Reads an RFC 3339 timestamp such as `2026-11-22T14:02:11.5Z`, also with an offset without a colon (`+0100`).
    ///
    /// # Errors
    /// The text is no such timestamp, or lies outside the years -9999 to 9999.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        // Nearly all times are of one form, and the parser reads every form that there is.
        if let Some(micros) = usual::micros(text) {
            return Ok(Self::from_micros(micros));
        }
        text.parse::<jiff::Timestamp>()
            .map(|at| Self::from_micros(at.as_microsecond()))
            .map_err(|_| TimestampError { text: text.chars().take(64).collect() })
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Time from `earlier` to `self`, zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A text that is no RFC 3339 timestamp.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 timestamp such as 2026-11-22T14:02:11Z")]
pub struct TimestampError {
    text: String,
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, span: Duration) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_add(micros(span)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Duration) -> Timestamp {
        Timestamp::from_micros(self.0.saturating_sub(micros(span)))
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            // Out of reach: the range held is the range that can be written.
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["2026-11-22T14:02:11Z", "1969-12-31T23:59:59.000001Z", "2100-01-01T00:00:00.5Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
        let offset = Timestamp::parse("2026-11-22T14:02:11.123456+0100").unwrap();
        assert_eq!(offset.to_string(), "2026-11-22T13:02:11.123456Z");
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn every_time_that_can_be_held_can_be_read_back() {
        let day = Duration::from_secs(86_400);
        for time in
            [Timestamp::MIN, Timestamp::MIN + day, Timestamp::EPOCH, Timestamp::MAX - day, Timestamp::MAX]
        {
            assert_eq!(Timestamp::parse(&time.to_string()), Ok(time), "{time}");
        }
        for micros in [i64::MIN, i64::MAX] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Duration::ZERO);
    }
}
