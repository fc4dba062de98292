use std::sync::Arc;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::cluster::KMeans;
use autosec_ml::detector::Trained;
use autosec_ml::ensemble::Ensemble;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::IsolationForest;
use autosec_ml::matrix::Matrix;
use autosec_ml::model::ModelError;
use autosec_ml::online::OnlineForest;
use autosec_ml::statistic::StatisticalModel;
use autosec_ml::temporal::SeasonalModel;

use super::learning::Learning;

/// A trained model of one kind or another.
#[derive(Debug)]
pub(super) enum Kind {
    Clusters(Arc<KMeans>),
    Ensemble(Arc<Ensemble>),
    Forest(Arc<IsolationForest>),
    Online(Arc<Learning>),
    Seasonal(Arc<SeasonalModel>),
    Statistical(Arc<StatisticalModel>),
}

impl Kind {
    pub(super) fn model(&self) -> &dyn AnomalyModel {
        match self {
            Kind::Clusters(model) => &**model,
            Kind::Ensemble(model) => &**model,
            Kind::Forest(model) => &**model,
            Kind::Online(model) => &**model,
            Kind::Seasonal(model) => &**model,
            Kind::Statistical(model) => &**model,
        }
    }

    /// The model as a detector uses it. An ensemble brings its calibration along.
    pub(super) fn trained(&self) -> Trained {
        match self {
            Kind::Clusters(model) => Trained::shared(Arc::clone(model) as _),
            Kind::Ensemble(model) => Trained::shared(Arc::clone(model) as _).calibrated(Arc::clone(model)),
            Kind::Forest(model) => Trained::shared(Arc::clone(model) as _),
            Kind::Online(model) => Trained::shared(Arc::clone(model) as _),
            Kind::Seasonal(model) => Trained::shared(Arc::clone(model) as _),
            Kind::Statistical(model) => Trained::shared(Arc::clone(model) as _),
        }
    }

    pub(super) fn score_batch(&self, rows: Matrix<'_>) -> Vec<f64> {
        match self {
            Kind::Forest(forest) => forest.score_batch(rows),
            other => rows.iter().map(|row| other.model().score(row)).collect(),
        }
    }

    /// The model as a file that every host of AutoSec reads.
    pub(super) fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        match self {
            Kind::Clusters(model) => model.to_bytes(schema),
            Kind::Ensemble(model) => model.to_bytes(schema),
            Kind::Forest(model) => model.to_bytes(schema),
            Kind::Online(model) => model.forest().to_bytes(schema),
            Kind::Seasonal(model) => model.to_bytes(schema),
            Kind::Statistical(model) => model.to_bytes(schema),
        }
    }

    /// The model of such a file; `None` if there is no such kind.
    pub(super) fn from_bytes(
        kind: &str,
        file: &[u8],
        schema: &FeatureSchema,
    ) -> Option<Result<Self, ModelError>> {
        Some(match kind {
            "ensemble" => Ensemble::from_bytes(file, schema).map(|made| Kind::Ensemble(made.into())),
            "isolation-forest" => {
                IsolationForest::from_bytes(file, schema).map(|made| Kind::Forest(made.into()))
            }
            "k-means" => KMeans::from_bytes(file, schema).map(|made| Kind::Clusters(made.into())),
            "online-forest" => {
                OnlineForest::from_bytes(file, schema).map(|made| Kind::Online(Learning::new(made).into()))
            }
            "seasonal" => SeasonalModel::from_bytes(file, schema).map(|made| Kind::Seasonal(made.into())),
            "statistical" => {
                StatisticalModel::from_bytes(file, schema).map(|made| Kind::Statistical(made.into()))
            }
            _ => return None,
        })
    }
}
