//! Elements of our sets: from blocks to lists of them in messages, and back.
//!
//! An element is a prefix with the time left and a comment, `autosec:` and the reason. Sets hold elements of one
//! prefix length only, so the key is the prefix's first address and the length is the set's.

use std::time::Duration;

use autosec_core::enforce::{Block, REASON_LIMIT};
use ipnet::IpNet;

use super::batch::{Batch, Operation};
use super::slot::{Key, Slot};
use crate::firewall::netlink::{Attributes, CREATE, Encoder, OWNER, Reply, attributes, reason_of, remark};

/// The most items of one transaction: the longest elements, thrice over, then still fit the send buffer of 512 MiB. A
/// million blocks with short reasons are about 80 MB.
pub(super) const BATCH: usize = 1_000_000;
/// The most bytes an item takes in a transaction: the longest element in three messages of its own.
const ITEM: usize = 512;
/// The longest time: the kernel counts in nanoseconds in 64 bits on the way.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The shortest time: less than a tick of the slowest kernel clock (100 Hz) would round to 0, and that is for ever.
const SHORTEST: u64 = 10;
/// The most bytes of a list: its length is kept in 16 bits.
const LIST: usize = 60_000;

const KEY: u16 = 1;
const TIMEOUT: u16 = 4;
const REMAINING: u16 = 5;
const USER: u16 = 6;
const USER_COMMENT: u8 = 0;

/// One item of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) slot: Slot,
    key: Key,
    timeout: Option<u64>,
    reason: &'a str,
    item: usize,
}

/// How a transaction makes sure that an element is not there before it adds it: adding one that is there leaves its
/// old timeout on kernels before 6.12 and its old reason on all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Removal {
    /// The kernel has an idempotent delete.
    Destroy,
    /// Add it, so that deleting it cannot fail, then delete it.
    AddAndDelete,
}

/// The most items of a transaction of so many bytes: without the right to a large send buffer (a container without rights
/// on the host) it is far fewer than [`BATCH`].
pub(super) fn batch(bytes: usize) -> usize {
    (bytes / ITEM).clamp(1, BATCH)
}

/// One element a target, in the order of the sets; the last of several for the same target wins.
pub(super) fn of_blocks<'a>(blocks: &'a [Block]) -> Vec<Element<'a>> {
    let element = |(item, block): (usize, &'a Block)| Element {
        slot: Slot::of(block.target),
        key: Key::of(block.target),
        timeout: block.ttl.map(milliseconds),
        reason: &block.reason,
        item,
    };
    let mut elements: Vec<_> = blocks.iter().enumerate().map(element).collect();
    unique(&mut elements);
    elements
}

/// One element a target, in the order of the sets.
pub(super) fn of_targets(targets: &[IpNet]) -> Vec<Element<'static>> {
    let element = |(item, target): (usize, &IpNet)| Element {
        slot: Slot::of(*target),
        key: Key::of(*target),
        timeout: None,
        reason: "",
        item,
    };
    let mut elements: Vec<_> = targets.iter().enumerate().map(element).collect();
    unique(&mut elements);
    elements
}

fn unique(elements: &mut Vec<Element<'_>>) {
    elements.sort_unstable_by_key(|element| (element.slot, element.key, std::cmp::Reverse(element.item)));
    elements.dedup_by_key(|element| (element.slot, element.key));
}

fn milliseconds(ttl: Duration) -> u64 {
    let longest = LONGEST.as_millis();
    u64::try_from(ttl.as_millis().min(longest)).unwrap_or(u64::MAX).max(SHORTEST)
}

/// Writes elements into their sets; `separately` gives each a message of its own, so that an error names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer<'a> {
    pub(super) table: &'a str,
    pub(super) removal: Removal,
    pub(super) separately: bool,
}

