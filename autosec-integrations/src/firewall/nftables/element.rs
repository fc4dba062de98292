//! Elements of our sets: from blocks to lists of them in messages, and back.

use std::time::Duration;

use autosec_core::enforce::{Block, REASON_LIMIT};
use ipnet::IpNet;

use super::batch::{Batch, Operation};
use super::slot::{Key, Slot};
use super::wire::{Attributes, CREATE, Encoder, Reply};

/// The most items of one transaction: the longest elements, thrice over, then still fit the send buffer of 128 MiB.
pub(super) const BATCH: usize = 250_000;
/// The longest time: the kernel counts in nanoseconds in 64 bits on the way.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);
/// The shortest time: less than a tick of the slowest kernel clock (100 Hz) would round to 0, and that is for ever.
const SHORTEST: u64 = 10;
/// The most bytes of a list: its length is kept in 16 bits.
const LIST: usize = 60_000;
/// Marks an element as ours in the firewall's own listing.
const OWNER: &str = "autosec:";

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
            user.extend_from_slice(OWNER.as_bytes());
            user.extend(self.reason.chars().take(REASON_LIMIT).map(printable));
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

/// The character as it can stand between the quotes of a listing.
fn printable(letter: char) -> u8 {
    match u8::try_from(letter) {
        Ok(b'"') => b'\'',
        Ok(byte) if byte.is_ascii_graphic() || byte == b' ' => byte,
        _ => b'?',
    }
}

/// The blocks of one part of a set's listing.
pub(super) fn read(reply: &Reply<'_>, table: &str, slot: Slot) -> Vec<Block> {
    let attributes = reply.attributes();
    if attributes.text(1) != Some(table) || attributes.text(2) != Some(&slot.name()) {
        return Vec::new();
    }
    attributes.inside(3).filter_map(|(_, entry)| block(super::wire::attributes(entry), slot)).collect()
}

fn block(entry: Attributes<'_>, slot: Slot) -> Option<Block> {
    let target = slot.target(entry.inside(KEY).find(1)?)?;
    let ttl = entry.long(REMAINING).filter(|_| entry.long(TIMEOUT).is_some());
    let reason = entry.find(USER).and_then(comment).unwrap_or_default();
    let reason = reason.strip_prefix(OWNER).unwrap_or(reason);
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
