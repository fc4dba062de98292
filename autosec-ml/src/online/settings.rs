use super::forest::OnlineForest;
use crate::isolation::{ForestBuilder, IsolationForest, Mode};
use crate::matrix::MAX_COLUMNS;

/// What an [`OnlineForest`] is to be like; made by [`OnlineForest::builder`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OnlineBuilder {
    pub(super) columns: usize,
    pub(super) window: usize,
    pub(super) sample: usize,
    pub(super) seed: u64,
    pub(super) mode: Mode,
}

/// Why there is no forest.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// None, or more than [`MAX_COLUMNS`].
    #[error("rows have from 1 to {MAX_COLUMNS} columns, and not {0}")]
    Columns(usize),
    /// Fewer than [`OnlineBuilder::SMALLEST_WINDOW`] rows, or more than [`OnlineBuilder::LARGEST_WINDOW`].
    #[error(
        "the window holds from {least} to {most} rows, and not {0}",
        least = OnlineBuilder::SMALLEST_WINDOW,
        most = OnlineBuilder::LARGEST_WINDOW
    )]
    Window(usize),
    /// Fewer than 2 rows, or more than [`ForestBuilder::LARGEST_SAMPLE`].
    #[error("a tree grows from a sample of 2 to {most} rows, and not of {0}", most = ForestBuilder::LARGEST_SAMPLE)]
    Sample(usize),
    /// The window times its columns is more than [`OnlineBuilder::MOST_CELLS`].
    #[error("a window of {window} rows by {columns} columns needs too much memory: take a smaller one")]
    Memory {
        /// How many rows.
        window: usize,
        /// How many columns.
        columns: usize,
    },
}

impl OnlineBuilder {
    /// The fewest rows of a window.
    pub const SMALLEST_WINDOW: usize = 64;
    /// The most rows of a window.
    pub const LARGEST_WINDOW: usize = 1 << 20;
    /// The most numbers of a window: 128 MiB.
    pub const MOST_CELLS: usize = 1 << 24;
    /// How many times trees grow until all have been replaced.
    pub(super) const GENERATIONS: usize = 12;
    /// As many as go down side by side.
    pub(super) const TREES: usize = 8;

    pub(super) fn new(columns: usize) -> Self {
        Self { columns, window: 2_048, sample: 256, seed: 0, mode: Mode::default() }
    }

    /// How many of the last rows count
    /// ([`SMALLEST_WINDOW`](Self::SMALLEST_WINDOW)..=[`LARGEST_WINDOW`](Self::LARGEST_WINDOW)); 2,048 if not said.
    #[must_use]
    pub fn window(self, window: usize) -> Self {
        Self { window, ..self }
    }

    /// How many rows of the window each tree grows from (2..=[`ForestBuilder::LARGEST_SAMPLE`]); 256 if not said.
    #[must_use]
    pub fn sample(self, sample: usize) -> Self {
        Self { sample, ..self }
    }

    /// What chance begins with: the same rows in the same order make the same forest, on every machine. 0 if not said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How trees are grown; [`Mode::Mixed`] if not said.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// A forest that has learned nothing yet.
    ///
    /// # Errors
    /// When a setting is out of its bounds.
    pub fn build(self) -> Result<OnlineForest, SettingsError> {
        self.check()?;
        Ok(OnlineForest::new(self))
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let &Self { columns, window, sample, .. } = self;
        if !(1..=MAX_COLUMNS).contains(&columns) {
            return Err(SettingsError::Columns(columns));
        }
        if !(Self::SMALLEST_WINDOW..=Self::LARGEST_WINDOW).contains(&window) {
            return Err(SettingsError::Window(window));
        }
        if !(2..=ForestBuilder::LARGEST_SAMPLE).contains(&sample) {
            return Err(SettingsError::Sample(sample));
        }
        if window * columns > Self::MOST_CELLS {
            return Err(SettingsError::Memory { window, columns });
        }
        Ok(())
    }

    /// The settings of the trees that grow at one time. They are within bounds whenever these are.
    pub(super) fn generation(&self, seed: u64) -> ForestBuilder {
        let builder = IsolationForest::builder().trees(Self::TREES).sample(self.sample);
        builder.mode(self.mode).seed(seed)
    }

    /// After how many new rows trees grow.
    pub(super) fn stride(&self) -> usize {
        self.window / Self::GENERATIONS
    }
}
