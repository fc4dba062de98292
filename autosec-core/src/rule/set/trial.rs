//! Inline tests: whether they can be run, and the events they are about.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::verify::Key;
use crate::event::{self, Event, FieldId, FieldMask, JsonReader, Kind, Schema};
use crate::rule::lang::ast::Spanned;
use crate::rule::lang::check::Scope;
use crate::rule::lang::issue::{Code, Issue, quoted};
use crate::rule::model::{Rule, RuleTest, TestEvent};
use crate::time::Timestamp;

/// The most events of a test.
const EVENT_LIMIT: u64 = 100_000;

type Fields = BTreeMap<String, Value>;

/// What is wrong with the tests of a rule.
pub(super) fn check(rule: &Rule, scope: &Scope<'_>) -> Vec<(Key, Issue)> {
    let mut issues = Vec::new();
    if rule.tests.is_empty() {
        return issues;
    }
    let reader = JsonReader::new(scope.schema, &FieldMask::all(scope.schema));
    for (at, test) in rule.tests.iter().enumerate() {
        let events: u64 = test.events.iter().map(|event| u64::from(event.repeat.unwrap_or(1))).sum();
        if events == 0 || events > EVENT_LIMIT {
            let title = format!("the test {} has {events} events", quoted(&test.name));
            let issue = bad(title, "").help("a test has between 1 and 100,000 events, repetitions counted");
            issues.push((Key::Test(at), issue));
        }
        for (position, event) in test.events.iter().enumerate() {
            let found = check_event(test, event, &reader, scope);
            issues.extend(found.into_iter().map(|issue| (Key::Event(at, position), issue)));
        }
    }
    issues
}

/// The events of a test, in their order, with their times.
pub(super) fn events(test: &RuleTest) -> impl Iterator<Item = (Timestamp, Fields)> {
    let mut before = Timestamp::EPOCH;
    test.events.iter().flat_map(move |event| {
        let first = match event.at {
            Some(at) => Timestamp::EPOCH + at,
            None => before + event.after.unwrap_or_default(),
        };
        let (times, every) = (event.repeat.unwrap_or(1), event.every.unwrap_or(Duration::from_secs(1)));
        before = first + every.saturating_mul(times.saturating_sub(1));
        (1..=times).map(move |n| (first + every.saturating_mul(n - 1), fields(test, event, n)))
    })
}

/// Reads an event from its fields and hands it over, or says why it is none.
pub(super) fn with_event<R>(
    reader: &JsonReader,
    time: Timestamp,
    fields: &Fields,
    look: impl FnOnce(&Event<'_>) -> R,
) -> Result<R, String> {
    let json = serde_json::to_vec(fields).map_err(|error| error.to_string())?;
    reader.read_at(&json, time).map(|event| look(&event)).map_err(|error| error.to_string())
}

fn fields(test: &RuleTest, event: &TestEvent, n: u32) -> Fields {
    let mut fields = test.each.clone();
    fields.extend(event.fields.clone());
    if event.repeat.is_some() {
        fields.values_mut().for_each(|value| number(value, n));
    }
    fields
}

/// Puts the number of the repetition in.
fn number(value: &mut Value, n: u32) {
    match value {
        Value::String(text) if text.contains("{n}") => *text = text.replace("{n}", &n.to_string()),
        Value::Array(values) => values.iter_mut().for_each(|value| number(value, n)),
        Value::Object(entries) => entries.values_mut().for_each(|value| number(value, n)),
        _ => {}
    }
}

fn check_event(test: &RuleTest, event: &TestEvent, reader: &JsonReader, scope: &Scope<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if event.at.is_some() && event.after.is_some() {
        issues.push(bad("an event has both `at` and `after`", "when is it?"));
    }
    let fields = fields(test, event, 1);
    fields.iter().for_each(|(name, value)| unknown(name, value, scope, &mut issues));
    if issues.is_empty() {
        let misfits = |event: &Event<'_>| misfits(event, scope.schema);
        match with_event(reader, Timestamp::EPOCH, &fields, misfits) {
            Ok(found) => issues.extend(found),
            Err(reason) => issues.push(bad(reason, "")),
        }
    }
    issues
}

fn unknown(name: &str, value: &Value, scope: &Scope<'_>, issues: &mut Vec<Issue>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| unknown(&format!("{name}.{key}"), value, scope, issues));
        }
        _ => issues.extend(scope.field(&Spanned { node: name.to_owned(), span: 0..0 }).err()),
    }
}

/// Values that were kept although they are not of their field's kind: in a test, a slip of the pen.
fn misfits(event: &Event<'_>, schema: &Schema) -> Vec<Issue> {
    let misfit = |(field, value): (FieldId, &event::Value<'_>)| {
        let kind = schema.kind(field);
        let stray = value.each().iter().find(|value| !fits(value, kind))?;
        let title = format!("{} is not {kind}", quoted(&stray.to_string()));
        Some(bad(title, &format!("`{}` is {kind}", schema.name(field))))
    };
    event.fields().filter_map(misfit).collect()
}

fn fits(value: &event::Value<'_>, kind: Kind) -> bool {
    match value {
        event::Value::Integer(_) => matches!(kind, Kind::Integer | Kind::Float),
        event::Value::Float(_) => kind == Kind::Float,
        event::Value::Boolean(_) => kind == Kind::Boolean,
        event::Value::Address(_) => kind == Kind::Address,
        _ => kind == Kind::Text,
    }
}

fn bad(title: impl Into<String>, label: &str) -> Issue {
    Issue::new(Code::BadTest, title, 0..0, label)
}
