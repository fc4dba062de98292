use std::time::Duration;

use autosec_core::time::{Timestamp, human};
use jiff::civil;
use jiff::tz::TimeZone;

/// A time as lists write it: RFC 3339, `2026-11-22 14:02:11` with or without `UTC`, a day alone, or seconds or milliseconds
/// since 1970. What names no zone is UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = Timestamp::parse(text) {
        return Some(time);
    }
    if let Ok(number) = text.parse::<i64>() {
        // Seconds reach this number in the year 5138.
        return Some(if number.unsigned_abs() < 100_000_000_000 {
            Timestamp::from_secs(number)
        } else {
            Timestamp::from_micros(number.saturating_mul(1_000))
        });
    }
    let plain = text.trim_end_matches("UTC").trim_end_matches('Z').trim_end();
    let civil = plain
        .parse::<civil::DateTime>()
        .or_else(|_| plain.parse::<civil::Date>().map(|date| date.at(0, 0, 0, 0)))
        .ok()?;
    let zoned = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

/// A time, or a span from a time on.
pub(super) fn end(text: &str, from: Timestamp) -> Option<Timestamp> {
    parse(text).or_else(|| span(text).map(|span| from + span))
}

/// `3h59m12.5s`, also with fractions of seconds, which are left out.
fn span(text: &str) -> Option<Duration> {
    let text = match text.split_once('.') {
        Some((whole, fraction))
            if fraction.trim_end_matches('s').bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            format!("{whole}s")
        }
        _ => text.to_owned(),
    };
    human::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_lists_write() {
        let wanted = Timestamp::parse("2020-12-08T13:36:27Z").ok();
        for text in [
            "2020-12-08T13:36:27Z",
            "2020-12-08 13:36:27 UTC",
            "2020-12-08 13:36:27",
            "1607434587",
            "1607434587000",
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
        assert_eq!(parse("2025-04-14"), Timestamp::parse("2025-04-14T00:00:00Z").ok());
        for wrong in ["", "yesterday", "2025-13-01", "99999999999999999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        for far in ["9223372036854775807", "-9223372036854775808", "-99999999999999"] {
            assert!(parse(far).is_some_and(|time| !time.to_string().is_empty()), "{far}");
        }
        let now = Timestamp::from_secs(1_000);
        assert_eq!(end("3h59m12.53s", now), Some(now + Duration::from_secs(14_352)));
        assert!(end("99999999999d", now).is_some_and(|end| end > now));
        assert_eq!(end("99999999999999999999d", now), None);
        assert_eq!(end("1970-01-02", now), Some(Timestamp::from_secs(86_400)));
    }
}
