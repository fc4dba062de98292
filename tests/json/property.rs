//! Documents made at random, and bytes that are none.

use autosec_core::event::{FieldId, JsonError, JsonReader, Schema, field};
use proptest::prelude::*;

use super::reference::{Tree, agree};
use super::{NOON, everything};

/// Keys that meet the wanted names in every way, and others.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["source", "ip", "port", "geo", "city_name", "user", "name", "tags", "message"])
            .prop_map(str::to_owned),
        4 => prop::sample::select(vec!["source.ip", "source.geo", "geo.city_name", "source.geo.city_name", "user.name"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["", ".", "source.", ".ip", "a-name-longer-than-sixteen-bytes"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// A value as JSON text, strings escaped to different degrees, white space anywhere.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
        (-1e6..1e6_f64).prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "1.50E+2",
            "-0",
            "1e-3",
            "22.0",
            "\"22\"",
            "\"192.0.2.1\"",
            "\"::ffff:192.0.2.1\""
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| quoted(&text)),
        any::<String>().prop_map(|text| escaped(&text)),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..5).prop_map(|items| array(&items)), object(inner)]
    })
}

fn object(values: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let entry = (key(), any::<bool>(), values);
    prop::collection::vec(entry, 0..6).prop_map(|entries| {
        let entries: Vec<String> = entries
            .into_iter()
            .map(|(key, plain, value)| {
                let key = if plain { quoted(&key) } else { escaped(&key) };
                format!("{key}:\t{value}")
            })
            .collect();
        format!("{{ {}\r\n}}", entries.join(" ,"))
    })
}

fn array(items: &[String]) -> String {
    format!("[ {} ]", items.join(" ,\n"))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Every character as `\u` escapes.
fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

fn wanted(schema: &Schema) -> Vec<FieldId> {
    ["source.ip", "source.port", "source.geo.city_name", "user.name", "tags", "message"]
        .iter()
        .map(|name| schema.field(name).unwrap())
        .collect()
}

proptest! {
    #[test]
    fn reads_what_serde_json_reads(text in object(value())) {
        let schema = Schema::ecs();
        let fields = wanted(&schema);
        agree(&JsonReader::new(&schema, &fields.iter().copied().collect()), &schema, &fields, text.as_bytes());
    }

    #[test]
    fn one_changed_byte_is_read_alike_or_refused(
        text in object(value()), at in any::<prop::sample::Index>(), byte in prop::sample::select(b"\"\\{}[]:,0-.eE tn\x00\xff".to_vec()),
    ) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let schema = Schema::ecs();
        let fields = wanted(&schema);
        let reader = JsonReader::new(&schema, &fields.iter().copied().collect());
        if serde_json::from_slice::<Tree>(&bytes).is_ok_and(|tree| matches!(tree, Tree::Object(_))) {
            agree(&reader, &schema, &fields, &bytes);
        } else if let Err(error) = reader.read_at(&bytes, NOON) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn every_truncation_is_refused(text in object(value())) {
        let reader = everything();
        let bytes = text.as_bytes();
        for end in 0..bytes.len() {
            let error = reader.read_at(&bytes[..end], NOON).expect_err("an object without its end");
            prop_assert_eq!(error, JsonError::Truncated { offset: end });
        }
    }

    #[test]
    fn any_bytes_give_an_event_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Err(error) = everything().read_at(&bytes, NOON) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn any_bytes_in_quotes_give_a_text(raw in prop::collection::vec(any::<u8>().prop_filter("ends the string", |byte| *byte != b'"'), 0..60)) {
        let line = [b"{\"message\":\"", raw.as_slice(), b" \",\"log.level\":\"info\"}"].concat();
        let event = everything();
        let event = event.read_at(&line, NOON).expect("a string is never refused");
        prop_assert_eq!(event.text(field::LOG_LEVEL), Some("info"));
        prop_assert!(event.text(field::MESSAGE).is_some());
    }
}
