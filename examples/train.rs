//! Trains an ensemble on rows, saves and loads it, scores a stream, explains the riskiest row, and writes a report.
//!
//! `cargo run --release --example train` takes made-up logins; name a `.csv` or `.npz` file to take that.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::calibrate::Isotonic;
use autosec_ml::ensemble::{Ensemble, Judgement};
use autosec_ml::evaluate::{Bootstrap, Explained, Report};
use autosec_ml::feature::FeatureSchema;
use autosec_ml::matrix::Matrix;
use dataset::{DataSet, TIME, gauge};
use layout::{clipped, clipped_start};

#[path = "support/dataset.rs"]
mod dataset;
#[path = "support/layout.rs"]
#[expect(dead_code, reason = "the quickstart wraps lines, too")]
mod layout;

const HELP: &str = "\
Trains an ensemble, saves it, loads it, scores a stream and writes a report about it.

usage: cargo run --release --example train -- [OPTIONS] [FILE]

  FILE          rows to train on: .csv (a line of names, a column `label` of 0 and 1, empty fields
                are missing) or .npz (arrays X and y); default: made-up logins. A column called
                `hour_of_week` tells the time
  --out FOLDER  where the model and the report go; default: target/train
  --seed N      what chance begins with, a whole number; default: 1
  --help        this text

The first two thirds of the rows are trained on without a look at their labels, the others are
the stream: labels of its first half teach probabilities, those of its second half judge.

exit code: 0 done; 1 the rows cannot be read or the report not written; 2 wrong arguments";

/// So many rows of the stream are listed.
const LISTED: usize = 10;
/// A row is flagged that fewer usual rows look like.
const RATE: f64 = 0.01;

struct Options {
    file: Option<PathBuf>,
    out: PathBuf,
    seed: u64,
}

fn main() -> ExitCode {
    let (text, code) = match options(std::env::args_os().skip(1)) {
        Ok(None) => (format!("{HELP}\n"), ExitCode::SUCCESS),
        Ok(Some(options)) => match run(&options) {
            Ok(text) => (text, ExitCode::SUCCESS),
            Err(error) => return complain(&error.to_string(), 1),
        },
        Err(error) => return complain(&error, 2),
    };
    match io::stdout().write_all(text.as_bytes()) {
        // A reader who has seen enough is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => complain(&error.to_string(), 1),
        _ => code,
    }
}

/// Where nobody can be told, nobody is.
fn complain(what: &str, code: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {what}");
    ExitCode::from(code)
}

