use std::net::IpAddr;

use super::super::ObservableKind as Kind;
use super::super::index::{Asked, Spaces};
use super::super::observable::{Key, UrlParts, is_plain_name, plain_url, write, write_url};
use super::fields::{ObservedFields, Reading};
use crate::event::{Event, FieldId, Value};

/// Of a field with more values, the first ones are looked up.
const MOST_VALUES: usize = 256;

/// Calls back with every observable of the event in its one form, which lives as long as the call. Those of no kind in
/// `wanted` may be left out.
#[inline]
pub(super) fn each(
    event: &Event<'_>,
    fields: &ObservedFields,
    wanted: Spaces,
    mut call: impl FnMut(FieldId, Asked<'_>),
) {
    let mut key = Key::new();
    for (field, reading, value) in observed(event, fields) {
        values(reading, value, wanted, &mut key, |asked| call(field, asked));
    }
}

/// The fields of the event that are looked up.
#[inline]
pub(super) fn observed<'e>(
    event: &'e Event<'_>,
    fields: &'e ObservedFields,
) -> impl Iterator<Item = (FieldId, Reading, &'e Value<'e>)> {
    event.fields().filter_map(|(field, value)| Some((field, fields.reading(field)?, value)))
}

/// Calls back with every observable of a field's value.
#[inline]
pub(super) fn values(
    reading: Reading,
    value: &Value<'_>,
    wanted: Spaces,
    key: &mut Key,
    mut call: impl FnMut(Asked<'_>),
) {
    for value in value.each().iter().take(MOST_VALUES) {
        read(reading, value, wanted, key, &mut call);
    }
}

#[inline]
fn read(
    reading: Reading,
    value: &Value<'_>,
    wanted: Spaces,
    key: &mut Key,
    call: &mut impl FnMut(Asked<'_>),
) {
    match (reading, value) {
        (Reading::Place | Reading::Kind(Kind::Network), Value::Address(address)) => {
            call(Asked::Address(*address));
        }
        (
            Reading::Place | Reading::Kind(Kind::Network | Kind::Hostname | Kind::Domain),
            Value::Text(text),
        ) if wanted.has_any(&[Kind::Hostname, Kind::Network]) => {
            place(text, key, call);
        }
        (Reading::Url | Reading::Kind(Kind::Url), Value::Text(text))
            if wanted.has_any(&[Kind::Url, Kind::Hostname, Kind::Network]) =>
        {
            url(text, key, call);
        }
        (Reading::Digest, Value::Text(text)) => digest(text, wanted, key, call),
        (Reading::Kind(kind), Value::Text(text)) => other(&[kind], text, wanted, key, call),
        (Reading::Kind(Kind::AutonomousSystem), Value::Integer(number)) => {
            if let Ok(number) = u32::try_from(*number) {
                call(Asked::Other(Kind::AutonomousSystem, &number.to_be_bytes()));
            }
        }
        _ => {}
    }
}

/// What is in its one form already is not copied: bringing a name there takes longer than to look it up.
fn place(text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    if is_plain_name(text.as_bytes()) {
        return call(Asked::Name(text.as_bytes()));
    }
    key.clear();
    if write(Kind::Hostname, text, key).is_ok() {
        call(Asked::Name(key));
    } else if let Ok(address) = text.trim().parse::<IpAddr>() {
        call(Asked::Address(address.to_canonical()));
    }
}

fn url(text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    if let Some(parts) = plain_url(text) {
        return located(text.as_bytes(), parts, call);
    }
    key.clear();
    if let Ok(parts) = write_url(text, key) {
        located(key, parts, call);
    }
}

/// A URL in its one form, and its host.
fn located(url: &[u8], parts: UrlParts, call: &mut impl FnMut(Asked<'_>)) {
    call(Asked::Url(url, parts.bare));
    let Some(host) = url.get(parts.host) else { return };
    // The form of a host that is no name ends in a digit, or has a colon in it.
    let is_name = host.last().is_some_and(u8::is_ascii_alphabetic)
        || !host.iter().all(|byte| b"0123456789.:abcdef".contains(byte));
    let text = if is_name { None } else { std::str::from_utf8(host).ok() };
    match text.and_then(|host| host.parse().ok()) {
        Some(address) => call(Asked::Address(address)),
        None => call(Asked::Name(host)),
    }
}

fn digest(text: &str, wanted: Spaces, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    let text = text.trim();
    let kinds: &[Kind] = match text.len() {
        32 => &[Kind::Md5, Kind::Imphash],
        40 => &[Kind::Sha1],
        56 => &[Kind::Sha224],
        64 => &[Kind::Sha256],
        96 => &[Kind::Sha384],
        128 => &[Kind::Sha512],
        _ if text.contains(':') => &[Kind::Ssdeep],
        _ => &[Kind::Tlsh],
    };
    other(kinds, text, wanted, key, call);
}

/// A text that has one form as a value of any of these kinds.
fn other(kinds: &[Kind], text: &str, wanted: Spaces, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    let Some(first) = kinds.first().filter(|_| wanted.has_any(kinds)) else { return };
    key.clear();
    if write(*first, text, key).is_ok() {
        kinds.iter().for_each(|kind| call(Asked::Other(*kind, key)));
    }
}
