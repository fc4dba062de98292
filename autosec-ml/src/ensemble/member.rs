use crate::anomaly::AnomalyModel;
use crate::cluster::KMeans;
use crate::feature::FeatureSchema;
use crate::isolation::IsolationForest;
use crate::model::ModelError;
use crate::statistic::StatisticalModel;
use crate::temporal::SeasonalModel;

/// A model of an ensemble.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Member {
    /// How far a row lies from the clusters of others.
    Clusters(KMeans),
    /// How soon a row stands alone.
    Forest(IsolationForest),
    /// How far each column lies from what is usual at that hour of the week.
    Seasonal(SeasonalModel),
    /// How far each column lies from what is usual.
    Statistical(StatisticalModel),
}

impl Member {
    /// The model itself.
    pub fn model(&self) -> &dyn AnomalyModel {
        match self {
            Member::Clusters(model) => model,
            Member::Forest(model) => model,
            Member::Seasonal(model) => model,
            Member::Statistical(model) => model,
        }
    }

    /// The number of its kind in files.
    pub(super) fn kind(&self) -> u32 {
        match self {
            Member::Forest(_) => 1,
            Member::Clusters(_) => 2,
            Member::Statistical(_) => 4,
            Member::Seasonal(_) => 5,
        }
    }

    pub(super) fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        match self {
            Member::Clusters(model) => model.to_bytes(schema),
            Member::Forest(model) => model.to_bytes(schema),
            Member::Seasonal(model) => model.to_bytes(schema),
            Member::Statistical(model) => model.to_bytes(schema),
        }
    }

    /// The member in a model file; none if there is no such kind.
    pub(super) fn from_bytes(
        kind: u32,
        file: &[u8],
        schema: &FeatureSchema,
    ) -> Option<Result<Self, ModelError>> {
        Some(match kind {
            1 => IsolationForest::from_bytes(file, schema).map(Member::Forest),
            2 => KMeans::from_bytes(file, schema).map(Member::Clusters),
            4 => StatisticalModel::from_bytes(file, schema).map(Member::Statistical),
            5 => SeasonalModel::from_bytes(file, schema).map(Member::Seasonal),
            _ => return None,
        })
    }
}

impl From<KMeans> for Member {
    fn from(model: KMeans) -> Self {
        Member::Clusters(model)
    }
}

impl From<IsolationForest> for Member {
    fn from(model: IsolationForest) -> Self {
        Member::Forest(model)
    }
}

impl From<SeasonalModel> for Member {
    fn from(model: SeasonalModel) -> Self {
        Member::Seasonal(model)
    }
}

impl From<StatisticalModel> for Member {
    fn from(model: StatisticalModel) -> Self {
        Member::Statistical(model)
    }
}
