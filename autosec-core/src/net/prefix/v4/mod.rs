//! The IPv4 side of the table: about one cache miss an address.
//!
//! The space is cut into equal regions, and each region into as many equal lines as its prefixes need. A line is a cache
//! line: it holds up to seven prefixes inside it, the value of each, and the value around them. An address reads
//! the place of its region's lines in a small array, which stays cached, and then one line; all its prefixes are
//! compared at once, without a branch that depends on the outcome. The few lines in which more prefixes crowd have their
//! boundaries in side arrays.

use super::table::{Match, NO_LENGTH};

mod build;

/// What every IPv4 address answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// How many bits of an address its region leaves over.
    region_bits: u32,
    /// For each region the number of its first line, and in the [`SHIFT_BITS`] lowest bits how many bits of an address
    /// one of its lines leaves over.
    regions: Vec<u32>,
    lines: Vec<Line>,
    /// The boundaries of all crowded lines: the address's bits below [`KEY_BITS`], value, length (or [`NO_LENGTH`]).
    lows: Vec<u16>,
    values: Vec<u32>,
    lengths: Vec<u8>,
}

/// An IPv4 prefix: its first address, its length and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefix {
    pub(super) first: u32,
    pub(super) length: u8,
    pub(super) value: u32,
}

/// How many places a line has: for seven prefixes, and the last for what is around them.
const PLACES: usize = 8;

/// The fewest bits of an address that all addresses of a line with keys have in common, and how many it leaves over.
const ABOVE_KEY: u8 = 17;
const KEY_BITS: u32 = 32 - ABOVE_KEY as u32;
const KEY: u32 = (1 << KEY_BITS) - 1;

/// The width of the number of bits in a region's entry.
const SHIFT_BITS: u32 = 5;

/// The addresses of one line, in the 64 bytes that a processor fetches at once.
///
/// A lane is 16 bits, the highest of them clear: the lanes of place `p` are the `p / 2`th from below of the words `p % 2`.
/// Places without a prefix, which come last, match every address.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Line {
    /// The lowest bits of each prefix's first address, what is covered before what covers it. The last lane, which is
    /// compared with nothing, holds `known` and above it `around`.
    keys: [u64; 2],
    /// Which of these bits the addresses of the prefix have in common.
    masks: [u64; 2],
    /// The value of each prefix, then the one around. In a crowded line: where its boundaries begin, and how many they are.
    values: [u32; PLACES],
}

/// Marks a line whose prefixes are too many for it, in the place of `known`.
const CROWDED: u64 = 0x7F;

/// The lowest bit of each lane, the one above the lane's highest in use, and that of the last place.
const LANES: u64 = 0x0001_0001_0001_0001;
const ABOVE: u64 = LANES << KEY_BITS;
const LAST: u64 = 1 << 63;

impl Line {
    /// Which place holds the value for `address`: the first that matches. Four places are compared in one word: carries
    /// from a lane that differs end in the bit above it. No branch depends on the outcome: it would be mispredicted every
    /// other time, and the lookups that the processor had begun ahead would be thrown away with it.
    #[inline]
    fn place(&self, address: u32) -> usize {
        let own = u64::from(address & KEY) * LANES;
        let [even, odd] = self.keys;
        let [even_mask, odd_mask] = self.masks;
        let differing = |key: u64, mask: u64| ((own ^ key) & mask) + LANES * u64::from(KEY);
        let even = !differing(even, even_mask) & ABOVE;
        let odd = !differing(odd, odd_mask) & ABOVE;
        let first = (even >> 1 | odd | LAST).trailing_zeros();
        (first / 16 * 2 + first % 2) as usize
    }

    /// How many places from the first have an answer, the others standing for none; or [`CROWDED`].
    #[inline]
    fn known(&self) -> u64 {
        self.keys[1] >> 48 & 0x7F
    }

    /// The length for the value around, or [`NO_LENGTH`].
    fn around(&self) -> u8 {
        u8::try_from(self.keys[1] >> 55).unwrap_or(NO_LENGTH)
    }

    /// How many of the lowest bits the addresses of the prefix in `place` have in common.
    fn common(&self, place: usize) -> u32 {
        let mask = self.masks.get(place % 2).copied().unwrap_or(0);
        (mask >> (place / 2 * 16) & u64::from(KEY)).count_ones()
    }
}

impl Lines {
    /// Makes `prefixes` quick to search, which are distinct, sorted by first address and then by length.
    pub(super) fn new(prefixes: &[Prefix]) -> Self {
        build::lines(prefixes)
    }

    /// The value for `address`.
    #[inline]
    pub(super) fn value(&self, address: u32) -> Option<u32> {
        let line = self.line(address)?;
        let known = line.known();
        if known == CROWDED {
            return self.crowded_match(line, address).map(|(value, _)| value);
        }
        let place = line.place(address);
        let value = *line.values.get(place)?;
        ((place as u64) < known).then_some(value)
    }

    /// The length of the longest prefix that `address` belongs to.
    pub(super) fn length(&self, address: u32) -> Option<u8> {
        let line = self.line(address)?;
        if line.known() == CROWDED {
            return self.crowded_match(line, address).map(|(_, length)| length);
        }
        let length = match u8::try_from(line.common(line.place(address))) {
            Ok(0) | Err(_) => line.around(),
            Ok(common) => ABOVE_KEY + common,
        };
        (length != NO_LENGTH).then_some(length)
    }

    /// The line that holds `address`.
    #[inline]
    fn line(&self, address: u32) -> Option<&Line> {
        let region = *self.regions.get((address >> self.region_bits) as usize)?;
        let within = address & ((1 << self.region_bits) - 1);
        let shift = region & ((1 << SHIFT_BITS) - 1);
        self.lines.get(((region >> SHIFT_BITS) + (within >> shift)) as usize)
    }

    /// What a crowded line says. Out of line, so that the rest is short enough to be inlined: the shorter a lookup, the
    /// more of them a processor has in flight.
    #[cold]
    #[inline(never)]
    fn crowded_match(&self, line: &Line, address: u32) -> Option<Match> {
        let [first, count, ..] = line.values;
        let lows = self.lows.get(first as usize..)?.get(..count as usize)?;
        let low = address & KEY;
        let at = first as usize + lows.partition_point(|at| u32::from(*at) <= low).checked_sub(1)?;
        Some((*self.values.get(at)?, *self.lengths.get(at)?)).filter(|(_, length)| *length != NO_LENGTH)
    }

    /// How many bytes of memory the lines take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.regions.as_slice())
            + size_of_val(self.lines.as_slice())
            + size_of_val(self.lows.as_slice())
            + size_of_val(self.values.as_slice())
            + self.lengths.len()
    }
}
