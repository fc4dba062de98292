//! What models cost and how good they are: `cargo bench --bench model`.
//!
//! Quality is measured on the sets with anomalies that lie beside the repository, trained on all rows and scored on all
//! rows, means over five seeds; it is compared with scikit-learn's on the same sets, whose figures
//! `benches/peers/python/run.py model` measured and `tests/data/scikit_learn.tsv` holds. Times are CPU time.
//!
//! `--figures <set> <mode>` prints what that script sets beside the Python peers, in the same run as they; the mode may be
//! `kmeans`, too.

mod support;

#[path = "../tests/support/npz.rs"]
mod npz;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use autosec_ml::cluster::KMeans;
use autosec_ml::evaluate::Ranking;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::{IsolationForest, Mode};
use autosec_ml::matrix::Matrix;
use autosec_ml::online::OnlineForest;
use npz::Set;
use rustix::time::{ClockId, clock_gettime};
use support::{Asks, bar};

const SEEDS: u64 = 5;
const ROUNDS: usize = 21;
const MODES: [(&str, Mode); 4] =
    [("capped", Mode::Capped), ("deep", Mode::Deep), ("pooled", Mode::PooledGain), ("mixed", Mode::Mixed)];
/// A line a set: name, mean ROC-AUC and mean average precision of scikit-learn.
const SCIKIT_LEARN: &str = include_str!("../tests/data/scikit_learn.tsv");

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--figures") {
        return figures(Path::new(&arguments[at + 1]), &arguments[at + 2]);
    }
    let Some(folder) = npz::folder() else {
        println!("bar model/roc-parity skipped (the corpora are absent)");
        return;
    };
    let files = npz::files(&folder);
    quality(&files);
    let shuttle = files.iter().find(|file| file.to_string_lossy().contains("shuttle")).expect("it is there");
    let set = npz::read(shuttle);
    MODES.iter().for_each(|(name, mode)| speed(&set, name, *mode));
    online(&set);
}

/// Area under the ROC curve and average precision of every mode, set by set.
fn quality(files: &[PathBuf]) {
    let (mut sums, mut peer_sum, mut count) = ([(0.0, 0.0); MODES.len()], (0.0, 0.0), 0.0);
    println!("note model/quality set: scikit-learn; {}", MODES.map(|(name, _)| name).join("; "));
    for file in files {
        let set = npz::read(file);
        let Some(peer) = reference(&set.name) else {
            println!("note model/quality {}: skipped (there is no figure of scikit-learn's)", set.name);
            continue;
        };
        let ours = MODES.map(|(_, mode)| mean_quality(&set, mode));
        let all = [peer]
            .iter()
            .chain(&ours)
            .map(|(roc, precision)| format!("{roc:.4}/{precision:.4}"))
            .collect::<Vec<_>>();
        println!("note model/quality {}: {}", set.name, all.join("; "));
        sums.iter_mut().zip(ours).for_each(|(sum, ours)| *sum = (sum.0 + ours.0, sum.1 + ours.1));
        peer_sum = (peer_sum.0 + peer.0, peer_sum.1 + peer.1);
        count += 1.0;
    }
    println!(
        "note model/quality {count} sets, {SEEDS} seeds: scikit-learn {:.4}/{:.4}",
        peer_sum.0 / count,
        peer_sum.1 / count
    );
    for ((name, _), (roc, precision)) in MODES.iter().zip(sums) {
        println!("note model/quality {name} {:.4}/{:.4}", roc / count, precision / count);
    }
    let [capped, _, _, mixed] = sums.map(|(roc, _)| (roc - peer_sum.0) / count * 1e3);
    bar("model/roc-parity", capped, "thousandths", Asks::AtLeast(-5.0));
    bar("model/roc-default", mixed, "thousandths", Asks::AtLeast(10.0));
}

fn reference(set: &str) -> Option<(f64, f64)> {
    let line = SCIKIT_LEARN.lines().find_map(|line| line.strip_prefix(set)?.strip_prefix('\t'))?;
    let (roc, precision) = line.split_once('\t')?;
    Some((roc.parse().ok()?, precision.parse().ok()?))
}

fn mean_quality(set: &Set, mode: Mode) -> (f64, f64) {
    let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
    let each = (0..SEEDS).map(|seed| {
        let forest =
            IsolationForest::builder().seed(seed).mode(mode).fit(rows).expect("it can be trained on");
        let ranking = Ranking::new(&forest.score_batch(rows), &set.anomalies).expect("it has both kinds");
        (ranking.roc_auc(), ranking.average_precision())
    });
    let sum = each.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    (sum.0 / SEEDS as f64, sum.1 / SEEDS as f64)
}

