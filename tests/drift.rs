//! The drift monitor over restarts: what is written is read, and whatever was changed is refused or goes on.

use std::time::Duration;

use autosec_core::time::Timestamp;
use autosec_ml::drift::DriftMonitor;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::matrix::Matrix;
use autosec_ml::model::ModelError;
use proptest::prelude::*;

use crate::support::model::{any_damage, assert_golden};

fn schema() -> FeatureSchema {
    FeatureSchema::new("test", 1, ["a", "b"]).unwrap()
}

/// A monitor that has seen two hours and some minutes, with a different second column in the second hour.
fn monitor() -> DriftMonitor {
    let values: Vec<f64> = (0..800).map(|row| f64::from(row * 37 % 101)).collect();
    let scores: Vec<f64> = (0..400).map(|row| f64::from(row % 97) / 97.0).collect();
    let rows = Matrix::new(&values, 2).unwrap();
    let mut monitor = DriftMonitor::new(rows, &scores, Duration::from_secs(3_600)).unwrap();
    (0..1_900).for_each(|row| see(&mut monitor, row));
    monitor
}

fn see(monitor: &mut DriftMonitor, row: i32) {
    let second = if row > 600 { f64::NAN } else { f64::from(row % 101) };
    let row_values = [f64::from(row * 41 % 101), second];
    monitor.observe(Timestamp::from_secs(i64::from(row) * 6), &row_values, f64::from(row % 97) / 97.0);
}

#[test]
fn files_are_those_of_the_format() {
    let monitor = monitor();
    assert!(monitor.latest().is_some());
    assert_golden("drift-1", &monitor.to_bytes(&schema()).unwrap(), |file| {
        assert_eq!(DriftMonitor::from_bytes(file, &schema()).unwrap(), monitor);
    });
    let narrow = FeatureSchema::new("test", 1, ["a"]).unwrap();
    assert_eq!(monitor.to_bytes(&narrow).unwrap_err(), ModelError::Columns { model: 2, schema: 1 });
}

#[test]
fn a_restart_changes_nothing() {
    let mut through = monitor();
    let mut restarted = DriftMonitor::from_bytes(&through.to_bytes(&schema()).unwrap(), &schema()).unwrap();
    for row in 1_900..6_000 {
        see(&mut through, row);
        see(&mut restarted, row);
    }
    assert_eq!(through, restarted);
    assert!(through.latest().unwrap().is_different());
}

proptest! {
    #[test]
    fn bytes_that_were_changed_are_refused_or_go_on(
        damage in any_damage(),
    ) {
        let file = damage.to(monitor().to_bytes(&schema()).unwrap());
        if let Ok(mut read) = DriftMonitor::from_bytes(&file, &schema()) {
            (1_900..3_000).for_each(|row| see(&mut read, row));
            read.observe(Timestamp::MAX, &[1.0, 2.0], 0.5);
            prop_assert!(read.latest().is_none_or(|drift| !drift.score.is_nan()));
        }
    }
}