/// Reads the arguments behind the program's name; nothing if only help is wanted.
fn options(mut arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, String> {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/train");
    let mut options = Options { file: None, out, seed: 1 };
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let mut value =
            |takes: &str| arguments.next().ok_or_else(|| format!("`{text}` needs a value: {takes}"));
        match &*text {
            "--help" | "-h" => return Ok(None),
            "--out" => options.out = PathBuf::from(value("a folder")?),
            "--seed" => {
                let seed = value("a whole number")?;
                let seed = seed.to_string_lossy().parse();
                options.seed = seed.map_err(|_| "`--seed` takes a whole number from 0 up")?;
            }
            other if other.starts_with('-') => {
                return Err(format!("unknown option `{}`: `--help` lists them", clipped(other, 40)));
            }
            _ if options.file.is_some() => return Err("one file is enough: `--help` says how".to_owned()),
            _ => options.file = Some(PathBuf::from(&argument)),
        }
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<String, Box<dyn Error>> {
    let set = match &options.file {
        Some(file) => DataSet::read(file).map_err(|why| {
            format!(
                "cannot read `{}`: {}",
                clipped_start(&file.display().to_string(), 60),
                clipped(&why, 200)
            )
        })?,
        None => DataSet::simulated(options.seed),
    };
    let columns = set.schema.columns().len();
    let known = set.bad.len() * 2 / 3;
    let (train, stream) = set.values.split_at(known * columns);
    let ensemble = train_on(Matrix::new(train, columns)?, &set.schema, options.seed)?;

    // What comes back from the file is what went into it.
    std::fs::create_dir_all(&options.out)?;
    let file = options.out.join("ensemble.model");
    std::fs::write(&file, ensemble.to_bytes(&set.schema)?)?;
    let ensemble = Ensemble::from_bytes(&std::fs::read(&file)?, &set.schema)?;

    let stream =
        Matrix::new(stream, columns).map_err(|_| "fewer than three rows: there is no stream to score")?;
    let bad = set.bad.get(known..).unwrap_or_default();
    let mut judged: Vec<(usize, Judgement)> =
        stream.iter().map(|row| ensemble.judge(row)).enumerate().collect();
    let scores: Vec<f64> = judged.iter().map(|(_, judgement)| judgement.score).collect();
    judged.sort_by(|(_, left), (_, right)| right.score.total_cmp(&left.score));

    let mut text = String::new();
    let _ = writeln!(text, "What was trained\n  rows       {known} of {}", clipped(&set.about, 60));
    let _ = writeln!(
        text,
        "  columns    {columns}, the time told by {}",
        if time(&set.schema).is_some() { TIME } else { "none" }
    );
    let members = ensemble.members().map(|(member, weight)| format!("{} {weight:.2}", member.model().name()));
    let _ = writeln!(text, "  members    {}", members.collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "  file       {} bytes", std::fs::metadata(&file)?.len());
    list(&mut text, &judged, bad, |row| reasons(&ensemble, &set.schema, stream.row(row)));
    if let Some((row, judgement)) = judged.first() {
        explain(&mut text, &ensemble, &set.schema, (*row, stream.row(*row)), judgement);
    }
    let mut explained = judged.iter().take(3).map(|(row, _)| {
        let adds = ensemble.contributions(stream.row(*row));
        Explained::new(format!("row {row}"), set.schema.columns().map(str::to_owned).zip(adds))
    });
    report(&mut text, options, &set, (&scores, bad), &mut explained)?;
    Ok(text)
}

/// The number of the column that tells the time, if one does.
fn time(schema: &FeatureSchema) -> Option<usize> {
    schema.columns().position(|name| name == TIME)
}

fn train_on(rows: Matrix<'_>, schema: &FeatureSchema, seed: u64) -> Result<Ensemble, Box<dyn Error>> {
    let builder = Ensemble::builder().seed(seed);
    let builder = time(schema).map_or(builder.clone(), |column| builder.time(column));
    let mut stage = "";
    let ensemble = builder.fit_with(rows, |progress| {
        if progress.stage != stage {
            stage = progress.stage;
            let _ = writeln!(io::stderr(), "training: {stage}");
        }
        ControlFlow::Continue(())
    });
    Ok(ensemble?)
}

/// The columns that add most, and how much of the score they are.
fn reasons(ensemble: &Ensemble, schema: &FeatureSchema, row: &[f64]) -> String {
    let adds = ensemble.contributions(row);
    let all: f64 = adds.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut ranked: Vec<(&str, f64)> = schema.columns().zip(adds.iter().copied()).collect();
    ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    let text = ranked.iter().take(2).filter(|(_, adds)| *adds > 0.0);
    let text = text.map(|(name, adds)| format!("{} {:.0} %", clipped(name, 20), 100.0 * adds / all));
    text.collect::<Vec<_>>().join(", ")
}

fn list(text: &mut String, judged: &[(usize, Judgement)], bad: &[bool], why: impl Fn(usize) -> String) {
    let is_bad = |row: usize| bad.get(row).copied().unwrap_or_default();
    let flagged = judged.iter().filter(|(_, judgement)| judgement.is_anomaly(RATE));
    let (mut right, mut wrong) = (0_usize, 0_usize);
    flagged.for_each(|(row, _)| if is_bad(*row) { right += 1 } else { wrong += 1 });
    let bads = bad.iter().filter(|bad| **bad).count();
    let _ = writeln!(text, "\nThe riskiest of {} rows of the stream", judged.len());
    let _ = writeln!(text, "  row         score   p-value  agreement  truth  because of");
    for (row, judgement) in judged.iter().take(LISTED) {
        let truth = if is_bad(*row) { "bad" } else { "good" };
        let Judgement { score, p_value, confidence, .. } = judgement;
        let why = clipped(&why(*row), 48);
        let _ =
            writeln!(text, "  {row:<9} {score:>7.2}  {p_value:>8.5}  {confidence:>9.2}  {truth:<5}  {why}");
    }
    let _ = writeln!(
        text,
        "  flagged at one usual row in a hundred: {right} of {bads} bad rows, {wrong} of {} good ones",
        bad.len() - bads
    );
}

fn explain(
    text: &mut String,
    ensemble: &Ensemble,
    schema: &FeatureSchema,
    (number, row): (usize, &[f64]),
    judgement: &Judgement,
) {
    let _ = writeln!(text, "\nWhy row {number} scores {:.2}", judgement.score);
    for opinion in &judgement.members {
        let _ = writeln!(
            text,
            "  {:<22} surprised by {:>5.2} nats, p-value {:.5}, weight {:.2}",
            opinion.name, opinion.surprise, opinion.p_value, opinion.weight
        );
    }
    let adds = ensemble.contributions(row);
    let mut ranked: Vec<(usize, f64)> = adds.iter().copied().enumerate().collect();
    ranked.sort_by(|(_, left), (_, right)| right.abs().total_cmp(&left.abs()));
    let most = ranked.first().map_or(1.0, |(_, adds)| adds.abs()).max(f64::MIN_POSITIVE);
    for (column, adds) in ranked.iter().take(LISTED) {
        let name = clipped(schema.column(*column).unwrap_or_default(), 22);
        let value = row.get(*column).copied().unwrap_or(f64::NAN);
        let value = if value.is_nan() { "missing".to_owned() } else { format!("{value:.6}") };
        let value = clipped(value.trim_end_matches('0').trim_end_matches('.'), 14);
        let line = format!("  {name:<22} {value:>14}  {adds:>+8.2}  {}", gauge(adds.abs() / most, 24));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let rest: f64 = ranked.iter().skip(LISTED).map(|(_, adds)| adds).sum();
    if ranked.len() > LISTED {
        let _ =
            writeln!(text, "  {:<22} {:>14}  {rest:>+8.2}", format!("{} others", ranked.len() - LISTED), "");
    }
}

/// Teaches probabilities by the first half of the stream, and reports on its second half.
fn report(
    text: &mut String,
    options: &Options,
    set: &DataSet,
    (scores, bad): (&[f64], &[bool]),
    explained: &mut dyn Iterator<Item = Explained>,
) -> Result<(), Box<dyn Error>> {
    let half = scores.len() / 2;
    let ((known, asked), (truths, truth)) = (scores.split_at(half), bad.split_at(half));
    let _ = writeln!(text, "\nThe report");
    let report = match Report::new("What the ensemble finds", asked, truth) {
        Ok(report) if !known.is_empty() => report,
        Ok(_) => return Err("too few rows for a report".into()),
        Err(error) => {
            let _ = writeln!(text, "  none: in the second half of the stream {error}");
            return Ok(());
        }
    };
    let isotonic = Isotonic::calibrate(known, truths)?;
    let said: Vec<f64> = asked.iter().map(|score| isotonic.probability(*score)).collect();
    let report = report
        .fact("rows", format!("{}: the last sixth", set.about))
        .fact("model", format!("ensemble, seed {}", options.seed))
        .fact("probabilities", format!("isotonic, from the {} rows before", known.len()))
        .bootstrap(Bootstrap::default().resamples(200))
        .probabilities(&said, truth)?;
    explained.fold(report, Report::explained).write(&options.out)?;
    for name in ["report.html", "report.md"] {
        let path = options.out.join(name).display().to_string();
        let _ = writeln!(text, "  {}", clipped_start(&path, 96));
    }
    Ok(())
}
