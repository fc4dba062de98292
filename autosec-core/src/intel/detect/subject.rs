use std::net::IpAddr;
use std::sync::Arc;

use super::super::ObservableKind;
use super::super::index::Asked;
use crate::entity::Entity;
use crate::event::{Event, FieldId, field};
use crate::net;

/// An IPv6 client usually holds a whole /64, and rules count it so.
const CLIENT_PREFIX: u8 = 64;

/// The fields that [`subject`] asks.
pub(in crate::intel) const FIELDS: [FieldId; 7] = [
    field::SOURCE_IP,
    field::DESTINATION_IP,
    field::CLIENT_IP,
    field::HOST_NAME,
    field::HOST_HOSTNAME,
    field::USER_NAME,
    field::USER_EMAIL,
];

/// Whom a finding is about:
///
/// - the address itself, where an address is listed: a client's IPv6 address as its /64;
/// - the peer, where its autonomous system is listed;
/// - the client, where the fingerprint or name of its software is listed;
/// - else the host, the user or the client, the first that the event names: whoever asked for the name or holds the file;
/// - else something unknown, because a finding must not be lost for that.
pub(in crate::intel) fn subject(event: &Event<'_>, field: FieldId, asked: Asked<'_>) -> Entity {
    let of_peer = |field| event.address(field).map(|address| client(field, address));
    let found = match asked {
        Asked::Address(address) => Some(client(field, address)),
        Asked::Other(ObservableKind::AutonomousSystem, _) if field == field::DESTINATION_AS_NUMBER => {
            of_peer(field::DESTINATION_IP)
        }
        Asked::Other(
            ObservableKind::AutonomousSystem
            | ObservableKind::UserAgent
            | ObservableKind::Ja3
            | ObservableKind::Ja4,
            _,
        ) => of_peer(field::SOURCE_IP).or_else(|| of_peer(field::CLIENT_IP)),
        Asked::Other(ObservableKind::Ja3s, _) => of_peer(field::DESTINATION_IP),
        _ => None,
    };
    found.or_else(|| who(event)).unwrap_or_else(|| Entity::Other("unknown".into()))
}

/// Whose doing the event is.
fn who(event: &Event<'_>) -> Option<Entity> {
    let named = |field| event.text(field).filter(|name| !name.is_empty()).map(Arc::from);
    let host = named(field::HOST_NAME).or_else(|| named(field::HOST_HOSTNAME)).map(Entity::Host);
    let user = || named(field::USER_NAME).or_else(|| named(field::USER_EMAIL)).map(Entity::User);
    let address = |field| event.address(field).map(|address| client(field, address));
    host.or_else(user).or_else(|| address(field::SOURCE_IP)).or_else(|| address(field::CLIENT_IP))
}

fn client(field: FieldId, address: IpAddr) -> Entity {
    if field == field::SOURCE_IP || field == field::CLIENT_IP || field == field::SOURCE_ADDRESS {
        Entity::from(net::client(address, CLIENT_PREFIX))
    } else {
        Entity::address(address)
    }
}
