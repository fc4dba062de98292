//! Blocks and what crosses the border in their place.

use std::hash::Hasher;
use std::time::Duration;

use autosec_core::enforce::{Block, REASON_LIMIT};
use autosec_core::net;
use autosec_core::time::Timestamp;
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::plugin::interface::Entry;

/// A block for the plugin that is called so.
pub(super) fn of_block(block: &Block, plugin: &str, keeps_time: bool, now: Timestamp) -> Entry {
    let target = net::display(net::canonical_network(block.target));
    let ttl = block.ttl.filter(|_| keeps_time);
    Entry {
        idempotency_key: key(plugin, &target, ttl.map(|ttl| now + ttl)),
        target,
        ttl_secs: ttl.map(whole_seconds),
        reason: printable(&block.reason),
        extra: Vec::new(),
    }
}

/// What a plugin lists, if its target can be read.
pub(super) fn to_block(entry: &Entry) -> Option<Block> {
    Some(Block {
        target: net::network(&entry.target).ok()?,
        ttl: entry.ttl_secs.map(|secs| Duration::from_secs(secs.into())),
        reason: printable(&entry.reason),
    })
}

/// The same for the same plugin, target and end, at whatever moment and on whatever machine it is asked for.
///
/// The end counts in whole seconds: a retry reckons it from a time left that is some microseconds off.
fn key(plugin: &str, target: &str, end: Option<Timestamp>) -> String {
    let mut hasher = SipHasher24::new();
    for part in [plugin, target] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.write(&end.map_or(i64::MAX, |end| end.as_micros().div_euclid(1_000_000)).to_le_bytes());
    format!("{:032x}", hasher.finish128().as_u128())
}

/// Rounded up: a block that ends early lets somebody in.
fn whole_seconds(ttl: Duration) -> u32 {
    let started = u64::from(ttl.subsec_nanos() > 0);
    u32::try_from(ttl.as_secs().saturating_add(started)).unwrap_or(u32::MAX)
}

fn printable(reason: &str) -> String {
    reason.chars().filter(|c| matches!(c, ' '..='~')).take(REASON_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn entry(target: &str, ttl: Option<Duration>, plugin: &str, now: Timestamp) -> Entry {
        let reason = format!("rule=\u{7}sc\u{e4}n {}", "x".repeat(200));
        of_block(&Block { target: target.parse().unwrap(), ttl, reason }, plugin, true, now)
    }

    #[test]
    fn a_block_crosses_in_plain_text() {
        let crossed = entry("::ffff:203.0.113.7/128", Some(Duration::from_millis(59_001)), "edge", NOW);
        assert_eq!((crossed.target.as_str(), crossed.ttl_secs), ("203.0.113.7", Some(60)));
        assert!(crossed.reason.starts_with("rule=scn xx") && crossed.reason.len() == REASON_LIMIT);
        assert_eq!(entry("2001:db8::1/32", None, "edge", NOW).target, "2001:db8::/32");
        assert_eq!(entry("10.0.0.1/32", Some(Duration::MAX), "edge", NOW).ttl_secs, Some(u32::MAX));
    }

    #[test]
    fn a_device_without_expiry_is_told_of_none() {
        let block = Block {
            target: "10.0.0.1/32".parse().unwrap(),
            ttl: Some(Duration::from_secs(9)),
            reason: String::new(),
        };
        assert_eq!(of_block(&block, "edge", false, NOW).ttl_secs, None);
    }

    #[test]
    fn a_key_is_of_plugin_target_and_end() {
        let minute = Duration::from_secs(60);
        let first = entry("203.0.113.7/32", Some(minute), "edge", NOW).idempotency_key;
        let later = entry(
            "203.0.113.7/32",
            Some(minute - Duration::from_secs(3)),
            "edge",
            NOW + Duration::from_secs(3),
        );
        assert_eq!(later.idempotency_key, first, "a retry has less time left and the same end");
        assert_eq!(first.len(), 32);
        let others = [
            entry("203.0.113.7/32", Some(minute), "core", NOW),
            entry("203.0.113.8/32", Some(minute), "edge", NOW),
            entry("203.0.113.7/32", Some(minute), "edge", NOW + minute),
            entry("203.0.113.7/32", None, "edge", NOW),
        ];
        for other in others {
            assert_ne!(other.idempotency_key, first, "{other:?}");
        }
        // Fixed for ever: a plugin may keep it on a device.
        assert_eq!(first, entry("203.0.113.7/32", Some(minute), "edge", NOW).idempotency_key);
    }

    #[test]
    fn a_listing_is_read_back() {
        let listed = |target: &str| {
            to_block(&Entry { target: target.to_owned(), ..entry("10.0.0.1/32", None, "edge", NOW) })
        };
        assert_eq!(listed("2001:db8::/48").unwrap().target.to_string(), "2001:db8::/48");
        assert_eq!(listed("203.0.113.7").unwrap().target.to_string(), "203.0.113.7/32");
        assert_eq!(listed("everyone"), None);
    }
}
