//! Pipelines: what becomes of fields and conditions, and the one that comes with the library on real events.

use std::collections::BTreeMap;
use std::fs;

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::Detector;
use autosec_core::rule::{LogSourceRouting, RuleSet, SIGMA_TO_ECS, SIGMA_WINDOWS_AUDIT};
use autosec_core::time::Timestamp;
use serde_json::{Map, Value};

use super::{corpus, found, regression};

fn rules(detection: &str, pipelines: &[&str]) -> RuleSet {
    let rule = format!(
        "title: Test\nid: test\ntags: [attack.t1059]\nlogsource: {{ product: windows, category: process_creation }}\ndetection:\n{detection}"
    );
    let schema = Schema::ecs();
    let builder = RuleSet::builder(&schema).sigma("test.yml", rule);
    let builder =
        pipelines.iter().fold(builder, |builder, pipeline| builder.sigma_pipeline("p.yml", *pipeline));
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

fn finds(rules: &RuleSet, json: &str) -> bool {
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    !found(rules, &reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap()).is_empty()
}

/// Whether `detection` with `pipelines` finds each of the events as it should.
fn check(detection: &str, pipelines: &[&str], cases: &[(&str, bool)]) {
    let rules = rules(detection, pipelines);
    for (json, expected) in cases {
        assert_eq!(finds(&rules, json), *expected, "{detection} {pipelines:?} {json}");
    }
}

/// A pipeline of these transformations, each the inside of a flow mapping.
fn pipeline(priority: i64, items: &[&str]) -> String {
    let items: String = items.iter().map(|item| format!("  - {{ {item} }}\n")).collect();
    format!("name: Test\npriority: {priority}\ntransformations:\n{items}")
}

const S: &str = "  s: { A: x }\n  condition: s\n";

#[test]
fn names_are_mapped() {
    let one = pipeline(0, &["type: field_name_mapping, mapping: { A: b }"]);
    check(S, &[&one], &[(r#"{"b":"x"}"#, true), (r#"{"A":"x"}"#, false)]);
    let prefix = pipeline(0, &["type: field_name_prefix, prefix: win."]);
    check(S, &[&prefix], &[(r#"{"win":{"A":"x"}}"#, true), (r#"{"A":"x"}"#, false)]);
    let suffix = pipeline(0, &["type: field_name_suffix, suffix: .keyword"]);
    check(S, &[&suffix], &[(r#"{"A":{"keyword":"x"}}"#, true), (r#"{"A":"x"}"#, false)]);
    let beginning = pipeline(0, &["type: field_name_prefix_mapping, mapping: { 'proc.': [p., q.] }"]);
    let detection = "  s: { proc.name: x, other: y }\n  condition: s\n";
    check(
        detection,
        &[&beginning],
        &[
            (r#"{"p":{"name":"x"},"other":"y"}"#, true),
            (r#"{"q":{"name":"x"},"other":"y"}"#, true),
            (r#"{"proc":{"name":"x"},"other":"y"}"#, false),
        ],
    );
    let spaced = "  s: { 'Threat Name': x }\n  condition: s\n";
    let threat = pipeline(0, &["type: field_name_mapping, mapping: { 'Threat Name': threat }"]);
    check(spaced, &[&threat], &[(r#"{"threat":"x"}"#, true)]);
}

#[test]
fn of_several_names_any_will_do() {
    let two = pipeline(0, &["type: field_name_mapping, mapping: { A: [b, c], R: [d, e] }"]);
    let events = [r#"{"b":"x"}"#, r#"{"c":"x"}"#, r#"{"b":"y","c":"x"}"#, r#"{"b":"y"}"#, r#"{"a":"x"}"#];
    let table: [(&str, [bool; 5]); 7] = [
        ("A: x", [true, true, true, false, false]),
        // A value is missing if it is under no name.
        ("A: null", [false, false, false, false, true]),
        ("A|exists: true", [true, true, true, true, false]),
        ("A|exists: false", [false, false, false, false, true]),
        ("A|neq: x", [false, false, false, true, false]),
        ("A|re: ^x$", [true, true, true, false, false]),
        ("A|contains|all: [x, '']", [true, true, true, false, false]),
    ];
    for (item, expected) in table {
        let cases: Vec<_> = events.into_iter().zip(expected).collect();
        check(&format!("  s: {{ {item} }}\n  condition: s\n"), &[&two], &cases);
    }
    let reference = "  s: { A|fieldref: R }\n  condition: s\n";
    check(reference, &[&two], &[(r#"{"c":"x","e":"x"}"#, true), (r#"{"c":"x","e":"y"}"#, false)]);
}

#[test]
fn transformations_follow_each_other() {
    let first = pipeline(10, &["type: field_name_mapping, mapping: { A: b }"]);
    let then = pipeline(20, &["type: field_name_mapping, mapping: { b: [c, A] }"]);
    let cases = [(r#"{"c":"x"}"#, true), (r#"{"A":"x"}"#, true), (r#"{"b":"x"}"#, false)];
    // By priority, whatever the order they are added in.
    check(S, &[&first, &then], &cases);
    check(S, &[&then, &first], &cases);
    let again = pipeline(10, &["type: field_name_mapping, mapping: { b: d }"]);
    check(S, &[&first, &again], &[(r#"{"d":"x"}"#, true)]);
    check(S, &[&again, &first], &[(r#"{"b":"x"}"#, true)]);
}

#[test]
fn only_some_rules_and_fields_are_meant() {
    let mapped =
        |rest: &str| pipeline(0, &[&format!("type: field_name_mapping, mapping: {{ A: b }}, {rest}")]);
    let cases = [
        ("rule_conditions: [{ type: logsource, product: windows }]", true),
        ("rule_conditions: [{ type: logsource, product: windows, service: sysmon }]", false),
        ("rule_conditions: [{ type: tag, tag: attack.t1059 }]", true),
        ("rule_conditions: [{ type: tag, tag: attack.t1060 }]", false),
        ("rule_conditions: [{ type: is_sigma_rule }]", true),
        ("rule_conditions: [{ type: is_sigma_correlation_rule }]", false),
        (
            "rule_conditions: [{ type: logsource, product: linux }, { type: is_sigma_rule }], rule_cond_op: or",
            true,
        ),
        ("rule_conditions: [{ type: logsource, product: linux }, { type: is_sigma_rule }]", false),
        ("rule_conditions: [{ type: logsource, product: linux }], rule_cond_not: true", true),
        ("field_name_conditions: [{ type: include_fields, fields: [A] }]", true),
        ("field_name_conditions: [{ type: include_fields, fields: [B] }]", false),
        ("field_name_conditions: [{ type: exclude_fields, fields: [A] }]", false),
        ("field_name_conditions: [{ type: exclude_fields, fields: [A] }], field_name_cond_not: true", true),
    ];
    for (rest, is_meant) in cases {
        check(S, &[&mapped(rest)], &[(r#"{"b":"x"}"#, is_meant), (r#"{"A":"x"}"#, !is_meant)]);
    }
    let chained = pipeline(
        0,
        &[
            "id: moved, type: change_logsource, product: linux, service: auditd",
            "type: field_name_mapping, mapping: { A: b }, rule_conditions: [{ type: logsource, product: linux }]",
            "type: field_name_mapping, mapping: { b: c }, rule_conditions: [{ type: processing_item_applied, processing_item_id: moved }]",
            "type: field_name_mapping, mapping: { c: d }, rule_conditions: [{ type: processing_item_applied, processing_item_id: other }]",
        ],
    );
    check(S, &[&chained], &[(r#"{"c":"x"}"#, true), (r#"{"A":"x"}"#, false), (r#"{"d":"x"}"#, false)]);
}

#[test]
fn conditions_are_added() {
    let added = pipeline(
        0,
        &[
            "type: field_name_mapping, mapping: { Channel: before }",
            "type: add_condition, conditions: { EventID: [1, 4688], Channel|startswith: Sec }",
            "type: add_condition, conditions: { User: system }, negated: true",
            "type: field_name_mapping, mapping: { EventID: event.code }",
        ],
    );
    check(
        S,
        &[&added],
        &[
            (r#"{"A":"x","event":{"code":4688},"Channel":"Security"}"#, true),
            (r#"{"A":"x","event":{"code":"1"},"Channel":"security","User":"eve"}"#, true),
            (r#"{"A":"x","event":{"code":1},"Channel":"Security","User":"SYSTEM"}"#, false),
            (r#"{"A":"x","event":{"code":2},"Channel":"Security"}"#, false),
            (r#"{"A":"x","event":{"code":1}}"#, false),
            (r#"{"A":"y","event":{"code":1},"Channel":"Security"}"#, false),
        ],
    );
}

/// The names that events of process creation have in the Elastic Common Schema.
fn renamed(event: &Value) -> Value {
    let names = BTreeMap::from([
        ("CommandLine", "process.command_line"),
        ("Image", "process.executable"),
        ("ParentImage", "process.parent.executable"),
        ("ParentCommandLine", "process.parent.command_line"),
        ("OriginalFileName", "process.pe.original_file_name"),
        ("CurrentDirectory", "process.working_directory"),
        ("Description", "process.pe.description"),
        ("Product", "process.pe.product"),
        ("Company", "process.pe.company"),
        ("FileVersion", "process.pe.file_version"),
        ("User", "user.name"),
    ]);
    let mut out = Map::new();
    for (name, value) in event["Event"]["EventData"].as_object().unwrap() {
        let path = names
            .get(name.as_str())
            .map_or_else(|| format!("winlog.event_data.{name}"), |to| (*to).to_owned());
        let mut place = &mut out;
        let mut parts: Vec<_> = path.split('.').collect();
        let last = parts.pop().unwrap();
        for part in parts {
            place = place.entry(part).or_insert_with(|| Value::Object(Map::new())).as_object_mut().unwrap();
        }
        place.insert(last.to_owned(), value.clone());
    }
    Value::Object(out)
}

#[test]
fn rules_of_process_creation_find_the_same_under_other_names() {
    let Some(corpora) = corpus::corpora() else { return };
    let schema = Schema::ecs();
    let files = corpus::files(&corpora.join("sigma/rules/rules/windows/process_creation"), "yml");
    let builder = files.iter().fold(RuleSet::builder(&schema), |builder, path| {
        builder.sigma(path.file_name().unwrap().to_str().unwrap(), fs::read_to_string(path).unwrap())
    });
    let ecs = builder.sigma_pipeline("ecs.yml", SIGMA_TO_ECS).build().unwrap();
    let plain = corpus::compiled(&corpora);
    let known: BTreeMap<_, _> = ecs.sigma_rules().map(|rule| (rule.id.clone(), ())).collect();
    let (reader, ecs_reader) = (regression::reader(plain), JsonReader::new(ecs.schema(), &ecs.fields()));
    let mut pairs = 0;
    for event in regression::events(&corpora) {
        if event["Event"]["System"]["EventID"] != 1 {
            continue;
        }
        let bytes = serde_json::to_vec(&event).unwrap();
        let mut before = found(plain, &reader.read_at(&bytes, Timestamp::EPOCH).unwrap());
        before.retain(|id| known.contains_key(id));
        let bytes = serde_json::to_vec(&renamed(&event)).unwrap();
        let after = found(&ecs, &ecs_reader.read_at(&bytes, Timestamp::EPOCH).unwrap());
        assert_eq!(before, after, "{event}");
        pairs += after.len();
    }
    assert!(pairs > 100, "{pairs}");
}

#[test]
fn processes_are_found_under_the_names_of_auditing_too() {
    let detection = "  s: { Image|endswith: whoami.exe, CommandLine|contains: priv }\n  filter: { ParentImage: null }\n  condition: s and not filter\n";
    let sysmon = r#"{"Image":"C:\\whoami.exe","CommandLine":"whoami /priv","ParentImage":"C:\\cmd.exe"}"#;
    let audit = r#"{"NewProcessName":"C:\\whoami.exe","CommandLine":"whoami /priv","ParentProcessName":"C:\\cmd.exe"}"#;
    let orphan = r#"{"NewProcessName":"C:\\whoami.exe","CommandLine":"whoami /priv"}"#;
    check(detection, &[SIGMA_WINDOWS_AUDIT], &[(sysmon, true), (audit, true), (orphan, false)]);
    check(detection, &[], &[(sysmon, true), (audit, false)]);
    let ecs = r#"{"process":{"executable":"C:\\whoami.exe","command_line":"whoami /priv","parent":{"executable":"C:\\cmd.exe"}}}"#;
    check(detection, &[SIGMA_WINDOWS_AUDIT, SIGMA_TO_ECS], &[(ecs, true), (sysmon, false)]);
}

#[test]
fn the_whole_corpus_goes_through() {
    let Some(corpora) = corpus::corpora() else { return };
    let schema = Schema::ecs();
    let (builder, count) = corpus::all(&schema, &corpora);
    let builder = builder.sigma_pipeline("audit", SIGMA_WINDOWS_AUDIT).sigma_pipeline("ecs", SIGMA_TO_ECS);
    let builder =
        builder.allow_unknown_placeholders().route_by_logsource(LogSourceRouting::windows().strict());
    assert_eq!(builder.build().unwrap_or_else(|errors| panic!("{errors}")).sigma_rules().count(), count);
}
