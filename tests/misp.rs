//! MISP: every event of the corpus, what an event says of its indicators, and bad input.

use std::collections::BTreeSet;
use std::fs;

use autosec_core::intel::{BaseScore, Indicator, Sighting, SightingKind, Tlp};
use autosec_core::measure::Severity;
use autosec_core::time::Timestamp;
use autosec_integrations::feed::misp::{EventReport, MispError, MispReader, MispSettings, MispSink};
use serde_json::{Value, json};

#[derive(Default)]
pub struct Found {
    pub indicators: Vec<Indicator>,
    pub sightings: Vec<Sighting>,
}

impl MispSink for Found {
    fn indicator(&mut self, indicator: Indicator) {
        self.indicators.push(indicator);
    }

    fn sighting(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }
}

pub const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/misp/events");

fn read_as(settings: MispSettings, bytes: &[u8]) -> (Found, Result<EventReport, MispError>) {
    let mut found = Found::default();
    let report = MispReader::new(settings).read(bytes, &mut found);
    (found, report)
}

pub fn read(bytes: &[u8]) -> (Found, Result<EventReport, MispError>) {
    read_as(MispSettings::new("circl"), bytes)
}

fn read_value(value: &Value) -> (Found, EventReport) {
    let (found, report) = read(value.to_string().as_bytes());
    (found, report.unwrap())
}

#[test]
fn every_event_of_the_corpus_is_read() {
    let mut totals = (0, 0, 0);
    let mut rejected = BTreeSet::new();
    for (name, events, attributes, meant) in [
        ("attribute.json", 1, 1, 1),
        ("event.json", 1, 0, 0),
        ("event_obj_def_param.json", 1, 3, 3),
        ("event_tags.json", 1, 0, 0),
        ("image_event.json", 1, 79, 46),
        ("japanese_test.json", 1, 1, 0),
        ("japanese_test_heavy.json", 1, 10, 0),
        ("long_event.json", 1, 370, 258),
        ("mainly_objects_1.json", 1, 74, 21),
        ("malware.json", 1, 1, 1),
        ("malware_exist.json", 1, 6, 4),
        ("new_misp_event.json", 1, 0, 0),
        ("to_delete1.json", 1, 75, 54),
        ("very_long_event.json", 1, 64, 35),
    ] {
        let (found, report) = read(&fs::read(format!("{EVENTS}/{name}")).unwrap());
        let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((report.events, report.attributes), (events, attributes), "{name}: {report:?}");
        assert_eq!(report.attributes - report.context, meant, "{name}: {report:?}");
        let unread: u64 = report.unread.values().sum();
        assert_eq!(report.indicators + report.rejected + unread + report.context, attributes, "{name}");
        assert_eq!(report.indicators, found.indicators.len() as u64);
        totals = (totals.0 + attributes, totals.1 + meant, totals.2 + report.indicators);
        rejected.extend(report.rejects.iter().map(|reject| format!("{name} {reject}")));
    }
    assert_eq!((totals.0, totals.1), (684, 423));
    let rejected: Vec<&str> = rejected.iter().map(String::as_str).collect();
    assert!(rejected.iter().all(|reject| reject.contains("`107.183.86` is no url")), "{rejected:#?}");
    assert_eq!(rejected.len(), 1);

    for name in ["definition.json", "simple.json"] {
        let error = read(&fs::read(format!("{EVENTS}/{name}")).unwrap()).1.unwrap_err();
        assert_eq!(error.to_string(), "the document has no event, attribute or object", "{name}");
    }
    let (_, heads) = read(&fs::read(format!("{EVENTS}/search_index_result.json")).unwrap());
    let heads = heads.unwrap();
    assert!(heads.events > 0 && heads.attributes == 0, "{heads:?}");
    assert_eq!(fs::read_dir(EVENTS).unwrap().count(), 17);
}

#[test]
fn an_event_says_much_of_its_indicators() {
    let attribute = json!({
        "uuid": "a", "type": "domain|ip", "value": "a.example|192.0.2.7", "to_ids": "1", "timestamp": 1_461_067_952,
        "last_seen": "2026-11-20T00:00:00+00:00", "Tag": [{"name": "tlp:amber"}, {"name": "x:y=\"high\""}],
        "Sighting": [{"date_sighting": "1461067953", "type": "0"}, {"date_sighting": 1_461_067_954, "type": 1},
            {"date_sighting": "1461067955", "type": "2"}, {"date_sighting": "never"}],
    });
    let event = json!({"response": [{"Event": {
        "info": "x", "threat_level_id": "1", "Attribute": [attribute],
        "Tag": [{"name": "tlp:green"}, {"name": "x:y=\"low\""}, {"name": "osint"}],
        "Galaxy": [{"GalaxyCluster": [{"tag_name": "misp-galaxy:mitre-attack-pattern=\"Phishing - T1566\""}]}],
        "Object": [{"deleted": true, "Attribute": [{"type": "md5", "value": "0".repeat(32), "to_ids": true}]}],
    }}]});
    let score = BaseScore::new(50.0).with_weight("x:y", 1.0);
    let score = score.with_number("x:y=\"low\"", 20.0).with_number("x:y=\"high\"", 90.0);
    let mut settings = MispSettings::new("circl");
    settings.score = score;
    let (found, report) = read_as(settings, event.to_string().as_bytes());
    let one = &found.indicators[0];
    assert_eq!((&*one.id, &*one.source, one.severity), ("a", "circl", Severity::High));
    assert_eq!(one.values[0].to_string(), "a.example and 192.0.2.7");
    assert_eq!((one.confidence.to_string().as_str(), one.tlp), ("0.90", Some(Tlp::Amber)));
    assert_eq!(one.modified, Some(Timestamp::from_secs(1_461_067_952)));
    assert_eq!(one.last_seen, Some(Timestamp::parse("2026-11-20T00:00:00Z").unwrap()));
    assert_eq!(one.techniques.iter().map(|id| &**id).collect::<Vec<_>>(), ["T1566"]);
    let tags: Vec<&str> = one.tags.iter().map(|tag| &**tag).collect();
    assert_eq!(tags, ["tlp:green", "x:y=\"low\"", "osint", "tlp:amber", "x:y=\"high\""]);
    assert!(!one.revoked && found.indicators[1].revoked);
    let kinds: Vec<SightingKind> = found.sightings.iter().map(|seen| seen.kind).collect();
    assert_eq!(kinds, [SightingKind::Positive, SightingKind::FalsePositive, SightingKind::Expiration]);
    assert!(found.sightings.iter().all(|seen| &*seen.id == "a"));
    let report = report.unwrap();
    assert_eq!((report.indicators, report.deleted, report.sightings), (2, 1, 3));
}