impl Writer<'_> {
    /// Adds elements, all of one set.
    pub(super) fn add(&self, batch: &mut Batch, elements: &[Element<'_>]) {
        self.lists(batch, Operation::NewElements, true, elements);
    }

    /// Removes elements, all of one set, whether they are there or not.
    pub(super) fn remove(&self, batch: &mut Batch, elements: &[Element<'_>]) {
        match self.removal {
            Removal::Destroy => self.lists(batch, Operation::DestroyElements, false, elements),
            Removal::AddAndDelete => {
                self.lists(batch, Operation::NewElements, false, elements);
                self.lists(batch, Operation::DeleteElements, false, elements);
            }
        }
    }

    fn lists(&self, batch: &mut Batch, operation: Operation, whole: bool, elements: &[Element<'_>]) {
        let flags = if operation == Operation::NewElements { CREATE } else { 0 };
        let mut rest = elements;
        while let Some(first) = rest.first() {
            let (list, after) = rest.split_at(if self.separately { 1 } else { fitting(rest) });
            rest = after;
            let item = (list.len() == 1).then_some(first.item);
            batch.message_for(item, operation, flags, |message| {
                message.text(1, self.table);
                message.text(2, &first.slot.name());
                message.nest(3, |entries| list.iter().for_each(|element| element.write(entries, whole)));
            });
        }
    }
}

/// How many elements fit a list; at least one.
fn fitting(elements: &[Element<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |element: &&Element<'_>| {
        bytes += element.bytes();
        bytes <= LIST
    };
    elements.iter().take_while(fits).count().max(1)
}

impl Element<'_> {
    fn write(&self, entries: &mut Encoder, whole: bool) {
        entries.nest(1, |entry| {
            entry.nest(KEY, |key| key.attribute(1, self.key.bytes()));
            if !whole {
                return;
            }
            if let Some(timeout) = self.timeout {
                entry.attribute(TIMEOUT, &timeout.to_be_bytes());
            }
            let mut user = Vec::with_capacity(OWNER.len() + REASON_LIMIT + 3);
            let length = u8::try_from(OWNER.len() + self.reason_length() + 1).unwrap_or(u8::MAX);
            user.extend_from_slice(&[USER_COMMENT, length]);
            remark(self.reason, &mut user);
            user.push(0);
            entry.attribute(USER, &user);
        });
    }

    /// The most bytes it takes in a list: four headers, the key, the timeout, the comment with its end and padding.
    fn bytes(&self) -> usize {
        16 + self.key.bytes().len() + 12 + 4 + OWNER.len() + self.reason_length() + 3 + 3
    }

    fn reason_length(&self) -> usize {
        self.reason.chars().take(REASON_LIMIT).count()
    }
}

/// The blocks of one part of a set's listing.
pub(super) fn read(reply: &Reply<'_>, table: &str, slot: Slot) -> Vec<Block> {
    let listing = reply.attributes();
    if listing.text(1) != Some(table) || listing.text(2) != Some(&slot.name()) {
        return Vec::new();
    }
    listing.inside(3).filter_map(|(_, entry)| block(attributes(entry), slot)).collect()
}

fn block(entry: Attributes<'_>, slot: Slot) -> Option<Block> {
    let target = slot.target(entry.inside(KEY).find(1)?)?;
    let ttl = entry.long(REMAINING).filter(|_| entry.long(TIMEOUT).is_some());
    let reason = reason_of(entry.find(USER).and_then(comment).unwrap_or_default());
    Some(Block { target, ttl: ttl.map(Duration::from_millis), reason: reason.to_owned() })
}

/// The comment among an element's user data, a list of (type, length, bytes).
fn comment(user: &[u8]) -> Option<&str> {
    let mut rest = user;
    while let [kind, length, after @ ..] = rest {
        let value = after.get(..usize::from(*length))?;
        if *kind == USER_COMMENT {
            return std::str::from_utf8(value.strip_suffix(&[0]).unwrap_or(value)).ok();
        }
        rest = after.get(usize::from(*length)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::firewall::netlink::replies;
    use crate::firewall::nftables::batch::Position;

    const WRITER: Writer<'static> = Writer { table: "autosec", removal: Removal::Destroy, separately: false };

    fn block(target: &str, ttl: Option<Duration>, reason: &str) -> Block {
        Block { target: target.parse().unwrap(), ttl, reason: reason.to_owned() }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn one_block_is_these_bytes() {
        let blocks = [block("192.0.2.1/32", Some(Duration::from_secs(3600)), "x")];
        let elements = of_blocks(&blocks);
        let mut batch = Batch::begin(5, Some(7));
        WRITER.remove(&mut batch, &elements);
        WRITER.add(&mut batch, &elements);
        let lists = "0c00 0100 6175 746f 7365 6300 0a00 0200 7634 5f33 3200 0000";
        let expected = [
            // The transaction, for generation 7 only.
            "1c00 0000 1000 0100 0500 0000 0000 0000 0000 000a 0800 0100 0000 0007",
            // Destroy the element, if it is there.
            "4000 0000 1e0a 0100 0600 0000 0000 0000 0100 0000",
            lists,
            "1400 0380 1000 0180 0c00 0180 0800 0100 c000 0201",
            // Add it for 3,600,000 ms with its comment, and say so.
            "5c00 0000 0c0a 0504 0700 0000 0000 0000 0100 0000",
            lists,
            "3000 0380 2c00 0180 0c00 0180 0800 0100 c000 0201",
            "0c00 0400 0000 0000 0036 ee80 1000 0600 000a 6175 746f 7365 633a 7800",
            // The end.
            "1400 0000 1100 0100 0800 0000 0000 0000 0000 000a",
        ]
        .join(" ");
        let written: String = batch.end().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, expected.replace(' ', ""));
    }

    #[test]
    fn the_last_of_several_wins() {
        let second = Duration::from_secs(1);
        let blocks = [
            block("192.0.2.1/32", Some(second), "first"),
            block("2001:db8::/32", None, ""),
            block("192.0.2.1/24", Some(second * 2), ""),
            block("192.0.2.1/32", Some(second * 3), "last"),
            block("192.0.2.9/24", Some(second * 4), ""),
        ];
        let kept: Vec<_> = of_blocks(&blocks).iter().map(|element| element.item).collect();
        assert_eq!(kept, [4, 3, 1]);
    }

    #[test]
    fn long_lists_are_split_below_the_bound_of_a_length() {
        let long = "r".repeat(500);
        let hosts =
            (0..5_000_u32).map(|index| IpNet::from(std::net::IpAddr::from((index << 4).to_be_bytes())));
        let blocks: Vec<Block> = hosts
            .map(|target| Block { target, ttl: Some(Duration::from_secs(1)), reason: long.clone() })
            .collect();
        let elements = of_blocks(&blocks);
        for (separately, messages) in [(false, 15..20), (true, 5_000..5_001)] {
            let mut batch = Batch::begin(1, None);
            Writer { separately, ..WRITER }.add(&mut batch, &elements);
            let mut found = Vec::new();
            let mut lists = 0;
            for reply in replies(batch.end()).filter(|reply| reply.kind == Operation::NewElements.kind()) {
                assert!(
                    reply.attributes().inside(3).map(|(_, entry)| entry.len() + 4).sum::<usize>() < 65_500
                );
                lists += 1;
                let key = |entry| attributes(entry).inside(KEY).find(1).unwrap().to_vec();
                found.extend(reply.attributes().inside(3).map(|(_, entry)| key(entry)));
            }
            assert!(messages.contains(&lists), "{lists}");
            let asked: Vec<_> = elements.iter().map(|element| element.key.bytes().to_vec()).collect();
            assert_eq!(found, asked);
        }
    }

    #[test]
    fn a_failing_message_names_its_item_where_it_has_one() {
        let targets: Vec<IpNet> =
            ["198.51.100.1/32", "192.0.2.1/32"].map(|text| text.parse().unwrap()).to_vec();
        let elements = of_targets(&targets);
        let mut batch = Batch::begin(u32::MAX, None);
        Writer { separately: true, removal: Removal::AddAndDelete, ..WRITER }.remove(&mut batch, &elements);
        assert_eq!(batch.length(), 6);
        let positions = [u32::MAX, 0, 1, 2, 3, 4, 5].map(|sequence| batch.position(sequence));
        let [inside, last] = [Position::Inside, Position::Last];
        let expected = [
            Position::Begin,
            inside(Some(1)),
            inside(Some(0)),
            inside(Some(1)),
            last(Some(0)),
            Position::Elsewhere,
            Position::Elsewhere,
        ];
        assert_eq!(positions, expected);
    }

    proptest! {
        #[test]
        fn reading_survives_any_entry(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for slot in ["v4_24", "v6_128"].map(|name| Slot::parse(name).unwrap()) {
                let _ = super::block(attributes(&bytes), slot);
            }
            let _ = comment(&bytes);
        }

        #[test]
        fn reads_back_what_it_writes(
            low in any::<u32>(), length in 0_u8..=32, ttl in prop::option::of(10_u64..10_000_000), reason in "[ -~]{0,120}",
        ) {
            let target = IpNet::new(std::net::Ipv4Addr::from(low).into(), length).unwrap().trunc();
            let asked = Block { target, ttl: ttl.map(Duration::from_millis), reason: reason.replace('"', "'") };
            let blocks = [asked.clone()];
            let mut batch = Batch::begin(1, None);
            WRITER.add(&mut batch, &of_blocks(&blocks));
            let read: Vec<Block> = replies(batch.end()).flat_map(|reply| read(&reply, "autosec", Slot::of(target))).collect();
            // The time left stands in an attribute that only the kernel writes.
            prop_assert_eq!(read, [Block { ttl: None, ..asked }]);
        }
    }
}
