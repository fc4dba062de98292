//! Any bytes are a forest or are refused, and what is read scores any row, says why, and is written as it was read.
//!
//! Length and checksum are put right first, or nothing but they would be tested; every eighth input is taken as it is.
#![no_main]

use std::sync::LazyLock;

use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::{IsolationForest, Mode};
use autosec_ml::matrix::Matrix;
use libfuzzer_sys::fuzz_target;

static SCHEMA: LazyLock<FeatureSchema> =
    LazyLock::new(|| FeatureSchema::new("fuzz", 1, ["a", "b", "c"]).expect("names are right"));

/// A file for each way to grow trees.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let values: Vec<f64> = (0..90).map(|number| f64::from(number * 37 % 101)).collect();
    let rows = Matrix::new(&values, 3).expect("it is a table");
    let file = |mode| {
        let forest = IsolationForest::builder().trees(5).sample(16).mode(mode).fit(rows);
        forest.expect("it can be trained on").to_bytes(&SCHEMA).expect("it is small")
    };
    [Mode::Capped, Mode::Deep, Mode::PooledGain, Mode::Mixed].into_iter().map(file).collect()
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let file = match first % 8 {
        0 => rest.to_vec(),
        kind => changed(&FILES[usize::from(kind) % 4], rest),
    };
    let Ok(forest) = IsolationForest::from_bytes(&file, &SCHEMA) else { return };
    for row in [[0.0, 50.0, 100.0], [f64::NAN, f64::INFINITY, -1e300]] {
        assert!(!forest.score(&row).is_nan());
        assert_eq!(forest.attribute(&row).contributions.len(), 3);
    }
    let again = forest.to_bytes(&SCHEMA).expect("it was small");
    let read = IsolationForest::from_bytes(&again, &SCHEMA).expect("what was written is read");
    assert_eq!(read, forest);
});

/// A real one with changes: a place and what stands there, again and again, under a length and a checksum that are right.
fn changed(file: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = file[..file.len() - 4].to_vec();
    for change in changes.chunks_exact(4) {
        let at = HEAD + usize::from(u16::from_le_bytes([change[0], change[1]])) % (bytes.len() - HEAD);
        match change[2] % 3 {
            0 => bytes[at] = change[3],
            1 => bytes.insert(at, change[3]),
            _ if bytes.len() > HEAD + 1 => drop(bytes.remove(at)),
            _ => {}
        }
    }
    let length = bytes.len() as u64 + 4;
    bytes[HEAD - 8..HEAD].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Bytes before the first section; the last eight are the length.
const HEAD: usize = 52;
