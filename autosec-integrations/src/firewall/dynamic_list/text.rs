use std::cmp::Reverse;
use std::fmt::Write;
use std::hash::Hasher;

use autosec_core::time::Timestamp;
use ipnet::IpNet;
use siphasher::sip128::{Hasher128, SipHasher13};

use super::Consumer;

/// A text made for one consumer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Text {
    pub(super) body: String,
    /// In double quotes, as HTTP has it.
    pub(super) etag: String,
    pub(super) entries: usize,
    pub(super) left_out: usize,
}

/// Writes the blocks a consumer can take, each with the time it ends: those that last longest where there are too many,
/// because a long block is one of a repeated offender. Lines are in the order of their addresses, so that two
/// versions can be compared.
pub(super) fn write(blocks: impl Iterator<Item = (IpNet, Option<Timestamp>)>, consumer: &Consumer) -> Text {
    let mut taken: Vec<_> = blocks.collect();
    let all = taken.len();
    taken.retain(|(target, _)| consumer.takes(target));
    if let Some(capacity) = consumer.capacity
        && taken.len() > capacity
    {
        // `None` has no end, and is the greatest.
        taken.sort_by_key(|(target, until)| (until.is_some(), Reverse(*until), *target));
        taken.truncate(capacity);
        taken.sort_unstable_by_key(|(target, _)| *target);
    }
    let mut body = String::with_capacity(taken.len() * 16);
    for (target, _) in &taken {
        let is_host = target.prefix_len() == target.max_prefix_len() && !consumer.hosts_as_prefixes;
        // Writing to a text cannot fail.
        let _ = if is_host { writeln!(body, "{}", target.addr()) } else { writeln!(body, "{target}") };
    }
    Text { etag: etag(&body), body, entries: taken.len(), left_out: all - taken.len() }
}

/// A strong entity tag: the same for the same text, also after a restart.
fn etag(body: &str) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(body.as_bytes());
    format!("\"{:032x}\"", hasher.finish128().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> impl Iterator<Item = (IpNet, Option<Timestamp>)> {
        let at = |seconds| Some(Timestamp::from_secs(seconds));
        let blocks = [
            ("192.0.2.1/32", at(50)),
            ("198.51.100.0/24", at(90)),
            ("203.0.113.7/32", None),
            ("2001:db8::/64", at(70)),
        ];
        blocks.into_iter().map(|(target, until)| (target.parse().unwrap(), until))
    }

    #[test]
    fn writes_what_the_consumer_takes() {
        let all = write(blocks(), &Consumer::default());
        assert_eq!(all.body, "192.0.2.1\n198.51.100.0/24\n203.0.113.7\n2001:db8::/64\n");
        assert_eq!((all.entries, all.left_out), (4, 0));

        let old = Consumer { prefixes: false, ipv6: false, hosts_as_prefixes: true, ..Consumer::default() };
        let old = write(blocks(), &old);
        assert_eq!((old.body.as_str(), old.left_out), ("192.0.2.1/32\n203.0.113.7/32\n", 2));
        assert_ne!(old.etag, all.etag);
    }

    #[test]
    fn keeps_what_lasts_longest() {
        let small = write(blocks(), &Consumer { capacity: Some(2), ..Consumer::default() });
        assert_eq!((small.body.as_str(), small.left_out), ("198.51.100.0/24\n203.0.113.7\n", 2));
    }
}
