//! Bundles: what is read of them, what is counted, and what a broken or endless one does.

use std::io::{self, Read};

use autosec_core::intel::{Indicator, ObservableKind, Sighting, Tlp};
use autosec_core::time::Timestamp;
use autosec_integrations::feed::stix::{
    BundleError, BundleFault, BundleReader, PatternIndicator, Report, StixLimits, StixSink,
};
use serde_json::{Value, json};

#[derive(Default)]
struct Found {
    indicators: Vec<Indicator>,
    patterns: Vec<PatternIndicator>,
    sightings: Vec<Sighting>,
}

impl StixSink for Found {
    fn indicator(&mut self, indicator: Indicator) {
        self.indicators.push(indicator);
    }

    fn pattern(&mut self, pattern: PatternIndicator) {
        self.patterns.push(pattern);
    }

    fn sighting(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }
}

fn read_with(input: impl Read, limits: StixLimits) -> (Found, Result<Report, BundleError>) {
    let mut found = Found::default();
    let report = BundleReader::new("partner", limits).read(input, &mut found);
    (found, report)
}

fn read(objects: &[Value]) -> (Found, Report) {
    let bundle = json!({"type": "bundle", "id": "bundle--1", "objects": objects}).to_string();
    let (found, report) = read_with(bundle.as_bytes(), StixLimits::default());
    (found, report.unwrap())
}

fn indicator(id: &str, pattern: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--{id}"), "pattern_type": "stix",
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-02T00:00:00.000Z",
        "pattern": pattern, "valid_from": "2026-11-01T00:00:00Z",
    })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

const ADDRESS: &str = "[ipv4-addr:value = '198.51.100.7']";

#[test]
fn brings_together_what_objects_say_of_an_indicator() {
    let marked = with(indicator("a", ADDRESS), "object_marking_refs", json!(["marking-definition--own"]));
    let marked = with(marked, "confidence", json!(85));
    let marked = with(marked, "valid_until", json!("2026-12-01T00:00:00Z"));
    let marked = with(
        marked,
        "kill_chain_phases",
        json!([{"kill_chain_name": "mitre-attack", "phase_name": "command-and-control"}]),
    );
    let (found, report) = read(&[
        marked,
        json!({"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--a", "target_ref": "malware--1"}),
        json!({"type": "relationship", "relationship_type": "indicates", "source_ref": "indicator--a", "target_ref": "attack-pattern--1"}),
        json!({"type": "malware", "id": "malware--1", "name": "Emotet"}),
        json!({"type": "attack-pattern", "id": "attack-pattern--1", "name": "Web protocols",
            "external_references": [{"source_name": "mitre-attack", "external_id": "T1071.001"}]}),
        json!({"type": "marking-definition", "id": "marking-definition--own",
            "extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": "amber+strict"}}}),
        json!({"type": "sighting", "id": "sighting--1", "sighting_of_ref": "indicator--a", "count": 3, "last_seen": "2026-11-20T10:00:00Z"}),
        json!({"type": "sighting", "id": "sighting--2", "sighting_of_ref": "indicator--a", "count": 0, "last_seen": "2026-11-21T10:00:00Z"}),
    ]);
    let one = &found.indicators[0];
    assert_eq!((&*one.id, &*one.source), ("indicator--a", "partner"));
    assert_eq!(one.values[0].to_string(), "198.51.100.7");
    assert!((one.confidence.value() - 0.85).abs() < 1e-3);
    assert_eq!(one.tlp, Some(Tlp::AmberStrict));
    assert_eq!(one.valid_until, Some(Timestamp::parse("2026-12-01T00:00:00Z").unwrap()));
    let tags: Vec<&str> = one.tags.iter().map(|tag| &**tag).collect();
    assert_eq!(tags, ["mitre-attack:command-and-control", "malware:Emotet", "attack-pattern:Web protocols"]);
    assert_eq!(&*one.techniques[0], "T1071.001");
    let seen = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
    assert_eq!(found.sightings, [Sighting::new("partner", "indicator--a", seen)]);
    assert_eq!((report.plain, report.relationships, report.sightings, report.rejected), (1, 2, 1, 0));
}

#[test]
fn the_newest_version_counts() {
    let old = with(indicator("a", ADDRESS), "modified", json!("2026-11-01T00:00:00Z"));
    let new = with(indicator("a", ADDRESS), "revoked", json!(true));
    for objects in [[old.clone(), new.clone()], [new, old]] {
        let (found, report) = read(&objects);
        assert!(found.indicators.len() == 1 && found.indicators[0].revoked);
        assert_eq!(report.outdated, 1);
    }
}

