use super::attribution::{Attribution, Shares};
use super::complete::Lazy;
use super::depth;
use super::node::{AxisNode, Node, PairNode};
use super::scale::Scale;
use super::settings::{ForestBuilder, Mode};
use super::trees::{Descend, Trees, mean};
use crate::matrix::Matrix;

/// Rows that go down the trees together when many are scored.
const BLOCK: usize = 32;
/// Rows of no more columns are scored without memory from the heap.
const NARROW: usize = 64;

/// A trained isolation forest.
///
/// ```
/// use autosec_ml::isolation::IsolationForest;
/// use autosec_ml::matrix::Matrix;
///
/// let rows: Vec<f64> = (0..300).flat_map(|n| [f64::from(n % 17), f64::from(n % 23)]).chain([90.0, 3.0]).collect();
/// let rows = Matrix::new(&rows, 2)?;
/// let forest = IsolationForest::builder().trees(50).seed(1).fit(rows)?;
/// let scores = forest.score_batch(rows);
/// let highest = (0..scores.len()).max_by(|left, right| scores[*left].total_cmp(&scores[*right]));
/// assert_eq!(highest, Some(300));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IsolationForest {
    pub(super) origin: Origin,
    pub(super) scale: Scale,
    pub(super) trees: Grown,
    /// Depth at which a row is as usual as can be told: a score of 0.5.
    middle: f64,
    /// Length of a scaled row: a power of two.
    width: usize,
}

/// What a forest was grown from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) rows: u64,
    pub(super) seed: u64,
    /// Rows of each tree.
    pub(super) sample: usize,
    pub(super) mode: Mode,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Grown {
    Axis(Trees<AxisNode>, Lazy),
    Pair(Trees<PairNode>),
}

impl IsolationForest {
    /// The settings of a forest, to train one.
    pub fn builder() -> ForestBuilder {
        ForestBuilder::new()
    }

    pub(super) fn new(origin: Origin, scale: Scale, trees: Grown) -> Self {
        let width = scale.columns().len().next_power_of_two();
        Self { middle: depth::average(origin.sample), width, origin, scale, trees }
    }

    /// How unusual the row is, from 0 (not at all) to 1: 2^(−d / c), where d is how deep it ends on average and c how deep a
    /// row of a random sample does. About 0.5 says nothing either way. It is no probability.
    ///
    /// A row that is too short lacks its last values; what it has too many is not looked at. Allocates nothing up to 64
    /// columns.
    pub fn score(&self, row: &[f64]) -> f64 {
        self.to_score(self.sum(row))
    }

    /// The score of each row, the same to the last bit as [`score`](Self::score) gives.
    pub fn score_batch(&self, rows: Matrix<'_>) -> Vec<f64> {
        match &self.trees {
            Grown::Axis(trees, complete) => match complete.of(trees) {
                Some(complete) => self.score_batch_by(complete, rows),
                None => self.score_batch_by(trees, rows),
            },
            Grown::Pair(trees) => self.score_batch_by(trees, rows),
        }
    }

    /// Why the row has its score.
    pub fn attribute(&self, row: &[f64]) -> Attribution {
        match &self.trees {
            Grown::Axis(trees, _) => self.attribute_by(trees, row),
            Grown::Pair(trees) => self.attribute_by(trees, row),
        }
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.scale.columns().len()
    }

    /// How many trees there are.
    pub fn trees(&self) -> usize {
        match &self.trees {
            Grown::Axis(trees, _) => trees.sizes().len(),
            Grown::Pair(trees) => trees.sizes().len(),
        }
    }

    /// How the trees were grown.
    pub fn mode(&self) -> Mode {
        self.origin.mode
    }

    /// How many rows the forest was trained on.
    pub fn trained_on(&self) -> u64 {
        self.origin.rows
    }

    /// What chance began with.
    pub fn seed(&self) -> u64 {
        self.origin.seed
    }

    /// How many rows each tree was grown from.
    pub fn sample(&self) -> usize {
        self.origin.sample
    }

    /// How deep the row ends on average.
    pub(crate) fn depth(&self, row: &[f64]) -> f64 {
        mean(self.sum(row), self.trees())
    }

    /// How deep a row of a random sample ends on average.
    pub(crate) fn middle(&self) -> f64 {
        self.middle
    }

    fn sum(&self, row: &[f64]) -> u64 {
        match &self.trees {
            Grown::Axis(trees, complete) => match complete.of(trees) {
                Some(complete) => self.sum_by(complete, row),
                None => self.sum_by(trees, row),
            },
            Grown::Pair(trees) => self.sum_by(trees, row),
        }
    }

    fn sum_by<D: Descend>(&self, trees: &D, row: &[f64]) -> u64 {
        let mut narrow = [D::Cell::default(); NARROW];
        let mut wide = Vec::new();
        let cells = match narrow.get_mut(..self.width) {
            Some(cells) => cells,
            None => {
                wide.resize(self.width, D::Cell::default());
                wide.as_mut_slice()
            }
        };
        self.scale.apply(row, cells, D::cell);
        let mut depth = [0];
        trees.add_depths(cells, self.width, &mut depth);
        let [depth] = depth;
        depth
    }

    fn score_batch_by<D: Descend>(&self, trees: &D, rows: Matrix<'_>) -> Vec<f64> {
        let mut scores = Vec::with_capacity(rows.rows());
        let mut cells = vec![D::Cell::default(); BLOCK * self.width];
        let mut from = 0;
        while from < rows.rows() {
            let count = BLOCK.min(rows.rows() - from);
            for (cells, number) in cells.chunks_exact_mut(self.width).zip(from..from + count) {
                self.scale.apply(rows.row(number), cells, D::cell);
            }
            let mut depths = [0; BLOCK];
            let block = cells.get(..count * self.width).unwrap_or_default();
            trees.add_depths(block, self.width, &mut depths);
            scores.extend(depths.iter().take(count).map(|depth| self.to_score(*depth)));
            from += count;
        }
        scores
    }

    fn attribute_by<N: Node>(&self, trees: &Trees<N>, row: &[f64]) -> Attribution {
        let mut cells = vec![N::Cell::default(); self.width];
        self.scale.apply(row, &mut cells, N::cell);
        let mut shares = Shares::new(self.columns());
        trees.attribute(&cells, &mut shares);
        shares.finish(self.trees())
    }

    fn to_score(&self, sum: u64) -> f64 {
        score(mean(sum, self.trees()), self.middle)
    }
}

/// 2^(−depth / middle).
pub(crate) fn score(depth: f64, middle: f64) -> f64 {
    // A single row to learn from says nothing about any other.
    if middle == 0.0 { 0.5 } else { libm::exp2(-depth / middle) }
}
