//! Routing by logsource: what contradicts is left out, and nothing else.

use std::fs;

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::Detector;
use autosec_core::rule::{LogSource, LogSourceRouting, RuleSet};
use autosec_core::time::Timestamp;

use super::{corpus, found, regression};

fn rules(logsource: &str, routing: LogSourceRouting) -> RuleSet {
    let rule = format!(
        "title: Test\nid: test\nlogsource: {logsource}\ndetection: {{ s: {{ A: x }}, condition: s }}\n"
    );
    RuleSet::builder(&Schema::ecs()).sigma("test.yml", rule).route_by_logsource(routing).build().unwrap()
}

fn finds(rules: &RuleSet, json: &str) -> bool {
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    !found(rules, &reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap()).is_empty()
}

#[test]
fn events_name_their_logsource() {
    let fields = || LogSourceRouting::by_fields("log.category", "log.product", "log.service");
    let lax = rules("{ category: process_creation, product: windows }", fields());
    let strict = rules("{ category: process_creation, product: windows }", fields().strict());
    for (json, by_lax, by_strict) in [
        (r#"{"A":"x"}"#, true, false),
        (r#"{"A":"x","log":{"product":"Windows"}}"#, true, false),
        (r#"{"A":"x","log":{"product":"windows","category":"process_creation"}}"#, true, true),
        (
            r#"{"A":"x","log":{"product":"windows","category":"process_creation","service":"sysmon"}}"#,
            true,
            true,
        ),
        (r#"{"A":"x","log":{"product":"linux","category":"process_creation"}}"#, false, false),
        (r#"{"A":"x","log":{"category":"file_event"}}"#, false, false),
    ] {
        assert_eq!((finds(&lax, json), finds(&strict, json)), (by_lax, by_strict), "{json}");
    }
}

#[test]
fn channels_and_ids_tell_windows_logs_apart() {
    let routing = LogSourceRouting::windows;
    let own = || {
        let logsource = LogSource::new(Some("process_creation"), Some("windows"), None);
        routing().channel(logsource, "Own/Operational", [7])
    };
    let sysmon = "Microsoft-Windows-Sysmon/Operational";
    let event = |channel: &str, id: &str| {
        let id = if id.is_empty() { String::new() } else { format!(r#","EventID":{id}"#) };
        format!(r#"{{"A":"x","Channel":"{channel}"{id}}}"#)
    };
    let creation = "{ product: windows, category: process_creation }";
    let cases = [
        (creation, routing(), event(sysmon, "1"), true),
        (creation, routing(), event(sysmon, "\"1\""), true),
        (creation, routing(), event("security", "4688"), true),
        (creation, routing(), event(sysmon, "4688"), false),
        (creation, routing(), event(sysmon, "11"), false),
        (creation, routing(), event("System", "1"), false),
        // Nothing is known about this channel, nor of which id this event is.
        (creation, routing(), event("Own/Operational", "7"), true),
        (creation, routing(), event(sysmon, ""), true),
        (creation, routing(), r#"{"A":"x","EventID":11}"#.to_owned(), true),
        (creation, own(), event("Own/Operational", "7"), true),
        (creation, own(), event("Own/Operational", "8"), false),
        (creation, routing().strict(), event(sysmon, "1"), true),
        (creation, routing().strict(), event("Own/Operational", "7"), false),
        (creation, routing().strict(), r#"{"A":"x"}"#.to_owned(), false),
        ("{ category: process_creation }", routing(), event(sysmon, "3"), false),
        ("{ product: windows, service: security }", routing(), event("Security", "1"), true),
        ("{ product: windows, service: security }", routing(), event("System", "1"), false),
        ("{ product: windows, service: own }", routing(), event("System", "1"), true),
        ("{ product: windows }", routing(), event("System", "1"), true),
        ("{ product: linux, category: process_creation }", routing(), event(sysmon, "1"), false),
        ("{ product: linux, category: process_creation }", routing(), event("syslog", "1"), true),
        ("{ category: proxy }", routing(), event(sysmon, "1"), true),
    ];
    for (logsource, routing, json, expected) in cases {
        assert_eq!(finds(&rules(logsource, routing), &json), expected, "{logsource} {json}");
    }
}

#[test]
fn fields_that_tell_are_renamed_too() {
    let rule = "title: Test\nid: test\nlogsource: { product: windows, category: file_event }\ndetection: { s: { A: x }, condition: s }\n";
    let names = "name: N\ntransformations: [{ type: field_name_mapping, mapping: { Channel: winlog.channel, EventID: event.code } }]";
    let schema = Schema::ecs();
    let set = RuleSet::builder(&schema).sigma("r.yml", rule).sigma_pipeline("p.yml", names);
    let set = set.route_by_logsource(LogSourceRouting::windows()).build().unwrap();
    assert!(finds(
        &set,
        r#"{"A":"x","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational"},"event":{"code":"11"}}"#
    ));
    assert!(!finds(
        &set,
        r#"{"A":"x","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational"},"event":{"code":"1"}}"#
    ));
}

#[test]
fn real_events_lose_only_what_contradicts() {
    let Some(corpora) = corpus::corpora() else { return };
    let schema = Schema::ecs();
    let (builder, _) = corpus::all(&schema, &corpora);
    let builder = builder.allow_unknown_placeholders().route_by_logsource(LogSourceRouting::windows());
    let routed = builder.build().unwrap();
    regression::assert_as_upstream(&routed, &corpora);
    let all = corpus::compiled(&corpora);
    let (routed_reader, reader) =
        (JsonReader::new(routed.schema(), &routed.fields()), JsonReader::new(all.schema(), &all.fields()));
    let text = fs::read_to_string(corpora.join("events/windows-otrf-2000.jsonl")).unwrap();
    let (mut kept, mut lost) = (0, 0);
    for line in text.lines().step_by(7) {
        let read = |reader: &JsonReader, rules: &RuleSet| {
            found(rules, &reader.read_at(line.as_bytes(), Timestamp::EPOCH).unwrap())
        };
        let (fewer, more) = (read(&routed_reader, &routed), read(&reader, all));
        assert!(fewer.iter().all(|id| more.contains(id)), "{line}");
        kept += fewer.len();
        lost += more.len() - fewer.len();
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
}
