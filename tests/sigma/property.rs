//! Compiled detections give the answers of the reference, and no source makes the reader panic.

use autosec_core::event::{Event, Schema, Value as EventValue};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use super::reference::{Detection, Formula, Item, Record, Selection, Value};
use super::{detection, found};

const FIELDS: [&str; 3] = ["alpha", "beta", "source.port"];

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => r"[abAB1\\*?/ \x{e4}\x{c4}'-]{0,6}",
        1 => Just("*".to_owned()),
        3 => r"[ab]{1,2}\*[ab]{1,2}",
        1 => r"\*?[ab]{1,2}\*[ab?]{0,2}\*?",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => pattern().prop_map(Value::Text),
        1 => (0..20_i64).prop_map(Value::Number),
        1 => Just(Value::Null),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let place = prop::sample::select(vec![None, Some("contains"), Some("startswith"), Some("endswith")]);
    let values = prop::collection::vec(value(), 1..4);
    (0..FIELDS.len(), place, any::<bool>(), any::<bool>(), values).prop_map(
        |(field, place, all, cased, mut values)| {
            if place.is_some() || cased {
                values
                    .iter_mut()
                    .filter(|value| matches!(value, Value::Null))
                    .for_each(|value| *value = Value::Number(1));
            }
            Item { field: FIELDS[field], place, all, cased, values }
        },
    )
}

/// Items of one map, each with another key.
fn items() -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(item(), 1..3).prop_map(|mut items| {
        let mut seen = std::collections::BTreeSet::new();
        items.retain(|item| seen.insert((item.field, item.place, item.all, item.cased)));
        items
    })
}

fn selection() -> impl Strategy<Value = Selection> {
    prop_oneof![
        3 => items().prop_map(Selection::Map),
        1 => prop::collection::vec(items(), 1..3).prop_map(Selection::Maps),
        1 => (prop::collection::vec(pattern(), 1..3), any::<bool>())
            .prop_map(|(values, all)| Selection::Keywords { values, all }),
    ]
}

fn formula() -> impl Strategy<Value = Formula> {
    let leaf = prop_oneof![
        4 => (0..3_usize).prop_map(Formula::Named),
        1 => Just(Formula::AnyOfThem),
        1 => Just(Formula::AllOfThem),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Formula::Not(Box::new(part))),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| Formula::And(Box::new(l), Box::new(r))),
            (inner.clone(), inner).prop_map(|(l, r)| Formula::Or(Box::new(l), Box::new(r))),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let text = prop_oneof![4 => r"[abAB1\\*?/ \x{e4}\x{c4}'-]{0,6}", 3 => "[abA]{1,3}", 1 => "1[0-9]?"];
    let values = prop::option::of(prop::collection::vec(text, 1..3));
    prop::collection::vec(values, FIELDS.len()).prop_map(|values| {
        let named = FIELDS.into_iter().zip(values);
        named.filter_map(|(name, values)| Some((name, values?))).collect()
    })
}

/// Numbers as numbers, several values as a list.
fn event<'r>(record: &'r Record, schema: &Schema) -> Event<'r> {
    record.iter().fold(Event::new(Timestamp::EPOCH), |event, (name, values)| {
        let Some(field) = schema.field(name) else { return event };
        let one = |text: &'r String| match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text => EventValue::Integer(number),
            _ => EventValue::from(text.as_str()),
        };
        match values.as_slice() {
            [single] => event.with(field, one(single)),
            several => event.with(field, EventValue::List(several.iter().map(one).collect())),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn compiled_is_the_reference(
        selections in prop::collection::vec(selection(), 3),
        condition in formula(),
        records in prop::collection::vec(record(), 4),
    ) {
        let reference = Detection { selections, condition };
        let yaml = reference.yaml();
        let rules = detection(&yaml).unwrap_or_else(|errors| panic!("{errors}\n{yaml}"));
        let mut schema = rules.schema().clone();
        // What no item names is still searched for keywords.
        for name in FIELDS {
            if schema.field(name).is_none() {
                schema.add(name, autosec_core::event::Kind::Text).unwrap();
            }
        }
        for record in &records {
            let hit = !found(&rules, &event(record, &schema)).is_empty();
            prop_assert_eq!(hit, reference.matches(record), "{} of {:?}", yaml, record);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z:|&*!%@>'\"\\[\\]{},#?~ \n\u{e4}0-9.-]{0,120}") {
        let schema = Schema::ecs();
        if let Err(errors) = RuleSet::builder(&schema).sigma("x", text).build() {
            prop_assert!(errors.to_string().contains("error[E"));
        }
    }

    #[test]
    fn any_detection_is_read_or_refused(
        key in "(a|Image| )?(\\|(all|contains|re|i|cidr|base64offset|wide|expand|windash|exists|gt|fieldref|neq|hour|x)){0,3}",
        value in "[a-z0-9*?\\\\%/.:'\"\\[\\]{}(|), \u{e4}~-]{0,30}",
        condition in "(s|not|and|or|1 of|all of|them|\\(|\\)|s\\*|\\|| ){0,8}",
    ) {
        let text = format!("  s:\n    '{}': {value}\n  condition: {condition}\n", key.replace('\'', ""));
        if let Err(errors) = detection(&text) {
            prop_assert!(errors.to_string().contains("error[E"));
        }
    }

    #[test]
    fn any_correlation_filter_or_pipeline_is_read_or_refused(
        kind in "correlation|filter|transformations",
        entries in prop::collection::btree_map(
            "type|rules|group-by|aliases|timespan|condition|generate|selection|mapping|prefix|conditions|rule_conditions|x",
            "event_count|temporal|temporal_ordered|value_sum|value_percentile|value_avg|\\[(a|b|c|any)(, (a|b))?\\]|any|[0-9]{1,9}[smhdwMy]|\\{ (gte|lt|eq|percentile|field|a|type): ([0-9]{1,4}|a|x|\\{ a: b \\}|logsource) \\}|true|not selection|add_condition|field_name_mapping|\\[\\]|~",
            0..8,
        ),
    ) {
        let rules = "title: A\nname: a\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n---\ntitle: B\nname: b\ncorrelation: { type: event_count, rules: [a], timespan: 1m, condition: { gte: 1 } }\n";
        let entries: String = entries.iter().map(|(key, value)| format!("    {key}: {value}\n")).collect();
        let schema = Schema::ecs();
        let builder = RuleSet::builder(&schema).sigma("rules.yml", rules);
        let builder = match kind.as_str() {
            "transformations" => builder.sigma_pipeline("p.yml", format!("transformations:\n  -\n{entries}")),
            kind => builder.sigma("x.yml", format!("title: C\nname: c\nlogsource: {{}}\n{kind}:\n{entries}")),
        };
        match builder.build() {
            Ok(rules) => {
                let event = Event::new(Timestamp::from_secs(1)).with(rules.schema().field("a").unwrap(), "1");
                found(&rules, &event);
            }
            Err(errors) => prop_assert!(errors.to_string().contains("error[E")),
        }
    }
}
