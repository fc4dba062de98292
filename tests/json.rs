//! JSON into events: shapes, refusals, and the same values as `serde_json` on any document.

use std::fmt;
use std::net::IpAddr;

use autosec_core::event::{
    Event, FieldId, FieldMask, JsonError, JsonLimits, JsonReader, Kind, Schema, Value, field,
};
use autosec_core::time::Timestamp;
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

const NOON: Timestamp = Timestamp::from_secs(1_800_000_000);

fn everything() -> JsonReader {
    let schema = Schema::ecs();
    JsonReader::new(&schema, &FieldMask::all(&schema))
}

fn read(text: &str) -> Event<'_> {
    everything().read_at(text.as_bytes(), NOON).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn texts(values: &[&'static str]) -> Value<'static> {
    Value::List(values.iter().map(|text| Value::from(*text)).collect())
}

#[test]
fn reads_every_nesting_of_a_name() {
    for text in [
        r#"{"source":{"geo":{"city_name":"Bern"}}}"#,
        r#"{"source.geo.city_name":"Bern"}"#,
        r#"{"source":{"geo.city_name":"Bern"}}"#,
        r#"{"source.geo":{"city_name":"Bern"}}"#,
        r#" { "x" : [ { } , "]" ] , "source" : { "ip" : null , "geo" : { "city_name" : "Bern" } } } "#,
        r#"{"sourc\u0065":{"g\u0065o.city_name":"B\u0065rn"}}"#,
    ] {
        let event = read(text);
        assert_eq!(event.text(field::SOURCE_GEO_CITY_NAME), Some("Bern"), "{text}");
        assert_eq!(event.fields().count(), 1, "{text}");
    }
    for text in
        [r#"{"source":{"source.geo.city_name":"Bern"}}"#, r#"{"source":{"geo":{"city":"Bern"}}}"#, "{}"]
    {
        assert_eq!(read(text).fields().count(), 0, "{text}");
    }
}

#[test]
fn the_last_of_several_values_wins_whatever_the_nesting() {
    for text in [
        r#"{"user":{"name":"a"},"user.name":"b"}"#,
        r#"{"user.name":"a","user":{"name":"b"}}"#,
        r#"{"user":{"name":"a","name":"b"}}"#,
        r#"{"user":{"name":"a"},"user":{"name":"b"}}"#,
        r#"{"user.name":["x","a"],"user":{"name":"b","name":null,"name":[]},"user":null}"#,
    ] {
        assert_eq!(read(text).text(field::USER_NAME), Some("b"), "{text}");
    }
    let merged = read(r#"{"user":{"name":"a"},"user":{"id":"7"}}"#);
    assert_eq!((merged.text(field::USER_NAME), merged.text(field::USER_ID)), (Some("a"), Some("7")));
}

#[test]
fn lists_keep_all_their_values() {
    let event = read(
        r#"{"tags":["a",1,true,null,{"b":2},["c",[]]],
            "related":{"ip":["::ffff:192.0.2.1","host"]},
            "dns":{"answers":[{"data":"x"},{"ttl":1},{"data":["y","z"]}]},
            "user":[{"name":"u"}], "event":{"category":[],"type":[null]}}"#,
    );
    assert_eq!(event.get(field::TAGS), Some(&texts(&["a", "1", "true", "c"])));
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let related = Value::List(vec![Value::Address(address), Value::from("host")]);
    assert_eq!(event.get(field::RELATED_IP), Some(&related));
    assert_eq!(event.get(field::DNS_ANSWERS_DATA), Some(&texts(&["x", "y", "z"])));
    assert_eq!(event.get(field::USER_NAME), Some(&texts(&["u"])));
    assert_eq!(event.get(field::EVENT_CATEGORY), None);
    assert_eq!(event.get(field::EVENT_TYPE), None);
}

#[test]
fn numbers_beyond_64_bits_stay_numbers() {
    let integer = |digits: &str| {
        let text = format!(r#"{{"event.severity":{digits}}}"#);
        read(&text).get(field::EVENT_SEVERITY).cloned().map(|value| format!("{value:?}")).unwrap()
    };
    assert_eq!(integer("-9223372036854775808"), "Integer(-9223372036854775808)");
    assert_eq!(integer("9223372036854775807"), "Integer(9223372036854775807)");
    assert_eq!(integer("9223372036854775808"), "Float(9.223372036854776e18)");
    assert_eq!(integer("-9223372036854775809"), "Float(-9.223372036854776e18)");
    assert_eq!(integer("-1e30"), "Float(-1e30)");
    assert_eq!(integer("1e999"), r#"Text("1e999")"#);
    assert_eq!(integer(r#""22""#), "Integer(22)");
    assert_eq!(integer("22.0"), "Integer(22)");
    assert_eq!(integer("0.5"), "Float(0.5)");
    assert_eq!(integer(r#""0xe98""#), r#"Text("0xe98")"#);
}

#[test]
fn broken_text_never_costs_the_event() {
    let reader = everything();
    for (raw, expected) in [
        (&b"a\xffb"[..], "a\u{fffd}b"),
        (b"a\\ud800b", "a\u{fffd}b"),
        (b"a\\u0000b", "a\0b"),
        (b"a\x00\nb", "a\0\nb"),
        (b"a\\x22b", "a\\x22b"),
        (b"a\\u12", "a\\u12"),
        (b"\\\\", "\\"),
    ] {
        let line =
            [b"{\"\xff\\ud800\":\"\xff\",\"message\":\"", raw, b"\",\"host\":{\"name\":\"h\"}}"].concat();
        let event = reader.read_at(&line, NOON).unwrap();
        assert_eq!(event.text(field::MESSAGE), Some(expected));
        assert_eq!(event.text(field::HOST_NAME), Some("h"));
    }
}

#[test]
fn borrows_from_the_input() {
    let line = r#"{"message":"plain é","log.level":"a\nb","event.code":4624}"#;
    let event = read(line);
    let borrowed = |field| matches!(event.get(field), Some(Value::Text(std::borrow::Cow::Borrowed(text))) if line.contains(text));
    assert!(borrowed(field::MESSAGE) && borrowed(field::EVENT_CODE) && !borrowed(field::LOG_LEVEL));
}

#[test]
fn only_wanted_fields_are_filled() {
    let line = br#"{"@timestamp":0,"source":{"ip":"192.0.2.1","port":1},"message":"m"}"#;
    let schema = Schema::ecs();
    let none = JsonReader::new(&schema, &FieldMask::default()).read(line).unwrap();
    assert_eq!((none.fields().count(), none.time()), (0, Timestamp::EPOCH));
    let wanted = [field::SOURCE_PORT].into_iter().collect();
    let one = JsonReader::new(&schema, &wanted).read(line).unwrap();
    assert_eq!((one.fields().count(), one.integer(field::SOURCE_PORT)), (1, Some(1)));
}

#[test]
fn foreign_paths_fill_fields() {
    let schema = Schema::ecs();
    let builder = || {
        JsonReader::builder(&schema)
            .path("src_ip", field::SOURCE_IP)
            .path("src_ip", field::RELATED_IP)
            .path("host", field::HOST_NAME)
            .path("host.os", field::HOST_HOSTNAME)
            .path("alert.signature", field::RULE_NAME)
            .time("timestamp")
    };
    let line = br#"{"timestamp":1800000000.25,"src_ip":["192.0.2.1"],"host":"h","alert":{"signature":"s"},"source.ip":"192.0.2.9"}"#;
    let event = builder().build().read(line).unwrap();
    assert_eq!(event.time().as_micros(), 1_800_000_000_250_000);
    assert_eq!(event.get(field::SOURCE_IP), event.get(field::RELATED_IP));
    assert_eq!(event.get(field::SOURCE_IP).unwrap().to_string(), "192.0.2.1");
    assert_eq!((event.text(field::HOST_NAME), event.text(field::RULE_NAME)), (Some("h"), Some("s")));
    let nested = builder().build();
    let nested = nested.read_at(br#"{"host":{"os":"linux"}}"#, NOON).unwrap();
    assert_eq!((nested.text(field::HOST_HOSTNAME), nested.text(field::HOST_NAME)), (Some("linux"), None));
    let wanted = [field::RULE_NAME].into_iter().collect();
    let masked = builder().only(&wanted).build();
    assert_eq!(masked.read(line).unwrap().fields().count(), 1);
}

#[test]
fn the_time_comes_from_the_event_or_the_fallback() {
    let reader = everything();
    let at = |text: &str| reader.read(text.as_bytes()).map(|event| event.time().to_string());
    assert_eq!(at(r#"{"@timestamp":"2026-11-22T14:02:11.5+0100"}"#).unwrap(), "2026-11-22T13:02:11.5Z");
    assert_eq!(at(r#"{"@timestamp":1800000000123}"#).unwrap(), "2027-01-15T08:00:00.123Z");
    assert_eq!(at(r#"{"@timestamp":"1800000000"}"#).unwrap(), "2027-01-15T08:00:00Z");
    assert_eq!(at(r#"{"@timestamp":0,"@timestamp":1,"@timestamp":null}"#).unwrap(), "1970-01-01T00:00:01Z");
    let missing = JsonError::TimeMissing { offset: 4, path: "@timestamp".into() };
    assert_eq!(at(" {} ").unwrap_err(), JsonError::TimeMissing { offset: 3, path: "@timestamp".into() });
    assert_eq!(at(" { }").unwrap_err(), missing);
    for text in [r#"{"@timestamp":0,"@timestamp":"soon"}"#, r#"{"@timestamp":[0]}"#, r#"{"@timestamp":true}"#]
    {
        assert_eq!(at(text).unwrap_err().code(), "json-time-unreadable", "{text}");
        assert_eq!(reader.read_at(text.as_bytes(), NOON).unwrap().time(), NOON, "{text}");
    }
    assert_eq!(reader.read_at(br#"{"@timestamp":1}"#, NOON).unwrap().time(), Timestamp::from_secs(1));
}

#[test]
fn refusals_name_the_byte() {
    let reader = everything();
    for (text, code, offset) in [
        ("", "json-truncated", 0),
        (" \n[]", "json-not-an-object", 2),
        ("1", "json-not-an-object", 0),
        ("{", "json-truncated", 1),
        (r#"{"a":"b"#, "json-truncated", 7),
        (r#"{"a":tru"#, "json-truncated", 8),
        (r#"{"a":trux}"#, "json-malformed", 5),
        (r#"{"a":1,}"#, "json-malformed", 7),
        (r#"{"a" 1}"#, "json-malformed", 5),
        (r#"{"a":01}"#, "json-malformed", 6),
        (r#"{"a":[1}]"#, "json-malformed", 7),
        (r#"{"a":1} x"#, "json-trailing", 8),
        (r#"{"a":1}{}"#, "json-trailing", 7),
    ] {
        let error = reader.read_at(text.as_bytes(), NOON).unwrap_err();
        assert_eq!((error.code(), error.offset()), (code, offset), "{text}: {error}");
        assert!(error.to_string().contains(&format!("byte {offset}")), "{error}");
    }
}

#[test]
fn limits_hold() {
    let schema = Schema::ecs();
    let limits = JsonLimits { max_bytes: 40, max_depth: 3 };
    let reader = JsonReader::builder(&schema).fields(&FieldMask::all(&schema)).limits(limits).build();
    let read = |text: &str| reader.read_at(text.as_bytes(), NOON).map(|_| ()).map_err(|error| error.code());
    assert_eq!(read(r#"{"a":[[1]],"tags":[[1]]}"#), Ok(()));
    assert_eq!(read(r#"{"a":[[[1]]]}"#), Err("json-too-deep"));
    assert_eq!(read(r#"{"tags":[[[1]]]}"#), Err("json-too-deep"));
    assert_eq!(read(r#"{"dns":{"answers":[{}]}}"#), Err("json-too-deep"));
    assert_eq!(read(&format!("{}{{}}", " ".repeat(38))), Ok(()));
    assert_eq!(read(&format!("{}{{}}", " ".repeat(39))), Err("json-too-long"));
    let deepest = JsonReader::builder(&schema).limits(JsonLimits { max_depth: usize::MAX, ..limits });
    let deepest = deepest.limits(JsonLimits { max_bytes: 1 << 20, max_depth: usize::MAX }).build();
    let deep = format!("{{\"a\":{}", "[".repeat(500_000));
    let refused = deepest.read_at(deep.as_bytes(), NOON).unwrap_err();
    assert_eq!(refused, JsonError::TooDeep { offset: 5 + 127, limit: 128 });
}

#[test]
fn every_built_in_field_is_an_ecs_field_of_its_type() {
    let Ok(csv) = std::fs::read_to_string("../shared/corpora/ecs/fields.csv") else {
        eprintln!(
            "skipped: every_built_in_field_is_an_ecs_field_of_its_type, the ECS field list is not there"
        );
        return;
    };
    let rows = csv_rows(&csv);
    assert!(rows.len() > 2000 && rows.iter().all(|row| row.len() == 9));
    for (_, name, kind) in Schema::ecs().fields() {
        let row =
            rows.iter().find(|row| row[3] == name).unwrap_or_else(|| panic!("`{name}` is no ECS field"));
        let compatible: &[&str] = match kind {
            Kind::Address => &["ip"],
            Kind::Boolean => &["boolean"],
            Kind::Float => &["float", "double", "scaled_float"],
            Kind::Integer => &["long", "integer"],
            _ => &["keyword", "constant_keyword", "match_only_text", "wildcard"],
        };
        assert!(compatible.contains(&row[4].as_str()), "`{name}` is {kind} here and `{}` there", row[4]);
    }
}

/// RFC 4180: quotes hold commas and line breaks, two quotes in them stand for one.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

#[test]
fn real_windows_events_read_as_serde_json_reads_them() {
    let Ok(lines) = std::fs::read_to_string("../shared/corpora/events/windows-otrf-2000.jsonl") else {
        eprintln!("skipped: real_windows_events_read_as_serde_json_reads_them, the events are not there");
        return;
    };
    let mut schema = Schema::ecs();
    let names = ["Keywords", "EventID", "ProcessId", "Message", "tags", "host", "@timestamp", "UserID"];
    let kinds = [
        Kind::Integer,
        Kind::Integer,
        Kind::Integer,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
    ];
    let fields: Vec<FieldId> =
        names.iter().zip(kinds).map(|(name, kind)| schema.add(name, kind).unwrap()).collect();
    let reader = JsonReader::new(&schema, &fields.iter().copied().collect());
    let mut timed = 0;
    for line in lines.lines() {
        agree(&reader, &schema, &fields, line.as_bytes());
        timed += usize::from(reader.read(line.as_bytes()).is_ok());
    }
    assert_eq!((lines.lines().count(), timed), (2000, 1967));
}

/// What `serde_json` makes of a document, in order and with duplicates.
#[derive(Clone, Debug)]
enum Tree {
    Null,
    Scalar(Value<'static>),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Boolean(truth)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Integer(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        #[expect(clippy::cast_precision_loss, reason = "as documented for numbers beyond 64 bits")]
        let float = number as f64;
        Ok(Tree::Scalar(i64::try_from(number).map_or(Value::Float(float), Value::Integer)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::Float(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(Value::from(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Tree::Object(object))
    }
}

/// The reference: every value at `name`, as the documentation of the reader says, in the plainest way.
fn expected(tree: &Tree, name: &str, kind: Kind) -> Option<Value<'static>> {
    let mut found = None;
    if let Tree::Object(_) = tree {
        walk(tree, Some(name), kind, false, &mut found);
    }
    found
}

fn walk(tree: &Tree, rest: Option<&str>, kind: Kind, added: bool, found: &mut Option<Value<'static>>) {
    match (tree, rest) {
        (Tree::Object(entries), Some(rest)) => {
            for (key, value) in entries {
                let below = rest.strip_prefix(key.as_str());
                match below {
                    Some("") => walk(value, None, kind, added, found),
                    Some(below) if below.starts_with('.') => {
                        walk(value, Some(&below[1..]), kind, added, found)
                    }
                    _ => {}
                }
            }
        }
        (Tree::Array(items), Some(_)) => items.iter().for_each(|item| walk(item, rest, kind, true, found)),
        (Tree::Array(items), None) => {
            let mut values = Vec::new();
            flatten(items, kind, &mut values);
            match found {
                _ if values.is_empty() => {}
                Some(held) if added => *held = Value::List([held.each(), &values].concat()),
                _ => *found = Some(Value::List(values)),
            }
        }
        (Tree::Scalar(value), None) => {
            let value = converted(value, kind);
            *found = Some(match found {
                Some(held) if added => Value::List([held.each(), &[value]].concat()),
                _ if added => Value::List(vec![value]),
                _ => value,
            });
        }
        _ => {}
    }
}

fn flatten(items: &[Tree], kind: Kind, values: &mut Vec<Value<'static>>) {
    for item in items {
        match item {
            Tree::Array(items) => flatten(items, kind, values),
            Tree::Scalar(value) => values.push(converted(value, kind)),
            Tree::Null | Tree::Object(_) => {}
        }
    }
}

fn converted(value: &Value<'static>, kind: Kind) -> Value<'static> {
    let text = value.to_string();
    let typed = match (kind, value) {
        (Kind::Address, _) => text.parse::<IpAddr>().ok().map(Value::from),
        (Kind::Integer, Value::Integer(number)) => Some(Value::Integer(*number)),
        (Kind::Integer, Value::Float(number)) if number.fract() == 0.0 && number.abs() < 9e18 => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            let whole = *number as i64;
            Some(Value::Integer(whole))
        }
        (Kind::Integer, Value::Float(number)) => Some(Value::Float(*number)),
        (Kind::Integer, Value::Text(text)) => text.parse().ok().map(Value::Integer),
        _ => None,
    };
    typed.unwrap_or(Value::from(text))
}

/// Equal, where the text of a number may be written in several ways and `serde_json` rounds fractions to within one
/// unit in the last place (its exact reading is an option that is off here).
fn alike(ours: &Value<'_>, theirs: &Value<'_>) -> bool {
    let close = |ours: f64, theirs: f64| (ours - theirs).abs() <= ours.abs() * 2.0 * f64::EPSILON;
    match (ours, theirs) {
        (Value::List(ours), Value::List(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| alike(ours, theirs))
        }
        (Value::Float(ours), Value::Float(theirs)) => close(*ours, *theirs),
        (Value::Text(ours), Value::Text(theirs)) if ours != theirs => {
            ours.parse().is_ok_and(|ours| theirs.parse().is_ok_and(|theirs| close(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

fn agree(reader: &JsonReader, schema: &Schema, fields: &[FieldId], bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes);
    let tree: Tree = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let event = reader.read_at(bytes, NOON).unwrap_or_else(|error| panic!("{error}: {shown}"));
    for id in fields {
        let theirs = expected(&tree, schema.name(*id), schema.kind(*id));
        match (event.get(*id), theirs) {
            (None, None) => {}
            (Some(ours), Some(theirs)) if alike(ours, &theirs) => {}
            (ours, theirs) => panic!("`{}` is {ours:?}, expected {theirs:?}: {shown}", schema.name(*id)),
        }
    }
}

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
