//! The IPv4 side of the table: about two cache misses an address.
//!
//! The space is cut into equal blocks (/24s in a table of a million prefixes, larger ones in smaller tables). One bit
//! a block says whether the answer changes in it; counting the bits up to a block finds the record of the last block
//! at or before it in which something changed. Nearly always such a block holds one prefix, or begins one, and
//! its record says all: which addresses are inside, the value there, and the value around them, which is also that of
//! all blocks up to the next record. A block in which more happens has its boundaries in side arrays.

use std::hint::select_unpredictable;

use super::flatten::Boundary;
use super::table::{Match, NO_LENGTH};

mod build;

/// What every IPv4 address answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// How many bits of an address its block leaves over.
    low_bits: u32,
    words: Vec<Word>,
    records: Vec<Record>,
    /// The length for each record's value: apart, as most lookups don't ask for it.
    lengths: Vec<u8>,
    /// The values around, and their lengths; the first stands for none.
    around: Vec<u32>,
    around_lengths: Vec<u8>,
    /// The boundaries of all crowded blocks: low bits, value, length (or [`NO_LENGTH`]).
    lows: Vec<u16>,
    values: Vec<u32>,
    value_lengths: Vec<u8>,
}

/// 64 blocks: their bits, the lower half first, and how many bits are set before them.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    low: u32,
    high: u32,
    before: u32,
}

/// What a block in which something changes answers. With `low_bits` as `low`:
///
/// | | `value` | `rest`: bits 0..4 | bits 4..5 + low | bits 5 + low.. |
/// |---|---|---|---|---|
/// | one prefix | its value | logarithm of its size, below low | its first address | number of the value around |
/// | all one value | that value | low + 1: any address matches | 0 | 0 |
/// | none | 0 | 0 | 2^low + 1: no address matches | 0 |
/// | crowded | first boundary | low | number of boundaries (all bits) | |
///
/// 8 bytes and not 12 (with the value around in full), so that more of them fit the cache.
#[derive(Clone, Copy, Debug)]
struct Record {
    value: u32,
    rest: u32,
}

/// The width of the logarithm in a record.
const SHIFT_BITS: u32 = 4;

impl Record {
    /// The logarithm.
    #[inline]
    fn shift(self) -> u32 {
        self.rest & ((1 << SHIFT_BITS) - 1)
    }
}

/// Where the answer for an address is.
struct Place {
    number: usize,
    record: Record,
    /// The address in its block, or where nothing changes in that block, an address past the record's.
    low: u32,
}

impl Blocks {
    /// Makes `boundaries` quick to search; `matches` has what each slot stands for.
    pub(super) fn new(boundaries: &[Boundary<u32>], matches: &[Match]) -> Self {
        build::blocks(boundaries, matches, build::low_bits(boundaries.len()))
    }

    /// The value for `address`.
    #[inline]
    pub(super) fn value(&self, address: u32) -> Option<u32> {
        let Place { record, low, .. } = self.place(address)?;
        if record.shift() == self.low_bits {
            return self.crowded_value(record, low);
        }
        let around = self.number_around(record);
        let outside = *self.around.get(around)?;
        // Chosen without a branch: it would be mispredicted every other time, and the lookups that the processor had begun
        // ahead would be thrown away with it.
        let inside = self.inside(record, low);
        let value = select_unpredictable(inside, record.value, outside);
        (inside | (around != 0)).then_some(value)
    }

    /// The length of the longest prefix that `address` belongs to.
    pub(super) fn length(&self, address: u32) -> Option<u8> {
        let Place { number, record, low } = self.place(address)?;
        let length = if record.shift() == self.low_bits {
            self.value_lengths.get(self.crowded(record, low)?)
        } else if self.inside(record, low) {
            self.lengths.get(number)
        } else {
            self.around_lengths.get(self.number_around(record))
        };
        length.copied().filter(|length| *length != NO_LENGTH)
    }

    /// The record that answers for `address`.
    #[inline]
    fn place(&self, address: u32) -> Option<Place> {
        let block = address >> self.low_bits;
        let word = *self.words.get(block as usize / 64)?;
        let bits = u64::from(word.low) | u64::from(word.high) << 32;
        let up_to = bits & (u64::MAX >> (63 - block % 64));
        let number = (word.before + up_to.count_ones()).wrapping_sub(1) as usize;
        let past = 1 << self.low_bits;
        let changed = bits >> (block % 64) & 1 == 1;
        let low = select_unpredictable(changed, address & (past - 1), past);
        Some(Place { number, record: *self.records.get(number)?, low })
    }

    #[inline]
    fn inside(&self, record: Record, low: u32) -> bool {
        let first = record.rest >> SHIFT_BITS & ((2 << self.low_bits) - 1);
        (low ^ first) >> record.shift() == 0
    }

    #[inline]
    fn number_around(&self, record: Record) -> usize {
        (record.rest >> (SHIFT_BITS + 1 + self.low_bits)) as usize
    }

    /// The value in a crowded block. Out of line, so that the rest is short enough to be inlined: the shorter a lookup, the
    /// more of them a processor has in flight.
    #[cold]
    #[inline(never)]
    fn crowded_value(&self, record: Record, low: u32) -> Option<u32> {
        let at = self.crowded(record, low)?;
        self.values.get(at).copied().filter(|_| self.value_lengths.get(at) != Some(&NO_LENGTH))
    }

    /// The boundary that answers where a block has more of them than a record holds: the last one at or before `low`.
    fn crowded(&self, record: Record, low: u32) -> Option<usize> {
        let (first, count) = (record.value as usize, (record.rest >> SHIFT_BITS) as usize);
        let lows = self.lows.get(first..first + count)?;
        let low = u16::try_from(low).ok()?;
        // To compare all of a few is quicker than to search them: no branch depends on the outcome.
        let up_to = match count {
            0..=32 => usize::from(lows.iter().map(|at| u16::from(*at <= low)).sum::<u16>()),
            _ => lows.partition_point(|at| *at <= low),
        };
        (first + up_to).checked_sub(1)
    }

    /// How many bytes of memory the blocks take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
            + size_of_val(self.records.as_slice())
            + self.lengths.len()
            + size_of_val(self.around.as_slice())
            + self.around_lengths.len()
            + size_of_val(self.lows.as_slice())
            + size_of_val(self.values.as_slice())
            + self.value_lengths.len()
    }
}
