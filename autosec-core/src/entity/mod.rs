//! Who or what a finding is about: [`Entity`].
//!
//! An entity is the key that everything about one actor hangs on: risk is remembered, blocks escalate and allowlists
//! answer by entity. So two spellings of one actor must be one entity. Addresses are made canonical
//! ([`Entity::address`]); names are taken as they are, because whether `Ann` and `ann` are one person is known to the
//! host alone.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::net;

/// The subject of a finding, a risk and a decision.
///
/// Only an address can be blocked by a firewall; a decision about a host or a user is the host application's to carry
/// out.
///
/// ```
/// use autosec_core::entity::Entity;
///
/// let mapped = Entity::address("::ffff:192.0.2.7".parse()?);
/// assert_eq!(mapped, Entity::address("192.0.2.7".parse()?));
/// assert_eq!(mapped.to_string(), "192.0.2.7");
///
/// let client = Entity::Address("2001:db8:1:2::/64".parse()?);
/// assert_eq!(client.network().unwrap().prefix_len(), 64);
/// assert_eq!(Entity::User("eve".into()).network(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Entity {
    /// A network address, or a prefix that stands for one client (an IPv6 /64).
    Address(IpNet),
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
        Self::Address(IpNet::from(net::canonical(address)))
    }

    /// The address or prefix, if it is one: what a firewall can act on.
    pub fn network(&self) -> Option<IpNet> {
        match self {
            Entity::Address(network) => Some(*network),
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
}

/// An address without its full-length prefix, a name as it is.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entity::Address(network) => f.pad(&net::display(*network)),
            Entity::Host(name) | Entity::User(name) | Entity::Other(name) => f.pad(name),
        }
    }
}