#[test]
fn tells_languages_and_rejects_apart() {
    let yara = with(indicator("y", "rule a {}"), "pattern_type", json!("yara"));
    let broken = indicator("b", "[ipv4-addr:value = ]");
    let temporal = indicator("t", &format!("{ADDRESS} FOLLOWEDBY {ADDRESS} WITHIN 60 SECONDS"));
    let misp =
        with(indicator("d", "[domain-name:value = 'a.example']"), "labels", json!(["misp:type=\"domain\""]));
    let name = indicator("h", "[domain-name:value = 'a.example']");
    let confused = with(indicator("c", ADDRESS), "valid_from", json!("yesterday"));
    let (found, report) = read(&[
        yara,
        broken,
        temporal,
        misp,
        name,
        confused,
        json!(5),
        json!({"type": "x-other", "name": 7}),
    ]);
    assert_eq!(report.opaque.get("yara"), Some(&1));
    assert_eq!(
        (report.objects, report.plain, report.patterns, report.others, report.rejected),
        (8, 2, 1, 1, 3)
    );
    let why: Vec<(Option<&str>, &str)> =
        report.rejects.iter().map(|reject| (reject.id.as_deref(), reject.why.as_str())).collect();
    assert_eq!(why[0].0, Some("indicator--b"));
    assert!(why[0].1.starts_with("P001 at 1:20"), "{}", why[0].1);
    assert!(why[1].1.contains("`yesterday`") && why[2].1 == "it is no object", "{why:?}");
    let kinds: Vec<ObservableKind> =
        found.indicators.iter().map(|one| one.values[0].parts()[0].kind()).collect();
    assert_eq!(kinds, [ObservableKind::Domain, ObservableKind::Hostname]);
    assert!(found.patterns[0].about.values.is_empty() && &*found.patterns[0].about.id == "indicator--t");
}

#[test]
fn reads_stix_2_0() {
    let pattern =
        "[url:value = 'http://a.example/'] START '2026-11-01T00:00:00Z' STOP '2026-11-02T00:00:00Z'";
    let old = json!({"type": "bundle", "spec_version": "2.0", "objects": [{
        "type": "indicator", "id": "indicator--o", "created": "2026-11-01T00:00:00Z", "modified": "2026-11-01T00:00:00Z",
        "labels": ["malicious-activity"], "pattern": pattern, "valid_from": "2026-11-01T00:00:00Z",
        "object_marking_refs": ["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],
    }]});
    let (found, report) = read_with(old.to_string().as_bytes(), StixLimits::default());
    assert_eq!(report.unwrap().patterns, 1);
    assert_eq!(found.patterns[0].about.tlp, Some(Tlp::Green));
}

#[test]
fn what_was_read_before_the_end_stays() {
    let bundle =
        json!({"type": "bundle", "objects": [indicator("a", ADDRESS), indicator("b", ADDRESS)]}).to_string();
    let cut = bundle.len() - 20;
    let (found, ended) = read_with(&bundle.as_bytes()[..cut], StixLimits::default());
    let error = ended.unwrap_err();
    assert!(matches!(error.fault, BundleFault::Truncated));
    assert_eq!((error.at, error.line, error.report.plain, found.indicators.len()), (cut as u64, 1, 1, 1));
    assert_eq!(error.to_string(), format!("the bundle is truncated, at byte {cut} (line 1)"));

    let (_, ended) = read_with("\n<html><body>Login</body></html>".as_bytes(), StixLimits::default());
    assert_eq!(
        ended.unwrap_err().to_string(),
        "expected a JSON object or list, found `<`, at byte 1 (line 2)"
    );
}

#[test]
fn every_cut_of_a_bundle_is_an_error_with_its_place() {
    let bundle =
        json!({"type": "bundle", "objects": [indicator("ä\"\\", ADDRESS), {"a": [{}, "}"]}]}).to_string();
    for cut in 0..bundle.len() {
        let (_, ended) = read_with(&bundle.as_bytes()[..cut], StixLimits::default());
        let error = ended.expect_err("it is cut");
        assert!(error.at <= cut as u64, "{cut}: {error}");
    }
}

/// A bundle that is written as it is read: so many indicators, then one object that is very long.
struct Endless {
    indicators: u64,
    long: u64,
    ready: io::Cursor<Vec<u8>>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.ready.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            let next = if self.indicators > 0 {
                self.indicators -= 1;
                format!("{},", indicator(&self.indicators.to_string(), ADDRESS)).into_bytes()
            } else if self.long > 0 {
                self.long -= 1;
                vec![b'a'; 1 << 16]
            } else {
                return Ok(0);
            };
            if self.indicators == 0 && self.long == 64 {
                self.ready = io::Cursor::new([next, b"{\"a\": \"".to_vec()].concat());
            } else {
                self.ready = io::Cursor::new(next);
            }
        }
    }
}

#[test]
fn a_long_bundle_takes_little_memory() {
    let input = Endless { indicators: 5_000, long: 64, ready: io::Cursor::new(b"{\"objects\": [".to_vec()) };
    let tail = io::Cursor::new(b"\"}]}".to_vec());
    let limits = StixLimits { held: 100, object_bytes: 1 << 16, ..StixLimits::default() };
    let (found, report) = read_with(input.chain(tail), limits);
    let report = report.unwrap();
    assert_eq!((report.plain, report.without_context, found.indicators.len()), (5_000, 4_900, 5_000));
    assert_eq!(report.rejects[0].why, "it is longer than 65536 bytes");

    let few = StixLimits { objects: 10, ..StixLimits::default() };
    let input = Endless { indicators: 20, long: 0, ready: io::Cursor::new(b"[".to_vec()) };
    let (found, ended) = read_with(input, few);
    assert!(matches!(ended.unwrap_err().fault, BundleFault::TooMany(10)) && found.indicators.len() == 10);
}
