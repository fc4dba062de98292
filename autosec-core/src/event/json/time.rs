use super::scan::Scalar;
use crate::time::Timestamp;

/// A number of this many units and more is of the next finer unit: seconds reach to the year 5138,
/// milliseconds start in March 1973.
const NEXT_UNIT: u64 = 100_000_000_000;

/// The time a value stands for, as [`time_of`] has it.
pub(super) fn timestamp(scalar: Scalar<'_>) -> Option<Timestamp> {
    match scalar {
        Scalar::Quoted(quoted) => time_of(&quoted.text()),
        Scalar::Number(number) => epoch(std::str::from_utf8(number).ok()?),
        Scalar::True | Scalar::False | Scalar::Null => None,
    }
}

/// The time a text of an event stands for: RFC 3339, or a number of seconds, milliseconds, microseconds or nanoseconds
/// since 1970, told apart by its size ([`JsonReader`](super::JsonReader) says where the borders are).
///
/// ```
/// use autosec_core::event::time_of;
/// use autosec_core::time::Timestamp;
///
/// assert_eq!(time_of("1800000000"), Some(Timestamp::from_secs(1_800_000_000)));
/// assert_eq!(time_of("1800000000000"), time_of("2027-01-15T08:00:00Z"));
/// assert_eq!(time_of("yesterday"), None);
/// ```
pub fn time_of(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok().or_else(|| epoch(text))
}

fn epoch(text: &str) -> Option<Timestamp> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let only_digits = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if !only_digits(whole) || !only_digits(fraction) {
        return scientific(text);
    }
    let whole: u64 = whole.parse().ok()?;
    let micros = match whole {
        seconds if seconds < NEXT_UNIT => seconds * 1_000_000 + micros_of(fraction, 6),
        millis if millis < NEXT_UNIT * 1000 => millis * 1000 + micros_of(fraction, 3),
        micros if micros < NEXT_UNIT * 1_000_000 => micros,
        nanos => nanos / 1000,
    };
    Some(Timestamp::from_micros(sign * i64::try_from(micros).ok()?))
}

/// A number with an exponent, as some writers make of every large one; exact to the microsecond until 2242.
fn scientific(text: &str) -> Option<Timestamp> {
    let number: f64 = text.contains(['e', 'E']).then(|| text.parse().ok())??;
    // Twenty digits hold every `u64`; without the bound a large exponent would write hundreds.
    if number.abs() < 1e20 { epoch(&format!("{number:.6}")) } else { None }
}

/// The first `digits` digits behind the point as a whole number.
fn micros_of(fraction: &str, digits: usize) -> u64 {
    let given = fraction.bytes().map(|digit| u64::from(digit - b'0'));
    given.chain(std::iter::repeat(0)).take(digits).fold(0, |sum, digit| sum * 10 + digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_units_apart_by_size() {
        for (text, time) in [
            ("0", "1970-01-01T00:00:00Z"),
            ("-1.5", "1969-12-31T23:59:58.5Z"),
            ("1800000000", "2027-01-15T08:00:00Z"),
            ("1800000000.1234567", "2027-01-15T08:00:00.123456Z"),
            ("1.8e9", "2027-01-15T08:00:00Z"),
            ("1800000000123", "2027-01-15T08:00:00.123Z"),
            ("1800000000123.5", "2027-01-15T08:00:00.1235Z"),
            ("1800000000123456", "2027-01-15T08:00:00.123456Z"),
            ("1800000000123456789", "2027-01-15T08:00:00.123456Z"),
            ("99999999999", "5138-11-16T09:46:39Z"),
            ("100000000000", "1973-03-03T09:46:40Z"),
        ] {
            assert_eq!(epoch(text).map(|at| at.to_string()).as_deref(), Some(time), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in
            ["", "-", ".", "1e400", "-1e20", "now", "99999999999999999999", "1e", "infe", "12:00", "--1"]
        {
            assert_eq!(epoch(text), None, "{text}");
        }
    }
}