/// What one mode costs, and the size of its file.
fn speed(set: &Set, name: &str, mode: Mode) {
    let costs = Costs::measure(set, mode);
    let Costs { fit, batch, single, attribution, load, bytes } = costs;
    println!(
        "note model/{name} fit {:.2} ms, batch {:.3} us, single {:.3} us, attribution {:.3} us, load {:.1} us, {bytes} bytes",
        fit * 1e3,
        batch * 1e6,
        single * 1e6,
        attribution * 1e6,
        load * 1e6
    );
    match mode {
        Mode::Capped => {
            bar("model/bytes-capped", bytes as f64 / 1e3, "KB", Asks::AtMost(130.0));
            bar("model/load-capped", load * 1e6, "us", Asks::AtMost(50.0));
        }
        Mode::Deep => {}
        _ => {
            bar(&format!("model/bytes-{name}"), bytes as f64 / 1e3, "KB", Asks::AtMost(640.0));
            bar(&format!("model/batch-{name}"), batch * 1e6, "us", Asks::AtMost(10.0));
        }
    }
}

/// Seconds, the median of several rounds.
struct Costs {
    fit: f64,
    /// A row of many.
    batch: f64,
    /// A row alone.
    single: f64,
    attribution: f64,
    load: f64,
    bytes: usize,
}

impl Costs {
    fn measure(set: &Set, mode: Mode) -> Self {
        let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
        let builder = IsolationForest::builder().mode(mode);
        let fit = median(|round| drop(black_box(builder.clone().seed(round).fit(rows))));
        let forest = builder.fit(rows).expect("it can be trained on");
        let some: Vec<&[f64]> = rows.iter().step_by(rows.rows().div_ceil(2_000)).collect();
        let each = 1.0 / some.len() as f64;
        let single = each
            * median(|_| {
                some.iter().for_each(|row| {
                    black_box(forest.score(row));
                })
            });
        let attribution =
            each * median(|_| some.iter().for_each(|row| drop(black_box(forest.attribute(row)))));
        let batch = median(|_| drop(black_box(forest.score_batch(rows)))) / rows.rows() as f64;
        let columns = (0..set.columns).map(|column| format!("column {column}"));
        let schema = FeatureSchema::new("set", 1, columns).expect("names are right");
        let file = forest.to_bytes(&schema).expect("it is small enough");
        let load = median(|_| drop(black_box(IsolationForest::from_bytes(&file, &schema))));
        Self { fit, batch, single, attribution, load, bytes: file.len() }
    }
}

/// What a row of a stream costs, trees that grow included.
fn online(set: &Set) {
    let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
    let mut forest = OnlineForest::builder(set.columns).build().expect("its settings are right");
    let learn = median(|_| rows.iter().for_each(|row| forest.learn(row))) / rows.rows() as f64;
    let score = median(|_| {
        rows.iter().for_each(|row| {
            black_box(forest.score(row));
        })
    });
    let score = score / rows.rows() as f64;
    println!("note model/online learn {:.3} us, score {:.3} us", learn * 1e6, score * 1e6);
}

/// One line for the script that runs the Python peers: seconds to fit, a row of a batch, a row alone; bytes.
fn figures(file: &Path, mode: &str) {
    if mode == "kmeans" {
        return kmeans_figures(&npz::read(file));
    }
    let (_, mode) = MODES.iter().find(|(name, _)| *name == mode).expect("the name of a mode");
    let Costs { fit, batch, single, bytes, .. } = Costs::measure(&npz::read(file), *mode);
    println!("{fit:e} {batch:e} {single:e} {bytes}");
}

/// Seconds to find 8 clusters and to predict all rows, and the inertia, which those that standardise alike can compare.
fn kmeans_figures(set: &Set) {
    let rows = Matrix::new(&set.values, set.columns).expect("it is a table");
    let fit = median(|seed| drop(black_box(KMeans::builder().seed(seed).fit(rows))));
    let clusters = KMeans::builder().fit(rows).expect("it can be trained on");
    let predict = median(|_| drop(black_box(clusters.predict_batch(rows))));
    println!("{fit:e} {predict:e} {:e}", clusters.inertia());
}

fn median(mut run: impl FnMut(u64)) -> f64 {
    run(0);
    let mut times: Vec<f64> = (0..ROUNDS as u64)
        .map(|round| {
            let begin = cpu_time();
            run(round);
            (cpu_time() - begin).as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
