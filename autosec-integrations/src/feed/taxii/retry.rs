use std::time::Duration;

use autosec_core::time::Timestamp;
use http::{HeaderMap, header};
use jiff::fmt::rfc2822::DateTimeParser;

/// How long a server wants to be left alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryAfter {
    /// So long from its answer on.
    Span(Duration),
    /// Until then.
    Until(Timestamp),
}

/// A server that asks for a year does not get it.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

impl RetryAfter {
    /// How long that is from now on, at most a day.
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Span(span) => span,
            Self::Until(time) => time.since(now),
        }
        .min(LONGEST)
    }

    /// What `Retry-After` says, in seconds or as a date; `otherwise` if there is none or nobody can read it.
    pub(super) fn of(headers: &HeaderMap, otherwise: Duration) -> Self {
        let said = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
        said.and_then(Self::parse).unwrap_or(Self::Span(otherwise))
    }

    fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Self::Span(Duration::from_secs(seconds)));
        }
        let time = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
        Some(Self::Until(Timestamp::from_micros(time.as_microsecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            RetryAfter::of(&headers, Duration::from_secs(30))
        };
        let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        assert_eq!(read("120").from(now), Duration::from_secs(120));
        assert_eq!(read("Sun, 22 Nov 2026 12:01:30 GMT").from(now), Duration::from_secs(90));
        assert_eq!(read("Sun, 22 Nov 2020 12:01:30 GMT").from(now), Duration::ZERO);
        assert_eq!(read("soon").from(now), Duration::from_secs(30));
        assert_eq!(read("99999999999999999999").from(now), Duration::from_secs(30));
        assert_eq!(read("18446744073709551615").from(now), LONGEST);
    }
}
