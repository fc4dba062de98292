//! The forest that learns: the same everywhere, bounded, forgetful, safe with any input and any file.

use std::path::Path;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::isolation::Mode;
use autosec_ml::model::ModelError;
use autosec_ml::online::{MergeError, OnlineBuilder, OnlineForest, SettingsError};
use proptest::prelude::*;

use crate::support::model::{VERSION, any_table, numbers, reseal, schema};

const MODES: [Mode; 4] = [Mode::Capped, Mode::Deep, Mode::PooledGain, Mode::Mixed];

fn builder(columns: usize) -> OnlineBuilder {
    OnlineForest::builder(columns).window(128).sample(32).seed(5)
}

fn learned(builder: OnlineBuilder, columns: usize, values: &[f64]) -> OnlineForest {
    let mut forest = builder.build().unwrap();
    values.chunks_exact(columns).for_each(|row| forest.learn(row));
    forest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_the_rows_the_forest_keeps_its_promises(
        (columns, values) in any_table(),
        mode in prop::sample::select(&MODES[..]),
        seed: u64,
    ) {
        // Over again, so that trees are replaced.
        let values = values.repeat(8);
        let builder = builder(columns).mode(mode).seed(seed);
        let forest = learned(builder, columns, &values);
        let file = forest.to_bytes(&schema(columns)).unwrap();
        let again = learned(builder, columns, &values);
        prop_assert_eq!(&file, &again.to_bytes(&schema(columns)).unwrap());
        let read = OnlineForest::from_bytes(&file, &schema(columns)).unwrap();
        prop_assert_eq!(&read.to_bytes(&schema(columns)).unwrap(), &file);
        for row in values.chunks_exact(columns).take(20) {
            let score = forest.score(row);
            prop_assert!((0.0..=1.0).contains(&score), "{}", score);
            prop_assert_eq!(read.score(row).to_bits(), score.to_bits());
            prop_assert!(forest.contributions(row).iter().all(|part| part.is_finite()));
        }
    }

    #[test]
    fn bytes_that_were_changed_are_refused_or_score(
        changes in prop::collection::vec((0..120_usize, any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = learned(builder(3), 3, &numbers(300, 3)).to_bytes(&schema(3)).unwrap();
        changes.into_iter().for_each(|(at, byte)| file[at] = byte);
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        reseal(&mut file);
        if let Ok(mut forest) = OnlineForest::from_bytes(&file, &schema(3)) {
            prop_assert!(!forest.score(&[0.1, -0.4, f64::NAN]).is_nan());
            (0..40).for_each(|_| forest.learn(&[0.1, 9e9, -7.0]));
        }
    }
}

#[test]
fn what_was_unusual_becomes_usual_and_what_was_usual_is_forgotten() {
    let near: Vec<f64> = numbers(600, 1);
    let far: Vec<f64> = numbers(600, 2).iter().map(|value| value + 40.0).collect();
    for mode in MODES {
        let mut forest = learned(builder(2).mode(mode), 2, &near);
        let before = [forest.score(&[0.0, 0.0]), forest.score(&[40.0, 40.0])];
        // Two windows of 128 rows.
        far.chunks_exact(2).take(256).for_each(|row| forest.learn(row));
        let after = [forest.score(&[0.0, 0.0]), forest.score(&[40.0, 40.0])];
        assert!(before[0] < before[1] && after[1] < after[0], "{mode:?}: {before:?}, then {after:?}");
        let alone = learned(builder(2).mode(mode).seed(9), 2, far.get(..512).unwrap());
        let difference = alone.score(&[0.0, 0.0]) - after[0];
        assert!(difference.abs() < 0.1, "{mode:?}: nothing is left of what was: {difference}");
    }
}

#[test]
fn it_scores_at_any_time_and_stays_small() {
    let mut forest = builder(2).build().unwrap();
    assert_eq!(
        (forest.score(&[1.0, 2.0]), forest.trees(), forest.contributions(&[1.0, 2.0])),
        (0.5, 0, vec![0.0; 2])
    );
    for (number, row) in numbers(4_000, 4).chunks_exact(2).enumerate() {
        forest.learn(row);
        assert!(forest.trees() <= 96 && forest.recent() <= 128);
        assert!((0.0..=1.0).contains(&forest.score(row)), "after {number} rows");
    }
    assert_eq!((forest.trees(), forest.recent(), forest.learned()), (96, 128, 2_000));
    assert!(!format!("{forest:?}").contains("values"), "rows of the window are not shown");
}

#[test]
fn contributions_grow_with_the_score() {
    let forest = learned(builder(3), 3, &numbers(900, 6));
    let mut seen: Vec<(f64, f64)> = numbers(300, 7)
        .chunks_exact(3)
        .map(|row| {
            let row: Vec<f64> = row.iter().map(|value| value * 2.0).collect();
            (forest.score(&row), forest.contributions(&row).iter().sum())
        })
        .collect();
    seen.sort_by(|left, right| left.0.total_cmp(&right.0));
    assert!(seen.is_sorted_by(|left, right| left.1 <= right.1 + 1e-9));
    let why = forest.contributions(&[0.0, 9.0, 0.0]);
    assert!(why[1] > why[0].max(why[2]), "{why:?}");
}

#[test]
fn a_forest_that_was_read_learns_on() {
    let forest = learned(builder(2).mode(Mode::Deep), 2, &numbers(600, 1));
    let file = forest.to_bytes(&schema(2)).unwrap();
    let mut read = OnlineForest::from_bytes(&file, &schema(2)).unwrap();
    assert_eq!((read.recent(), read.trees(), read.learned()), (0, 96, 300), "rows are not in a file");
    let before = read.score(&[40.0, 40.0]);
    numbers(600, 2).chunks_exact(2).for_each(|row| read.learn(&[row[0] + 40.0, row[1] + 40.0]));
    assert!(read.score(&[40.0, 40.0]) < before - 0.1);
    assert_eq!(read.learned(), 600);
}

#[test]
fn merged_forests_know_what_both_know() {
    let near = learned(builder(2).mode(Mode::Deep), 2, &numbers(600, 1));
    let moved: Vec<f64> = numbers(600, 2).iter().map(|value| value + 40.0).collect();
    let far = learned(builder(2).mode(Mode::Deep), 2, &moved);
    let mut both = near.clone();
    both.merge(&far).unwrap();
    assert_eq!((both.trees(), both.learned()), (96, 600));
    assert!(both.score(&[40.0, 40.0]) < near.score(&[40.0, 40.0]) - 0.05);
    assert!(both.score(&[0.0, 0.0]) < far.score(&[0.0, 0.0]) - 0.05);
    let other = builder(3).build().unwrap();
    assert_eq!(both.merge(&other).unwrap_err(), MergeError { left: 2, right: 3 });
    let mut empty = builder(2).build().unwrap();
    empty.merge(&near).unwrap();
    assert_eq!(empty.score(&[0.3, 0.3]), near.score(&[0.3, 0.3]));
}

#[test]
fn damage_and_other_features_are_found() {
    let file = learned(builder(2).mode(Mode::Capped), 2, &numbers(100, 3)).to_bytes(&schema(2)).unwrap();
    for at in (0..file.len()).step_by(7) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(OnlineForest::from_bytes(&damaged, &schema(2)).is_err(), "byte {at}");
        assert!(OnlineForest::from_bytes(&file[..at], &schema(2)).is_err(), "cut at {at}");
    }
    let error = OnlineForest::from_bytes(&file, &schema(3)).unwrap_err();
    assert!(matches!(error, ModelError::Schema { .. }), "{error:?}");
}

/// The bytes of format 1, which every later version has to read, and that any machine makes of these rows.
#[test]
fn files_are_those_of_the_format() {
    let builder = OnlineForest::builder(2).window(64).sample(8).seed(42).mode(Mode::Capped);
    let forest = learned(builder, 2, &numbers(120, 1));
    let mut seen = forest.to_bytes(&schema(2)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/online-1.model");
    if std::env::var_os("AUTOSEC_BLESS").is_some() {
        std::fs::write(&path, &seen).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    let read = OnlineForest::from_bytes(&recorded, &schema(2)).unwrap();
    assert_eq!(read.score(&[0.5, -0.5]).to_bits(), forest.score(&[0.5, -0.5]).to_bits());
    // Each forest in it has a version of its own: those of another version are only read.
    if seen[VERSION] == recorded[VERSION] {
        assert_eq!(seen, recorded);
    } else {
        seen[VERSION].copy_from_slice(&recorded[VERSION]);
        reseal(&mut seen);
        assert_eq!(seen.len(), recorded.len());
    }
}

#[test]
fn bad_settings_and_bad_rows_are_refused_or_defined() {
    let refused = |builder: OnlineBuilder| builder.build().unwrap_err();
    assert_eq!(refused(OnlineForest::builder(0)), SettingsError::Columns(0));
    assert_eq!(refused(OnlineForest::builder(40_000)), SettingsError::Columns(40_000));
    assert_eq!(refused(builder(2).window(63)), SettingsError::Window(63));
    assert_eq!(refused(builder(2).sample(1)), SettingsError::Sample(1));
    let large = OnlineForest::builder(10_000).window(10_000);
    assert_eq!(refused(large), SettingsError::Memory { window: 10_000, columns: 10_000 });
    let wide = numbers(10_000, 2);
    let mut forest = OnlineForest::builder(10_000).window(64).build().unwrap();
    (0..40).for_each(|_| forest.learn(&wide));
    assert_eq!(forest.score(&[]), forest.score(&vec![f64::NAN; 10_000]), "what a row lacks is missing");
    let mut strange = builder(2).build().unwrap();
    for _ in 0..100 {
        strange.learn(&[f64::NAN, f64::INFINITY]);
        strange.learn(&[f64::NEG_INFINITY]);
        strange.learn(&[1.0, 2.0, 3.0]);
    }
    assert!((0.0..=1.0).contains(&strange.score(&[f64::NAN, 1e300])));
}
