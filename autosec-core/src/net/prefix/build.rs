//! From sorted prefixes to nodes and lines.

use super::forest::{Forest, Match, Node};
use super::line::{HELD, Key, Line, key};

/// A prefix of 32 bits and its slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) first: u32,
    /// 1 to 32.
    pub(super) length: u8,
    pub(super) slot: u32,
}

impl Entry {
    /// Its last address.
    pub(super) fn last(&self) -> u32 {
        self.first | below(self.length)
    }
}

/// Builds tables whose 32 bits come after `above` others.
pub(super) struct Builder<'a> {
    pub(super) forest: &'a mut Forest,
    pub(super) above: u8,
}

impl Builder<'_> {
    /// The table of `entries`, which are distinct, sorted by first address and then by length; `around` holds elsewhere.
    pub(super) fn table(&mut self, entries: &[Entry], around: Match) -> Node {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Node { around, ..Node::default() };
        };
        let common = ((first.first ^ last.first).leading_zeros() as u8).min(first.length);
        let bits = bits(entries, common);
        let node = Node {
            first: first.first & !below(common),
            mask: !below(common),
            around,
            shift: 32 - common - bits,
            above: self.above,
            lines: number(self.forest.lines.len()),
        };
        self.lines(&node, entries, 1 << bits);
        node
    }

    /// Adds the lines of a node that has this many `parts`.
    fn lines(&mut self, node: &Node, mut rest: &[Entry], parts: usize) {
        let begin = self.forest.lines.len();
        self.forest.lines.resize(begin + parts, Line::default());
        let mut open: Vec<Entry> = Vec::new();
        let part_length = 32 - node.shift;
        let firsts = (0..).map(|part| node.first | part << (node.shift & 31));
        for (at, first) in (begin..begin + parts).zip(firsts) {
            while open.pop_if(|entry| entry.last() < first).is_some() {}
            let last = first | below(part_length);
            let here = rest.iter().take_while(|entry| entry.first <= last);
            let (wide, inside): (usize, usize) = here.fold((0, 0), |(wide, inside), entry| {
                if entry.length <= part_length { (wide + 1, inside) } else { (wide, inside + 1) }
            });
            let (covers, after) = rest.split_at_checked(wide).unwrap_or_default();
            let (inside, after) = after.split_at_checked(inside).unwrap_or_default();
            open.extend(covers);
            rest = after;
            let around = open.last().map_or((0, node.around.slot), |entry| (key(entry.first, entry.length), entry.slot));
            let line = if inside.len() <= HELD {
                Line::of(inside.iter().rev().map(place), around)
            } else {
                let around = open.last().map_or(node.around, |entry| self.found(entry));
                self.crowded(inside, around, first ^ (1 << (node.shift & 31)))
            };
            if let Some(kept) = self.forest.lines.get_mut(at) {
                *kept = line;
            }
        }
    }

    /// The line of more prefixes than it holds: the longest, then the node of the others; `elsewhere` is an address that
    /// does not come here.
    fn crowded(&mut self, inside: &[Entry], around: Match, elsewhere: u32) -> Line {
        let mut longest = inside.to_vec();
        longest.sort_by_key(|entry| std::cmp::Reverse(entry.length));
        let mut others = longest.split_off(HELD);
        others.sort_unstable_by_key(|entry| (entry.first, entry.length));
        let node = self.table(&others, around);
        self.forest.nodes.push(node);
        Line::of(longest.iter().map(place), (key(elsewhere, 32), number(self.forest.nodes.len() - 1)))
    }

    fn found(&self, entry: &Entry) -> Match {
        Match { slot: entry.slot, length: self.above + entry.length }
    }
}

/// How many bits had best cut addresses with `common` bits in common into lines: the fewest that leave at most an eighth of
/// the prefixes crowded, unless most lines would be empty. One bit must be known of the addresses of every line, which keys
/// leave out, and two of a line that leads on, so that there is an address elsewhere.
fn bits(entries: &[Entry], common: u8) -> u8 {
    if entries.len() <= HELD {
        return u8::from(common == 0);
    }
    let least = 2u8.saturating_sub(common).max((entries.len() / (HELD + 1)).ilog2() as u8).max(1);
    let most = (entries.len().ilog2() as u8).min(32 - common);
    let mut best = least.min(most);
    for bits in best..=most {
        let (used, crowded) = filling(entries, common + bits);
        if bits > least && used * 2 < 1 << bits {
            break;
        }
        best = bits;
        if crowded * 8 <= entries.len() {
            break;
        }
    }
    best
}

/// Of lines whose addresses have `known` bits in common: how many are used, and how many prefixes are in crowded ones.
fn filling(entries: &[Entry], known: u8) -> (usize, usize) {
    let shift = 32 - u32::from(known);
    let lines = entries.chunk_by(|a, b| (u64::from(a.first) >> shift) == (u64::from(b.first) >> shift));
    lines.fold((0, 0), |(used, crowded), line| {
        let inside = line.iter().filter(|entry| entry.length > known).count();
        (used + 1, crowded + if inside > HELD { inside } else { 0 })
    })
}

fn place(entry: &Entry) -> (Key, u32) {
    (key(entry.first, entry.length), entry.slot)
}

/// The bits after the first `length`.
fn below(length: u8) -> u32 {
    u32::MAX.checked_shr(u32::from(length)).unwrap_or(0)
}

/// The number of a line or node as it is kept.
pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
