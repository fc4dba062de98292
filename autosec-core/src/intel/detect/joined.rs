use super::super::ObservableKind;
use super::super::index::{Asked, Part, Parts, Record, Spaces, anchor};
use super::super::observable::read_network;
use super::fields::ObservedFields;
use super::seen;
use crate::event::{Event, FieldId, field};

/// The value of a record that the event has as a whole, where `asked` in `field` is one of its parts.
pub(super) fn value<'r>(
    record: &Record<'r>,
    asked: Asked<'_>,
    field: FieldId,
    event: &Event<'_>,
    fields: &ObservedFields,
) -> Option<Parts<'r>> {
    record.values().find(|parts| {
        let Some(found) = anchor(parts).filter(|part| covers(*part, asked)) else { return false };
        parts.iter().all(|part| *part == found || has(event, fields, *part, field))
    })
}

fn has(event: &Event<'_>, fields: &ObservedFields, part: Part<'_>, beside: FieldId) -> bool {
    if part.kind == ObservableKind::Port {
        return ports(beside).iter().any(|port| {
            let port = event.integer(*port).and_then(|port| u16::try_from(port).ok());
            port.is_some_and(|port| port.to_be_bytes() == part.key)
        });
    }
    let mut found = false;
    seen::each(event, fields, Spaces::ALL, |_, asked| found |= covers(part, asked));
    found
}

/// Where the port of an address, a name or a URL stands.
fn ports(beside: FieldId) -> &'static [FieldId] {
    const SOURCES: [FieldId; 5] = [
        field::SOURCE_IP,
        field::SOURCE_ADDRESS,
        field::SOURCE_NAT_IP,
        field::SOURCE_DOMAIN,
        field::CLIENT_IP,
    ];
    const URLS: [FieldId; 3] = [field::URL_FULL, field::URL_ORIGINAL, field::URL_DOMAIN];
    if SOURCES.contains(&beside) {
        &[field::SOURCE_PORT]
    } else if URLS.contains(&beside) {
        &[field::URL_PORT, field::DESTINATION_PORT]
    } else if beside == field::RELATED_IP || beside == field::RELATED_HOSTS {
        &[field::DESTINATION_PORT, field::SOURCE_PORT]
    } else {
        &[field::DESTINATION_PORT]
    }
}

/// Whether what is listed is meant with what was seen.
fn covers(part: Part<'_>, asked: Asked<'_>) -> bool {
    match (part.kind, asked) {
        (ObservableKind::Network, Asked::Address(address)) => {
            read_network(part.key).is_some_and(|network| network.contains(&address))
        }
        (ObservableKind::Hostname, Asked::Name(name)) => part.key == name,
        (ObservableKind::Domain, Asked::Name(name)) => {
            let below = name.strip_suffix(part.key);
            below.is_some_and(|below| below.is_empty() || below.ends_with(b"."))
        }
        (ObservableKind::Url, Asked::Url(url, bare)) => part.key == url || url.get(bare..) == Some(part.key),
        (kind, Asked::Other(seen, key)) => kind == seen && part.key == key,
        _ => false,
    }
}
