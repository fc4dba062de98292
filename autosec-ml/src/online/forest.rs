use std::collections::VecDeque;

use super::settings::OnlineBuilder;
use super::window::Window;
use crate::anomaly::AnomalyModel;
use crate::isolation::{IsolationForest, score};
use crate::random::Random;

/// So few rows say little: no tree grows from fewer, and from then on whenever they have doubled.
const FEW: usize = 32;

/// A forest of a stream's recent rows.
///
/// ```
/// use autosec_ml::isolation::Mode;
/// use autosec_ml::online::OnlineForest;
///
/// let mut forest = OnlineForest::builder(2).mode(Mode::Deep).seed(1).build()?;
/// for n in 0..500 {
///     forest.learn(&[f64::from(n % 17), f64::from(n % 23)]);
/// }
/// let before = forest.score(&[60.0, 60.0]);
/// assert!(before > forest.score(&[8.0, 11.0]) + 0.1);
///
/// // What was unusual becomes usual once there is enough of it.
/// for n in 0..4_500 {
///     forest.learn(&[60.0 + f64::from(n % 17), 60.0 + f64::from(n % 23)]);
/// }
/// assert!(forest.score(&[8.0, 11.0]) > forest.score(&[68.0, 70.0]) + 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OnlineForest {
    pub(super) settings: OnlineBuilder,
    /// Rows learned since it was built.
    pub(super) learned: u64,
    /// How many times trees have grown.
    pub(super) grown: u64,
    /// The oldest first.
    pub(super) generations: VecDeque<IsolationForest>,
    window: Window,
    /// Rows until trees grow.
    left: usize,
}

/// Why two forests cannot be merged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("forests of {left} and of {right} columns cannot be merged")]
pub struct MergeError {
    /// How many columns the forest has.
    pub left: usize,
    /// How many the one has that was to be merged into it.
    pub right: usize,
}

impl OnlineForest {
    /// The settings of a forest for rows of so many columns, to build one.
    pub fn builder(columns: usize) -> OnlineBuilder {
        OnlineBuilder::new(columns)
    }

    pub(super) fn new(settings: OnlineBuilder) -> Self {
        Self {
            window: Window::new(settings.window, settings.columns),
            learned: 0,
            grown: 0,
            generations: VecDeque::new(),
            left: FEW.min(settings.stride()),
            settings,
        }
    }

    /// One that goes on where another one, whose window is gone, was.
    pub(super) fn resume(
        settings: OnlineBuilder,
        [learned, grown]: [u64; 2],
        generations: VecDeque<IsolationForest>,
    ) -> Self {
        let left = if generations.is_empty() { FEW.min(settings.stride()) } else { settings.stride() };
        Self { learned, grown, generations, left, ..Self::new(settings) }
    }

    /// Takes the row for usual. A row that is too short lacks its last values; what it has too many is not looked at.
    ///
    /// Once in a twelfth of a window trees grow, which takes as long as hundreds of other rows.
    pub fn learn(&mut self, row: &[f64]) {
        self.window.push(row);
        self.learned = self.learned.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.grow();
            self.left = self.window.len().max(FEW).min(self.settings.stride());
        }
    }

    /// How unusual the row is beside those learned last, from 0 (not at all) to 1, as by an [`IsolationForest`]: about 0.5
    /// says nothing either way. 0.5 until the first trees grow.
    pub fn score(&self, row: &[f64]) -> f64 {
        let depths = self.generations.iter().map(|generation| generation.depth(row));
        let middles = self.generations.iter().map(IsolationForest::middle);
        // Both are sums over as many.
        score(depths.sum(), middles.sum())
    }

    /// Takes the youngest trees of both by turns, as many as fit. The window stays as it is.
    ///
    /// # Errors
    /// When the other one has another number of columns.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        let (left, right) = (self.settings.columns, other.settings.columns);
        if left != right {
            return Err(MergeError { left, right });
        }
        let mut youngest: [Vec<IsolationForest>; 2] =
            [&self.generations, &other.generations].map(|all| all.iter().cloned().collect());
        let mut merged = VecDeque::new();
        while merged.len() < OnlineBuilder::GENERATIONS && youngest.iter().any(|all| !all.is_empty()) {
            for generation in youngest.iter_mut().filter_map(Vec::pop) {
                merged.push_front(generation);
            }
        }
        self.generations = merged;
        self.learned = self.learned.saturating_add(other.learned);
        Ok(())
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.settings.columns
    }

    /// How many trees there are: a multiple of 8, up to 96.
    pub fn trees(&self) -> usize {
        self.generations.iter().map(IsolationForest::trees).sum()
    }

    /// How many rows have been learned, those forgotten and those of forests merged into it included.
    pub fn learned(&self) -> u64 {
        self.learned
    }

    /// How many rows the window holds now.
    pub fn recent(&self) -> usize {
        self.window.len()
    }

    fn grow(&mut self) {
        let seed = Random::new(self.settings.seed, self.grown).draw();
        let rows = self.window.matrix();
        let Some(Ok(generation)) = rows.map(|rows| self.settings.generation(seed).fit(rows)) else { return };
        self.grown = self.grown.saturating_add(1);
        if self.generations.len() == OnlineBuilder::GENERATIONS {
            self.generations.pop_front();
        }
        self.generations.push_back(generation);
    }
}

impl AnomalyModel for OnlineForest {
    fn name(&self) -> &'static str {
        "online-forest"
    }

    fn columns(&self) -> usize {
        OnlineForest::columns(self)
    }

    fn score(&self, row: &[f64]) -> f64 {
        OnlineForest::score(self, row)
    }

    /// Splits saved on the way to the end of the row, the mean of what
    /// [`attribute`](IsolationForest::attribute) says of all trees: they add up to how much earlier than expected the row
    /// ends, up to the last bits.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.settings.columns];
        for generation in &self.generations {
            let parts = generation.attribute(row).contributions;
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
        let count = self.generations.len().max(1) as f64;
        sums.iter_mut().for_each(|sum| *sum /= count);
        sums
    }
}
