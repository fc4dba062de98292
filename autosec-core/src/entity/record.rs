use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use super::printable;
use crate::net;

/// The subject of a finding, a risk and a decision.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Entity {
    /// A network address, or a prefix that stands for one client (an IPv6 /64). Entities are equal when these are, so
    /// make it with [`Entity::address`] or `Entity::from`, which bring it to its one form; whatever AutoSec takes in
    /// is brought there as well ([`Entity::canonical`]).
    Address(#[serde(deserialize_with = "canonical_network")] IpNet),
    /// A host by name.
    Host(Arc<str>),
    /// A user account by name.
    User(Arc<str>),
    /// Anything else, by its own name.
    Other(Arc<str>),
}

impl Entity {
    /// The entity of one address; an IPv4-mapped IPv6 address becomes its IPv4 address.
    pub fn address(address: IpAddr) -> Self {
        Self::from(IpNet::from(address))
    }

    /// The same entity in its one form: prefixes as [`net::canonical_network`] has them, names as they are.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Entity::Address(network) => Self::from(network),
            named => named,
        }
    }

    /// The address or prefix in its one form, if it is one: what a firewall can act on.
    pub fn network(&self) -> Option<IpNet> {
        match self {
            Entity::Address(network) => Some(net::canonical_network(*network)),
            _ => None,
        }
    }

    /// The kind in one word: `address`, `host`, `user` or `other`.
    pub fn kind(&self) -> &'static str {
        match self {
            Entity::Address(_) => "address",
            Entity::Host(_) => "host",
            Entity::User(_) => "user",
            Entity::Other(_) => "other",
        }
    }

    /// What it is called, whole and as it came; to show it, use `Display`.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Entity::Address(network) => Cow::Owned(net::display(*network)),
            Entity::Host(name) | Entity::User(name) | Entity::Other(name) => Cow::Borrowed(name),
        }
    }
}

/// The entity of a prefix in its one form: IPv4 where it is IPv4-mapped, without host bits.
impl From<IpNet> for Entity {
    fn from(network: IpNet) -> Self {
        Self::Address(net::canonical_network(network))
    }
}

/// An address without its full-length prefix; a name with what is invisible in it escaped, and cut at
/// [`PRINTABLE_LIMIT`](super::PRINTABLE_LIMIT).
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(&self.name()))
    }
}

fn canonical_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
    IpNet::deserialize(deserializer).map(net::canonical_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_form_however_it_is_made() {
        let plain = Entity::address("192.0.2.7".parse().unwrap());
        let mapped: IpNet = "::ffff:192.0.2.7/128".parse().unwrap();
        assert_eq!(Entity::address("::ffff:192.0.2.7".parse().unwrap()), plain);
        assert_eq!(Entity::from(mapped), plain);
        assert_eq!(Entity::Address(mapped).canonical(), plain);
        assert_eq!(Entity::Address(mapped).network(), plain.network());
        let read = |text: &str| serde_json::from_str::<Entity>(text).unwrap();
        assert_eq!(read(r#"{"type":"address","value":"::ffff:192.0.2.7/128"}"#), plain);
        assert_eq!(
            read(r#"{"type":"address","value":"192.0.2.7/24"}"#),
            Entity::Address("192.0.2.0/24".parse().unwrap())
        );
        let written = serde_json::to_string(&plain).unwrap();
        assert_eq!(read(&written), plain);
    }

    #[test]
    fn shows_names_without_what_hides_in_them() {
        let eve = Entity::User("eve\u{1b}[2J\n\u{7}".into());
        assert_eq!(format!("{eve:<22}|"), r"eve\u{1b}[2J\n\u{7}   |");
        assert_eq!(eve.name(), "eve\u{1b}[2J\n\u{7}");
        assert_eq!(Entity::Host("x".repeat(300).into()).to_string().chars().count(), 201);
    }
}
