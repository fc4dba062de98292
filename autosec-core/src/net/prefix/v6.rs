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

    /// The value of the longest prefix that `address` belongs to.
    #[inline(never)]
    pub(super) fn value(&self, address: u128) -> Option<u32> {
        self.values.of(self.find(address).slot)
    }

    /// The same and the prefix's length.
    pub(super) fn prefix(&self, address: u128) -> Option<(u32, u8)> {
        let found = self.find(address);
        Some((self.values.of(found.slot)?, found.length))
    }

    /// Inlined so that nobody finds out lengths who does not ask for them.
    #[inline(always)]
    fn find(&self, address: u128) -> Match {
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
            let short = run.iter().take_while(|prefix| prefix.length <= above + CHUNK).count();
            let (short, long) = run.split_at(short);
            let short = short.iter().map(|prefix| Entry {
                first: chunk(prefix.first, above),
                length: prefix.length - above,
                slot: prefix.slot,
            });
            open.extend(short.clone());
            entries.extend(short);
            let Some(first) = long.first().map(|prefix| chunk(prefix.first, above)) else { continue };
            while open.pop_if(|entry| entry.last() < first).is_some() {}
            let cover = |entry: &Entry| Match { slot: entry.slot, length: above + entry.length };
            let slot = self.deeper(long, above + CHUNK, open.last().map_or(around, cover));
            // A prefix of the whole chunk is what the table further down has around.
            entries.pop_if(|entry| entry.first == first && entry.length == CHUNK);
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
fn chunk(address: u128, above: u8) -> u32 {
    (address << above >> (128 - CHUNK)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(prefixes: &[(u128, u8)]) -> Chunks {
        let mut prefixes: Vec<Long> = prefixes
            .iter()
            .zip(0..)
            .map(|((first, length), slot)| Long {
                first: first & !u128::MAX.checked_shr(u32::from(*length)).unwrap_or(0),
                length: *length,
                slot,
            })
            .collect();
        prefixes.sort_by_key(|prefix| (prefix.first, prefix.length));
        prefixes.dedup_by_key(|prefix| (prefix.first, prefix.length));
        Chunks::new(&prefixes, Values::default())
    }

    #[test]
    fn keeps_a_lone_host_without_a_chain_of_tables() {
        let host = 0x2001_0db8_0001_0002_0003_0004_0005_0006_u128;
        let chunks = chunks(&[(host, 128), (host, 48)]);
        assert_eq!((chunks.forest.nodes.len(), chunks.lone.len()), (1, 1), "/48 and host share a /32");
        assert_eq!((chunks.prefix(host), chunks.prefix(host + 1)), (Some((0, 128)), Some((1, 48))));
        assert_eq!(chunks.prefix(host + (1 << 96)), None);
    }

    #[test]
    fn reads_all_four_chunks() {
        let first = 0x2001_0db8_0001_0002_0003_0004_0000_0001_u128;
        let chunks = chunks(&[(first, 127), (first + 2, 128)]);
        assert_eq!(chunks.forest.nodes.len(), 3);
        let answers: Vec<_> = (0..5).map(|plus| chunks.value(first - 2 + plus)).collect();
        assert_eq!(answers, [None, Some(0), Some(0), None, Some(1)].map(|answer: Option<u32>| answer));
    }

    #[test]
    fn takes_few_bytes_whatever_comes() {
        let random = |n: u128| n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let cases: [(&str, Vec<(u128, u8)>); 6] = [
            ("hosts anywhere", (0..20_000).map(|n| (random(n), 128)).collect()),
            ("pairs of hosts anywhere", (0..20_000).map(|n| (random(n / 2) ^ (n % 2), 128)).collect()),
            ("hosts of one /64", (0..20_000).map(|n| (0x2001 << 112 | random(n) >> 64, 128)).collect()),
            ("a chain", (1..=128).map(|length| (random(7), length)).collect()),
            ("chains", (0..200).flat_map(|n| (1..=128).map(move |length| (random(n), length))).collect()),
            ("an outlier a bit", (0..128).map(|bit| (random(7) ^ 1 << bit, 128)).collect()),
        ];
        for (name, prefixes) in cases {
            let chunks = chunks(&prefixes);
            let bytes = chunks.bytes() / prefixes.len();
            assert!(bytes <= 160, "{name}: {bytes} bytes a prefix");
        }
    }
}
