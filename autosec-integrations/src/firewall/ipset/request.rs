//! What is asked of the kernel's ipset, and what its answers say: bytes in and out, nothing else.
//!
//! Attributes are numbers here; these are their names in the kernel's `ip_set.h`, where others may look them up:
//!
//! | where | attributes |
//! |---|---|
//! | a message | 1 `PROTOCOL`, 2 `SETNAME`, 3 `TYPENAME`, 4 `REVISION`, 5 `FAMILY`, 6 `FLAGS`, 7 `DATA`, 8 `ADT`, 9 `LINENO`, 10 `REVISION_MIN` |
//! | a set's `DATA` | 6 `TIMEOUT`, 8 `CADT_FLAGS`, 18 `HASHSIZE`, 19 `MAXELEM`, 24 `ELEMENTS`, 25 `REFERENCES` |
//! | an entry's `DATA` | 1 `IP` (1 `IPADDR_IPV4`, 2 `IPADDR_IPV6`), 3 `CIDR`, 6 `TIMEOUT`, 8 `CADT_FLAGS`, 9 `LINENO`, 26 `COMMENT` |
//!
//! Every message begins with the protocol's number.

use autosec_core::enforce::Block;

use super::entry::{self, Entry};
use super::family::Family;
use crate::firewall::netlink::{Attributes, Encoder, Reply, attributes, replies};

/// The number of ipset among netfilter's subsystems.
const SUBSYSTEM: u16 = 6;
/// The protocol of every kernel since 2.6.39; those since 5.0 speak 7 too, which adds nothing that is used here.
const PROTOCOL: u8 = 6;
/// The kind of set: prefixes of mixed lengths, each found in constant time.
const KIND: &str = "hash:net";
/// The first revision of that kind whose entries have comments (Linux 3.14). Sets are made of this one, not of the
/// newest, so that every `ipset` program can list them.
const REVISION: u8 = 4;
/// The flag of a set whose entries have comments.
const COMMENTS: u32 = 16;
/// Asks for what a set is, without its entries.
const HEADER_ONLY: u32 = 4;
const NETWORK_ORDER: u16 = 0x4000;

/// A message's operation; the numbers are the kernel's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u16)]
pub(super) enum Operation {
    Create = 2,
    Destroy = 3,
    Flush = 4,
    List = 7,
    Add = 9,
    Delete = 10,
    Test = 11,
    Type = 13,
}

impl Operation {
    pub(super) fn kind(self) -> u16 {
        SUBSYSTEM << 8 | self as u16
    }
}

/// Asks which revisions of our kind of set the kernel has.
pub(super) fn revisions(message: &mut Encoder, family: Family) {
    message.attribute(1, &[PROTOCOL]);
    message.text(3, KIND);
    message.attribute(5, &[family.number()]);
}

/// The revision to make sets of; none where comments cannot be kept.
pub(super) fn revision(answer: &Reply<'_>) -> Option<u8> {
    let answer = answer.attributes();
    let &[newest] = answer.find(4)? else { return None };
    let oldest = answer.find(10).and_then(<[u8]>::first).copied().unwrap_or(0);
    (newest >= REVISION).then_some(REVISION.max(oldest))
}

/// Makes a set; one that is there already and is the same is left as it is.
pub(super) fn create(message: &mut Encoder, set: &str, family: Family, revision: u8, capacity: u32) {
    named(message, set);
    message.text(3, KIND);
    message.attribute(4, &[revision]);
    message.attribute(5, &[family.number()]);
    message.nest(7, |made| {
        // Entries without a time of their own stay for ever.
        made.number(6 | NETWORK_ORDER, 0);
        made.number(8 | NETWORK_ORDER, COMMENTS);
        made.number(18 | NETWORK_ORDER, places(capacity));
        // The mark is an entry too.
        made.number(19 | NETWORK_ORDER, capacity.saturating_add(1));
    });
}

