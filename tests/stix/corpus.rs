//! Every recorded answer of the reference validator and the reference matcher.

use std::fs;
use std::path::Path;

use autosec_core::intel::pattern::{MatchLimits, Matcher, Observation, Pattern, Version};
use serde_json::Value;

const CORPUS: &str = "../shared/corpora/stix";

/// The records of a file; none, said on one line, where the corpora are absent.
fn records(name: &str) -> Vec<Value> {
    let path = Path::new(CORPUS).join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn accepts_and_refuses_as_the_validator_does() {
    let wrong: Vec<String> = records("patterns-dev.jsonl")
        .iter()
        .filter_map(|record| {
            let pattern = record["pattern"].as_str().unwrap();
            let read = Pattern::parse(pattern);
            (read.is_ok() != record["ok"].as_bool().unwrap()).then(|| format!("{pattern}: {read:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What came of a record, in the words of the corpus.
#[derive(Debug, PartialEq)]
enum Outcome {
    Refused,
    Fault,
    Match(usize),
    NoMatch,
}

fn outcome(record: &Value) -> Outcome {
    let version = if record["version"] == "2.0" { Version::V20 } else { Version::V21 };
    let Ok(pattern) = Pattern::parse_as(record["pattern"].as_str().unwrap(), version) else {
        return Outcome::Refused;
    };
    let Ok(matcher) = Matcher::new(&pattern) else { return Outcome::Fault };
    let observations = record["observations"].as_array().unwrap();
    let read = match version {
        Version::V20 => observations.iter().map(Observation::read_v20).collect(),
        Version::V21 => Observation::read_v21(observations),
    };
    let Ok(observations) = read else { return Outcome::Fault };
    match matcher.find(&observations, &MatchLimits::default()) {
        Err(_) => Outcome::Fault,
        Ok(None) => Outcome::NoMatch,
        Ok(Some(binding)) => Outcome::Match(binding.observations().len()),
    }
}

fn expected(record: &Value) -> Outcome {
    match (record["error"].as_str(), record["matched"].as_bool()) {
        (Some("ParseException"), _) => Outcome::Refused,
        (Some(_), _) => Outcome::Fault,
        (None, Some(true)) => Outcome::Match(record["sdos"].as_array().unwrap().len()),
        (None, _) => Outcome::NoMatch,
    }
}

/// With OR or REPEATS other bindings are as right, also of another size.
fn agree(record: &Value, found: &Outcome, expected: &Outcome) -> bool {
    let pattern = record["pattern"].as_str().unwrap();
    let is_one_of_many = pattern.contains(" OR ") || pattern.contains("REPEATS");
    match (found, expected) {
        (Outcome::Match(found), Outcome::Match(_)) if is_one_of_many => *found > 0,
        _ => found == expected,
    }
}

#[test]
fn answers_as_the_reference_matcher_does() {
    let records = records("match-dev.jsonl");
    let wrong: Vec<String> = records
        .iter()
        .filter_map(|record| {
            let (found, expected) = (outcome(record), expected(record));
            (!agree(record, &found, &expected))
                .then(|| format!("{}: {found:?}, not {expected:?}", record["test"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), records.len(), wrong.join("\n"));
}
