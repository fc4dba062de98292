//! Entries of our sets: from blocks to lists of them in messages, and back.

use std::net::IpAddr;
use std::time::Duration;

use autosec_core::enforce::{Block, REASON_LIMIT};
use ipnet::IpNet;

use super::family::Family;
use crate::firewall::netlink::{Attributes, Encoder, OWNER, reason_of, remark};

/// The longest time a set keeps, in seconds (24.8 days). The kernel counts in milliseconds in 31 bits, and cuts what
/// is longer without a word.
pub(super) const LONGEST: u32 = 2_147_483;
/// The most entries of a message: the kernel holds a lock while it adds them.
const MOST: usize = 1_000;
/// The most bytes of a list: its length is kept in 16 bits.
const LIST: usize = 60_000;
/// The comment of the entry that marks a set as ours.
const MARK: &str = "autosec";

/// Such an attribute's value is in network order. The kernel insists that it is said.
const NETWORK_ORDER: u16 = 0x4000;
const ENTRY: u16 = 7;
const ADDRESS: u16 = 1;
const IPV4: u16 = 1;
const IPV6: u16 = 2;
const LENGTH: u16 = 3;
const TIMEOUT: u16 = 6;
const FLAGS: u16 = 8;
const LINE: u16 = 9;
const COMMENT: u16 = 26;
/// A packet from such an entry's addresses does not match the set.
const NO_MATCH: u32 = 4;

/// One item of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) item: usize,
    target: IpNet,
    kept: Option<Kept<'a>>,
}

/// What is kept with an entry that is put in.
#[derive(Clone, Copy, Debug)]
struct Kept<'a> {
    /// 0 is for ever.
    seconds: u32,
    reason: &'a str,
}

impl<'a> Entry<'a> {
    /// One to put in.
    pub(super) fn of_block(item: usize, block: &'a Block) -> Self {
        let seconds = block.ttl.map_or(0, seconds);
        Self { item, target: block.target, kept: Some(Kept { seconds, reason: &block.reason }) }
    }

    /// One to take out.
    pub(super) fn of_target(item: usize, target: IpNet) -> Self {
        Self { item, target, kept: None }
    }

    /// Writes it with its place in the message, from 1: 0 would mean that an error names no place.
    pub(super) fn write(&self, list: &mut Encoder, line: usize) {
        list.nest(ENTRY, |entry| {
            address(entry, self.target);
            if let Some(kept) = self.kept {
                entry.number(TIMEOUT | NETWORK_ORDER, kept.seconds);
                comment(entry, |bytes| remark(kept.reason, bytes));
            }
            // The kernel copies it into its answer as it is.
            let line = u32::try_from(line).unwrap_or(0);
            entry.number(LINE | NETWORK_ORDER, line);
        });
    }

    /// The most bytes it takes in a list.
    fn bytes(&self) -> usize {
        let kept =
            self.kept.map_or(0, |kept| 8 + 4 + OWNER.len() + kept.reason.len().min(REASON_LIMIT) + 1 + 3);
        // The entry's header and the address's two; the length and the line.
        12 + 16 + 8 + 8 + kept
    }
}

/// How many of the entries fit a message; at least one.
pub(super) fn fitting(entries: &[Entry<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&Entry<'_>| {
        bytes += entry.bytes();
        bytes <= LIST
    };
    entries.iter().take(MOST).take_while(fits).count().max(1)
}

/// Writes the mark into a message, to be put in (`whole`) or to be asked for.
pub(super) fn mark(message: &mut Encoder, family: Family, whole: bool) {
    address(message, family.mark());
    message.number(FLAGS | NETWORK_ORDER, NO_MATCH);
    if whole {
        message.number(TIMEOUT | NETWORK_ORDER, 0);
        comment(message, |bytes| bytes.extend_from_slice(MARK.as_bytes()));
    }
}

/// The seconds that are left, in full: less than one is one, because 0 is for ever.
fn seconds(ttl: Duration) -> u32 {
    let begun = u64::from(ttl.subsec_nanos() > 0);
    let whole = ttl.as_secs().saturating_add(begun).clamp(1, LONGEST.into());
    u32::try_from(whole).unwrap_or(LONGEST)
}

fn address(entry: &mut Encoder, target: IpNet) {
    entry.nest(ADDRESS, |address| match target.network() {
        IpAddr::V4(host) => address.attribute(IPV4 | NETWORK_ORDER, &host.octets()),
        IpAddr::V6(host) => address.attribute(IPV6 | NETWORK_ORDER, &host.octets()),
    });
    entry.attribute(LENGTH, &[target.prefix_len()]);
}

fn comment(entry: &mut Encoder, append: impl FnOnce(&mut Vec<u8>)) {
    entry.appended(COMMENT, |bytes| {
        append(bytes);
        bytes.push(0);
    });
}

/// The block that an entry of a listing is; none where it is an exception, as our mark is, or cannot be read.
pub(super) fn read(entry: Attributes<'_>, family: Family) -> Option<Block> {
    if entry.number(FLAGS).unwrap_or(0) & NO_MATCH != 0 {
        return None;
    }
    let address = entry.inside(ADDRESS);
    let (host, bits): (IpAddr, u8) = match family {
        Family::V4 => (<[u8; 4]>::try_from(address.find(IPV4)?).ok()?.into(), 32),
        Family::V6 => (<[u8; 16]>::try_from(address.find(IPV6)?).ok()?.into(), 128),
    };
    let length = match entry.find(LENGTH) {
        Some(&[length]) => length,
        Some(_) => return None,
        None => bits,
    };
    let ttl = entry.number(TIMEOUT).filter(|seconds| *seconds != 0);
    Some(Block {
        target: IpNet::new(host, length).ok()?,
        ttl: ttl.map(|seconds| Duration::from_secs(seconds.into())),
        reason: reason_of(entry.text(COMMENT).unwrap_or_default()).to_owned(),
    })
}