/// How many places a set's table begins with, 8 bytes each. The kernel doubles one that gets too full, and waits each time
/// until nobody reads the old one: beginning with 1,024 places, 100,000 blocks took 214 ms, with 65,536 they took 79 ms
/// (2026-11-22, 2-core x86-64 VM, Linux 6.18). One of few entries begins smaller, because the kernel keeps each part of
/// a table to its share of the capacity, and parts of few entries are uneven.
fn places(capacity: u32) -> u32 {
    (capacity / 4).clamp(64, 65_536).next_power_of_two()
}

/// Names a set: all that destroying, flushing and listing it take.
pub(super) fn named(message: &mut Encoder, set: &str) {
    message.attribute(1, &[PROTOCOL]);
    message.text(2, set);
}

/// Asks what a set is.
pub(super) fn header(message: &mut Encoder, set: &str) {
    named(message, set);
    message.number(6 | NETWORK_ORDER, HEADER_ONLY);
}

/// Puts entries in or takes them out.
pub(super) fn change(message: &mut Encoder, set: &str, entries: &[Entry<'_>]) {
    named(message, set);
    // The place in the answer where the kernel writes which entry it objects to.
    message.number(9, 0);
    message.nest(8, |list| {
        for (line, entry) in (1..).zip(entries) {
            entry.write(list, line);
        }
    });
}

/// Puts the mark in (`whole`), or asks whether it is there.
pub(super) fn mark(message: &mut Encoder, set: &str, family: Family, whole: bool) {
    named(message, set);
    message.nest(7, |entry| entry::mark(entry, family, whole));
}

/// Which of a message's entries the kernel objects to, by what it sends back of the message.
pub(super) fn objected(echo: &[u8]) -> Option<usize> {
    // The echo is cut where the kernel says so little; its head then promises more than there is.
    let request = replies(echo).next()?;
    let line = usize::try_from(request.attributes().number(9)?).ok()?;
    line.checked_sub(1)
}

/// What a set is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Header {
    kind: String,
    family: u8,
    has_times: bool,
    has_comments: bool,
    /// How many entries it has, the mark included.
    pub(super) entries: u32,
    /// How many rules of the firewall look into it.
    pub(super) references: u32,
}

impl Header {
    pub(super) fn read(answer: &Reply<'_>, set: &str) -> Option<Self> {
        let answer = answer.attributes();
        if answer.text(2)? != set {
            return None;
        }
        let made = answer.inside(7);
        Some(Self {
            kind: answer.text(3)?.to_owned(),
            family: *answer.find(5)?.first()?,
            has_times: made.find(6).is_some(),
            has_comments: made.number(8).unwrap_or(0) & COMMENTS != 0,
            entries: made.number(24).unwrap_or(0),
            references: made.number(25).unwrap_or(0),
        })
    }

    /// Whether it is made as we make it, but for its size.
    pub(super) fn is_our_kind(&self, family: Family) -> bool {
        self.kind == KIND && self.family == family.number() && self.has_times && self.has_comments
    }
}

