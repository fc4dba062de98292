use ipnet::IpNet;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Role;
use crate::entity::printable;
use crate::net;

/// Why a decision must not reach a firewall. Serialized as a `code` and a `text`.
///
/// Its text is for the operator who wonders why nothing was blocked; where a setting is the reason, it names the setting.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The allowlist covers the subject or a part of it.
    #[error("the allowlist holds `{entry}`{}", note(.name))]
    Allowlisted {
        /// The entry.
        entry: String,
        /// What the host calls it.
        name: String,
    },
    /// The subject is or overlaps a special range.
    #[error(
        "`{target}` is {range} address space: allow it by `guard.protect_special: false` if that is meant"
    )]
    Special {
        /// What was to be blocked.
        target: IpNet,
        /// The range's name.
        range: &'static str,
    },
    /// The prefix is wider than the guard lets through.
    #[error(
        "`{target}` is wider than /{widest}, the widest prefix that `guard.widest_ipv4` or `widest_ipv6` allows"
    )]
    TooWide {
        /// What was to be blocked.
        target: IpNet,
        /// The widest prefix length allowed.
        widest: u8,
    },
    /// Too many new blocks in one interval.
    #[error("{limit} new blocks in one interval is the most that `guard.max_new` allows")]
    TooMany {
        /// The most new blocks an interval.
        limit: usize,
    },
    /// The new blocks would be too large a share of the clients who were here before.
    #[error(
        "{blocks} new blocks would be more than the share {share} of {clients} recent clients that `guard.max_share` allows"
    )]
    TooLargeShare {
        /// New blocks of regulars, this one included.
        blocks: usize,
        /// How many regulars there are, estimated.
        clients: usize,
        /// The greatest share allowed, in percent.
        share: String,
    },
    /// It would cut off something that the host lives by.
    #[error("`{}` would cut off `{}`, {role}", net::display(*.target), net::display(*.network))]
    Vital {
        /// What was to be blocked.
        target: IpNet,
        /// What would be cut off.
        network: IpNet,
        /// What that is to the host.
        role: Role,
    },
}

impl Refusal {
    /// A stable word for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Allowlisted { .. } => "allowlisted",
            Refusal::Special { .. } => "special",
            Refusal::TooWide { .. } => "too-wide",
            Refusal::TooMany { .. } => "too-many",
            Refusal::TooLargeShare { .. } => "too-large-share",
            Refusal::Vital { .. } => "vital",
        }
    }
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut refusal = serializer.serialize_struct("Refusal", 2)?;
        refusal.serialize_field("code", self.code())?;
        refusal.serialize_field("text", &self.to_string())?;
        refusal.end()
    }
}

fn note(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({})", printable(name)) }
}
