//! Every rule of the corpus loads and runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::Detector;
use autosec_core::rule::{RuleSet, RuleSetBuilder};
use autosec_core::time::Timestamp;

/// How many rules the corpus holds.
const RULES: usize = 3754;

/// The corpora beside the repository; says so in one line where they are absent.
pub fn corpora() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let present = path.is_dir();
    if !present {
        eprintln!("SKIPPED: {} is absent, so the Sigma corpus is not tested", path.display());
    }
    present.then_some(path)
}

/// The files below a folder with this extension, in order.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|held| held == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A builder with every rule of the corpus, and how many files that are.
pub fn all<'s>(schema: &'s Schema, corpora: &Path) -> (RuleSetBuilder<'s>, usize) {
    let files = files(&corpora.join("sigma/rules"), "yml");
    let builder = files.iter().fold(RuleSet::builder(schema), |builder, path| {
        builder.sigma(path.file_name().unwrap().to_str().unwrap(), fs::read_to_string(path).unwrap())
    });
    (builder, files.len())
}

/// The whole corpus, compiled once for all tests.
pub fn compiled(corpora: &Path) -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| {
        let schema = Schema::ecs();
        let builder = all(&schema, corpora).0.placeholder("known_cdcs", ["dc1.example.org"]);
        builder.build().unwrap_or_else(|errors| panic!("{errors}"))
    })
}

#[test]
fn every_rule_loads() {
    let Some(corpora) = corpora() else { return };
    let (_, count) = all(&Schema::ecs(), &corpora);
    assert_eq!(count, RULES);
    let rules = compiled(&corpora);
    assert_eq!(rules.sigma_rules().count(), RULES);
    assert_eq!(rules.stats().count(), RULES);
    assert!(rules.sigma_rules().all(|rule| !rule.title.is_empty() && rule.id.len() == 36));
}

#[test]
fn only_placeholders_without_values_are_refused() {
    let Some(corpora) = corpora() else { return };
    let schema = Schema::ecs();
    let errors = all(&schema, &corpora).0.build().unwrap_err();
    let codes: Vec<_> = errors.diagnostics().iter().map(|one| one.code()).collect();
    assert_eq!(codes, ["E408", "E408"]);
    let rules = all(&schema, &corpora).0.allow_unknown_placeholders().build().unwrap();
    assert_eq!(rules.sigma_rules().count(), RULES);
}

#[test]
fn real_events_are_looked_at_the_same_way_twice() {
    let Some(corpora) = corpora() else { return };
    let rules = compiled(&corpora);
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let text = fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).unwrap();
    let run = || -> Vec<Vec<String>> {
        let events = text.lines().step_by(20).take(100);
        events
            .map(|line| super::found(rules, &reader.read_at(line.as_bytes(), Timestamp::EPOCH).unwrap()))
            .collect()
    };
    let first = run();
    assert!(first.iter().flatten().count() > 0);
    assert_eq!(first, run());
}
