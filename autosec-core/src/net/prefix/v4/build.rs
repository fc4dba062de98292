//! From boundaries to blocks.

use super::super::flatten::{Boundary, NONE};
use super::super::table::{Match, NO_LENGTH};
use super::{Blocks, Record, SHIFT_BITS, Word};

/// The fewest and the most bits of an address that its block leaves over: 2^24 blocks take 3 MiB, 2^18 take 48 KiB.
/// More than 14 would leave a record too few bits for what it holds.
const LEAST_LOW: u32 = 8;
const MOST_LOW: u32 = 14;

/// How many bits of an address its block had best leave over: four to eight blocks a boundary leave few of them crowded.
pub(super) fn low_bits(boundaries: usize) -> u32 {
    let blocks = boundaries.next_power_of_two().trailing_zeros() + 3;
    32u32.saturating_sub(blocks).clamp(LEAST_LOW, MOST_LOW)
}

/// The blocks of `boundaries`, which `flatten` made; `matches` has what each slot stands for.
pub(super) fn blocks(boundaries: &[Boundary<u32>], matches: &[Match], low_bits: u32) -> Blocks {
    if boundaries.iter().all(|(_, slot)| *slot == NONE) {
        return Blocks::default();
    }
    let mut building = Building::new(boundaries.len(), matches, low_bits);
    for run in boundaries.chunk_by(|a, b| a.0 >> low_bits == b.0 >> low_bits) {
        building.add(run);
    }
    building.finish()
}

struct Building<'a> {
    blocks: Blocks,
    matches: &'a [Match],
    /// The slot in force where the next block begins.
    before: u32,
    /// For each slot the number of its value in `around`, 0 as long as it has none.
    around_of: Vec<u32>,
    /// The boundaries of one block, the first at its beginning: kept for its memory.
    cells: Vec<(u32, u32)>,
}

impl<'a> Building<'a> {
    fn new(boundaries: usize, matches: &'a [Match], low_bits: u32) -> Self {
        let blocks = Blocks {
            low_bits,
            words: vec![Word::default(); 1 << (32 - low_bits - 6)],
            records: Vec::with_capacity(boundaries / 2 + 1),
            lengths: Vec::with_capacity(boundaries / 2 + 1),
            around: vec![0],
            around_lengths: vec![NO_LENGTH],
            ..Blocks::default()
        };
        Self { blocks, matches, before: NONE, around_of: vec![0; matches.len()], cells: Vec::new() }
    }

    /// Adds the block that holds `run`, which is all boundaries in it.
    fn add(&mut self, run: &[Boundary<u32>]) {
        let (Some((first, _)), Some((_, last))) = (run.first(), run.last()) else { return };
        let low_bits = self.blocks.low_bits;
        let past = 1 << low_bits;
        self.cells.clear();
        if first % past != 0 {
            self.cells.push((0, self.before));
        }
        self.cells.extend(run.iter().map(|(at, slot)| (at % past, *slot)));
        self.before = *last;
        let block = first >> low_bits;
        if let Some(word) = self.blocks.words.get_mut(block as usize / 64) {
            let half = if block % 64 < 32 { &mut word.low } else { &mut word.high };
            *half |= 1 << (block % 32);
        }
        let (record, length) = self.simple().unwrap_or_else(|| self.crowded());
        self.blocks.records.push(record);
        self.blocks.lengths.push(length);
    }

    /// The record of a block that holds one value, or one prefix at most beside the value that goes on after it.
    fn simple(&mut self) -> Option<(Record, u8)> {
        let low_bits = self.blocks.low_bits;
        let (first, end, slot, around) = match *self.cells.as_slice() {
            [(_, NONE)] => {
                return Some((Record { value: 0, rest: ((1 << low_bits) + 1) << SHIFT_BITS }, NO_LENGTH));
            }
            [(_, slot)] => {
                let (value, length) = *self.matches.get(slot as usize)?;
                return Some((Record { value, rest: low_bits + 1 }, length));
            }
            [(0, slot), (end, after)] => (0, end, slot, after),
            [(0, before), (first, slot), (end, after)] if before == after => (first, end, slot, after),
            _ => return None,
        };
        let size = end - first;
        if !size.is_power_of_two() || first % size != 0 {
            return None;
        }
        let (value, length) = *self.matches.get(slot as usize)?;
        let around = self.around(around)?;
        let rest = size.trailing_zeros() | first << SHIFT_BITS | around << (SHIFT_BITS + 1 + low_bits);
        Some((Record { value, rest }, length))
    }

