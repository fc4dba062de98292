//! The IPv4 side of the table.

use super::build::{Builder, Entry};
use super::forest::{Forest, Match, Node};
use super::values::Values;

/// What every IPv4 address answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Whole {
    root: Node,
    forest: Forest,
    values: Values,
}

impl Whole {
    /// Makes `entries` quick to search, which are distinct, sorted by first address and then by length.
    pub(super) fn new(entries: &[Entry], values: Values) -> Self {
        let (around, entries) = match entries.split_first() {
            Some((all, others)) if all.length == 0 => (Match { slot: all.slot, length: 0 }, others),
            _ => (Match::NONE, entries),
        };
        let mut forest = Forest::default();
        let root = Builder { forest: &mut forest, above: 0 }.table(entries, around);
        forest.shrink();
        Self { root, forest, values }
    }

    /// The value of the longest prefix that `address` belongs to.
    #[inline(always)]
    pub(super) fn value(&self, address: u32) -> Option<u32> {
        self.values.of(self.forest.find(&self.root, address).slot)
    }

    /// The same and the prefix's length.
    pub(super) fn prefix(&self, address: u32) -> Option<(u32, u8)> {
        let found = self.forest.find(&self.root, address);
        Some((self.values.of(found.slot)?, found.length))
    }

    /// How many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.forest.bytes() + self.values.bytes()
    }
}
