//! What we read of an event of MISP is what we read of its conversion to STIX by another program.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use autosec_core::intel::{Indicator, Sighting};
use autosec_integrations::feed::stix::{BundleReader, PatternIndicator, StixLimits, StixSink};

use crate::misp::{EVENTS, read};
use crate::support::python;

/// Converts the events that can be, and writes each as a line of name and bundle.
const CONVERT: &str = r#"
import json, sys
from misp_stix_converter import MISPtoSTIX21Parser
for path in sys.argv[1:]:
    try:
        parser = MISPtoSTIX21Parser()
        parser.parse_misp_event(json.load(open(path)))
        bundle = json.loads(parser.bundle.serialize())
    except Exception:
        continue
    print(path.rsplit("/", 1)[-1], json.dumps(bundle), sep="\t")
"#;

/// Converted; the others cannot be.
const CONVERTED: [&str; 9] = [
    "attribute.json",
    "event.json",
    "event_tags.json",
    "long_event.json",
    "mainly_objects_1.json",
    "malware.json",
    "new_misp_event.json",
    "to_delete1.json",
    "very_long_event.json",
];

type Values = BTreeSet<(&'static str, String)>;

/// The values, and the patterns that are no plain ones.
#[derive(Default)]
struct Found {
    indicators: Vec<Indicator>,
    patterns: Vec<String>,
}

impl StixSink for Found {
    fn indicator(&mut self, indicator: Indicator) {
        self.indicators.push(indicator);
    }

    fn pattern(&mut self, pattern: PatternIndicator) {
        self.patterns.push(pattern.pattern.to_string());
    }

    fn sighting(&mut self, _: Sighting) {}
}

fn values(indicators: &[Indicator]) -> Values {
    let parts = indicators.iter().flat_map(|one| &one.values).flat_map(|value| value.parts());
    parts.map(|part| (part.kind().name(), part.to_string())).collect()
}

#[test]
fn both_ways_lead_to_the_same_values() {
    let Some(programs) = python::programs("misp_stix") else { return };
    let paths = fs::read_dir(EVENTS).unwrap().map(|entry| entry.unwrap().path());
    let mut command = Command::new(programs.join("python"));
    command.args(["-c", CONVERT]).args(paths).stdin(Stdio::null()).stderr(Stdio::null());
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut names = BTreeSet::new();
    for line in said.lines() {
        let (name, bundle) = line.split_once('\t').unwrap();
        let mut stix = Found::default();
        let report =
            BundleReader::new("circl", StixLimits::default()).read(bundle.as_bytes(), &mut stix).unwrap();
        let (misp, _) = read(&fs::read(format!("{EVENTS}/{name}")).unwrap());
        let (theirs, ours) = (values(&stix.indicators), values(&misp.indicators));
        println!(
            "{name}: ours {} theirs {} patterns {:?} rejects {:?} opaque {:?}",
            ours.len(),
            theirs.len(),
            stix.patterns,
            report.rejects,
            report.opaque
        );
        println!("  ours only {:?}", ours.difference(&theirs).collect::<Vec<_>>());
        println!("  theirs only {:?}", theirs.difference(&ours).collect::<Vec<_>>());
        names.insert(name.to_owned());
    }
    assert!(names.iter().eq(CONVERTED.iter()), "{names:?}");
}
