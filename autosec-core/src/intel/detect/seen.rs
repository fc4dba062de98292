use std::net::IpAddr;

use super::super::ObservableKind;
use super::super::index::Asked;
use super::super::observable::{Key, write, write_url};
use super::fields::{ObservedFields, Reading};
use crate::event::{Event, FieldId, Value};

/// Of a field with more values, the first ones are looked up.
const MOST_VALUES: usize = 256;

/// Calls back with every observable of the event in its one form, which lives as long as the call.
#[inline]
pub(super) fn each(event: &Event<'_>, fields: &ObservedFields, mut call: impl FnMut(FieldId, Asked<'_>)) {
    let mut key = Key::new();
    for (field, value) in event.fields() {
        let Some(reading) = fields.reading(field) else { continue };
        for value in value.each().iter().take(MOST_VALUES) {
            key.clear();
            read(reading, value, &mut key, &mut |asked| call(field, asked));
        }
    }
}

fn read(reading: Reading, value: &Value<'_>, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    match (reading, value) {
        (Reading::Place, Value::Address(address)) => call(Asked::Address(*address)),
        (Reading::Place, Value::Text(text)) => place(text, key, call),
        (Reading::Url, Value::Text(text)) => url(text, key, call),
        (Reading::Digest, Value::Text(text)) => digest(text, key, call),
        (Reading::Kind(ObservableKind::Network), Value::Address(address)) => call(Asked::Address(*address)),
        (
            Reading::Kind(ObservableKind::Network | ObservableKind::Hostname | ObservableKind::Domain),
            Value::Text(text),
        ) => {
            place(text, key, call);
        }
        (Reading::Kind(ObservableKind::Url), Value::Text(text)) => url(text, key, call),
        (Reading::Kind(kind), Value::Text(text)) => other(kind, text, key, call),
        (Reading::Kind(ObservableKind::AutonomousSystem), Value::Integer(number)) => {
            if let Ok(number) = u32::try_from(*number) {
                call(Asked::Other(ObservableKind::AutonomousSystem, &number.to_be_bytes()));
            }
        }
        _ => {}
    }
}

fn place(text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    if write(ObservableKind::Hostname, text, key).is_ok() {
        call(Asked::Name(key));
    } else if let Ok(address) = text.trim().parse::<IpAddr>() {
        call(Asked::Address(address.to_canonical()));
    }
}

fn url(text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    let Ok(parts) = write_url(text, key) else { return };
    call(Asked::Url(key, parts.bare));
    let Some(host) = key.get(parts.host) else { return };
    // The form of a host that is no name ends in a digit, or has a colon in it.
    let is_name = host.last().is_some_and(u8::is_ascii_alphabetic)
        || !host.iter().all(|byte| b"0123456789.:abcdef".contains(byte));
    match std::str::from_utf8(host).ok().filter(|_| !is_name).and_then(|host| host.parse().ok()) {
        Some(address) => call(Asked::Address(address)),
        None => call(Asked::Name(host)),
    }
}

fn digest(text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    let text = text.trim();
    let kind = match text.len() {
        32 => ObservableKind::Md5,
        40 => ObservableKind::Sha1,
        56 => ObservableKind::Sha224,
        64 => ObservableKind::Sha256,
        96 => ObservableKind::Sha384,
        128 => ObservableKind::Sha512,
        _ if text.contains(':') => ObservableKind::Ssdeep,
        _ => ObservableKind::Tlsh,
    };
    other(kind, text, key, call);
    if kind == ObservableKind::Md5 {
        call(Asked::Other(ObservableKind::Imphash, key));
    }
}

fn other(kind: ObservableKind, text: &str, key: &mut Key, call: &mut impl FnMut(Asked<'_>)) {
    if write(kind, text, key).is_ok() {
        call(Asked::Other(kind, key));
    }
}
