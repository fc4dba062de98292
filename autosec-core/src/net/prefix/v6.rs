//! The IPv6 side of the table: an address is read 32 bits at a time, each with a table of its own where prefixes are longer.
//!
//! A slot leads to a value, to the table that reads the next 32 bits, or to a single prefix with what is around it (a lone
//! host would otherwise be a chain of tables). Prefixes up to /64, which is nearly all of them, take two.

use super::build::{Builder, Entry, number};
use super::forest::{Forest, Match, Node};
use super::values::Values;

/// What every IPv6 address answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    root: Node,
    forest: Forest,
    lone: Vec<Lone>,
    values: Values,
}

/// An IPv6 prefix and its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Long {
    pub(super) first: u128,
    pub(super) length: u8,
    pub(super) slot: u32,
}

/// The only prefix among the addresses of one chunk.
#[derive(Clone, Copy, Debug)]
struct Lone {
    first: u128,
    inside: Match,
    around: Match,
}

/// The kind of a slot is in its two highest bits, the number of the value, node or lone prefix below.
const KIND: u32 = 0b11 << 30;
const TABLE: u32 = 0b01 << 30;
const LONE: u32 = 0b10 << 30;

/// The bits of a chunk.
const CHUNK: u8 = 32;

impl Chunks {
    /// Makes `prefixes` quick to search, which are distinct, sorted by first address and then by length.
    pub(super) fn new(prefixes: &[Long], values: Values) -> Self {
        let mut chunks = Self { values, ..Self::default() };
        let (around, prefixes) = match prefixes.split_first() {
            Some((all, others)) if all.length == 0 => (found(all), others),
            _ => (Match::NONE, prefixes),
        };
        chunks.root = chunks.table(prefixes, 0, around);
        chunks.forest.shrink();
        chunks.lone.shrink_to_fit();
        chunks
    }

    /// The value of the longest prefix that `address` belongs to, and the prefix's length.
    #[inline(always)]
    pub(super) fn find(&self, address: u128) -> (Option<u32>, u8) {
        let found = self.search(address);
        (self.values.of(found.slot), found.length)
    }

    #[inline(never)]
    fn search(&self, address: u128) -> Match {
        let mut node = &self.root;
        let mut rest = address;
        loop {
            let found = self.forest.find(node, chunk(rest, 0));
            let number = (found.slot & !KIND) as usize;
            match found.slot & KIND {
                TABLE => match self.forest.nodes.get(number) {
                    Some(next) => node = next,
                    None => return Match::NONE,
                },
                LONE => return self.lone.get(number).map_or(Match::NONE, |lone| lone.find(address)),
                _ => return found,
            }
            rest <<= CHUNK;
        }
    }

    /// The table of `prefixes`, which have the first `above` bits in common and are longer.
    fn table(&mut self, prefixes: &[Long], above: u8, around: Match) -> Node {
        let mut entries: Vec<Entry> = Vec::with_capacity(prefixes.len());
        let mut open: Vec<Entry> = Vec::new();
        for run in prefixes.chunk_by(|a, b| chunk(a.first, above) == chunk(b.first, above)) {
            let short = run.partition_point(|prefix| prefix.length <= above + CHUNK);
            let (short, long) = run.split_at_checked(short).unwrap_or_default();
            let short = short.iter().map(|prefix| Entry {
                first: chunk(prefix.first, above),
                length: prefix.length - above,
                slot: prefix.slot,
            });
            let begin = entries.len();
            entries.extend(short);
            let Some(first) = long.first().map(|prefix| chunk(prefix.first, above)) else {
                open.extend(entries.get(begin..).unwrap_or_default());
                continue;
            };
            open.extend(entries.get(begin..).unwrap_or_default());
            while open.pop_if(|entry| entry.last() < first).is_some() {}
            let around = open.last().map_or(around, |entry| Match { slot: entry.slot, length: above + entry.length });
            entries.pop_if(|entry| entry.first == first && entry.length == CHUNK);
            let slot = self.deeper(long, above + CHUNK, around);
            entries.push(Entry { first, length: CHUNK, slot });
        }
        Builder { forest: &mut self.forest, above }.table(&entries, around)
    }

    /// The slot that leads to prefixes with the first `above` bits in common.
    fn deeper(&mut self, prefixes: &[Long], above: u8, around: Match) -> u32 {
        if let [lone] = prefixes {
            self.lone.push(Lone { first: lone.first, inside: found(lone), around });
            return LONE | number(self.lone.len() - 1);
        }
        let node = self.table(prefixes, above, around);
        self.forest.nodes.push(node);
        TABLE | number(self.forest.nodes.len() - 1)
    }

    /// How many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.forest.bytes() + size_of_val(self.lone.as_slice()) + self.values.bytes()
    }
}

impl Lone {
    fn find(&self, address: u128) -> Match {
        let other = (address ^ self.first).leading_zeros() < u32::from(self.inside.length);
        if other { self.around } else { self.inside }
    }
}

fn found(prefix: &Long) -> Match {
    Match { slot: prefix.slot, length: prefix.length }
}

/// The chunk of `address` after its first `above` bits.
#[expect(clippy::cast_possible_truncation, reason = "what is above the chunk is meant to go")]
fn chunk(address: u128, above: u8) -> u32 {
    (address << above >> (128 - CHUNK)) as u32
}
