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
/// How many places a set's table begins with; a set that outgrows them is doubled while it is filled.
const PLACES: u32 = 16_384;
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
        made.number(18 | NETWORK_ORDER, PLACES);
        // The mark is an entry too.
        made.number(19 | NETWORK_ORDER, capacity.saturating_add(1));
    });
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
