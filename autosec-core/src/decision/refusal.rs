use ipnet::IpNet;

use crate::entity::printable;

/// Why a decision must not reach a firewall.
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
    /// The new blocks would be too large a share of the clients seen lately.
    #[error(
        "{blocks} new blocks would be more than the share {share} of {clients} recent clients that `guard.max_share` allows"
    )]
    TooLargeShare {
        /// New blocks in the interval, this one included.
        blocks: usize,
        /// Distinct clients seen lately, estimated.
        clients: usize,
        /// The greatest share allowed, in percent.
        share: String,
    },
}

fn note(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({})", printable(name)) }
}