    /// The number in `around` of what `slot` stands for, unless a record has too few bits for it.
    fn around(&mut self, slot: u32) -> Option<u32> {
        if slot == NONE {
            return Some(0);
        }
        let number = self.around_of.get_mut(slot as usize)?;
        if *number == 0 {
            let next = u32::try_from(self.blocks.around.len()).ok()?;
            if next >> (32 - SHIFT_BITS - 1 - self.blocks.low_bits) != 0 {
                return None;
            }
            let (value, length) = *self.matches.get(slot as usize)?;
            self.blocks.around.push(value);
            self.blocks.around_lengths.push(length);
            *number = next;
        }
        Some(*number)
    }

    /// The record of a block with more boundaries, which go to the side arrays.
    fn crowded(&mut self) -> (Record, u8) {
        let blocks = &mut self.blocks;
        let first = blocks.lows.len();
        for (low, slot) in &self.cells {
            let (value, length) = self.matches.get(*slot as usize).copied().unwrap_or((0, NO_LENGTH));
            blocks.lows.push(u16::try_from(*low).unwrap_or(u16::MAX));
            blocks.values.push(value);
            blocks.value_lengths.push(length);
        }
        // At most two boundaries a prefix and two more a block: both numbers fit.
        let value = u32::try_from(first).unwrap_or(u32::MAX);
        let count = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        (Record { value, rest: blocks.low_bits | count << SHIFT_BITS }, NO_LENGTH)
    }

    fn finish(mut self) -> Blocks {
        let mut before = 0;
        for word in &mut self.blocks.words {
            word.before = before;
            before += word.low.count_ones() + word.high.count_ones();
        }
        let blocks = &mut self.blocks;
        blocks.records.shrink_to_fit();
        blocks.lengths.shrink_to_fit();
        blocks.around.shrink_to_fit();
        blocks.around_lengths.shrink_to_fit();
        blocks.lows.shrink_to_fit();
        blocks.values.shrink_to_fit();
        blocks.value_lengths.shrink_to_fit();
        self.blocks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Boundaries and what their slots stand for: some close to each other, some at the beginning of blocks.
    fn boundaries() -> impl Strategy<Value = (Vec<Boundary<u32>>, Vec<Match>)> {
        let address = prop_oneof![
            (0u32..64, 6u32..16).prop_map(|(high, shift)| high << shift),
            0x0A00_0000u32..0x0A00_0400,
            any::<u32>(),
        ];
        let slot = prop_oneof![1 => Just(None), 3 => (any::<u32>(), 0u8..=32).prop_map(Some)];
        prop::collection::btree_map(address, slot, 0..40).prop_map(|mut map| {
            map.entry(0).or_insert(None);
            let matches: Vec<Match> = map.values().flatten().copied().collect();
            let mut slots = 0..;
            let boundaries = map
                .into_iter()
                .map(|(at, known)| (at, known.and_then(|_| slots.next()).unwrap_or(NONE)))
                .collect();
            (boundaries, matches)
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_last_boundary(
            (boundaries, matches) in boundaries(),
            low_bits in LEAST_LOW..=MOST_LOW,
            random in prop::collection::vec(any::<u32>(), 16),
        ) {
            let blocks = blocks(&boundaries, &matches, low_bits);
            let near = boundaries.iter().flat_map(|(at, _)| {
                let next_block = at.wrapping_add(1 << low_bits);
                [*at, at.wrapping_sub(1), at.wrapping_add(1), next_block, at | ((1 << low_bits) - 1)]
            });
            for address in near.chain(random) {
                let slot = boundaries.iter().rfind(|(at, _)| *at <= address).unwrap().1;
                let expected = matches.get(slot as usize).copied();
                prop_assert_eq!(blocks.value(address).zip(blocks.length(address)), expected, "{}", address);
                prop_assert_eq!(blocks.value(address).is_some(), expected.is_some(), "{}", address);
            }
        }
    }

    #[test]
    fn cuts_the_space_by_the_number_of_boundaries() {
        assert_eq!([1, 3, 2_001, 199_810, 1_984_602, usize::MAX / 4].map(low_bits), [14, 14, 14, 11, 8, 8]);
    }

    #[test]
    fn holds_more_values_around_than_a_record_can_number() {
        let networks = 0..9_000u32;
        let matches: Vec<Match> = networks.clone().flat_map(|n| [(n, 16), (n + 100_000, 32)]).collect();
        let boundaries: Vec<Boundary<u32>> = networks
            .clone()
            .flat_map(|n| [(n << 15, 2 * n), ((n << 15) + 9, 2 * n + 1), ((n << 15) + 10, 2 * n)])
            .collect();
        let blocks = blocks(&boundaries, &matches, MOST_LOW);
        assert_eq!(blocks.around.len(), 1 << 13, "all numbers are used");
        for n in networks {
            let answers = [0, 9, 10, 0x7FFF].map(|host| blocks.value((n << 15) + host));
            assert_eq!(answers, [Some(n), Some(n + 100_000), Some(n), Some(n)]);
        }
    }
}
