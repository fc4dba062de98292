use std::sync::OnceLock;

use super::node::{AxisNode, Key, Node};
use super::trees::{Descend, LANES, Trees};

/// How deep trees are that are laid out here, at most: those of [`Mode::Capped`](super::Mode::Capped) that grow from no
/// more than 256 rows.
const STEPS: u32 = 8;
/// Inner places of such a tree, and one for none; as many as its places for leaves.
const PLACES: usize = 1 << STEPS;

/// Shallow trees once more, filled up to complete ones whose places follow from where a row goes: from place n to place
/// 2n or 2n + 1. A step loads a node and a cell, compares and counts; nothing tells it where the children are.
///
/// It takes 3 KB a tree beside the 1.2 KB of the tree itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Complete {
    groups: Vec<Group>,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    /// Of each tree, from its root at place 1 on: threshold above, column below.
    nodes: [[u64; PLACES]; LANES],
    /// How deep a row ends that left each tree at this place.
    depths: [[u32; PLACES]; LANES],
}

/// The complete form of shallow trees, made when the first row is scored: its 300 KB take longer to fill than a file of
/// 100 trees takes to read.
#[derive(Clone, Debug, Default)]
pub(super) struct Lazy(OnceLock<Option<Complete>>);

/// All are the same: it says nothing that the trees do not say.
impl PartialEq for Lazy {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Lazy {
    /// Of these trees, always the same ones; none if they are too deep.
    #[inline]
    pub(super) fn of(&self, trees: &Trees<AxisNode>) -> Option<&Complete> {
        self.0.get_or_init(|| Complete::new(trees)).as_ref()
    }
}

/// A question that every row answers with "left".
const NO_QUESTION: u64 = (u32::MAX as u64) << 32;

impl Complete {
    /// None if one of the trees is deeper.
    pub(super) fn new(trees: &Trees<AxisNode>) -> Option<Self> {
        if trees.sizes().iter().any(|size| u32::from(size.steps) > STEPS) {
            return None;
        }
        let empty = Group { nodes: [[NO_QUESTION; PLACES]; LANES], depths: [[0; PLACES]; LANES] };
        let mut groups = vec![empty; trees.sizes().len().div_ceil(LANES)];
        let mut lanes = groups.iter_mut().flat_map(|group| group.nodes.iter_mut().zip(&mut group.depths));
        // Where each node of a tree goes; parents come before their children.
        let mut places = Vec::new();
        for (root, size) in trees.roots().zip(trees.sizes()) {
            let (nodes, depths) = lanes.next()?;
            places.clear();
            places.resize(size.nodes as usize, 0_usize);
            *places.first_mut()? = 1;
            for (from, (node, depth)) in trees.from(root, size.nodes as usize).enumerate() {
                let to = *places.get(from)?;
                let Some(steps) = to.checked_ilog2() else { continue };
                if node.children() == 0 {
                    // A row stays on the left until it leaves.
                    *depths.get_mut((to << STEPS.checked_sub(steps)?) - PLACES)? = depth;
                } else {
                    *nodes.get_mut(to)? = (u64::from(node.threshold.bits()) << 32) | u64::from(node.column);
                    let left = from + usize::from(node.children());
                    let children = places.get_mut(left..left + 2)?;
                    children.iter_mut().zip(2 * to..).for_each(|(place, child)| *place = child);
                }
            }
        }
        Some(Self { groups })
    }
}

impl Descend for Complete {
    type Cell = Key;

    #[inline(always)]
    fn cell(scaled: f32) -> Key {
        Key::new(scaled)
    }

    fn add_depths(&self, rows: &[Key], width: usize, depths: &mut [u64]) {
        for group in &self.groups {
            for (row, depth) in rows.chunks_exact(width).zip(depths.iter_mut()) {
                *depth += group.depth(row);
            }
        }
    }
}

impl Group {
    /// How deep a row ends in these trees, together.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "masks keep indexes below the lengths")]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a node are wanted")]
    fn depth(&self, row: &[Key]) -> u64 {
        if row.is_empty() {
            return 0;
        }
        let mut places = [1_usize; LANES];
        for _ in 0..STEPS {
            for (place, nodes) in places.iter_mut().zip(&self.nodes) {
                let node = nodes[*place % PLACES];
                let value = row[node as u32 as usize & (row.len() - 1)];
                *place = 2 * *place + usize::from(value.bits() > (node >> 32) as u32);
            }
        }
        let ends = places.iter().zip(&self.depths).map(|(place, depths)| u64::from(depths[*place % PLACES]));
        ends.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::forest::Grown;
    use super::super::settings::{ForestBuilder, Mode};
    use super::*;
    use crate::matrix::Matrix;
    use crate::random::Random;

    fn grown(mode: Mode, values: &[f64]) -> Grown {
        let builder = ForestBuilder::new().trees(21).mode(mode);
        builder.fit(Matrix::new(values, 4).unwrap()).unwrap().trees
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    fn rows_end_where_they_do_in_the_trees_themselves() {
        let mut random = Random::new(11, 0);
        let values: Vec<f64> = (0..4_000).map(|_| (random.fraction() * 9.0).floor().powi(3)).collect();
        let Grown::Axis(trees, lazy) = grown(Mode::Capped, &values) else { panic!("it has pairs") };
        let complete = lazy.of(&trees).unwrap();
        let rows: Vec<Key> = (0..800).map(|_| Key::new((random.fraction() * 20.0 - 10.0) as f32)).collect();
        let (mut one, mut other) = (vec![0; 200], vec![0; 200]);
        trees.add_depths(&rows, 4, &mut one);
        complete.add_depths(&rows, 4, &mut other);
        assert_eq!(one, other);
        assert!(one.iter().any(|depth| *depth != one[0]));
        let Grown::Axis(deep, lazy) = grown(Mode::Deep, &values) else { panic!("it has pairs") };
        assert!(lazy.of(&deep).is_none());
    }
}
