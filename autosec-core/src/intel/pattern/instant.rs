//! Timestamps as STIX writes them: `2026-11-22T14:02:11.5Z`, in UTC, with capital letters and seconds. What is finer than a
//! microsecond is dropped.

use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::time::Timestamp;

/// Whether `text` has the form, and each part is in the range that the grammar gives it. A 60th second and a 31st of
/// every month are; the calendar is asked by [`parse`].
pub(super) fn is_well_formed(text: &str) -> bool {
    const PARTS: [(&str, RangeInclusive<u32>); 6] =
        [("-", 0..=9999), ("-", 1..=12), ("T", 1..=31), (":", 0..=23), (":", 0..=59), ("", 0..=60)];
    let mut rest = text;
    for (index, (separator, range)) in PARTS.into_iter().enumerate() {
        let width = if index == 0 { 4 } else { 2 };
        let Some((digits, tail)) = rest.split_at_checked(width) else { return false };
        let number = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(tail) = tail.strip_prefix(separator).filter(|_| number.is_some_and(|n| range.contains(&n)))
        else {
            return false;
        };
        rest = tail;
    }
    let Some(fraction) = rest.strip_suffix('Z') else { return false };
    let digits = fraction.strip_prefix('.').unwrap_or_default();
    fraction.is_empty() || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The point in time; none if the form is wrong or the calendar has no such time.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    // The civil reader takes more forms than STIX has, and folds the 60th second into the 59th.
    if !is_well_formed(text) || text.get(17..19) == Some("60") || text.starts_with("0000") {
        return None;
    }
    let civil = text.strip_suffix('Z')?;
    let whole = civil.get(..civil.len().min(26))?;
    let at: DateTime = whole.parse().ok()?;
    // Only the last hours of the year 9999, which feeds write for "never", are beyond what can be held.
    Some(
        Offset::UTC.to_timestamp(at).map_or(Timestamp::MAX, |at| Timestamp::from_micros(at.as_microsecond())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_form_and_ranges_but_no_calendar() {
        for right in [
            "2024-12-31T23:59:60Z",
            "2023-02-29T12:00:00Z",
            "2024-04-31T12:00:00.123456789Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(is_well_formed(right), "{right}");
        }
        for wrong in [
            "",
            "2024-00-01T12:00:00Z",
            "2024-01-32T12:00:00Z",
            "2024-01-15T12:30:61Z",
            "2024-01-15T24:30:00Z",
            "2024-01-15T12:30:45",
            "2024-01-15T12:30Z",
            "2024-01-15t12:30:45Z",
            "2024-01-15T12:30:45z",
            "2024-01-15T12:30:45.Z",
            "2024-01-15T12:30:45.1aZ",
            "+024-01-15T12:30:45Z",
            "2024-01-15T12:30:45+00:00",
            "２024-01-15T12:30:45Z",
        ] {
            assert!(!is_well_formed(wrong) && parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn knows_the_calendar() {
        let micros = |text| parse(text).map(Timestamp::as_micros);
        assert_eq!(micros("1970-01-01T00:00:01.000002Z"), Some(1_000_002));
        assert_eq!(micros("1970-01-01T00:00:00.1234567Z"), Some(123_456));
        assert_eq!(micros("1969-12-31T23:59:59.5Z"), Some(-500_000));
        assert_eq!(parse("2023-02-29T12:00:00Z"), None);
        assert_eq!(parse("2024-12-31T23:59:60Z"), None);
        assert_eq!(parse("0000-01-01T00:00:00Z"), None);
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
    }
}