#[test]
fn strange_parts_cost_themselves_only() {
    let good = json!({"type": "ip-src", "value": "192.0.2.7", "to_ids": true});
    let event = json!({"Event": {"info": 5, "Tag": "none", "Galaxy": {}, "Attribute": [
        good, 5, null, [good], "x", {"type": {"a": []}, "value": [], "to_ids": true}, {"to_ids": true, "type": "ip-src"},
        {"type": "ip-src", "value": "999.1.1.1", "to_ids": true, "Tag": [7, {"name": []}]}, good,
    ], "Object": [3, {"Attribute": {"0": 1}}, {"Attribute": "x"}]}});
    let (found, report) = read_value(&event);
    assert_eq!((found.indicators.len(), report.indicators, report.rejected), (2, 2, 7));
    let places: Vec<String> = report.rejects.iter().map(ToString::to_string).collect();
    assert!(places.contains(&"Event[0].Attribute[6]: it has no value".to_owned()), "{places:#?}");
    let (_, nothing) = read_value(&json!([{"Event": null, "Attribute": []}, 7, {"Event": {"info": "x"}}]));
    assert_eq!((nothing.events, nothing.attributes), (2, 0));
    let all = MispSettings { context_too: true, ..MispSettings::new("circl") };
    let event = json!({"Attribute": [{"type": "ip-src", "value": "192.0.2.7", "to_ids": false}]});
    assert_eq!(read_as(all, event.to_string().as_bytes()).1.unwrap().indicators, 1);
}

#[test]
fn bad_input_is_an_error_with_a_name() {
    let deep = "{\"Event\":".repeat(100_000);
    let deep_value = format!("{{\"info\": \"x\", \"Attribute\": [{{\"value\": {}}}]}}", "[".repeat(100_000));
    let latin = [b"{\"info\": \"".as_slice(), &[0xe4], b"\"}"].concat();
    for (bytes, part) in [
        (b"<html><body>Login</body></html>".as_slice(), "is a web page"),
        (b"\xef\xbb\xbf <html>", "is a web page"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (b"{\0\"\0", "UTF-16"),
        (b"", "EOF"),
        (b"nonsense", "no whole JSON"),
        (b"5", "no event"),
        (b"{}", "no event"),
        (deep.as_bytes(), "recursion limit"),
        (deep_value.as_bytes(), "no whole JSON"),
        (&latin, "no whole JSON"),
    ] {
        let (found, report) = read(bytes);
        let error = report.unwrap_err().to_string();
        assert!(error.contains(part) && error.len() < 200, "{part}: {error}");
        assert!(found.indicators.is_empty());
    }
    let whole =
        json!({"Event": {"info": "ä", "Attribute": [{"type": "ip-src", "value": "192.0.2.7"}]}}).to_string();
    for cut in 0..whole.len() {
        assert!(read(&whole.as_bytes()[..cut]).1.is_err(), "{cut}");
    }
}

#[test]
fn an_endless_event_is_bounded() {
    let many = |count: usize| {
        let attributes = (0..count).map(|number| {
            format!(
                "{{\"type\":\"ip-src\",\"value\":\"10.{}.{}.{}\",\"to_ids\":1}}",
                number >> 16,
                number >> 8 & 255,
                number & 255
            )
        });
        format!("{{\"Attribute\":[{}]}}", attributes.collect::<Vec<_>>().join(","))
    };
    let error = read(many(1_000_000).as_bytes()).1.unwrap_err();
    assert!(matches!(error, MispError::TooMany { found: 1_000_001, limit: 1_000_000 }), "{error}");
    let (found, report) = read(many(50_000).as_bytes());
    assert_eq!((found.indicators.len(), report.unwrap().indicators), (50_000, 50_000));
    let mut small = MispSettings::new("circl");
    small.limits.bytes = 1_000;
    let error = read_as(small, many(1_000).as_bytes()).1.unwrap_err();
    assert!(matches!(error, MispError::Large(1_000)), "{error}");
}
