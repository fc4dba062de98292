//! Points in time as logs write them.

use std::time::Duration;

use autosec_core::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::scan::{digits, number};

const DAY: Duration = Duration::from_secs(86_400);

/// A date and time of day without a zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) year: i16,
    pub(super) month: i8,
    pub(super) day: i8,
    pub(super) clock: Clock,
}

/// A time of day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    micros: i64,
}

impl Moment {
    /// The point in time, if that day exists; `offset` is in seconds east of UTC.
    pub(super) fn timestamp(self, offset: i32) -> Option<Timestamp> {
        let Clock { hour, minute, second, micros } = self.clock;
        let civil = DateTime::new(self.year, self.month, self.day, hour, minute, second, 0).ok()?;
        let secs = Offset::UTC.to_timestamp(civil).ok()?.as_second() - i64::from(offset);
        Some(Timestamp::from_micros(secs * 1_000_000 + micros))
    }

    /// The same with the year that makes it the latest point in time at most a day after `reference`: a log is
    /// written before it is read, give or take a clock that is ahead. `year` is ignored.
    ///
    /// With a reference of 2027-01-01 a line of December 31 is of 2026, and one of January 2 of 2027: at most a day ahead.
    pub(super) fn nearest(self, reference: Timestamp, offset: i32) -> Option<Timestamp> {
        let latest = reference + DAY;
        let last_year = year_of(latest, offset);
        // February 29 is at most eight years away (1896 to 1904).
        (0..=8)
            .filter_map(|ago| Moment { year: last_year - ago, ..self }.timestamp(offset))
            .find(|time| *time <= latest)
    }
}

impl Clock {
    /// Reads `14:02:11` and a fraction, which is cut to microseconds. A leap second is the second before it.
    pub(super) fn read(text: &[u8]) -> Option<(Self, &[u8])> {
        let [h, hh, b':', m, mm, b':', s, ss, rest @ ..] = text else { return None };
        let second = two(*s, *ss).filter(|second| *second <= 60)?.min(59);
        let clock = Self { hour: two(*h, *hh)?, minute: two(*m, *mm)?, second, micros: 0 };
        let Some(fraction) = rest.strip_prefix(b".") else { return Some((clock, rest)) };
        let (fraction, rest) = digits(fraction);
        let micros =
            (0..6).fold(0, |sum, place| sum * 10 + fraction.get(place).map_or(0, |d| i64::from(d - b'0')));
        (!fraction.is_empty()).then_some((Self { micros, ..clock }, rest))
    }
}

/// Reads an RFC 3339 timestamp, also with a space for the `T`, an offset without its colon, or none at all: then
/// `assumed` is the offset in seconds east of UTC. Gives what follows.
pub(super) fn rfc3339(text: &[u8], assumed: i32) -> Option<(Timestamp, &[u8])> {
    let [y, yy, yyy, yyyy, b'-', m, mm, b'-', d, dd, b'T' | b't' | b' ', rest @ ..] = text else {
        return None;
    };
    let year = number(&[*y, *yy, *yyy, *yyyy])?;
    let (clock, rest) = Clock::read(rest)?;
    let (offset, rest) = read_offset(rest, assumed)?;
    let moment = Moment { year: i16::try_from(year).ok()?, month: two(*m, *mm)?, day: two(*d, *dd)?, clock };
    Some((moment.timestamp(offset)?, rest))
}

/// Reads `Z`, `+01:00`, `+0100`, `+01` or nothing, in seconds east of UTC.
pub(super) fn read_offset(text: &[u8], assumed: i32) -> Option<(i32, &[u8])> {
    let (sign, rest) = match text {
        [b'Z' | b'z', rest @ ..] => return Some((0, rest)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return Some((assumed, text)),
    };
    let (hours, minutes, rest) = match rest {
        [h, hh, b':', m, mm, rest @ ..] => (two(*h, *hh)?, two(*m, *mm)?, rest),
        [h, hh, m @ b'0'..=b'9', mm, rest @ ..] => (two(*h, *hh)?, two(*m, *mm)?, rest),
        [h, hh, rest @ ..] => (two(*h, *hh)?, 0, rest),
        _ => return None,
    };
    let valid = hours <= 23 && minutes <= 59;
    valid.then(|| (sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60), rest))
}

/// The month that starts a text such as `Nov 22` or `Nov/2026`, and what follows it.
pub(super) fn read_month(text: &[u8]) -> Option<(i8, &[u8])> {
    let [a, b, c, rest @ ..] = text else { return None };
    let month = match &[*a, *b, *c] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    Some((month, rest))
}

/// The number that two digits are.
pub(super) fn two(tens: u8, ones: u8) -> Option<i8> {
    number(&[tens, ones]).and_then(|number| i8::try_from(number).ok())
}

/// The year at that offset, the last one jiff knows for times beyond.
fn year_of(time: Timestamp, offset: i32) -> i16 {
    let local = time.as_micros().saturating_add(i64::from(offset) * 1_000_000);
    jiff::Timestamp::from_microsecond(local).map_or(9999, |at| Offset::UTC.to_datetime(at).year())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_timestamps_read() {
        for text in [
            "2026-11-22T14:02:11Z",
            "2026-11-22T14:02:11.123456+01:00",
            "2026-11-22T14:02:11.1-0530",
            "2024-02-29T23:59:60Z",
            "1970-01-01T00:00:00.000000001Z",
            "2100-12-31T23:59:59.999999Z",
        ] {
            let (time, rest) = rfc3339(text.as_bytes(), 0).unwrap();
            assert_eq!((time, rest), (Timestamp::parse(text).unwrap(), &b""[..]), "{text}");
        }
        let (time, rest) = rfc3339(b"2026-11-22 14:02:11 rest", 3600).unwrap();
        assert_eq!((time, rest), (Timestamp::parse("2026-11-22T13:02:11Z").unwrap(), &b" rest"[..]));
    }

    #[test]
    fn refuses_what_names_no_time() {
        for wrong in [
            "",
            "2026-11-22",
            "2026-13-22T14:02:11Z",
            "2026-02-29T14:02:11Z",
            "2026-11-22T24:02:11Z",
            "2026-11-22T14:60:11Z",
            "2026-11-22T14:02:61Z",
            "2026-11-22T14:02:61.5Z",
            "2026-11-22T14:02:11.Z",
            "2026-11-22T14:02:11+25:00",
            "2026-11-22T14:02:11+1",
            "2026-11-2xT14:02:11Z",
        ] {
            assert!(rfc3339(wrong.as_bytes(), 0).is_none(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_timestamps(micros in -62_000_000_000_000_000_i64..253_000_000_000_000_000) {
            let time = Timestamp::from_micros(micros);
            let text = time.to_string();
            prop_assert_eq!(rfc3339(text.as_bytes(), 7), Some((time, &b""[..])));
        }

        #[test]
        fn any_year_is_found_back(micros in 0_i64..4_000_000_000_000_000, ago in 0_i64..360 * 86_400, offset in -50_000_i32..50_000) {
            let reference = Timestamp::from_micros(micros);
            let local = micros / 1_000_000 - ago + i64::from(offset);
            let civil = Offset::UTC.to_datetime(jiff::Timestamp::from_second(local).unwrap());
            let clock = Clock { hour: civil.hour(), minute: civil.minute(), second: civil.second(), micros: 0 };
            let moment = Moment { year: 0, month: civil.month(), day: civil.day(), clock };
            let found = moment.nearest(reference, offset).unwrap();
            prop_assert_eq!(found, Timestamp::from_secs(micros / 1_000_000 - ago));
        }
    }
}
