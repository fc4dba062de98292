//! The IPv6 side of the table.
//!
//! An address is read 32 bits at a time. A group holds what one such chunk decides: sorted cells, each with the first chunk
//! it is for, under an index over the chunk's leading bits with about as many entries as there are cells. A cell
//! leads to a slot, to the group that reads the next chunk, or to a single prefix with what is around it (a lone host
//! would otherwise be a chain of groups). Prefixes up to /64, which is nearly all of them, take two groups.

use super::flatten::{Boundary, NONE};
use super::table::Match;

/// What every IPv6 address answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    root: Option<Group>,
    groups: Vec<Group>,
    lone: Vec<Lone>,
    /// For each group: the last cell at or before the first chunk of each of its equal parts, and its last cell.
    index: Vec<u32>,
    cells: Vec<Cell>,
    values: Vec<u32>,
    lengths: Vec<u8>,
}

/// Where a group's index begins, and how many bits of a chunk a part of it leaves over.
#[derive(Clone, Copy, Debug)]
struct Group {
    index: u32,
    shift: u32,
}

/// From this chunk on: what.
#[derive(Clone, Copy, Debug)]
struct Cell {
    from: u32,
    /// The kind in the two highest bits, then the number of the slot, the group or the lone prefix.
    what: u32,
}

const KIND: u32 = 0b11 << 30;
const GROUP: u32 = 0b01 << 30;
const LONE: u32 = 0b10 << 30;

/// The only prefix among the addresses of one chunk.
#[derive(Clone, Copy, Debug)]
struct Lone {
    first: u128,
    /// The logarithm of how many addresses are inside.
    shift: u32,
    inside: u32,
    around: u32,
}

/// The bits of a chunk.
const CHUNK: u32 = 32;

impl Chunks {
    /// Makes `boundaries` quick to search; `matches` has what each slot stands for.
    pub(super) fn new(boundaries: &[Boundary<u128>], matches: Vec<Match>) -> Self {
        if boundaries.iter().all(|(_, slot)| *slot == NONE) {
            return Self::default();
        }
        let mut chunks = Self {
            lengths: matches.iter().map(|(_, length)| *length).collect(),
            values: matches.into_iter().map(|(value, _)| value).collect(),
            ..Self::default()
        };
        chunks.root = Some(chunks.group(boundaries, 128 - CHUNK, NONE));
        chunks.groups.shrink_to_fit();
        chunks.lone.shrink_to_fit();
        chunks.index.shrink_to_fit();
        chunks.cells.shrink_to_fit();
        chunks
    }

    /// The value for `address`.
    #[inline(never)]
    pub(super) fn value(&self, address: u128) -> Option<u32> {
        self.values.get(self.slot(address)?).copied()
    }

    /// The length of the longest prefix that `address` belongs to.
    pub(super) fn length(&self, address: u128) -> Option<u8> {
        self.lengths.get(self.slot(address)?).copied()
    }

    /// The slot for `address`, which is [`NONE`] where there is no prefix.
    #[inline]
    fn slot(&self, address: u128) -> Option<usize> {
        let mut group = self.root?;
        let mut rest = address;
        loop {
            let what = self.cell(group, chunk(rest, 128 - CHUNK))?.what;
            let number = (what & !KIND) as usize;
            return match what & KIND {
                GROUP => {
                    group = *self.groups.get(number)?;
                    rest <<= CHUNK;
                    continue;
                }
                LONE => {
                    let lone = self.lone.get(number)?;
                    let inside = (address ^ lone.first) >> lone.shift == 0;
                    Some(if inside { lone.inside } else { lone.around } as usize)
                }
                _ => Some(number),
            };
        }
    }

    /// The last cell of `group` at or before `chunk`.
    #[inline]
    fn cell(&self, group: Group, chunk: u32) -> Option<Cell> {
        let part = group.index as usize + chunk.checked_shr(group.shift).unwrap_or(0) as usize;
        let (first, last) = (*self.index.get(part)? as usize, *self.index.get(part + 1)? as usize);
        let later = self.cells.get(first + 1..=last)?.partition_point(|cell| cell.from <= chunk);
        self.cells.get(first + later).copied()
    }

