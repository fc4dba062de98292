//! Sigma's JSON schemas and this library agree: what the schemas accept loads, and what breaks their structure does not.

use std::fs;

use autosec_core::event::Schema;
use autosec_core::rule::RuleSet;
use serde_json::{Value, json};

use super::corpus;
use super::schema::violations;

/// Rules that documents may refer to.
const BASE: &str = "
title: First
name: first
logsource: { product: test }
detection: { selection: { a: 1 }, condition: selection }
---
title: Second
name: second
logsource: { product: test }
detection: { selection: { a: 2 }, condition: selection }
";

fn schema(kind: &str) -> Option<Value> {
    let path = corpus::corpora()?.join(format!("sigma/schemas/sigma-{kind}-schema.json"));
    Some(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
}

fn loads(document: &Value) -> Result<(), String> {
    let schema = Schema::ecs();
    let text = serde_json::to_string(document).unwrap();
    let set = RuleSet::builder(&schema).sigma("base.yml", BASE).sigma("test.json", text).build();
    set.map(|_| ()).map_err(|errors| errors.to_string())
}

/// What optional keys may say, and something that they may not.
fn optional() -> Vec<(&'static str, Vec<Value>, Option<Value>)> {
    let id = "0e95725d-7320-415d-80f7-004da920fc11";
    vec![
        ("id", vec![json!(id)], Some(json!([id]))),
        (
            "status",
            vec![
                json!("stable"),
                json!("test"),
                json!("experimental"),
                json!("deprecated"),
                json!("unsupported"),
            ],
            Some(json!("done")),
        ),
        ("description", vec![json!("What it finds.")], Some(json!({ "a": "b" }))),
        ("author", vec![json!("Somebody, somebody else")], Some(json!({ "name": "x" }))),
        ("references", vec![json!([]), json!(["one", "two"])], None),
        ("date", vec![json!("2026-11-22")], None),
        ("modified", vec![json!("2026-11-22")], None),
        ("taxonomy", vec![json!("sigma")], None),
        ("falsepositives", vec![json!([]), json!(["Unknown"])], Some(json!([{ "a": "b" }]))),
        (
            "level",
            vec![json!("informational"), json!("low"), json!("medium"), json!("high"), json!("critical")],
            Some(json!("extreme")),
        ),
        ("own_attribute", vec![json!({ "a": [1, "b"] })], None),
    ]
}

/// Every variant of the document with one optional key is accepted by both, and refused by both if that says what it
/// must not; and without any one of the keys in `required`.
fn agree(kind: &str, base: &Value, required: &[&str], more: Vec<(&'static str, Vec<Value>, Option<Value>)>) {
    let Some(schema) = schema(kind) else { return };
    let accepted = |document: &Value| {
        assert_eq!(violations(&schema, document), Vec::<String>::new(), "{document}");
        loads(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
    };
    let refused = |document: &Value| {
        assert!(!violations(&schema, document).is_empty(), "{document}");
        assert!(loads(document).is_err(), "{document}");
    };
    accepted(base);
    for (key, good, bad) in optional().into_iter().chain(more) {
        let with = |value: Value| {
            let mut document = base.clone();
            document[key] = value;
            document
        };
        good.into_iter().for_each(|value| accepted(&with(value)));
        bad.into_iter().for_each(|value| refused(&with(value)));
    }
    for path in required {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut document = base.clone();
        document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        refused(&document);
    }
}

#[test]
fn detections_agree() {
    let base = json!({
        "title": "Test",
        "logsource": { "product": "windows", "category": "process_creation", "definition": "needs an audit policy" },
        "detection": {
            "selection": { "Image|endswith": ["\\a.exe", "\\b.exe"], "ParentImage": null },
            "keywords": ["one", 2],
            "maps": [{ "a": 1 }, { "b": "2" }],
            "condition": "selection and 1 of keyw* or maps",
        },
    });
    let more = vec![
        ("name", vec![json!("some_name")], None),
        ("related", vec![json!([{ "id": "0e95725d-7320-415d-80f7-004da920fc11", "type": "derived" }])], None),
        ("license", vec![json!("MIT")], None),
        ("fields", vec![json!(["CommandLine"])], Some(json!([["CommandLine"]]))),
        ("tags", vec![json!(["attack.t1059.001", "cve.2026-1"])], Some(json!([{ "attack": "t1059" }]))),
        ("scope", vec![json!(["server"])], None),
    ];
    agree("detection-rule", &base, &["/title", "/logsource", "/detection", "/detection/condition"], more);
}

#[test]
fn correlations_agree() {
    let correlation = |inside: Value| json!({ "title": "Test", "correlation": inside });
    let base = correlation(json!({
        "type": "event_count", "rules": ["first"], "group-by": ["User"], "timespan": "1h", "condition": { "gte": 10 },
    }));
    let required = [
        "/title",
        "/correlation",
        "/correlation/type",
        "/correlation/rules",
        "/correlation/timespan",
        "/correlation/condition",
    ];
    let generate = vec![("generate", vec![json!(true), json!(false)], Some(json!("sometimes")))];
    agree("correlation-rules", &base, &required, generate);
    let groups = json!(["User", "ComputerName"]);
    for inside in [
        json!({ "type": "value_count", "rules": ["first"], "condition": { "field": "User", "gt": 5, "lte": 50 } }),
        json!({ "type": "value_count", "rules": ["first"], "condition": { "field": ["User", "Image"], "eq": 5 } }),
        json!({ "type": "value_sum", "rules": ["first"], "condition": { "field": "bytes", "gte": 1_000_000 } }),
        json!({ "type": "value_avg", "rules": ["first", "second"], "condition": { "field": "bytes", "lt": 100 } }),
        json!({ "type": "value_percentile", "rules": ["first"], "condition": { "field": "bytes", "percentile": 95, "gte": 7 } }),
        json!({ "type": "value_percentile", "rules": ["first"], "condition": { "field": "bytes", "lte": 1 } }),
        json!({ "type": "event_count", "rules": ["first"], "condition": { "neq": 3 } }),
        json!({ "type": "temporal", "rules": ["first", "second"] }),
        json!({ "type": "temporal", "rules": ["first", "second"], "condition": { "gte": 1 } }),
        json!({ "type": "temporal_ordered", "rules": ["second", "first"], "aliases": { "who": { "first": "User", "second": "TargetUserName" } } }),
    ] {
        let mut inside = inside;
        inside["group-by"] = groups.clone();
        for timespan in ["30s", "15m", "12h", "7d", "1w", "1M"] {
            inside["timespan"] = json!(timespan);
            agree("correlation-rules", &correlation(inside.clone()), &[], Vec::new());
        }
    }
    // What the schema leaves open and the specification does not.
    for inside in [
        json!({ "type": "value_count", "rules": ["first"], "group-by": [], "timespan": "1h", "condition": { "gte": 5 } }),
        json!({ "type": "event_count", "rules": ["first"], "group-by": [], "timespan": "soon", "condition": { "gte": 5 } }),
        json!({ "type": "event_count", "rules": ["first"], "group-by": [], "timespan": "1h", "condition": {} }),
        json!({ "type": "event_count", "rules": ["unknown"], "group-by": [], "timespan": "1h", "condition": { "gt": 1 } }),
    ] {
        assert!(loads(&correlation(inside.clone())).is_err(), "{inside}");
    }
}

#[test]
fn filters_agree() {
    let base = json!({
        "title": "Test",
        "logsource": { "product": "test" },
        "filter": { "rules": ["first", "second"], "selection": { "User|startswith": "adm_" }, "condition": "not selection" },
    });
    let Some(schema) = schema("filters") else { return };
    for (key, good, _) in optional().into_iter().filter(|(key, _, _)| !matches!(*key, "status" | "level")) {
        for value in good {
            let mut document = base.clone();
            document[key] = value;
            assert_eq!(violations(&schema, &document), Vec::<String>::new(), "{document}");
            loads(&document).unwrap_or_else(|error| panic!("{error}\n{document}"));
        }
    }
    for path in ["/title", "/logsource", "/filter", "/filter/rules", "/filter/condition"] {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut document = base.clone();
        document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        assert!(!violations(&schema, &document).is_empty() && loads(&document).is_err(), "{document}");
    }
    let mut keywords = base.clone();
    keywords["filter"]["selection"] = json!(["one", 2]);
    assert!(violations(&schema, &keywords).is_empty() && loads(&keywords).is_ok());
}

#[test]
fn the_corpus_is_as_its_schema_says() {
    let Some(schema) = schema("detection-rule") else { return };
    let files = corpus::files(&corpus::corpora().unwrap().join("sigma/rules"), "yml");
    let mut odd = Vec::new();
    for path in &files {
        let document: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let found = violations(&schema, &document);
        // Rules may have a list of conditions, which the specification allows and the schema forgets.
        if !found.iter().all(|place| place == "/detection/condition: type") {
            odd.push(format!("{}: {found:?}", path.display()));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}
