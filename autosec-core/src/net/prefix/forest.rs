//! Longest-prefix match on 32 bits: one cache line for most addresses.
//!
//! A node cuts its addresses into equal parts, one line each, about as many as make four prefixes a line. A line in which
//! more than seven crowd keeps the longest seven and leads to a node for the others, which begins where
//! they do: what lies close together anywhere takes few steps and few lines.

use super::line::{self, Line};

/// The slot of addresses that no prefix covers; those of prefixes are below.
pub(super) const NONE: u32 = (1 << 30) - 1;

/// The length that goes with [`NONE`].
pub(super) const NO_LENGTH: u8 = u8::MAX;

/// The slot of a prefix and its length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Match {
    pub(super) slot: u32,
    pub(super) length: u8,
}

impl Match {
    /// No prefix.
    pub(super) const NONE: Self = Self { slot: NONE, length: NO_LENGTH };
}

/// Addresses cut into equal parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Its first address, and the bits that all its addresses have in common.
    pub(super) first: u32,
    pub(super) mask: u32,
    /// What holds for other addresses, and for its own where its lines do not say otherwise.
    pub(super) around: Match,
    /// How many bits of an address a part leaves over, and how many bits precede the 32 that are read here.
    pub(super) shift: u8,
    pub(super) above: u8,
    /// The line of the first part.
    pub(super) lines: u32,
}

/// A node without lines, in which `around` holds everywhere.
impl Default for Node {
    fn default() -> Self {
        Self { first: 0, mask: u32::MAX, around: Match::NONE, shift: 0, above: 0, lines: u32::MAX }
    }
}

/// The nodes and lines of any number of tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Forest {
    pub(super) nodes: Vec<Node>,
    pub(super) lines: Vec<Line>,
}

impl Forest {
    /// What the table that begins at `node` says of `address`.
    #[inline(always)]
    pub(super) fn find(&self, node: &Node, address: u32) -> Match {
        match self.step(node, address) {
            Ok(found) => found,
            Err(next) => self.find_deeper(next, address),
        }
    }

    /// The same from a node further down. Out of line, so that the first step is short enough to be inlined: the shorter a
    /// lookup, the more of them a processor has in flight.
    #[inline(never)]
    fn find_deeper(&self, mut next: u32, address: u32) -> Match {
        while let Some(node) = self.nodes.get(next as usize) {
            match self.step(node, address) {
                Ok(found) => return found,
                Err(further) => next = further,
            }
        }
        Match::NONE
    }

    /// What one line says, or the number of the node that knows.
    #[inline(always)]
    pub(super) fn step(&self, node: &Node, address: u32) -> Result<Match, u32> {
        if (address ^ node.first) & node.mask != 0 {
            return Ok(node.around);
        }
        let part = (address & !node.mask) >> (node.shift & 31);
        let Some(held) = self.lines.get(node.lines as usize + part as usize) else { return Ok(node.around) };
        let (key, slot) = held.find(address)?;
        let length = if key == 0 { node.around.length } else { node.above + line::length(key) };
        Ok(Match { slot, length })
    }

    /// Gives back memory that was allocated ahead.
    pub(super) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    /// How many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.nodes.as_slice()) + size_of_val(self.lines.as_slice())
    }
}
