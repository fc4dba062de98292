use super::attribution::Shares;
use super::depth::ONE;
use super::node::Node;

/// Trees that a row goes down side by side: what one step of one tree waits for, the other seven fill. On a 2-core
/// x86-64 VM that made scoring 2.7 times as fast as one tree after the other (2026-11-22).
pub(super) const LANES: usize = 8;

/// Steps between two looks whether any tree's last one led on.
const STRIDE: u16 = 4;

/// Trees that rows go down.
pub(super) trait Descend {
    /// What rows consist of.
    type Cell: Copy + Default;

    /// A scaled value as a cell.
    fn cell(scaled: f32) -> Self::Cell;

    /// Adds to each row's depth how deep it ends in all trees. Rows have `width` cells, a power of two.
    ///
    /// A group of trees is asked by all rows before the next one is, so that its nodes stay in the nearest cache.
    fn add_depths(&self, rows: &[Self::Cell], width: usize, depths: &mut [u64]);
}

/// A forest's trees, one behind the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trees<N> {
    /// Of all trees, each beginning with its root; then leaves up to a power of two.
    nodes: Vec<N>,
    /// How deep a row ends on average below each node, in the units of [`ONE`]; as long as `nodes`.
    depths: Vec<u32>,
    groups: Vec<Group>,
    sizes: Vec<Size>,
}

/// One tree's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) nodes: u32,
    /// From the root to the deepest leaf.
    pub(super) steps: u16,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Group {
    roots: [u32; LANES],
    steps: u16,
}

impl<N: Node> Descend for Trees<N> {
    type Cell = N::Cell;

    #[inline(always)]
    fn cell(scaled: f32) -> N::Cell {
        N::cell(scaled)
    }

    fn add_depths(&self, rows: &[N::Cell], width: usize, depths: &mut [u64]) {
        for group in &self.groups {
            for (row, depth) in rows.chunks_exact(width).zip(depths.iter_mut()) {
                *depth += self.depth(group, row);
            }
        }
    }
}

impl<N: Node> Trees<N> {
    /// Takes the trees' nodes and depths, one tree behind the other; both have as many as the sizes say together, which
    /// is fewer than 2^31.
    pub(super) fn new(mut nodes: Vec<N>, mut depths: Vec<u32>, sizes: Vec<Size>) -> Self {
        let used: u32 = sizes.iter().map(|size| size.nodes).sum();
        let mut next = 0;
        let placed: Vec<(u32, u16)> = sizes
            .iter()
            .map(|size| {
                let root = next;
                next += size.nodes;
                (root, size.steps)
            })
            .collect();
        let groups = placed.chunks(LANES).map(|trees| {
            // Places without a tree go to the first leaf past all trees, whose depth is 0.
            let mut roots = [used; LANES];
            roots.iter_mut().zip(trees).for_each(|(place, (root, _))| *place = *root);
            Group { roots, steps: trees.iter().map(|(_, steps)| *steps).max().unwrap_or(0) }
        });
        let groups = groups.collect();
        let room = (used as usize + 1).next_power_of_two();
        nodes.resize(room, N::default());
        depths.resize(room, 0);
        Self { nodes, depths, groups, sizes }
    }

    pub(super) fn sizes(&self) -> &[Size] {
        &self.sizes
    }

    /// Where each tree begins.
    pub(super) fn roots(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().flat_map(|group| group.roots).map(|root| root as usize).take(self.sizes.len())
    }

    /// So many nodes from a place on, and the depths below them.
    pub(super) fn from(&self, place: usize, count: usize) -> impl Iterator<Item = (N, u32)> {
        self.nodes.iter().copied().zip(self.depths.iter().copied()).skip(place).take(count)
    }

    /// The nodes of all trees and the depths below them.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (N, u32)> {
        let used = self.sizes.iter().map(|size| size.nodes as usize).sum();
        self.nodes.iter().copied().zip(self.depths.iter().copied()).take(used)
    }

    /// How deep a row ends in the trees of a group, together.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "the mask keeps indexes below the lengths, which are equal")]
    fn depth(&self, group: &Group, row: &[N::Cell]) -> u64 {
        let nodes = self.nodes.as_slice();
        let depths = self.depths.as_slice();
        if nodes.is_empty() || nodes.len() != depths.len() {
            return 0;
        }
        let mask = nodes.len() - 1;
        let mut places = group.roots;
        let (mut left, mut moved) = (group.steps, 1);
        while left > 0 && moved > 0 {
            for _ in 0..STRIDE {
                moved = 0;
                for place in &mut places {
                    let node = nodes[*place as usize & mask];
                    moved |= node.children();
                    *place += u32::from(node.children()) + u32::from(node.goes_right(row));
                }
            }
            left = left.saturating_sub(STRIDE);
        }
        places.iter().map(|place| u64::from(depths[*place as usize & (depths.len() - 1)])).sum()
    }

    /// Adds up, for each column, by how much its splits changed how deep this row is expected to end, and how deep any
    /// row and this row end, over all trees.
    pub(super) fn attribute(&self, row: &[N::Cell], shares: &mut Shares) {
        for root in self.groups.iter().flat_map(|group| group.roots) {
            let mut place = root as usize;
            let mut expected = self.depths.get(place).copied().unwrap_or(0);
            shares.any_row += u64::from(expected);
            while let Some(node) = self.nodes.get(place).filter(|node| node.children() > 0) {
                place += usize::from(node.children()) + usize::from(node.goes_right(row));
                let next = self.depths.get(place).copied().unwrap_or(0);
                shares.add(node.share(row), i64::from(expected) - i64::from(next));
                expected = next;
            }
            shares.this_row += u64::from(expected);
        }
    }
}

/// The depths of inner nodes: the mean of both children's, weighted by how many rows went there. Leaves have theirs
/// already; children stand behind their parents.
pub(super) fn fill_depths<N: Node>(nodes: &[N], counts: &[u32], depths: &mut [u32]) {
    for (place, node) in nodes.iter().enumerate().rev().filter(|(_, node)| node.children() > 0) {
        let left = place + usize::from(node.children());
        let child = |place: usize| Some((u64::from(*counts.get(place)?), u64::from(*depths.get(place)?)));
        let (Some((lefts, left)), Some((rights, right))) = (child(left), child(left + 1)) else { continue };
        let both = (lefts + rights).max(1);
        let mean = (lefts * left + rights * right + both / 2) / both;
        if let Some(depth) = depths.get_mut(place) {
            *depth = u32::try_from(mean).unwrap_or(u32::MAX);
        }
    }
}

/// The mean depth of a sum over so many trees.
pub(super) fn mean(sum: u64, trees: usize) -> f64 {
    sum as f64 / (f64::from(ONE) * trees.max(1) as f64)
}
