//! How well forests find anomalies in the smaller public sets, beside scikit-learn; `cargo bench --bench model` takes all.

use autosec_ml::evaluate::Ranking;
use autosec_ml::isolation::{IsolationForest, Mode};
use autosec_ml::matrix::Matrix;

use crate::support::npz;

/// Sets of no more rows are tried here, where code is not optimised.
const ROWS: usize = 2_000;
const SEEDS: u64 = 2;
/// A line a set: name, mean ROC-AUC and mean average precision of scikit-learn 1.9.1 over five seeds.
const SCIKIT_LEARN: &str = include_str!("data/scikit_learn.tsv");

#[test]
fn small_sets_are_ranked_as_well_as_by_scikit_learn() {
    let Some(folder) = npz::folder() else {
        println!("bar model/roc-small-capped skipped (the corpora are absent)");
        return;
    };
    // The smaller half of the files holds all of the small sets.
    let files = npz::files(&folder);
    let sets = files.iter().take(files.len() / 2).map(|file| npz::read(file));
    let sets: Vec<_> = sets.filter(|set| set.anomalies.len() <= ROWS).collect();
    assert!(sets.len() >= 10, "{} sets", sets.len());
    // Few sets and few seeds: the bounds are wider than those of the bench.
    for (name, mode, bound) in [("capped", Mode::Capped, -0.015), ("default", Mode::default(), -0.005)] {
        let gains = sets.iter().map(|set| mean_roc(set, mode) - reference(&set.name));
        let mean = gains.sum::<f64>() / sets.len() as f64;
        let result = if mean >= bound { "ok" } else { "missed" };
        println!("bar model/roc-small-{name} measured {mean:.4} difference asks >={bound} {result}");
        assert!(mean >= bound, "{name}: {mean}");
    }
}

/// A third of the sets is sorted by truth and all lie column after column: read otherwise, this is another number.
#[test]
fn columns_are_read_as_columns() {
    let Some(folder) = npz::folder() else {
        println!("skipped: the corpora are absent");
        return;
    };
    let set = npz::read(&folder.join("4_breastw.npz"));
    assert_eq!((set.columns, set.anomalies.len()), (9, 683));
    assert!(mean_roc(&set, Mode::Capped) > 0.97);
}

fn mean_roc(set: &npz::Set, mode: Mode) -> f64 {
    let rows = Matrix::new(&set.values, set.columns).unwrap();
    let each = (0..SEEDS).map(|seed| {
        let forest = IsolationForest::builder().seed(seed).mode(mode).fit(rows).unwrap();
        Ranking::new(&forest.score_batch(rows), &set.anomalies).unwrap().roc_auc()
    });
    each.sum::<f64>() / SEEDS as f64
}

fn reference(set: &str) -> f64 {
    let line = SCIKIT_LEARN.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix('\t')).unwrap();
    line.split('\t').next().unwrap().parse().unwrap()
}
