//! Any bytes are an ensemble, a calibration or a drift monitor, or are refused; what is read answers any question, and is
//! written as it was read.
//!
//! Length and checksum are put right first, or nothing but they would be tested; every eighth input is taken as it is.
//! The checksums of the members' own files are not: those of single models have a target of their own.
#![no_main]

#[path = "support/change.rs"]
mod change;

use std::sync::LazyLock;
use std::time::Duration;

use autosec_core::time::Timestamp;
use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::calibrate::{Conformal, Isotonic};
use autosec_ml::drift::DriftMonitor;
use autosec_ml::ensemble::Ensemble;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::IsolationForest;
use autosec_ml::matrix::Matrix;
use libfuzzer_sys::fuzz_target;

use change::change;

static SCHEMA: LazyLock<FeatureSchema> =
    LazyLock::new(|| FeatureSchema::new("fuzz", 1, ["a", "b", "c"]).expect("names are right"));

/// A file of each kind.
static FILES: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    let values: Vec<f64> = (0..180).map(|number| f64::from(number * 37 % 101)).collect();
    let rows = Matrix::new(&values, 3).expect("it is a table");
    let forest = IsolationForest::builder().trees(3).sample(8);
    let ensemble =
        Ensemble::builder().forest(forest).clusters(2).time(0).fit(rows).expect("it can be trained on");
    let scores: Vec<f64> = rows.iter().map(|row| ensemble.score(row)).collect();
    let conformal = Conformal::calibrate(&scores).expect("scores");
    let bad: Vec<bool> = (0..scores.len()).map(|row| row % 3 == 0).collect();
    let isotonic = Isotonic::calibrate(&scores, &bad).expect("scores");
    let mut drift = DriftMonitor::new(rows, &scores, Duration::from_secs(60)).expect("a score a row");
    (0..900).for_each(|second| drift.observe(Timestamp::from_secs(second / 8), &[1.0, f64::NAN, 50.0], 0.5));
    let files = [
        ensemble.to_bytes(&SCHEMA),
        conformal.to_bytes(&SCHEMA),
        isotonic.to_bytes(&SCHEMA),
        drift.to_bytes(&SCHEMA),
    ];
    files.map(|file| file.expect("it is small"))
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let file = match first % 8 {
        0 => rest.to_vec(),
        kind => changed(&FILES[usize::from(kind) % 4], rest),
    };
    if let Ok(ensemble) = Ensemble::from_bytes(&file, &SCHEMA) {
        for row in [[0.0, 50.0, 100.0], [f64::NAN, f64::INFINITY, -1e300]] {
            let score = ensemble.judge(&row).score;
            assert_eq!(ensemble.contributions(&row).iter().sum::<f64>(), score);
        }
        let again = ensemble.to_bytes(&SCHEMA).expect("it was small");
        assert_eq!(Ensemble::from_bytes(&again, &SCHEMA).expect("what was written is read"), ensemble);
    }
    for score in [-1.0, 0.5, f64::MAX, f64::INFINITY, f64::NAN] {
        if let Ok(read) = Conformal::from_bytes(&file, &SCHEMA) {
            assert!(read.p_value(score) > 0.0 && read.p_value(score) <= 1.0);
            assert!((0.0..=Conformal::MOST_SURPRISE).contains(&read.surprise(score)));
        }
        if let Ok(read) = Isotonic::from_bytes(&file, &SCHEMA) {
            assert!((0.0..=1.0).contains(&read.probability(score)));
        }
    }
    if let Ok(mut read) = DriftMonitor::from_bytes(&file, &SCHEMA) {
        for time in [Timestamp::EPOCH, Timestamp::from_secs(90), Timestamp::MAX] {
            read.observe(time, &[1.0, f64::NAN], 0.5);
        }
        assert!(read.latest().is_none_or(|drift| !drift.score.is_nan()));
    }
});

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