    /// Adds the group for `boundaries`, which are equal above the chunk that ends at bit `low`; `before` is the slot in
    /// force where they begin. It goes no deeper than the four chunks of an address.
    fn group(&mut self, boundaries: &[Boundary<u128>], low: u32, mut before: u32) -> Group {
        let mut cells = vec![Cell { from: 0, what: before }];
        for run in boundaries.chunk_by(|a, b| chunk(a.0, low) == chunk(b.0, low)) {
            let (Some((at, _)), Some((_, after))) = (run.first(), run.last()) else { continue };
            let from = chunk(*at, low);
            let what = self.what(run, low, before);
            // The cell that went on after the chunk before, or from the start, may be for this chunk as well.
            cells.pop_if(|last| last.from == from);
            cells.push(Cell { from, what });
            before = *after;
            if let Some(next) = from.checked_add(1).filter(|_| what & KIND != 0) {
                cells.push(Cell { from: next, what: before });
            }
        }
        self.indexed(&cells)
    }

    /// Where a cell leads that has all the boundaries of one chunk.
    fn what(&mut self, run: &[Boundary<u128>], low: u32, before: u32) -> u32 {
        let below = (1 << low) - 1;
        match *run {
            [(at, slot)] if at & below == 0 => slot,
            [(first, inside), (end, after)]
                if after == before && (end - first).is_power_of_two() && first % (end - first) == 0 =>
            {
                let shift = (end - first).trailing_zeros();
                self.lone.push(Lone { first, shift, inside, around: before });
                LONE | number(self.lone.len() - 1)
            }
            _ => {
                let group = self.group(run, low - CHUNK, before);
                self.groups.push(group);
                GROUP | number(self.groups.len() - 1)
            }
        }
    }

    /// Adds the cells of a group, with an index of about as many parts.
    fn indexed(&mut self, cells: &[Cell]) -> Group {
        let bits = cells.len().next_power_of_two().trailing_zeros().min(CHUNK);
        let group = Group { index: number(self.index.len()), shift: CHUNK - bits };
        let base = number(self.cells.len());
        let mut cells_before = 0;
        for part in 0..1u64 << bits {
            let start = part << group.shift;
            let rest = cells.get(cells_before..).unwrap_or_default();
            cells_before += rest.iter().take_while(|cell| u64::from(cell.from) <= start).count();
            self.index.push(base + number(cells_before) - 1);
        }
        self.index.push(base + number(cells.len()) - 1);
        self.cells.extend_from_slice(cells);
        group
    }

    /// How many bytes of memory the groups take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.groups.as_slice())
            + size_of_val(self.lone.as_slice())
            + size_of_val(self.index.as_slice())
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.values.as_slice())
            + self.lengths.len()
    }
}

/// The chunk of `address` that ends at bit `low`.
#[expect(clippy::cast_possible_truncation, reason = "what is above the chunk is meant to go")]
fn chunk(address: u128, low: u32) -> u32 {
    (address >> low) as u32
}

/// The number of a cell, group or slot as it is kept. 2^26 prefixes have at most 2^27 boundaries, each of these at most
/// three cells a chunk and every cell two parts of an index, so none comes near 2^32, nor groups near 2^30.
fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_lone_host_without_a_chain_of_groups() {
        let host = 0x2001_0db8_0001_0002_0003_0004_0005_0006_u128;
        let boundaries = [(0, NONE), (host, 0), (host + 1, NONE)];
        let chunks = Chunks::new(&boundaries, vec![(7, 128)]);
        assert_eq!((chunks.groups.len(), chunks.lone.len()), (0, 1));
        assert_eq!((chunks.value(host), chunks.length(host)), (Some(7), Some(128)));
        for other in [0, host - 1, host + 1, host + (1 << 96), u128::MAX] {
            assert_eq!(chunks.value(other), None, "{other:x}");
        }
    }

    #[test]
    fn reads_all_four_chunks() {
        let first = 0x2001_0db8_0001_0002_0003_0004_0000_0001_u128;
        let boundaries = [(0, NONE), (first, 0), (first + 2, 1), (first + 3, NONE)];
        let chunks = Chunks::new(&boundaries, vec![(7, 127), (8, 128)]);
        assert_eq!(chunks.groups.len(), 3);
        let answers: Vec<_> = (0..5).map(|plus| chunks.value(first - 1 + plus)).collect();
        assert_eq!(answers, [None, Some(7), Some(7), Some(8), None]);
    }
}