/// The blocks of one part of a set's listing.
pub(super) fn listed(answer: &Reply<'_>, set: &str, family: Family) -> Vec<Block> {
    let answer = answer.attributes();
    if answer.text(2) != Some(set) {
        return Vec::new();
    }
    let entries: Attributes<'_> = answer.inside(8);
    entries.filter_map(|(_, entry)| entry::read(attributes(entry), family)).collect()
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::firewall::netlink::{ACK, DUMP, Head, REQUEST};

    /// The name `autosec_v4`, and the protocol before it.
    const NAMED: &str = "0500 0100 0600 0000 0f00 0200 6175 746f 7365 635f 7634 0000";
    /// What the kernel answers (Linux 6.18) when asked for the revisions of `hash:net`.
    const REVISIONS: &str = "440000000d06000009000000b81c00000200000005000100060000000d000300686173683a6e65740000000005\
        00050002000000050004000700000005000a0000000000";
    /// Its listing of a set with 203.0.113.0/24 for an hour and our mark.
    const LISTING: &str = "040100000706020009000000b81c00000200000005000100060000000f0002006175746f7365635f763400000d00\
        0300686173683a6e657400000000050005000200000005000400070000004c00078008001240000004000800134000010000050015000c\
        00000008001140340ae833080019400000000008001a400000029d080018400000000208000640000000000800084000000010\
        6c000880340007800c00018008000100cb00710005000300180000000800064000000e0f11001a006175746f7365633a7363616e000000\
        00340007800c00018008000100ffffffff0500030020000000080008400000000408000640000000000c001a006175746f73656300";
    /// Its objection (code -4104) to the second of two entries, 0.0.0.0/0.
    const OBJECTION: &str = "8c00000002000000090000009b240000f8efffff7800000009060500090000000000000002000000050001000600\
        00000f0002006175746f7365635f76340000080009000000000244000880200007800c00018008000140c00002010500030020000000\
        0800094000000001200007800c000180080001400000000005000300000000000800094000000002";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
        let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    fn message(operation: Operation, flags: u16, fill: impl FnOnce(&mut Encoder)) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.message(Head { kind: operation.kind(), flags, sequence: 5, family: 2, resource: 0 }, fill);
        encoder.bytes().to_vec()
    }

    fn block(target: &str, ttl: Option<u64>, reason: &str) -> Block {
        Block {
            target: target.parse().unwrap(),
            ttl: ttl.map(Duration::from_secs),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_set_is_made_by_these_bytes() {
        let made = message(Operation::Create, REQUEST | ACK, |new| {
            create(new, "autosec_v4", Family::V4, 4, 1_000_000);
        });
        let expected = [
            "7000 0000 0206 0500 0500 0000 0000 0000 0200 0000",
            NAMED,
            // `hash:net`, revision 4, IPv4.
            "0d00 0300 6861 7368 3a6e 6574 0000 0000 0500 0400 0400 0000 0500 0500 0200 0000",
            // Times, comments, 65,536 places, 1,000,001 entries.
            "2400 0780 0800 0640 0000 0000 0800 0840 0000 0010 0800 1240 0001 0000 0800 1340 000f 4241",
        ];
        assert_eq!(made, bytes(&expected.join("")));
    }

    #[test]
    fn a_table_begins_as_large_as_it_may_become() {
        for (capacity, expected) in [(1, 64), (1_000, 256), (100_000, 32_768), (u32::MAX, 65_536)] {
            assert_eq!(places(capacity), expected, "{capacity}");
        }
    }

    #[test]
    fn entries_are_put_in_by_these_bytes() {
        let blocks = [block("192.0.2.1/32", Some(3600), "x"), block("10.9.8.7/8", None, "")];
        let entries: Vec<Entry<'_>> =
            (0..).zip(&blocks).map(|(item, block)| Entry::of_block(item, block)).collect();
        let added = message(Operation::Add, REQUEST | ACK, |add| change(add, "autosec_v4", &entries));
        let expected = [
            "a800 0000 0906 0500 0500 0000 0000 0000 0200 0000",
            NAMED,
            "0800 0900 0000 0000 7400 0880",
            // 192.0.2.1/32 for 3,600 s, `autosec:x`, the first.
            "3800 0780 0c00 0180 0800 0140 c000 0201 0500 0300 2000 0000 0800 0640 0000 0e10",
            "0e00 1a00 6175 746f 7365 633a 7800 0000 0800 0940 0000 0001",
            // 10.0.0.0/8 for ever, `autosec:`, the second.
            "3800 0780 0c00 0180 0800 0140 0a00 0000 0500 0300 0800 0000 0800 0640 0000 0000",
            "0d00 1a00 6175 746f 7365 633a 0000 0000 0800 0940 0000 0002",
        ];
        assert_eq!(added, bytes(&expected.join("")));
    }

    #[test]
    fn an_entry_is_taken_out_by_these_bytes() {
        let entry = Entry::of_target(7, "2001:db8:1::/48".parse().unwrap());
        let removed =
            message(Operation::Delete, REQUEST | ACK, |delete| change(delete, "autosec_v6", &[entry]));
        let expected = [
            "6400 0000 0a06 0500 0500 0000 0000 0000 0200 0000",
            &NAMED.replace("7634", "7636"),
            "0800 0900 0000 0000 3000 0880 2c00 0780",
            "1800 0180 1400 0240 2001 0db8 0001 0000 0000 0000 0000 0000 0500 0300 3000 0000 0800 0940 0000 0001",
        ];
        assert_eq!(removed, bytes(&expected.join("")));
    }

    #[test]
    fn the_mark_is_put_in_and_asked_for_by_these_bytes() {
        let put = message(Operation::Add, REQUEST | ACK, |add| mark(add, "autosec_v4", Family::V4, true));
        let expected = [
            "6000 0000 0906 0500 0500 0000 0000 0000 0200 0000",
            NAMED,
            // 255.255.255.255/32, never matches, for ever, `autosec`.
            "3400 0780 0c00 0180 0800 0140 ffff ffff 0500 0300 2000 0000 0800 0840 0000 0004",
            "0800 0640 0000 0000 0c00 1a00 6175 746f 7365 6300",
        ];
        assert_eq!(put, bytes(&expected.join("")));
        let asked =
            message(Operation::Test, REQUEST | ACK, |test| mark(test, "autosec_v4", Family::V4, false));
        let expected = [
            "4c00 0000 0b06 0500 0500 0000 0000 0000 0200 0000",
            NAMED,
            "2000 0780 0c00 0180 0800 0140 ffff ffff 0500 0300 2000 0000 0800 0840 0000 0004",
        ];
        assert_eq!(asked, bytes(&expected.join("")));
    }

    #[test]
    fn the_other_requests_are_these_bytes() {
        let asked = message(Operation::Type, REQUEST | ACK, |message| revisions(message, Family::V6));
        let expected = "3400 0000 0d06 0500 0500 0000 0000 0000 0200 0000 0500 0100 0600 0000 \
                        0d00 0300 6861 7368 3a6e 6574 0000 0000 0500 0500 0a00 0000";
        assert_eq!(asked, bytes(expected));
        let asked = message(Operation::List, REQUEST | DUMP, |message| header(message, "autosec_v4"));
        let head = "3400 0000 0706 0103 0500 0000 0000 0000 0200 0000";
        assert_eq!(asked, bytes(&format!("{head} {NAMED} 0800 0640 0000 0004")));
        for (operation, number) in
            [(Operation::Destroy, "03"), (Operation::Flush, "04"), (Operation::List, "07")]
        {
            let asked = message(operation, REQUEST | ACK, |message| named(message, "autosec_v4"));
            let head = format!("2c00 0000 {number}06 0500 0500 0000 0000 0000 0200 0000");
            assert_eq!(asked, bytes(&format!("{head} {NAMED}")));
        }
    }

    #[test]
    fn answers_of_the_kernel_are_understood() {
        let answer = bytes(REVISIONS);
        assert_eq!(revision(&replies(&answer).next().unwrap()), Some(4));
        for (newest, oldest, chosen) in [(3, 0, None), (4, 0, Some(4)), (9, 5, Some(5))] {
            let mut other = answer.clone();
            let at = other.len() - 4;
            (other[at - 8], other[at]) = (newest, oldest);
            assert_eq!(revision(&replies(&other).next().unwrap()), chosen, "{newest} to {oldest}");
        }
        let answer = bytes(LISTING);
        let listing = replies(&answer).next().unwrap();
        let header = Header::read(&listing, "autosec_v4").unwrap();
        assert!(header.is_our_kind(Family::V4) && !header.is_our_kind(Family::V6));
        assert_eq!((header.entries, header.references), (2, 0));
        assert_eq!(Header::read(&listing, "autosec_v6"), None);
        let blocks = listed(&listing, "autosec_v4", Family::V4);
        assert_eq!(blocks, [block("203.0.113.0/24", Some(3599), "scan")], "the mark is no block");
        assert_eq!(listed(&listing, "autosec_v6", Family::V6), []);
    }

    #[test]
    fn an_objection_names_its_entry() {
        let answer = bytes(OBJECTION);
        let objection = replies(&answer).next().unwrap();
        assert_eq!(objection.code(), Some(-4104));
        let echo = &answer[20..];
        assert_eq!(objected(echo), Some(1));
        assert_eq!(objected(&echo[..16]), None, "cut off");
        assert_eq!(objected(&[]), None);
        // An objection to the message as a whole leaves the place as it was sent.
        let mut whole = echo.to_vec();
        whole[51] = 0;
        assert_eq!(objected(&whole), None);
    }

    #[test]
    fn times_are_whole_seconds_and_never_none_by_accident() {
        for (ttl, seconds) in [
            (Some(Duration::ZERO), 1),
            (Some(Duration::from_nanos(1)), 1),
            (Some(Duration::from_millis(1001)), 2),
            (Some(Duration::from_secs(2_147_483)), 2_147_483),
            (Some(Duration::from_secs(2_147_484)), 2_147_483),
            (Some(Duration::MAX), 2_147_483),
            (None, 0),
        ] {
            let block = Block { ttl, ..block("192.0.2.1/32", None, "") };
            let added = message(Operation::Add, REQUEST, |add| {
                change(add, "autosec_v4", &[Entry::of_block(0, &block)]);
            });
            let request = replies(&added).next().unwrap();
            assert_eq!(request.attributes().inside(8).inside(7).number(6), Some(seconds), "{ttl:?}");
        }
    }

    #[test]
    fn lists_are_split_below_the_bound_of_a_length() {
        let long = "r".repeat(500);
        for (target, reason, fits) in [
            ("192.0.2.1/32", "", 850..1_001),
            ("2001:db8::1/128", long.as_str(), 250..400),
            ("192.0.2.1/32", "rule=ssh-bf;id=42", 600..1_001),
        ] {
            let block = block(target, Some(60), reason);
            let entries: Vec<Entry<'_>> = (0..2_000).map(|item| Entry::of_block(item, &block)).collect();
            let count = entry::fitting(&entries);
            assert!(fits.contains(&count), "{count}");
            let added = message(Operation::Add, REQUEST, |add| change(add, "autosec_v4", &entries[..count]));
            let request = replies(&added).next().unwrap();
            assert_eq!(request.attributes().inside(8).count(), count, "{target}");
        }
    }

    proptest! {
        #[test]
        fn reading_survives_any_bytes(at in 0_usize..260, byte in any::<u8>(), cut in 0_usize..260) {
            let mut answer = bytes(LISTING);
            if let Some(place) = answer.get_mut(at) {
                *place = byte;
            }
            for bytes in [&answer[..], &answer[..cut.min(answer.len())]] {
                for reply in replies(bytes) {
                    let _ = (Header::read(&reply, "autosec_v4"), revision(&reply));
                    for family in [Family::V4, Family::V6] {
                        let _ = listed(&reply, "autosec_v4", family);
                    }
                }
                let _ = objected(bytes);
            }
        }

        #[test]
        fn reads_back_what_it_writes(
            low in any::<u128>(), ipv6 in any::<bool>(), length in 1_u8..=32, ttl in prop::option::of(1_u64..2_147_483), reason in "[ -~]{0,120}",
        ) {
            let [.., a, b, c, d] = low.to_be_bytes();
            let (address, length) = if ipv6 {
                (std::net::IpAddr::from(low.to_be_bytes()), length * 4)
            } else {
                (std::net::IpAddr::from([a, b, c, d]), length)
            };
            let target = ipnet::IpNet::new(address, length).unwrap().trunc();
            let asked = Block { target, ttl: ttl.map(Duration::from_secs), reason: reason.replace('"', "'") };
            let added = message(Operation::Add, REQUEST, |add| change(add, "s", &[Entry::of_block(0, &asked)]));
            let read = listed(&replies(&added).next().unwrap(), "s", Family::of(target));
            prop_assert_eq!(read, [asked]);
        }
    }
}
