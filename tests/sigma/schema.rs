//! JSON Schema as far as Sigma's schemas use it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use regex::Regex;
use serde_json::Value;

/// Keywords that say nothing about a document. Those of the second line are no keywords at all: Sigma's schemas write them
/// where `properties` is missing, and a validator passes them over.
const SILENT: [&str; 11] =
    ["$schema", "title", "description", "eq", "field", "gt", "gte", "lt", "lte", "neq", "condition"];

/// What is wrong with a document, each with its place.
pub fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, document, "", &mut found);
    found
}

fn check(schema: &Value, document: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, asked) in schema.as_object().into_iter().flatten() {
        let holds = match keyword.as_str() {
            "type" => is_type(document, asked.as_str().unwrap()),
            "const" => document == asked,
            "required" => {
                document.as_object().is_none_or(|held| texts(asked).iter().all(|key| held.contains_key(*key)))
            }
            "properties" => {
                for (key, schema) in asked.as_object().unwrap() {
                    document
                        .get(key)
                        .into_iter()
                        .for_each(|value| check(schema, value, &format!("{at}/{key}"), found));
                }
                true
            }
            "additionalProperties" => {
                let own = |key: &str| schema.get("properties").is_some_and(|own| own.get(key).is_some());
                for (key, value) in document.as_object().into_iter().flatten().filter(|(key, _)| !own(key)) {
                    check(asked, value, &format!("{at}/{key}"), found);
                }
                true
            }
            "items" => {
                for value in document.as_array().into_iter().flatten() {
                    check(asked, value, &format!("{at}/*"), found);
                }
                true
            }
            "allOf" => {
                asked.as_array().unwrap().iter().for_each(|schema| check(schema, document, at, found));
                true
            }
            "anyOf" => fitting(asked, document) >= 1,
            "oneOf" => fitting(asked, document) == 1,
            "if" => {
                if violations(asked, document).is_empty() {
                    schema.get("then").into_iter().for_each(|then| check(then, document, at, found));
                }
                true
            }
            "then" => true,
            "pattern" => document.as_str().is_none_or(|text| is_like(asked.as_str().unwrap(), text)),
            "format" => asked != "uuid" || document.as_str().is_none_or(is_uuid),
            "maxLength" => document.as_str().is_none_or(|text| text.chars().count() <= size(asked)),
            "minLength" => document.as_str().is_none_or(|text| text.chars().count() >= size(asked)),
            "minItems" => document.as_array().is_none_or(|items| items.len() >= size(asked)),
            "maxItems" => document.as_array().is_none_or(|items| items.len() <= size(asked)),
            "uniqueItems" => document
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            silent => {
                assert!(SILENT.contains(&silent), "the checker lacks the keyword `{silent}`");
                true
            }
        };
        if !holds {
            found.push(format!("{at}: {keyword}"));
        }
    }
}

fn fitting(schemas: &Value, document: &Value) -> usize {
    schemas.as_array().unwrap().iter().filter(|schema| violations(schema, document).is_empty()).count()
}

fn is_type(document: &Value, name: &str) -> bool {
    match name {
        "array" => document.is_array(),
        "boolean" => document.is_boolean(),
        "integer" => document.is_i64() || document.is_u64(),
        "object" => document.is_object(),
        "string" => document.is_string(),
        other => panic!("the checker lacks the type `{other}`"),
    }
}

/// Patterns are few, and dear to compile.
fn is_like(pattern: &str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn size(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}
