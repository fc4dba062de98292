//! Any bytes are a model or are refused, and what is read scores any row, says why, and is written as it was read: forests
//! of every mode, forests that learn, clusters, statistical and seasonal models.
//!
//! Length and checksum are put right first, or nothing but they would be tested; every ninth input is taken as it is.
#![no_main]

#[path = "support/change.rs"]
mod change;

use std::sync::LazyLock;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::cluster::KMeans;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::{IsolationForest, Mode};
use autosec_ml::matrix::Matrix;
use autosec_ml::model::ModelError;
use autosec_ml::online::OnlineForest;
use autosec_ml::statistic::StatisticalModel;
use autosec_ml::temporal::SeasonalModel;
use libfuzzer_sys::fuzz_target;

use change::change;

static SCHEMA: LazyLock<FeatureSchema> =
    LazyLock::new(|| FeatureSchema::new("fuzz", 1, ["a", "b", "c"]).expect("names are right"));

/// A file for each way to grow trees, and one of each other kind of model.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let values: Vec<f64> = (0..90).map(|number| f64::from(number * 37 % 101)).collect();
    let rows = Matrix::new(&values, 3).expect("it is a table");
    let file = |mode| {
        let forest = IsolationForest::builder().trees(5).sample(16).mode(mode).fit(rows);
        forest.expect("it can be trained on").to_bytes(&SCHEMA).expect("it is small")
    };
    let forests = [Mode::Capped, Mode::Deep, Mode::PooledGain, Mode::Mixed].into_iter().map(file);
    let clusters = KMeans::builder().clusters(3).fit(rows).expect("it can be trained on");
    let online = OnlineForest::builder(3).window(64).sample(4).mode(Mode::Capped).build();
    let mut online = online.expect("its settings are right");
    (0..70).for_each(|number| online.learn(rows.row(number % rows.rows())));
    let seasonal = SeasonalModel::fit(rows, 0).expect("there is such a column");
    let by_column = [StatisticalModel::fit(rows).to_bytes(&SCHEMA), seasonal.to_bytes(&SCHEMA)];
    let others = [clusters.to_bytes(&SCHEMA), online.to_bytes(&SCHEMA)].into_iter().chain(by_column);
    forests.chain(others.map(|file| file.expect("it is small"))).collect()
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let file = match usize::from(first % 9) {
        0 => rest.to_vec(),
        kind => changed(&FILES[kind - 1], rest),
    };
    if let Ok(forest) = IsolationForest::from_bytes(&file, &SCHEMA) {
        try_out(&forest, |forest| forest.to_bytes(&SCHEMA), |file| IsolationForest::from_bytes(file, &SCHEMA));
    }
    if let Ok(clusters) = KMeans::from_bytes(&file, &SCHEMA) {
        try_out(&clusters, |clusters| clusters.to_bytes(&SCHEMA), |file| KMeans::from_bytes(file, &SCHEMA));
        assert!(clusters.predict(&ROWS[0]) < clusters.clusters());
    }
    if let Ok(model) = StatisticalModel::from_bytes(&file, &SCHEMA) {
        try_out(&model, |model| model.to_bytes(&SCHEMA), |file| StatisticalModel::from_bytes(file, &SCHEMA));
    }
    if let Ok(model) = SeasonalModel::from_bytes(&file, &SCHEMA) {
        try_out(&model, |model| model.to_bytes(&SCHEMA), |file| SeasonalModel::from_bytes(file, &SCHEMA));
    }
    if let Ok(mut forest) = OnlineForest::from_bytes(&file, &SCHEMA) {
        try_out(&forest, |forest| forest.to_bytes(&SCHEMA), |file| OnlineForest::from_bytes(file, &SCHEMA));
        ROWS.iter().cycle().take(40).for_each(|row| forest.learn(row));
        assert!(!forest.score(&ROWS[1]).is_nan());
    }
});

const ROWS: [[f64; 3]; 2] = [[0.0, 50.0, 100.0], [f64::NAN, f64::INFINITY, -1e300]];

fn try_out<M: AnomalyModel>(
    model: &M,
    write: impl Fn(&M) -> Result<Vec<u8>, ModelError>,
    read: impl Fn(&[u8]) -> Result<M, ModelError>,
) {
    for row in &ROWS {
        assert!(model.score(row).is_finite());
        assert_eq!(model.contributions(row).len(), 3);
    }
    let file = write(model).expect("it was small");
    let again = read(&file).expect("what was written is read");
    assert_eq!(write(&again).expect("it was small"), file);
    assert_eq!(ROWS.map(|row| again.score(&row).to_bits()), ROWS.map(|row| model.score(&row).to_bits()));
}

/// A real one with changes: a place and what stands there, again and again, under a length and a checksum that are right.
fn changed(file: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = file[..file.len() - 4].to_vec();
    change(&mut bytes, HEAD, changes);
    let length = bytes.len() as u64 + 4;
    bytes[HEAD - 8..HEAD].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Bytes before the first section; the last eight are the length.
const HEAD: usize = 52;
