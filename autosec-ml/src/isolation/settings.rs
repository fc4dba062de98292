use std::ops::ControlFlow;

use super::axis::AxisSplitter;
use super::complete::Lazy;
use super::forest::{Grown, IsolationForest, Origin};
use super::grow::{Grower, Splitter};
use super::mixed::MixedSplitter;
use super::pooled::PooledSplitter;
use super::scale::Scale;
use super::trees::Trees;
use crate::matrix::Matrix;
use crate::random::Random;

/// How trees are grown.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// Splits at random until every row of the sample stands alone.
    Deep,
    /// Splits at random, and stops ⌈log₂ sample⌉ splits below the root: the original forest, with the smallest file, and
    /// with samples of up to 256 rows the fastest: a third of the time of [`Mode::Deep`], for 3 KB more memory a tree.
    Capped,
    /// Splits on two columns at once, at the threshold with the largest pooled gain, until every row stands alone. Finds
    /// groups that lie between others, which splits at random overlook, and overlooks some of what they find.
    PooledGain,
    /// One tree of three as in [`Mode::Deep`] and two as in [`Mode::PooledGain`]: the most accurate on public sets, and
    /// half as fast as [`Mode::Capped`] or less.
    #[default]
    Mixed,
}

/// What an [`IsolationForest`] is to be like; made by [`IsolationForest::builder`].
#[derive(Clone, Debug)]
pub struct ForestBuilder {
    trees: usize,
    sample: usize,
    seed: u64,
    mode: Mode,
}

/// How far training is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Trees grown so far.
    pub grown: usize,
    /// Trees there will be.
    pub trees: usize,
}

/// Why there is no forest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// None, or more than [`ForestBuilder::MOST_TREES`].
    #[error("a forest has from 1 to {most} trees, and not {0}", most = ForestBuilder::MOST_TREES)]
    Trees(usize),
    /// Fewer than 2 rows, or more than [`ForestBuilder::LARGEST_SAMPLE`].
    #[error("a tree grows from a sample of 2 to {most} rows, and not of {0}", most = ForestBuilder::LARGEST_SAMPLE)]
    Sample(usize),
    /// More rows than [`ForestBuilder::MOST_ROWS`].
    #[error("there are {0} rows, and the limit is {most}: train on a part of them", most = ForestBuilder::MOST_ROWS)]
    Rows(usize),
    /// A sample times its columns is more than [`ForestBuilder::MOST_CELLS`], or the trees together might have more
    /// nodes than [`ForestBuilder::MOST_NODES`].
    #[error(
        "the forest would need too much memory for {trees} trees from samples of {sample} rows by {columns} columns: take smaller samples or fewer trees"
    )]
    Memory {
        /// How many trees.
        trees: usize,
        /// How many rows a tree.
        sample: usize,
        /// How many columns.
        columns: usize,
    },
    /// The host's function asked to stop.
    #[error("training was stopped after {grown} trees")]
    Stopped {
        /// How many trees had been grown.
        grown: usize,
    },
}

impl ForestBuilder {
    /// The most trees a forest may have.
    pub const MOST_TREES: usize = 10_000;
    /// The most rows a tree may grow from.
    pub const LARGEST_SAMPLE: usize = 32_768;
    /// The most rows to train on.
    pub const MOST_ROWS: usize = 4_294_967_295;
    /// The most numbers a sample may have: 256 MiB.
    pub const MOST_CELLS: usize = 1 << 26;
    /// The most nodes that all trees together may come to have, which is twice their samples.
    pub const MOST_NODES: usize = 1 << 26;

    pub(super) fn new() -> Self {
        Self { trees: 100, sample: 256, seed: 0, mode: Mode::default() }
    }

    /// How many trees (1..=[`MOST_TREES`](Self::MOST_TREES)); 100 if not said.
    #[must_use]
    pub fn trees(self, trees: usize) -> Self {
        Self { trees, ..self }
    }

    /// How many rows each tree grows from (2..=[`LARGEST_SAMPLE`](Self::LARGEST_SAMPLE)), drawn without replacement; all
    /// of them if there are fewer. 256 if not said.
    #[must_use]
    pub fn sample(self, sample: usize) -> Self {
        Self { sample, ..self }
    }

    /// What chance begins with: the same rows, settings and seed make the same forest, on every machine. 0 if not said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How trees are grown; [`Mode::Mixed`] if not said.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// Grows the forest.
    ///
    /// # Errors
    /// When a setting or the number of rows is out of its bounds.
    pub fn fit(&self, rows: Matrix<'_>) -> Result<IsolationForest, FitError> {
        self.fit_with(rows, |_| ControlFlow::Continue(()))
    }

    /// Grows the forest, and tells `progress` after each tree, which may ask to stop.
    ///
    /// # Errors
    /// When a setting or the number of rows is out of its bounds, or when `progress` asked to stop.
    pub fn fit_with(
        &self,
        rows: Matrix<'_>,
        progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<IsolationForest, FitError> {
        let sample = self.check(&rows)?;
        let scale = Scale::learn(&rows, &mut Random::new(self.seed, 0));
        let cap = match self.mode {
            Mode::Capped => u16::try_from(sample.max(2).next_power_of_two().ilog2()).unwrap_or(u16::MAX),
            Mode::Deep | Mode::PooledGain | Mode::Mixed => u16::MAX,
        };
        let trees = match self.mode {
            Mode::Deep | Mode::Capped => Grown::Axis(
                self.grow(Grower::<AxisSplitter>::new(rows, &scale, sample, cap), progress)?,
                Lazy::default(),
            ),
            Mode::PooledGain => {
                Grown::Pair(self.grow(Grower::<PooledSplitter>::new(rows, &scale, sample, cap), progress)?)
            }
            Mode::Mixed => {
                Grown::Pair(self.grow(Grower::<MixedSplitter>::new(rows, &scale, sample, cap), progress)?)
            }
        };
        let origin = Origin { rows: rows.rows() as u64, seed: self.seed, sample, mode: self.mode };
        Ok(IsolationForest::new(origin, scale, trees))
    }

    /// How many rows a tree grows from.
    fn check(&self, rows: &Matrix<'_>) -> Result<usize, FitError> {
        let &Self { trees, sample, .. } = self;
        if !(1..=Self::MOST_TREES).contains(&trees) {
            return Err(FitError::Trees(trees));
        }
        if !(2..=Self::LARGEST_SAMPLE).contains(&sample) {
            return Err(FitError::Sample(sample));
        }
        if rows.rows() > Self::MOST_ROWS {
            return Err(FitError::Rows(rows.rows()));
        }
        let (sample, columns) = (sample.min(rows.rows()), rows.columns());
        if sample * columns > Self::MOST_CELLS || 2 * sample * trees > Self::MOST_NODES {
            return Err(FitError::Memory { trees, sample, columns });
        }
        Ok(sample)
    }

    fn grow<S: Splitter>(
        &self,
        mut grower: Grower<'_, S>,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Trees<S::Node>, FitError> {
        for (grown, stream) in (1..=self.trees).zip(1..) {
            // A stream a tree: trees do not depend on each other.
            grower.grow(Random::new(self.seed, stream));
            if progress(Progress { grown, trees: self.trees }).is_break() {
                return Err(FitError::Stopped { grown });
            }
        }
        Ok(grower.finish())
    }
}
