//! What a plugin says that its device can do.

use std::time::Duration;

use autosec_core::enforce::Capabilities;
use ipnet::IpNet;

use crate::plugin::interface::{Metadata, PrefixLengths};
use crate::plugin::manifest::is_hiding;

/// The most items of one call, whatever a plugin says.
const BATCH_LIMIT: u32 = 10_000;
/// The longest text that a plugin may say of itself, in bytes.
const TEXT_LIMIT: usize = 128;

/// What a plugin says of itself that cannot be meant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// A text is empty, too long or not printable.
    #[error("the plugin's `{field}` must be 1 to 128 bytes of printable text")]
    Text {
        /// Which text.
        field: &'static str,
    },
    /// It takes neither IPv4 nor IPv6.
    #[error("the plugin takes neither IPv4 nor IPv6, so nothing can be blocked with it")]
    NoFamily,
    /// The lengths of prefixes contradict each other or the family.
    #[error("the plugin takes prefixes of {family} from /{shortest} to /{longest}, which is no range of it")]
    Prefixes {
        /// Which family.
        family: &'static str,
        /// The shortest.
        shortest: u8,
        /// The longest.
        longest: u8,
    },
    /// A limit of 0 leaves nothing.
    #[error("the plugin's limit `{limit}` is 0, so nothing can be blocked with it")]
    Zero {
        /// Which limit.
        limit: &'static str,
    },
}

/// Refuses what cannot be meant.
pub(in crate::plugin) fn check(metadata: &Metadata) -> Result<(), MetadataError> {
    let texts = [("name", &metadata.name), ("vendor", &metadata.vendor), ("version", &metadata.version)];
    for (field, text) in texts {
        if text.is_empty() || text.len() > TEXT_LIMIT || text.contains(is_hiding) {
            return Err(MetadataError::Text { field });
        }
    }
    if metadata.ipv4.is_none() && metadata.ipv6.is_none() {
        return Err(MetadataError::NoFamily);
    }
    for (family, lengths, most) in [("IPv4", metadata.ipv4, 32), ("IPv6", metadata.ipv6, 128)] {
        match lengths {
            Some(PrefixLengths { shortest, longest }) if shortest > longest || longest > most => {
                return Err(MetadataError::Prefixes { family, shortest, longest });
            }
            _ => {}
        }
    }
    let limits = &metadata.limits;
    let zeros = [
        ("max-batch", limits.max_batch == 0),
        ("max-entries", limits.max_entries == Some(0)),
        ("max-ttl-secs", limits.max_ttl_secs == Some(0)),
    ];
    zeros
        .into_iter()
        .find(|(_, is_zero)| *is_zero)
        .map_or(Ok(()), |(limit, _)| Err(MetadataError::Zero { limit }))
}

/// The same in the enforcer's words.
pub(in crate::plugin) fn capabilities(metadata: &Metadata) -> Capabilities {
    let limits = &metadata.limits;
    let takes_prefixes =
        |lengths: Option<PrefixLengths>, host| lengths.is_some_and(|held| held.shortest < host);
    Capabilities {
        native_ttl: metadata.features.ttl,
        max_ttl: limits.max_ttl_secs.filter(|_| metadata.features.ttl).map(Duration::from_secs),
        prefixes: takes_prefixes(metadata.ipv4, 32) || takes_prefixes(metadata.ipv6, 128),
        ipv6: metadata.ipv6.is_some(),
        batch: usize::try_from(limits.max_batch.min(BATCH_LIMIT)).unwrap_or(usize::MAX),
        capacity: limits.max_entries.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        atomic: metadata.features.atomic,
    }
}

