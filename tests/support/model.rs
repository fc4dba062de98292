//! Rows to train models on, and files of models to change.

use std::path::Path;

use autosec_ml::feature::FeatureSchema;
use proptest::prelude::*;

/// Where the version of the crate stands in a file.
pub const VERSION: std::ops::Range<usize> = 12..18;

pub fn schema(columns: usize) -> FeatureSchema {
    FeatureSchema::new("test", 1, (0..columns).map(|column| format!("column {column}"))).unwrap()
}

/// Numbers that look random and are the same everywhere, from −1 to 1.
pub fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let next = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    });
    next.skip(8).take(count).collect()
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (-5..5_i8).prop_map(f64::from),
        6 => -1e3..1e3_f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX)],
    ]
}

/// Columns, and the numbers of rows.
pub fn any_table() -> impl Strategy<Value = (usize, Vec<f64>)> {
    (1..6_usize, 1..50_usize)
        .prop_flat_map(|(columns, rows)| (Just(columns), prop::collection::vec(any_number(), columns * rows)))
}

/// A few bytes that differ, and where a file may end.
#[derive(Clone, Debug)]
pub struct Damage {
    bytes: Vec<(prop::sample::Index, u8)>,
    end: Option<prop::sample::Index>,
}

pub fn any_damage() -> impl Strategy<Value = Damage> {
    let bytes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    (bytes, prop::option::of(any::<prop::sample::Index>())).prop_map(|(bytes, end)| Damage { bytes, end })
}

impl Damage {
    /// The file with it, with length and checksum put right.
    pub fn to(&self, mut file: Vec<u8>) -> Vec<u8> {
        for (at, byte) in &self.bytes {
            let at = at.index(file.len());
            file[at] = *byte;
        }
        if let Some(end) = self.end {
            file.truncate(end.index(file.len()));
        }
        reseal(&mut file);
        file
    }
}

/// Puts length and checksum right, or nothing but them would be tested.
pub fn reseal(file: &mut [u8]) {
    if file.len() < 56 {
        return;
    }
    let length = file.len() as u64;
    file[44..52].copy_from_slice(&length.to_le_bytes());
    let (body, checksum) = file.split_at_mut(length as usize - 4);
    let mut hasher = flate2::Crc::new();
    hasher.update(body);
    checksum.copy_from_slice(&hasher.sum().to_le_bytes());
}

/// That `seen` is what `tests/data/models/<name>.model` holds but for the crate's version, and that it can be read.
pub fn assert_golden(name: &str, seen: &[u8], read: impl FnOnce(&[u8])) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/models/{name}.model"));
    if std::env::var_os("AUTOSEC_BLESS").is_some() {
        std::fs::write(&path, seen).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    read(&recorded);
    let mut seen = seen.to_vec();
    seen[VERSION].copy_from_slice(&recorded[VERSION]);
    reseal(&mut seen);
    assert_eq!(seen, recorded, "{name}");
}
