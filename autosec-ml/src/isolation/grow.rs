use super::depth;
use super::node::Node;
use super::sample::Sampler;
use super::scale::Scale;
use super::trees::{Size, Trees, fill_depths};
use crate::matrix::Matrix;
use crate::random::Random;

/// The rows that a tree is grown from, scaled, column after column.
#[derive(Debug, Default)]
pub(super) struct Cells {
    values: Vec<f32>,
    rows: usize,
}

/// Finds the question that a node asks.
pub(super) trait Splitter: Default {
    type Node: Node;

    /// Gets ready for a new tree.
    fn begin(&mut self, cells: &Cells);

    /// A question that some of these rows answer with "left" and some with "right", and how many with "left", who come
    /// first among the rows afterwards. None if all rows are alike.
    fn split(&mut self, cells: &Cells, rows: &mut [u16], random: &mut Random) -> Option<(Self::Node, usize)>;
}

/// Grows trees one by one.
#[derive(Debug)]
pub(super) struct Grower<'a, S: Splitter> {
    rows: Matrix<'a>,
    scale: &'a Scale,
    sample: usize,
    /// How deep a tree may become.
    cap: u16,
    splitter: S,
    sampler: Sampler,
    averages: Vec<u32>,
    cells: Cells,
    order: Vec<u16>,
    /// A column of the rows drawn.
    loaded: Vec<f64>,
    open: Vec<Open>,
    /// How many rows of the sample came to each node of the tree.
    counts: Vec<u32>,
    nodes: Vec<S::Node>,
    depths: Vec<u32>,
    sizes: Vec<Size>,
}

/// A node that has no question yet, and which rows came to it.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: usize,
    from: usize,
    to: usize,
    depth: u16,
}

impl<'a, S: Splitter> Grower<'a, S> {
    /// `sample` is at most the number of rows, and at most 2^15.
    pub(super) fn new(rows: Matrix<'a>, scale: &'a Scale, sample: usize, cap: u16) -> Self {
        Self {
            sampler: Sampler::new(rows.rows()),
            averages: depth::averages(sample),
            rows,
            scale,
            sample,
            cap,
            splitter: S::default(),
            cells: Cells::default(),
            order: Vec::new(),
            loaded: Vec::new(),
            open: Vec::new(),
            counts: Vec::new(),
            nodes: Vec::new(),
            depths: Vec::new(),
            sizes: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Trees<S::Node> {
        Trees::new(self.nodes, self.depths, self.sizes)
    }

    pub(super) fn grow(&mut self, mut random: Random) {
        self.draw(&mut random);
        self.splitter.begin(&self.cells);
        let root = self.nodes.len();
        self.counts.clear();
        self.counts.push(u32::try_from(self.sample).unwrap_or(u32::MAX));
        self.nodes.push(S::Node::default());
        let mut steps = 0;
        self.open.push(Open { node: 0, from: 0, to: self.sample, depth: 0 });
        while let Some(open) = self.open.pop() {
            steps = steps.max(open.depth);
            self.split(root, open, &mut random);
        }
        self.depths.resize(self.nodes.len(), 0);
        let (nodes, depths) = (self.nodes.get(root..), self.depths.get_mut(root..));
        let (nodes, depths) = (nodes.unwrap_or_default(), depths.unwrap_or_default());
        fill_depths(nodes, &self.counts, depths);
        let nodes = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        self.sizes.push(Size { nodes, steps });
    }

    /// Fills the cells with rows drawn at random.
    ///
    /// Column after column, and first loaded, then scaled: most rows are in no cache, and the shorter the way from one
    /// load to the next, the more of them are waited for at once.
    fn draw(&mut self, random: &mut Random) {
        let drawn = self.sampler.draw(self.sample, random);
        self.cells.rows = drawn.len();
        self.cells.values.resize(drawn.len() * self.rows.columns(), 0.0);
        let columns = self.cells.values.chunks_exact_mut(drawn.len()).zip(self.scale.columns());
        for (number, (cells, column)) in columns.enumerate() {
            self.loaded.clear();
            self.loaded.extend(drawn.iter().map(|row| self.rows.value(*row, number)));
            cells.iter_mut().zip(&self.loaded).for_each(|(cell, value)| *cell = column.scale(*value));
        }
        self.order.clear();
        self.order.extend((0..=u16::MAX).take(drawn.len()));
    }

    fn split(&mut self, root: usize, open: Open, random: &mut Random) {
        let rows = self.order.get_mut(open.from..open.to).unwrap_or_default();
        let can = rows.len() > 1 && open.depth < self.cap;
        let found = if can { self.splitter.split(&self.cells, rows, random) } else { None };
        let here = root + open.node;
        let Some((question, lefts)) = found else {
            let below = self.averages.get(rows.len()).copied().unwrap_or(0);
            self.depths.resize(self.depths.len().max(here + 1), 0);
            if let Some(depth) = self.depths.get_mut(here) {
                *depth = u32::from(open.depth) * depth::ONE + below;
            }
            return;
        };
        let (children, depth) = (self.nodes.len() - root, open.depth + 1);
        if let Some(node) = self.nodes.get_mut(here) {
            *node = question.with_children(u16::try_from(children - open.node).unwrap_or(0));
        }
        self.nodes.extend([S::Node::default(); 2]);
        let middle = open.from + lefts;
        for (node, from, to) in [(children + 1, middle, open.to), (children, open.from, middle)] {
            self.open.push(Open { node, from, to, depth });
        }
        self.counts.extend([lefts, rows.len() - lefts].map(|count| u32::try_from(count).unwrap_or(0)));
    }
}

impl Cells {
    /// The values of a column, a row each.
    pub(super) fn column(&self, column: u16) -> &[f32] {
        let from = usize::from(column) * self.rows;
        self.values.get(from..from + self.rows).unwrap_or_default()
    }

    /// The columns that do not have one value only.
    pub(super) fn varying(&self) -> impl Iterator<Item = u16> {
        let columns = (0..=u16::MAX).zip(self.values.chunks_exact(self.rows.max(1)));
        columns.filter_map(|(number, column)| {
            let first = *column.first()?;
            column.iter().any(|value| *value != first).then_some(number)
        })
    }
}

/// Brings the rows for which `goes_right` is false to the front, and says how many they are.
#[inline]
pub(super) fn partition(rows: &mut [u16], mut goes_right: impl FnMut(u16) -> bool) -> usize {
    let mut lefts = 0;
    for at in 0..rows.len() {
        let Some(row) = rows.get(at).copied() else { break };
        // Swapped always and counted on a condition: there is no branch to guess wrongly.
        rows.swap(at, lefts);
        lefts += usize::from(!goes_right(row));
    }
    lefts
}
