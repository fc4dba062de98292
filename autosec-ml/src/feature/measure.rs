//! What can be told from an event alone.

use std::f64::consts::TAU;
use std::hash::Hasher;
use std::net::IpAddr;

use autosec_core::event::{Event, FieldId, Value};
use autosec_core::net;
use autosec_core::time::Timestamp;
use siphasher::sip::SipHasher13;

/// A client with IPv6 has a prefix of this length, as a rule.
const IPV6_PREFIX: u8 = 64;

const DAY: i64 = 86_400_000_000;
/// From the epoch, a Thursday, back to the Monday before.
const SINCE_MONDAY: i64 = 3 * DAY;
const HOUR: f64 = 3_600e6;

/// Hours since Monday, 00:00 UTC: 0 to 168.
pub(super) fn hour_of_week(time: Timestamp) -> f64 {
    time.as_micros().saturating_add(SINCE_MONDAY).rem_euclid(7 * DAY) as f64 / HOUR
}

/// Where an hour lies on a circle of so many.
pub(super) fn on_circle(hour: f64, round: f64) -> [f64; 2] {
    let angle = (hour % round) / round * TAU;
    [libm::sin(angle), libm::cos(angle)]
}

/// The field's number, 1 for true and 0 for false; NaN of anything else.
pub(super) fn number(event: &Event<'_>, field: FieldId) -> f64 {
    match event.get(field) {
        Some(Value::Integer(number)) => *number as f64,
        Some(Value::Float(number)) => *number,
        Some(Value::Boolean(truth)) => f64::from(*truth),
        _ => f64::NAN,
    }
}

/// ln(1 + x), and the same below 0 with its sign.
pub(super) fn signed_log(number: f64) -> f64 {
    libm::copysign(libm::log1p(number.abs()), number)
}

/// ln((1 + of) / (1 + by)) of what is not negative.
pub(super) fn ratio(of: f64, by: f64) -> f64 {
    if of >= 0.0 && by >= 0.0 { libm::log1p(of) - libm::log1p(by) } else { f64::NAN }
}

/// Bits a byte; NaN of no bytes.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let length = text.len() as f64;
    let parts = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    if text.is_empty() { f64::NAN } else { parts.map(|part| -part * libm::log2(part)).sum::<f64>() + 0.0 }
}

/// Whether one of the field's values is this text: 1 or 0, NaN without the field.
pub(super) fn is(event: &Event<'_>, field: FieldId, text: &str) -> f64 {
    event.get(field).map_or(f64::NAN, |value| f64::from(holds(value, text)))
}

pub(super) fn holds(value: &Value<'_>, text: &str) -> bool {
    value.each().iter().any(|value| value.as_text() == Some(text))
}

/// A number of the field's values, all of them in order; none without the field.
pub(super) fn hash(event: &Event<'_>, field: FieldId) -> Option<u64> {
    event.get(field).map(|value| hash_all(value.each()))
}

/// The same number for the same values on every machine. An IPv6 address counts as its /64, which is one client's.
pub(super) fn hash_all(values: &[Value<'_>]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    values.iter().for_each(|value| write(value, &mut hasher));
    hasher.finish()
}

fn write(value: &Value<'_>, hasher: &mut SipHasher13) {
    match value {
        Value::Text(text) => {
            hasher.write(&[0]);
            hasher.write(text.as_bytes());
            // No byte of any text: ends it.
            hasher.write(&[0xFF]);
        }
        Value::Address(address) => match net::client(*address, IPV6_PREFIX).addr() {
            IpAddr::V4(v4) => {
                hasher.write(&[1]);
                hasher.write(&v4.octets());
            }
            IpAddr::V6(v6) => {
                hasher.write(&[2]);
                hasher.write(&v6.octets());
            }
        },
        Value::Integer(number) => {
            hasher.write(&[3]);
            hasher.write(&number.to_le_bytes());
        }
        Value::Float(number) => {
            hasher.write(&[4]);
            hasher.write(&number.to_bits().to_le_bytes());
        }
        Value::Boolean(truth) => hasher.write(&[5, u8::from(*truth)]),
        // A list holds no lists, and other kinds of values are not known here.
        _ => hasher.write(&[6]),
    }
}

#[cfg(test)]
mod tests {
    use autosec_core::event::field;

    use super::*;

    #[test]
    fn knows_what_time_of_the_week_it_is() {
        let at = |text| hour_of_week(Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-23T00:00:00Z"), 0.0, "a Monday");
        assert_eq!(at("2026-11-22T23:30:00Z"), 167.5);
        assert_eq!(at("1970-01-01T06:00:00Z"), 78.0);
        assert_eq!(at("1969-12-28T12:00:00Z"), 156.0, "before the epoch");
        let [sine, cosine] = on_circle(30.0, 24.0);
        assert!((sine - 1.0).abs() < 1e-12 && cosine.abs() < 1e-12);
    }

    #[test]
    fn measures_texts() {
        assert_eq!(entropy("aaaa").to_bits(), 0.0_f64.to_bits());
        assert_eq!(entropy("abcd"), 2.0);
        assert!(entropy("").is_nan());
    }

    #[test]
    fn measures_numbers() {
        assert_eq!(signed_log(-1.0), -signed_log(1.0));
        assert!(signed_log(f64::NAN).is_nan());
        assert_eq!(signed_log(f64::INFINITY), f64::INFINITY);
        assert_eq!(ratio(7.0, 7.0), 0.0);
        assert!(ratio(-1.0, 7.0).is_nan());
    }

    #[test]
    fn tells_values_apart() {
        let of = |value: Value<'static>| {
            hash(&Event::new(Timestamp::EPOCH).with(field::USER_NAME, value), field::USER_NAME).unwrap()
        };
        let address = |text: &str| of(Value::from(text.parse::<IpAddr>().unwrap()));
        assert_eq!(address("2001:db8::1"), address("2001:db8::2"), "one client");
        let list =
            |texts: &[&'static str]| of(Value::List(texts.iter().map(|text| Value::from(*text)).collect()));
        let hashes = [
            address("2001:db8::1"),
            address("2001:db8:0:1::1"),
            address("192.0.2.1"),
            of(Value::from("192.0.2.1")),
            of(Value::Integer(0)),
            of(Value::Float(0.0)),
            of(Value::Boolean(false)),
            list(&["a", "b"]),
            list(&["ab"]),
            list(&["b", "a"]),
        ];
        let distinct: std::collections::HashSet<u64> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
