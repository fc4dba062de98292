//! K-means: the same everywhere, safe with any input and any file, and a file that holds no rows.

use std::ops::ControlFlow;
use std::path::Path;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::cluster::{FitError, KMeans};
use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::IsolationForest;
use autosec_ml::matrix::Matrix;
use autosec_ml::model::ModelError;
use proptest::prelude::*;

use crate::support::model::{VERSION, any_damage, any_table, numbers, reseal, schema};

fn fit(values: &[f64], columns: usize, clusters: usize) -> KMeans {
    let rows = Matrix::new(values, columns).unwrap();
    KMeans::builder().clusters(clusters).seed(5).fit(rows).unwrap()
}

/// Rows around (0, 0), (50, 0) and (0, 50).
fn three_groups(rows: usize) -> Vec<f64> {
    let places = [[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]];
    let noise = numbers(2 * rows, 4);
    let rows = noise.chunks_exact(2).zip(places.iter().cycle());
    rows.flat_map(|(noise, place)| [place[0] + noise[0], place[1] + noise[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_the_rows_the_clusters_keep_their_promises(
        (columns, values) in any_table(),
        clusters in 1..12_usize,
        seed: u64,
    ) {
        let rows = Matrix::new(&values, columns).unwrap();
        let builder = KMeans::builder().clusters(clusters.min(rows.rows())).seed(seed);
        let model = builder.fit(rows).unwrap();
        prop_assert!((1..=clusters).contains(&model.clusters()));
        let file = model.to_bytes(&schema(columns)).unwrap();
        prop_assert_eq!(&file, &builder.fit(rows).unwrap().to_bytes(&schema(columns)).unwrap());
        let read = KMeans::from_bytes(&file, &schema(columns)).unwrap();
        prop_assert_eq!(&read, &model);
        for (row, batch) in rows.iter().zip(model.predict_batch(rows)) {
            prop_assert_eq!(read.predict(row), batch);
            let score = model.score(row);
            prop_assert!(score.is_finite() && score >= 0.0, "{}", score);
            let sum: f64 = model.contributions(row).iter().sum();
            prop_assert_eq!(sum.sqrt().to_bits(), score.to_bits());
        }
    }

    #[test]
    fn bytes_that_were_changed_are_refused_or_score(
        damage in any_damage(),
    ) {
        let file = damage.to(fit(&numbers(120, 3), 3, 4).to_bytes(&schema(3)).unwrap());
        if let Ok(model) = KMeans::from_bytes(&file, &schema(3)) {
            prop_assert!(model.score(&[0.1, -0.4, f64::NAN]).is_finite());
            prop_assert!(model.predict(&[0.1, 9e9, -7.0]) < model.clusters());
        }
    }
}

#[test]
fn groups_are_found_and_what_is_far_from_them_stands_out() {
    let values = three_groups(300);
    let model = fit(&values, 2, 3);
    let of = |row: [f64; 2]| model.predict(&row);
    assert_ne!(of([0.0, 0.0]), of([50.0, 0.0]));
    assert_ne!(of([0.0, 50.0]), of([50.0, 0.0]));
    assert_eq!(of([50.5, 0.3]), of([49.7, -0.6]));
    let centroid = model.centroid(of([50.0, 0.0])).unwrap();
    assert!((centroid[0] - 50.0).abs() < 0.3 && centroid[1].abs() < 0.3, "{centroid:?}");
    assert!(model.score(&[25.0, 25.0]) > 10.0 && model.score(&[0.5, 50.0]) < 2.0);
    let why = model.contributions(&[50.0, 20.0]);
    assert!(why[1] > 100.0 * why[0], "{why:?}");
    assert_eq!((model.size(0), model.size(3), model.trained_on()), (Some(100), None, 300));
}

/// A cluster of few rows is their mean: with one row it would be that row.
#[test]
fn the_file_is_small_and_holds_no_row() {
    let mut values = three_groups(300);
    values.extend([7_777.0, -7_777.0]);
    let model = fit(&values, 2, 4);
    assert_eq!(model.clusters(), 3, "the row that is a cluster of its own is dropped");
    assert!(model.score(&[7_777.0, -7_777.0]) > 100.0);
    let wide = numbers(20_000, 8);
    let file = fit(&wide, 20, 8).to_bytes(&schema(20)).unwrap();
    let kept = if file.len() < 2_000 { "ok" } else { "missed" };
    println!("bar model/kmeans-bytes measured {} bytes asks <2000 {kept}", file.len());
    assert!(file.len() < 2_000);
}

#[test]
fn every_damaged_byte_is_found() {
    let file = fit(&numbers(60, 3), 2, 3).to_bytes(&schema(2)).unwrap();
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(KMeans::from_bytes(&damaged, &schema(2)).is_err(), "byte {at}");
        assert!(KMeans::from_bytes(&file[..at], &schema(2)).is_err(), "cut at {at}");
    }
    let error = IsolationForest::from_bytes(&file, &schema(2)).unwrap_err();
    assert_eq!(error, ModelError::Algorithm { found: 2, wanted: 1 });
    let other = FeatureSchema::new("test", 2, ["column 0", "column 1"]).unwrap();
    assert!(matches!(KMeans::from_bytes(&file, &other).unwrap_err(), ModelError::Schema { .. }));
}

/// The bytes of format 1, which every later version has to read, and that any machine makes of these rows.
#[test]
fn files_are_those_of_the_format() {
    let model = fit(&numbers(200, 1), 2, 5);
    let mut seen = model.to_bytes(&schema(2)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/kmeans-1.model");
    if std::env::var_os("AUTOSEC_BLESS").is_some() {
        std::fs::write(&path, &seen).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    assert_eq!(KMeans::from_bytes(&recorded, &schema(2)).unwrap(), model);
    seen[VERSION].copy_from_slice(&recorded[VERSION]);
    reseal(&mut seen);
    assert_eq!(seen, recorded);
}

#[test]
fn bad_input_is_defined_or_refused() {
    let constant = fit(&[3.0; 100], 2, 8);
    assert_eq!((constant.clusters(), constant.score(&[3.0, 3.0])), (1, 0.0));
    assert!(constant.score(&[4.0, 3.0]) > 0.0);
    let nothing = fit(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::NAN], 2, 1);
    assert!(nothing.score(&[1.0, f64::NAN]).is_finite());
    let wide = numbers(30_000, 2);
    let model = fit(&wide, 10_000, 2);
    assert!(model.score(&wide[..10_000]) > 0.0);
    assert_eq!(model.score(&[]), model.score(&vec![f64::NAN; 10_000]), "what a row lacks is missing");
    let rows = numbers(10, 1);
    let rows = Matrix::new(&rows, 1).unwrap();
    let builder = KMeans::builder();
    assert_eq!(builder.clone().clusters(0).fit(rows).unwrap_err(), FitError::Clusters(0));
    assert_eq!(builder.clone().clusters(2_000).fit(rows).unwrap_err(), FitError::Clusters(2_000));
    assert_eq!(
        builder.clone().clusters(11).fit(rows).unwrap_err(),
        FitError::Rows { rows: 10, clusters: 11 }
    );
    assert_eq!(builder.clone().tolerance(-1.0).fit(rows).unwrap_err(), FitError::Tolerance(-1.0));
    let long = vec![0.0; 10_000];
    let error = builder.clusters(1_000).fit(Matrix::new(&long, 10_000).unwrap()).unwrap_err();
    assert_eq!(error, FitError::Memory { clusters: 1_000, columns: 10_000 });
}

#[test]
fn training_tells_how_far_it_is_and_stops_when_asked() {
    let values = numbers(2_000, 1);
    let rows = Matrix::new(&values, 2).unwrap();
    let mut inertias = Vec::new();
    let whole = KMeans::builder().tolerance(0.0).fit_with(rows, |progress| {
        assert_eq!((progress.steps, progress.most), (inertias.len() + 1, 300));
        inertias.push(progress.inertia);
        ControlFlow::Continue(())
    });
    assert!(inertias.len() > 3 && inertias.is_sorted_by(|left, right| left >= right), "{inertias:?}");
    assert!(whole.unwrap().inertia() <= *inertias.last().unwrap());
    let stopped = KMeans::builder().tolerance(0.0).fit_with(rows, |progress| {
        if progress.steps == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped.unwrap_err(), FitError::Stopped { steps: 2 });
}
