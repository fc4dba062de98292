//! Shapes of documents and values, one table each.

use std::borrow::Cow;
use std::net::IpAddr;

use autosec_core::event::{Event, FieldMask, JsonError, JsonLimits, JsonReader, Schema, Value, field};
use autosec_core::time::Timestamp;

use super::{NOON, everything};

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
    let borrowed =
        |field| matches!(event.get(field), Some(Value::Text(Cow::Borrowed(text))) if line.contains(text));
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
