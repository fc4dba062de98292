use std::ops::ControlFlow;

use super::centroids::Centroids;
use super::kmeans::KMeans;
use super::lloyd::{Nearest, step};
use super::seeding::seed;
use super::standard::Standard;
use crate::matrix::Matrix;
use crate::model::Training;
use crate::random::Random;

/// What a [`KMeans`] is to be like; made by [`KMeans::builder`].
#[derive(Clone, Debug)]
pub struct KMeansBuilder {
    clusters: usize,
    steps: usize,
    tolerance: f64,
    seed: u64,
}

/// How far training is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Steps made so far.
    pub steps: usize,
    /// The most there will be; as a rule there are far fewer.
    pub most: usize,
    /// The sum of the squares of the rows' distances to their centroids before the last step, in standard deviations.
    pub inertia: f64,
}

/// Why there are no clusters.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// None, or more than [`KMeansBuilder::MOST_CLUSTERS`].
    #[error("there are from 1 to {most} clusters, and not {0}", most = KMeansBuilder::MOST_CLUSTERS)]
    Clusters(usize),
    /// There are more clusters than rows.
    #[error("{rows} rows do not make {clusters} clusters: take more rows or fewer clusters")]
    Rows {
        /// How many rows there are.
        rows: usize,
        /// How many clusters are asked for.
        clusters: usize,
    },
    /// The tolerance is negative or no number.
    #[error("the tolerance is a number from 0 up, and not {0}")]
    Tolerance(f64),
    /// Clusters times columns is more than [`KMeansBuilder::MOST_CELLS`].
    #[error("{clusters} clusters of {columns} columns need too much memory: take fewer of either")]
    Memory {
        /// How many clusters.
        clusters: usize,
        /// How many columns.
        columns: usize,
    },
    /// The host's function asked to stop.
    #[error("training was stopped after {steps} steps")]
    Stopped {
        /// How many steps had been made.
        steps: usize,
    },
}

impl KMeansBuilder {
    /// The most clusters there may be.
    pub const MOST_CLUSTERS: usize = 1_024;
    /// The most numbers that all centroids together may have.
    pub const MOST_CELLS: usize = 1 << 22;

    pub(super) fn new() -> Self {
        Self { clusters: 8, steps: 300, tolerance: 1e-4, seed: 0 }
    }

    /// How many clusters (1..=[`MOST_CLUSTERS`](Self::MOST_CLUSTERS)); 8 if not said. There come to be fewer if there are
    /// not as many different rows, or if some are [too small](KMeans::SMALLEST).
    #[must_use]
    pub fn clusters(self, clusters: usize) -> Self {
        Self { clusters, ..self }
    }

    /// The most steps of training; 300 if not said. With 0 the centroids stay where they began.
    #[must_use]
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// Training ends when the squares of the ways that all centroids went in a step, in standard deviations, add up to no
    /// more; 0.0001 if not said.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// What chance begins with: the same rows, settings and seed make the same clusters, on every machine. 0 if not said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Finds the clusters. Takes 4 bytes a number of the rows while it does.
    ///
    /// # Errors
    /// When a setting is out of its bounds, or when there are fewer rows than clusters.
    pub fn fit(&self, rows: Matrix<'_>) -> Result<KMeans, FitError> {
        self.fit_with(rows, |_| ControlFlow::Continue(()))
    }

    /// Finds the clusters, and tells `progress` after each step, which may ask to stop.
    ///
    /// # Errors
    /// When a setting is out of its bounds, when there are fewer rows than clusters, or when `progress` asked to stop.
    pub fn fit_with(
        &self,
        rows: Matrix<'_>,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<KMeans, FitError> {
        self.check(&rows)?;
        let standard = Standard::learn(rows);
        let mut cells = vec![0.0; rows.rows() * rows.columns()];
        let each = cells.chunks_exact_mut(rows.columns());
        each.zip(rows.iter()).for_each(|(cells, row)| standard.apply(row, cells));
        let mut centroids = seed(&cells, rows.columns(), self.clusters, &mut Random::new(self.seed, 0));
        self.move_until_still(&cells, &mut centroids, &mut progress)?;
        let nearest = Nearest::new(&cells, &centroids);
        let training = Training { rows: rows.rows() as u64, seed: self.seed };
        Ok(KMeans::new(training, standard, &centroids, &nearest))
    }

    fn move_until_still(
        &self,
        cells: &[f32],
        centroids: &mut Centroids,
        progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), FitError> {
        for steps in 1..=self.steps {
            let nearest = Nearest::new(cells, centroids);
            let moved = step(cells, centroids, &nearest);
            if progress(Progress { steps, most: self.steps, inertia: nearest.inertia() }).is_break() {
                return Err(FitError::Stopped { steps });
            }
            if moved <= self.tolerance {
                break;
            }
        }
        Ok(())
    }

    fn check(&self, rows: &Matrix<'_>) -> Result<(), FitError> {
        let (clusters, columns) = (self.clusters, rows.columns());
        if !(1..=Self::MOST_CLUSTERS).contains(&clusters) {
            return Err(FitError::Clusters(clusters));
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return Err(FitError::Tolerance(self.tolerance));
        }
        if clusters * columns > Self::MOST_CELLS {
            return Err(FitError::Memory { clusters, columns });
        }
        if clusters > rows.rows() {
            return Err(FitError::Rows { rows: rows.rows(), clusters });
        }
        Ok(())
    }
}
