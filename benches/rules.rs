//! scratch
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use autosec_core::event::{Event, JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|held| held == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn main() {
    let corpora = Path::new("../../shared/corpora");
    let texts: Vec<_> = files(&corpora.join("sigma/rules"))
        .into_iter()
        .map(|p| (p.display().to_string(), fs::read_to_string(p).unwrap()))
        .collect();
    let schema = Schema::ecs();
    let start = Instant::now();
    let mut builder = RuleSet::builder(&schema).placeholder("known_cdcs", ["dc1.example.org"]);
    for (name, text) in &texts {
        builder = builder.sigma(name, text);
    }
    let rules = builder.build().unwrap_or_else(|e| panic!("{e}"));
    println!("load {:?}", start.elapsed());
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let lines = fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).unwrap();
    let events: Vec<Event<'_>> =
        lines.lines().map(|l| reader.read_at(l.as_bytes(), Timestamp::EPOCH).unwrap()).collect();
    let mut total = 0;
    for round in 0..std::env::var("ROUNDS").map_or(5, |r| r.parse().unwrap()) {
        let start = Instant::now();
        total = 0;
        for event in &events {
            let mut findings = Findings::default();
            rules.detect(event, &mut findings);
            total += black_box(findings.found().len());
        }
        let t = start.elapsed();
        println!("round {round}: {:?} an event", t / 2000);
    }
    println!("findings {total}");
}
