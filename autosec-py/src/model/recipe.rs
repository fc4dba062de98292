//! From the settings of a kind of model to a trained one.

use std::sync::Arc;

use autosec_ml::cluster::{KMeans, KMeansBuilder};
use autosec_ml::ensemble::{Ensemble, EnsembleBuilder, Weights};
use autosec_ml::isolation::{ForestBuilder, IsolationForest, Mode};
use autosec_ml::matrix::Matrix;
use autosec_ml::online::{OnlineBuilder, OnlineForest};
use autosec_ml::statistic::StatisticalModel;
use autosec_ml::temporal::SeasonalModel;
use pyo3::conversion::FromPyObjectOwned;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::kind::Kind;
use super::learning::Learning;
use crate::error;
use crate::progress::Teller;

/// What an ensemble's training consists of, each for so many steps of its progress.
const STAGES: [&str; 5] = ["isolation-forest", "k-means", "statistical", "seasonal", "calibration"];
const STEPS: u64 = 100;

/// A kind of model with its settings.
#[derive(Debug)]
pub(super) enum Recipe {
    Clusters { builder: KMeansBuilder, steps: usize },
    Ensemble(EnsembleBuilder),
    Forest { builder: ForestBuilder, trees: usize },
    Online(OnlineBuilder),
    Seasonal(usize),
    Statistical,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ForestSettings {
    n_estimators: usize,
    max_samples: usize,
    random_state: u64,
    mode: String,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct ClusterSettings {
    n_clusters: usize,
    max_iter: usize,
    tol: f64,
    random_state: u64,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct OnlineSettings {
    window: usize,
    max_samples: usize,
    random_state: u64,
    mode: String,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct EnsembleSettings {
    n_estimators: usize,
    max_samples: usize,
    mode: String,
    n_clusters: usize,
    time: Option<usize>,
    weights: Option<(f64, f64, f64, f64)>,
    random_state: u64,
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct SeasonalSettings {
    time: usize,
}

impl Recipe {
    /// The recipe for a kind of model, of rows of so many columns.
    pub(super) fn read(kind: &str, columns: usize, settings: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = settings.py();
        Ok(match kind {
            "ensemble" => Recipe::Ensemble(ensemble(told(settings)?, py)?),
            "isolation-forest" => {
                let ForestSettings { n_estimators: trees, max_samples, random_state, mode } = told(settings)?;
                let builder = IsolationForest::builder().trees(trees).sample(max_samples).seed(random_state);
                Recipe::Forest { builder: builder.mode(mode_of(py, &mode)?), trees }
            }
            "k-means" => {
                let ClusterSettings { n_clusters, max_iter: steps, tol, random_state } = told(settings)?;
                let builder = KMeans::builder().clusters(n_clusters).steps(steps);
                Recipe::Clusters { builder: builder.tolerance(tol).seed(random_state), steps }
            }
            "online-forest" => {
                let OnlineSettings { window, max_samples, random_state, mode } = told(settings)?;
                let builder =
                    OnlineForest::builder(columns).window(window).sample(max_samples).seed(random_state);
                Recipe::Online(builder.mode(mode_of(py, &mode)?))
            }
            "seasonal" => Recipe::Seasonal(told::<SeasonalSettings>(settings)?.time),
            "statistical" => Recipe::Statistical,
            other => return Err(error::config(py, format!("`{other}` is no kind of model"))),
        })
    }

    /// How many steps its training has at most, for rows of this shape.
    pub(super) fn steps(&self, rows: usize, columns: usize) -> u64 {
        match self {
            Recipe::Clusters { steps, .. } => *steps as u64,
            Recipe::Ensemble(_) => STEPS * STAGES.len() as u64,
            Recipe::Forest { trees, .. } => *trees as u64,
            Recipe::Online(_) => rows as u64,
            Recipe::Seasonal(_) | Recipe::Statistical => columns as u64,
        }
    }

    /// The model of these rows; says why there is none. Tells how far it is, and stops when the host asks to.
    pub(super) fn fit(&self, rows: Matrix<'_>, teller: &Teller) -> Result<Kind, String> {
        let tell = |done: u64| teller.go_on(done);
        match self {
            Recipe::Clusters { builder, .. } => {
                made(builder.fit_with(rows, |far| tell(far.steps as u64)), Kind::Clusters)
            }
            Recipe::Ensemble(builder) => made(
                builder.fit_with(rows, |far| {
                    let before = STAGES.iter().take_while(|stage| **stage != far.stage).count() as u64;
                    tell(STEPS * before + STEPS * far.done as u64 / far.of.max(1) as u64)
                }),
                Kind::Ensemble,
            ),
            Recipe::Forest { builder, .. } => {
                made(builder.fit_with(rows, |far| tell(far.grown as u64)), Kind::Forest)
            }
            Recipe::Online(builder) => {
                let forest = Learning::new(builder.build().map_err(|wrong| wrong.to_string())?);
                // Who stops it has an exception on the way.
                let _ = forest.learn(rows, |learned| tell(learned as u64));
                Ok(Kind::Online(forest.into()))
            }
            Recipe::Seasonal(time) => {
                made(SeasonalModel::fit_with(rows, *time, |far| tell(far.learnt as u64)), Kind::Seasonal)
            }
            Recipe::Statistical => {
                made(StatisticalModel::fit_with(rows, |far| tell(far.learnt as u64)), Kind::Statistical)
            }
        }
    }
}

fn made<M, E: ToString>(fitted: Result<M, E>, kind: impl FnOnce(Arc<M>) -> Kind) -> Result<Kind, String> {
    fitted.map(|model| kind(model.into())).map_err(|wrong| wrong.to_string())
}

/// Settings by their names, of which the one that cannot be read is named.
fn told<'py, T: FromPyObjectOwned<'py, Error = PyErr>>(settings: &Bound<'py, PyDict>) -> PyResult<T> {
    let py = settings.py();
    settings.extract::<T>().map_err(|wrong| {
        // `failed to extract field Settings.name`, because of what is wrong with it.
        let place = wrong.value(py).to_string();
        let name = place.rsplit(['.', ' ']).next().unwrap_or_default().to_owned();
        let why = wrong.cause(py).map_or(place, |cause| cause.value(py).to_string());
        error::config(py, format!("`{name}`: {why}"))
    })
}

fn ensemble(settings: EnsembleSettings, py: Python<'_>) -> PyResult<EnsembleBuilder> {
    let EnsembleSettings { n_estimators, max_samples, mode, n_clusters, time, weights, random_state } =
        settings;
    let forest = IsolationForest::builder().trees(n_estimators).sample(max_samples).mode(mode_of(py, &mode)?);
    let mut counted = Weights::default();
    if let Some((forest, clusters, statistical, seasonal)) = weights {
        (counted.forest, counted.clusters) = (forest, clusters);
        (counted.statistical, counted.seasonal) = (statistical, seasonal);
    }
    let builder = Ensemble::builder().forest(forest).clusters(n_clusters).weights(counted).seed(random_state);
    Ok(time.into_iter().fold(builder, EnsembleBuilder::time))
}

fn mode_of(py: Python<'_>, mode: &str) -> PyResult<Mode> {
    Ok(match mode {
        "mixed" => Mode::Mixed,
        "deep" => Mode::Deep,
        "capped" => Mode::Capped,
        "pooled_gain" => Mode::PooledGain,
        _ => return Err(error::config(py, "`mode` is `mixed`, `deep`, `capped` or `pooled_gain`")),
    })
}
