//! What models' numbers are worth: `cargo bench --bench model_quality`.
//!
//! On the sets with anomalies that lie beside the repository, means over seeds: how often usual rows that no model has seen
//! are flagged, whether probabilities are right, and how the ensemble ranks beside the forest alone. Larger sets are
//! thinned out to [`MOST_ROWS`] rows. What is measured on made-up rows says so.

mod support;

#[path = "../tests/support/npz.rs"]
mod npz;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::calibrate::{Conformal, Isotonic};
use autosec_ml::ensemble::{Ensemble, Weights};
use autosec_ml::evaluate::{Ranking, Reliability};
use autosec_ml::isolation::IsolationForest;
use autosec_ml::matrix::Matrix;
use npz::Set;
use support::{Asks, bar};

const SEEDS: u64 = 5;
const MOST_ROWS: usize = 20_000;
/// Fewer usual rows cannot tell a false positive rate of one in a hundred.
const FEWEST_USUAL: usize = 2_000;
/// Fewer rows, or fewer bad ones, make a calibration error of their own by chance.
const FEWEST_ROWS: usize = 5_000;
const FEWEST_BAD: usize = 100;
const RATE: f64 = 0.01;

fn main() {
    planted();
    seasonal();
    let Some(folder) = npz::folder() else {
        println!("bar model/conformal-fpr skipped (the corpora are absent)");
        return;
    };
    let sets: Vec<Set> = npz::files(&folder).iter().map(|file| thinned(npz::read(file))).collect();
    false_positives(&sets);
    calibration(&sets);
    beside_the_forest(&sets);
}

/// A set of no more than [`MOST_ROWS`] rows, taken at even distances.
fn thinned(set: Set) -> Set {
    let step = set.anomalies.len().div_ceil(MOST_ROWS);
    let rows = set.values.chunks_exact(set.columns).step_by(step);
    Set {
        values: rows.flatten().copied().collect(),
        anomalies: set.anomalies.iter().step_by(step).copied().collect(),
        ..set
    }
}

/// Whole numbers that look random: SplitMix64.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn fraction(state: &mut u64) -> f64 {
    (draw(state) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The numbers of the rows that are asked for, in a random order.
fn shuffled(set: &Set, wanted: impl Fn(bool) -> bool, seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> =
        set.anomalies.iter().enumerate().filter(|(_, bad)| wanted(**bad)).map(|(row, _)| row).collect();
    let mut state = seed;
    for place in (1..rows.len()).rev() {
        rows.swap(place, (draw(&mut state) % (place as u64 + 1)) as usize);
    }
    rows
}

fn gathered(set: &Set, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| &set.values[row * set.columns..(row + 1) * set.columns]).copied().collect()
}

/// Trained on half of the usual rows, calibrated on a quarter, asked about a quarter.
fn false_positives(sets: &[Set]) {
    let (mut forests, mut ensembles) = (Vec::new(), Vec::new());
    for set in sets {
        if set.anomalies.iter().filter(|bad| !**bad).count() < FEWEST_USUAL {
            continue;
        }
        let mut each = Vec::new();
        for seed in 0..SEEDS {
            let rows = shuffled(set, |bad| !bad, seed);
            let (known, asked) = rows.split_at(rows.len() * 3 / 4);
            let (train, calibrate) = known.split_at(rows.len() / 2);
            let [train, calibrate, known, asked] =
                [train, calibrate, known, asked].map(|rows| gathered(set, rows));
            let table = |values| Matrix::new(values, set.columns).expect("it is a table");
            let forest = IsolationForest::builder().seed(seed).fit(table(&train)).expect("it can be grown");
            let calibration = Conformal::calibrate(&forest.score_batch(table(&calibrate))).expect("scores");
            let scores = forest.score_batch(table(&asked));
            let flagged = scores.iter().filter(|score| calibration.p_value(**score) <= RATE).count();
            each.push(flagged as f64 / scores.len() as f64);
            let ensemble = Ensemble::builder().seed(seed).fit(table(&known)).expect("it can be trained");
            let flagged =
                table(&asked).iter().filter(|row| ensemble.p_value(ensemble.score(row)) <= RATE).count();
            ensembles.push(flagged as f64 / scores.len() as f64);
        }
        println!("note model/conformal-fpr {}: {:.4}", set.name, mean(&each));
        forests.extend(each);
    }
    let within = Asks::Within(0.8, 1.2);
    bar("model/conformal-fpr", mean(&forests) / RATE, "of nominal 1 %", within);
    bar("model/conformal-fpr-ensemble", mean(&ensembles) / RATE, "of nominal 1 %", within);
}

/// Probabilities learnt on half of the rows, judged on the other half.
fn calibration(sets: &[Set]) {
    let mut errors = Vec::new();
    for set in sets {
        let bad = set.anomalies.iter().filter(|bad| **bad).count();
        if set.anomalies.len() < FEWEST_ROWS || bad < FEWEST_BAD {
            continue;
        }
        let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
        let each: Vec<f64> = (0..SEEDS)
            .map(|seed| {
                let forest = IsolationForest::builder().seed(seed).fit(rows).expect("it can be grown");
                let scores = forest.score_batch(rows);
                let order = shuffled(set, |_| true, seed);
                let (known, asked) = order.split_at(order.len() / 2);
                let of = |rows: &[usize]| -> (Vec<f64>, Vec<bool>) {
                    rows.iter().map(|row| (scores[*row], set.anomalies[*row])).unzip()
                };
                let ((known, truths), (asked, truth)) = (of(known), of(asked));
                let isotonic = Isotonic::calibrate(&known, &truths).expect("scores");
                let said: Vec<f64> = asked.iter().map(|score| isotonic.probability(*score)).collect();
                Reliability::new(&said, &truth, 15).expect("probabilities").expected_error()
            })
            .collect();
        println!("note model/ece {}: {:.4}", set.name, mean(&each));
        errors.push(mean(&each));
    }
    bar("model/ece", mean(&errors) * 1e3, "thousandths", Asks::AtMost(20.0));
}

