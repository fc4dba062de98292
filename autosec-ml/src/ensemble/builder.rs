use std::ops::ControlFlow;

use super::member::Member;
use super::model::{Ensemble, Origin};
use crate::calibrate::CalibrationError;
use crate::cluster::{self, KMeans};
use crate::isolation::{self, ForestBuilder, IsolationForest};
use crate::matrix::{Matrix, MatrixError};
use crate::random::Random;
use crate::statistic::{self, StatisticalModel};
use crate::temporal::SeasonalModel;

/// How much each kind of member counts: 0 and more, and only the proportions matter.
///
/// By default 0.3 for the forest, 0.5 for the clusters, 0.2 for the statistical model and 0.25 for the seasonal one: the
/// [module](crate::ensemble) has the measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Weights {
    /// The isolation forest's.
    pub forest: f64,
    /// The clusters'.
    pub clusters: f64,
    /// The statistical model's.
    pub statistical: f64,
    /// The seasonal model's, where there is one.
    pub seasonal: f64,
}

/// What an [`Ensemble`] is to be like; made by [`Ensemble::builder`].
#[derive(Clone, Debug)]
pub struct EnsembleBuilder {
    forest: ForestBuilder,
    clusters: usize,
    time: Option<usize>,
    weights: Weights,
    seed: u64,
}

/// How far training is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being trained: `isolation-forest`, `k-means`, `statistical`, `seasonal`, and at last `calibration`.
    pub stage: &'static str,
    /// How many of its parts (trees, steps, columns, members) are done.
    pub done: usize,
    /// How many parts it has at most.
    pub of: usize,
}

/// Why there is no ensemble.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnsembleError {
    /// None, or more than [`Ensemble::MOST_MEMBERS`].
    #[error("an ensemble has from 1 to {most} members, and not {0}", most = Ensemble::MOST_MEMBERS)]
    Members(usize),
    /// A weight is negative or no number, or all are 0.
    #[error("weights are finite numbers from 0 up, and not all are 0")]
    Weights,
    /// A member has not as many columns as the rows to calibrate on.
    #[error("a member has {model} columns, and the rows to calibrate on have {rows}")]
    Columns {
        /// How many the member has.
        model: usize,
        /// How many the rows have.
        rows: usize,
    },
    /// The forest could not be grown.
    #[error(transparent)]
    Forest(isolation::FitError),
    /// The clusters could not be found.
    #[error(transparent)]
    Clusters(cluster::FitError),
    /// The statistical or the seasonal model could not be made.
    #[error(transparent)]
    Statistic(statistic::FitError),
    /// The scores of a member cannot be calibrated on.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The rows cannot be divided.
    #[error(transparent)]
    Rows(#[from] MatrixError),
    /// The host's function asked to stop.
    #[error("training was stopped while the {stage} was made")]
    Stopped {
        /// What was being made.
        stage: &'static str,
    },
}

impl Default for Weights {
    fn default() -> Self {
        Self { forest: 0.3, clusters: 0.5, statistical: 0.2, seasonal: 0.25 }
    }
}

impl Default for EnsembleBuilder {
    fn default() -> Self {
        let forest = IsolationForest::builder();
        Self { forest, clusters: 8, time: None, weights: Weights::default(), seed: 0 }
    }
}

/// How rows are put to use.
struct Parts<'a> {
    train: Vec<f64>,
    spare: Vec<f64>,
    rows: Matrix<'a>,
}

impl EnsembleBuilder {
    /// With fewer rows none are spared: all are trained on and calibrated on.
    pub const FEWEST_TO_SPARE: usize = 200;
    /// One row in so many is kept for the calibration.
    const SPARED: usize = 4;

    /// How the forest is to be grown; its seed is the ensemble's.
    #[must_use]
    pub fn forest(self, forest: ForestBuilder) -> Self {
        Self { forest, ..self }
    }

    /// How many clusters, 1..=[`KMeansBuilder::MOST_CLUSTERS`](cluster::KMeansBuilder::MOST_CLUSTERS); 8 if not said, and
    /// no more than there are rows to train on.
    #[must_use]
    pub fn clusters(self, clusters: usize) -> Self {
        Self { clusters, ..self }
    }

    /// The number of the column that tells the time in hours since Monday, 00:00: there is a seasonal member if it is said.
    #[must_use]
    pub fn time(self, column: usize) -> Self {
        Self { time: Some(column), ..self }
    }

    /// How much each kind of member counts; [`Weights::default`] if not said.
    #[must_use]
    pub fn weights(self, weights: Weights) -> Self {
        Self { weights, ..self }
    }

