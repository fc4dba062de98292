//! Finds the record of an address in the search tree of a database, a bit of the address a step.
//!
//! The first 16 bits are one step: where they lead is written down when a database is opened, a quarter of a megabyte for
//! each family of addresses. From the root they are 16 reads that wait for each other, of the 16 on average that an IPv4
//! address takes in a city database.

use std::fmt;
use std::net::IpAddr;

use maxminddb::Metadata;

/// Bits of an address that are one step.
const FIRST_BITS: u32 = 16;

/// Bytes between the tree and the records.
pub(super) const SEPARATOR: usize = 16;

/// Beyond the end of every file.
const NO_OFFSET: usize = usize::MAX >> 1;

/// Where addresses lead: below the number of nodes to a node, at this number nowhere, above it to a record.
pub(super) struct Tree {
    /// Bits of a record of a node: 24, 28 or 32.
    size: u16,
    nodes: u32,
    v4: Box<[u32]>,
    /// Empty if the database knows no IPv6 address.
    v6: Box<[u32]>,
}

impl Tree {
    /// The tree at the beginning of this file.
    pub(super) fn new(file: &[u8], metadata: &Metadata) -> Self {
        let mut tree = Self {
            size: metadata.record_size,
            nodes: metadata.node_count,
            v4: Box::default(),
            v6: Box::default(),
        };
        let mut v4_root = 0;
        if metadata.ip_version == 6 {
            tree.v6 = tree.first_steps(file, 0);
            for _ in 0..96 {
                v4_root = if v4_root < tree.nodes { tree.child(file, v4_root, 0) } else { v4_root };
            }
        }
        tree.v4 = tree.first_steps(file, v4_root);
        tree
    }

    /// Where the record of an address begins in the data section, which may be beyond its end; none if there is none.
    #[inline]
    pub(super) fn find(&self, file: &[u8], address: IpAddr) -> Option<usize> {
        let end = match address {
            IpAddr::V4(address) => {
                let bits = address.to_bits();
                let first = *self.v4.get((bits >> (u32::BITS - FIRST_BITS)) as usize)?;
                self.walk(file, first, u64::from(bits) << (32 + FIRST_BITS), 32 - FIRST_BITS)
            }
            IpAddr::V6(address) => {
                let bits = address.to_bits();
                #[expect(clippy::cast_possible_truncation, reason = "the halves, one after the other")]
                let (upper, lower) = ((bits >> 64) as u64, bits as u64);
                let first = *self.v6.get((upper >> (u64::BITS - FIRST_BITS)) as usize)?;
                let middle = self.walk(file, first, upper << FIRST_BITS, 64 - FIRST_BITS);
                self.walk(file, middle, lower, 64)
            }
        };
        // What is left of the bits may also lead to a node: then there is no record. A separator follows the tree.
        let behind = end.checked_sub(self.nodes).filter(|behind| *behind > 0)?;
        Some((behind as usize).checked_sub(SEPARATOR).unwrap_or(NO_OFFSET))
    }

    #[inline]
    fn walk(&self, file: &[u8], from: u32, bits: u64, most: u32) -> u32 {
        match self.size {
            24 => walk(file, self.nodes, from, bits, most, child_24),
            28 => walk(file, self.nodes, from, bits, most, child_28),
            _ => walk(file, self.nodes, from, bits, most, child_32),
        }
    }

    fn child(&self, file: &[u8], node: u32, bit: u32) -> u32 {
        match self.size {
            24 => child_24(file, node, bit),
            28 => child_28(file, node, bit),
            _ => child_32(file, node, bit),
        }
    }

    /// Where all first steps from this node lead.
    fn first_steps(&self, file: &[u8], root: u32) -> Box<[u32]> {
        let mut level = vec![root];
        for _ in 0..FIRST_BITS {
            let below = |node: u32| {
                [0, 1].map(|bit| if node < self.nodes { self.child(file, node, bit) } else { node })
            };
            level = level.into_iter().flat_map(below).collect();
        }
        level.into()
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} nodes of {} bits", self.nodes, 2 * self.size)
    }
}

/// Where the upper bits lead from a node, at most so many.
#[inline(always)]
fn walk(
    file: &[u8],
    nodes: u32,
    from: u32,
    bits: u64,
    most: u32,
    child: impl Fn(&[u8], u32, u32) -> u32,
) -> u32 {
    let (mut here, mut bits) = (from, bits);
    for _ in 0..most {
        if here >= nodes {
            break;
        }
        here = child(file, here, u32::from(bits >> 63 != 0));
        bits <<= 1;
    }
    here
}

/// Four bytes; no bit of them if they are not in the file, which was found long enough when it was opened.
#[inline(always)]
fn word(file: &[u8], at: usize) -> u32 {
    file.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

#[inline(always)]
fn child_24(file: &[u8], node: u32, bit: u32) -> u32 {
    let word = word(file, node as usize * 6 + bit as usize * 2);
    word >> (8 - 8 * bit) & 0x00FF_FFFF
}

/// The byte between the two records of a node has the upper four bits of each.
#[inline(always)]
fn child_28(file: &[u8], node: u32, bit: u32) -> u32 {
    let word = word(file, node as usize * 7 + bit as usize * 3);
    // For the first one the word has its three lower bytes, and then the four upper bits; for the second one these first.
    // A choice and no branch: every other one would be mispredicted.
    let first = word >> 8 | (word & 0xF0) << 20;
    let second = word & 0x0FFF_FFFF;
    let mask = bit.wrapping_neg();
    first & !mask | second & mask
}

#[inline(always)]
fn child_32(file: &[u8], node: u32, bit: u32) -> u32 {
    word(file, node as usize * 8 + bit as usize * 4)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::path::Path;

    use maxminddb::{Reader, WithinOptions};

    use super::*;

    /// Every network of the sound files and addresses beside them, as the reader finds them.
    #[test]
    fn finds_what_the_reader_finds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora/maxmind/test-data");
        let mut compared = 0;
        for path in std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let Ok(reader) = Reader::open_readfile(&path) else { continue };
            let file = std::fs::read(&path).unwrap();
            let tree = Tree::new(&file, reader.metadata());
            let networks = reader.networks(WithinOptions::default()).unwrap().flatten();
            let near = networks.filter_map(|found| found.network().ok()).flat_map(|network| {
                let [first, last] = [network.ip(), network.broadcast()];
                [first, last, beside(first, false), beside(last, true)]
            });
            for address in near.map(|address| address.to_canonical()) {
                let Ok(found) = reader.lookup(address) else { continue };
                assert_eq!(tree.find(&file, address), found.offset(), "{address} in {}", path.display());
                compared += 1;
            }
        }
        if compared == 0 {
            eprintln!("skipped: finds_what_the_reader_finds, `{}` is not there", folder.display());
        }
        assert!(compared == 0 || compared > 5_000, "{compared} addresses");
    }

    fn beside(address: IpAddr, is_after: bool) -> IpAddr {
        let v4 = |bits: u32| if is_after { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
        let v6 = |bits: u128| if is_after { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
        match address {
            IpAddr::V4(address) => Ipv4Addr::from_bits(v4(address.to_bits())).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(v6(address.to_bits())).into(),
        }
    }
}