/// Why the device cannot hold `target`, if it cannot.
pub(in crate::plugin) fn obstacle(metadata: &Metadata, target: IpNet) -> Option<String> {
    let (family, lengths) = match target {
        IpNet::V4(_) => ("IPv4", metadata.ipv4),
        IpNet::V6(_) => ("IPv6", metadata.ipv6),
    };
    let Some(PrefixLengths { shortest, longest }) = lengths else {
        return Some(format!("it takes no {family}"));
    };
    let length = target.prefix_len();
    if (shortest..=longest).contains(&length) {
        None
    } else if shortest == longest && longest == target.max_prefix_len() {
        Some("it takes single addresses only".to_owned())
    } else {
        Some(format!("it takes {family} from /{shortest} to /{longest}, and this is /{length}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::interface::{Features, Limits};

    fn metadata() -> Metadata {
        Metadata {
            name: "edge".to_owned(),
            vendor: "nobody".to_owned(),
            version: "1.0.0".to_owned(),
            ipv4: Some(PrefixLengths { shortest: 8, longest: 32 }),
            ipv6: Some(PrefixLengths { shortest: 12, longest: 64 }),
            features: Features { ttl: true, ..Features::default() },
            limits: Limits {
                max_batch: 500,
                max_entries: None,
                max_ttl_secs: Some(3_600),
                min_interval_ms: 0,
            },
            extra: Vec::new(),
        }
    }

    type Altered = (fn(&mut Metadata), MetadataError);

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(check(&metadata()), Ok(()));
        let refused: [Altered; 7] = [
            (|m| m.name.clear(), MetadataError::Text { field: "name" }),
            (|m| m.vendor = "a\u{1b}[2J".to_owned(), MetadataError::Text { field: "vendor" }),
            (|m| m.version = "9".repeat(129), MetadataError::Text { field: "version" }),
            (|m| (m.ipv4, m.ipv6) = (None, None), MetadataError::NoFamily),
            (
                |m| m.ipv4 = Some(PrefixLengths { shortest: 8, longest: 33 }),
                MetadataError::Prefixes { family: "IPv4", shortest: 8, longest: 33 },
            ),
            (
                |m| m.ipv6 = Some(PrefixLengths { shortest: 65, longest: 64 }),
                MetadataError::Prefixes { family: "IPv6", shortest: 65, longest: 64 },
            ),
            (|m| m.limits.max_batch = 0, MetadataError::Zero { limit: "max-batch" }),
        ];
        for (alter, error) in refused {
            let mut altered = metadata();
            alter(&mut altered);
            assert_eq!(check(&altered), Err(error));
        }
    }

    #[test]
    fn abilities_are_said_in_the_words_of_the_enforcer() {
        let all = capabilities(&metadata());
        assert_eq!((all.native_ttl, all.prefixes, all.ipv6, all.batch), (true, true, true, 500));
        assert_eq!(all.max_ttl, Some(Duration::from_secs(3_600)));
        let mut hosts = metadata();
        hosts.features.ttl = false;
        hosts.ipv4 = Some(PrefixLengths { shortest: 32, longest: 32 });
        hosts.ipv6 = None;
        hosts.limits.max_batch = u32::MAX;
        let few = capabilities(&hosts);
        assert_eq!((few.native_ttl, few.prefixes, few.ipv6, few.batch), (false, false, false, 10_000));
        assert_eq!(few.max_ttl, None, "without an expiry of its own there is no longest one");
    }

    #[test]
    fn what_it_cannot_hold_is_said_by_family_and_length() {
        let at = |text: &str| obstacle(&metadata(), text.parse().unwrap());
        assert_eq!(at("203.0.113.7/32"), None);
        assert_eq!(at("2001:db8::/64"), None);
        assert_eq!(at("2001:db8::1/128").unwrap(), "it takes IPv6 from /12 to /64, and this is /128");
        assert_eq!(at("192.0.0.0/4").unwrap(), "it takes IPv4 from /8 to /32, and this is /4");
        let hosts = PrefixLengths { shortest: 32, longest: 32 };
        let few = Metadata { ipv4: Some(hosts), ipv6: None, ..metadata() };
        assert_eq!(obstacle(&few, "10.0.0.0/8".parse().unwrap()).unwrap(), "it takes single addresses only");
        assert_eq!(obstacle(&few, "::1/128".parse().unwrap()).unwrap(), "it takes no IPv6");
    }
}