    /// What chance begins with: the same rows, settings and seed make the same ensemble, on every machine. 0 if not said.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Trains all members on three rows of four, drawn at random, and calibrates on the others. With fewer than
    /// [`FEWEST_TO_SPARE`](Self::FEWEST_TO_SPARE) rows all serve both ends, and p-values are lower than they should be.
    /// Takes memory for a copy of the rows while it does.
    ///
    /// # Errors
    /// When a setting or the number of rows is out of the bounds of a member.
    pub fn fit(&self, rows: Matrix<'_>) -> Result<Ensemble, EnsembleError> {
        self.fit_with(rows, |_| ControlFlow::Continue(()))
    }

    /// The same, and tells `progress` how far each member is, which may ask to stop.
    ///
    /// # Errors
    /// When a setting or the number of rows is out of the bounds of a member, or when `progress` asked to stop.
    pub fn fit_with(
        &self,
        rows: Matrix<'_>,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Ensemble, EnsembleError> {
        let parts = Parts::new(rows, self.seed);
        let train = Matrix::new(&parts.train, rows.columns())?;
        let Weights { forest, clusters, statistical, seasonal } = self.weights;
        let mut members = vec![
            (self.grow(train, &mut progress)?, forest),
            (self.group(train, &mut progress)?, clusters),
            (measure(train, &mut progress)?, statistical),
        ];
        if let Some(time) = self.time {
            members.push((season(train, time, &mut progress)?, seasonal));
        }
        let origin = Origin { rows: rows.rows() as u64, seed: self.seed };
        Ensemble::calibrated(members, parts.spare()?, origin, &mut progress)
    }

    fn grow(
        &self,
        rows: Matrix<'_>,
        progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Member, EnsembleError> {
        let stage = "isolation-forest";
        let forest = self
            .forest
            .clone()
            .seed(self.seed)
            .fit_with(rows, |grown| progress(Progress { stage, done: grown.grown, of: grown.trees }));
        forest.map(Member::Forest).map_err(|error| match error {
            isolation::FitError::Stopped { .. } => EnsembleError::Stopped { stage },
            other => EnsembleError::Forest(other),
        })
    }

    fn group(
        &self,
        rows: Matrix<'_>,
        progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Member, EnsembleError> {
        let stage = "k-means";
        let builder = KMeans::builder().clusters(self.clusters.min(rows.rows())).seed(self.seed);
        let clusters =
            builder.fit_with(rows, |made| progress(Progress { stage, done: made.steps, of: made.most }));
        clusters.map(Member::Clusters).map_err(|error| match error {
            cluster::FitError::Stopped { .. } => EnsembleError::Stopped { stage },
            other => EnsembleError::Clusters(other),
        })
    }
}

fn measure(
    rows: Matrix<'_>,
    progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Member, EnsembleError> {
    let stage = "statistical";
    let model = StatisticalModel::fit_with(rows, |learnt| {
        progress(Progress { stage, done: learnt.learnt, of: learnt.columns })
    });
    model.map(Member::Statistical).map_err(|error| from_statistic(error, stage))
}

fn season(
    rows: Matrix<'_>,
    time: usize,
    progress: &mut impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Member, EnsembleError> {
    let stage = "seasonal";
    let model = SeasonalModel::fit_with(rows, time, |learnt| {
        progress(Progress { stage, done: learnt.learnt, of: learnt.columns })
    });
    model.map(Member::Seasonal).map_err(|error| from_statistic(error, stage))
}

fn from_statistic(error: statistic::FitError, stage: &'static str) -> EnsembleError {
    match error {
        statistic::FitError::Stopped { .. } => EnsembleError::Stopped { stage },
        other => EnsembleError::Statistic(other),
    }
}

impl<'a> Parts<'a> {
    fn new(rows: Matrix<'a>, seed: u64) -> Self {
        let count = rows.rows();
        let spared =
            if count < EnsembleBuilder::FEWEST_TO_SPARE { 0 } else { count / EnsembleBuilder::SPARED };
        // A stream that no tree draws from.
        let mut random = Random::new(seed, u64::MAX);
        let (mut train, mut spare) = (Vec::new(), Vec::with_capacity(spared * rows.columns()));
        let mut wanted = spared;
        for (left, row) in (1..=count).rev().zip(rows.iter()) {
            let is_spared = random.below(left) < wanted;
            wanted -= usize::from(is_spared);
            if is_spared { spare.extend_from_slice(row) } else { train.extend_from_slice(row) }
        }
        Self { train, spare, rows }
    }

    /// The rows to calibrate on.
    fn spare(&self) -> Result<Matrix<'_>, MatrixError> {
        if self.spare.is_empty() { Ok(self.rows) } else { Matrix::new(&self.spare, self.rows.columns()) }
    }
}