/// Each trained on all rows and asked about all rows; the ensemble keeps a quarter of them for its calibration.
fn beside_the_forest(sets: &[Set]) {
    let weights = |clusters, statistical| {
        let mut weights = Weights::default();
        (weights.forest, weights.clusters, weights.statistical) =
            (1.0 - clusters - statistical, clusters, statistical);
        weights
    };
    let kinds = [
        ("default", Weights::default()),
        ("the forest alone, calibrated", weights(0.0, 0.0)),
        ("clusters 0.5, statistical 0.3", weights(0.5, 0.3)),
        ("a third each", weights(1.0 / 3.0, 1.0 / 3.0)),
    ];
    let mut gains = kinds.map(|_| Vec::new());
    for set in sets {
        let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
        for seed in 0..SEEDS {
            let forest = IsolationForest::builder().seed(seed).fit(rows).expect("it can be grown");
            let alone = Ranking::new(&forest.score_batch(rows), &set.anomalies).expect("both kinds");
            for ((_, weights), gains) in kinds.iter().zip(&mut gains) {
                let ensemble = Ensemble::builder().seed(seed).weights(*weights).fit(rows);
                let ensemble = ensemble.expect("it can be trained");
                let scores: Vec<f64> = rows.iter().map(|row| ensemble.score(row)).collect();
                let together = Ranking::new(&scores, &set.anomalies).expect("both kinds");
                gains.push([
                    together.roc_auc() - alone.roc_auc(),
                    together.average_precision() - alone.average_precision(),
                ]);
            }
        }
    }
    for ((name, _), gains) in kinds.iter().zip(&gains) {
        let [roc, precision] =
            [0, 1].map(|at| mean(&gains.iter().map(|gain| gain[at]).collect::<Vec<_>>()) * 1e3);
        println!(
            "note model/ensemble-vs-forest {name}: {roc:+.2} thousandths of ROC-AUC, {precision:+.2} of average precision"
        );
        if *name == "default" {
            bar("model/ensemble-vs-forest", roc, "thousandths", Asks::AtLeast(-5.0));
        }
    }
}

/// Made-up rows of eight columns, one value of which is moved far out: its column should be the first reason.
fn planted() {
    let (cases, columns) = (200_usize, 8);
    let right = (0..cases).filter(|case| {
        let mut state = *case as u64;
        let mut values: Vec<f64> = (0..columns * 400).map(|_| fraction(&mut state) * 2.0 - 1.0).collect();
        let planted = case * 5 % columns;
        values[planted] = if case % 2 == 0 { 4.0 } else { -4.0 };
        let rows = Matrix::new(&values, columns).expect("it is a table");
        let ensemble = Ensemble::builder().seed(*case as u64).fit(rows).expect("trained");
        let adds = ensemble.contributions(rows.row(0));
        (0..columns).max_by(|left, right| adds[*left].total_cmp(&adds[*right])) == Some(planted)
    });
    bar("model/planted-first", right.count() as f64 / cases as f64, "share", Asks::AtLeast(0.95));
}

/// Made-up rows: requests by hour of the week, among which some are as many at night as are usual by day.
fn seasonal() {
    for share in [0.0, 0.1, 0.25, 0.5] {
        let each: Vec<f64> = (0..SEEDS)
            .map(|seed| {
                let (mut state, mut values, mut bad) = (seed, Vec::new(), Vec::new());
                for _ in 0..4_000 {
                    let hour = (fraction(&mut state) * 168.0).floor();
                    let by_day = (8.0..18.0).contains(&(hour % 24.0)) && hour < 120.0;
                    let is_bad = fraction(&mut state) < 0.01 && !by_day;
                    let noise = fraction(&mut state) + fraction(&mut state) + fraction(&mut state) - 1.5;
                    let level = if by_day || is_bad { 60.0 } else { 10.0 };
                    values.extend([hour, level + 8.0 * noise, fraction(&mut state), fraction(&mut state)]);
                    bad.push(is_bad);
                }
                let rows = Matrix::new(&values, 4).expect("it is a table");
                let mut weights = Weights::default();
                weights.seasonal = share;
                (weights.forest, weights.clusters, weights.statistical) = (1.0 - share, 0.0, 0.0);
                let ensemble = Ensemble::builder().seed(seed).time(0).weights(weights).fit(rows);
                let ensemble = ensemble.expect("it can be trained");
                let scores: Vec<f64> = rows.iter().map(|row| ensemble.score(row)).collect();
                Ranking::new(&scores, &bad).expect("both kinds").roc_auc()
            })
            .collect();
        println!("note model/seasonal synthetic, weight {share}: ROC-AUC {:.4}", mean(&each));
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
