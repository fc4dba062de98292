use serde_json::{Map, Value};

use super::Mistake;
use super::read::{Schema, Type, pointer_part};

/// The most mistakes that are told at once.
const MISTAKES: usize = 16;

impl Schema {
    /// What is wrong with a configuration, at most 16 mistakes; empty if nothing is.
    pub(in crate::plugin::registry) fn mistakes(&self, configuration: &Value) -> Vec<Mistake> {
        let mut found = Found::default();
        self.check(configuration, "", &mut found);
        found.0
    }

    fn accepts(&self, value: &Value) -> bool {
        self.mistakes(value).is_empty()
    }

    fn check(&self, value: &Value, at: &str, found: &mut Found) {
        if found.0.len() >= MISTAKES {
            return;
        }
        if self.never {
            return found.add(at, "nothing may stand here".to_owned());
        }
        if !self.types.is_empty() && !self.types.iter().any(|kind| is(*kind, value)) {
            let names: Vec<_> = self.types.iter().map(|kind| kind.name()).collect();
            return found.add(at, format!("it must be of type {}", names.join(" or ")));
        }
        if let Some(choices) = self.choices.as_ref().filter(|choices| !choices.contains(value)) {
            found.add(at, format!("it must be one of {}", listed(choices)));
        }
        self.check_parts(value, at, found);
        match value {
            Value::Object(map) => self.check_object(map, at, found),
            Value::Array(items) => self.check_list(items, at, found),
            Value::String(text) => self.check_text(text, at, found),
            Value::Number(number) => self.check_number(number.as_f64().unwrap_or(f64::NAN), at, found),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn check_parts(&self, value: &Value, at: &str, found: &mut Found) {
        self.all_of.iter().for_each(|schema| schema.check(value, at, found));
        if !self.any_of.is_empty() && !self.any_of.iter().any(|schema| schema.accepts(value)) {
            found.add(at, format!("it must fit one of {} alternatives", self.any_of.len()));
        }
        let fitting = self.one_of.iter().filter(|schema| schema.accepts(value)).count();
        if !self.one_of.is_empty() && fitting != 1 {
            found.add(at, format!("it must fit exactly one of {} alternatives", self.one_of.len()));
        }
    }

    fn check_object(&self, map: &Map<String, Value>, at: &str, found: &mut Found) {
        for name in self.required.iter().filter(|name| !map.contains_key(*name)) {
            found.add(&format!("{at}/{}", pointer_part(name)), "it is missing".to_owned());
        }
        for (name, value) in map {
            let below = format!("{at}/{}", pointer_part(name));
            match self.properties.iter().find(|(known, _)| known == name) {
                Some((_, schema)) => schema.check(value, &below, found),
                None => match self.others.as_deref() {
                    Some(Schema { never: true, .. }) => found.add(&below, self.unknown()),
                    Some(schema) => schema.check(value, &below, found),
                    None => {}
                },
            }
        }
    }

    fn unknown(&self) -> String {
        let names: Vec<String> =
            self.properties.iter().take(20).map(|(name, _)| format!("`{}`", pointer_part(name))).collect();
        if names.is_empty() {
            "there is no such setting".to_owned()
        } else {
            format!("there is no such setting; there are {}", names.join(", "))
        }
    }

    fn check_list(&self, items: &[Value], at: &str, found: &mut Found) {
        let count = items.len() as u64;
        if let Some(least) = self.count.least.filter(|least| count < *least) {
            found.add(at, format!("it must have at least {least} items"));
        }
        if let Some(most) = self.count.most.filter(|most| count > *most) {
            found.add(at, format!("it must have at most {most} items"));
        }
        if let Some(schema) = &self.items {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| schema.check(item, &format!("{at}/{index}"), found));
        }
    }

    fn check_text(&self, text: &str, at: &str, found: &mut Found) {
        let length = text.chars().count() as u64;
        if let Some(least) = self.length.least.filter(|least| length < *least) {
            found.add(at, format!("it must have at least {least} characters"));
        }
        if let Some(most) = self.length.most.filter(|most| length > *most) {
            found.add(at, format!("it must have at most {most} characters"));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            let shown: String = pattern.as_str().chars().take(120).collect();
            found.add(at, format!("it must match `{shown}`"));
        }
    }

    fn check_number(&self, number: f64, at: &str, found: &mut Found) {
        let bounds = [
            (self.number.least, "at least", (|number, bound| number < bound) as fn(f64, f64) -> bool),
            (self.number.most, "at most", |number, bound| number > bound),
            (self.beyond.least, "more than", |number, bound| number <= bound),
            (self.beyond.most, "less than", |number, bound| number >= bound),
        ];
        for (bound, words, is_wrong) in bounds {
            if let Some(bound) = bound.filter(|bound| is_wrong(number, *bound)) {
                found.add(at, format!("it must be {words} {bound}"));
            }
        }
    }
}

/// The mistakes so far.
#[derive(Default)]
struct Found(Vec<Mistake>);

impl Found {
    fn add(&mut self, at: &str, expected: String) {
        if self.0.len() < MISTAKES {
            self.0.push(Mistake { at: at.to_owned(), expected });
        }
    }
}

fn is(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Array => value.is_array(),
        Type::Boolean => value.is_boolean(),
        // 3.0 is a whole number as well.
        Type::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Type::Null => value.is_null(),
        Type::Number => value.is_number(),
        Type::Object => value.is_object(),
        Type::String => value.is_string(),
    }
}

/// The plugin's own choices, bounded.
fn listed(choices: &[Value]) -> String {
    let shown = choices.iter().take(12).map(|choice| format!("`{choice}`").chars().take(60).collect());
    let mut shown: Vec<String> = shown.collect();
    if choices.len() > shown.len() {
        shown.push(format!("{} others", choices.len() - shown.len()));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::SchemaError;
    use super::*;

    const SCHEMA: &str = r#"{
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An edge",
        "type": "object",
        "required": ["url", "zone"],
        "additionalProperties": false,
        "properties": {
            "url": { "type": "string", "format": "uri", "pattern": "^https://", "maxLength": 40 },
            "zone": { "type": "string", "minLength": 3 },
            "mode": { "enum": ["block", "challenge", 7] },
            "port": { "type": ["integer", "null"], "minimum": 1, "maximum": 65535 },
            "share": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
            "sets": { "type": "array", "minItems": 1, "maxItems": 2, "items": { "type": "string" } },
            "auth": { "oneOf": [{ "const": "key" }, { "type": "object", "required": ["user"] }] },
            "tags": { "type": "object", "additionalProperties": { "type": "boolean" } },
            "old": false
        }
    }"#;

    fn said(configuration: &str) -> Vec<String> {
        let schema = Schema::parse(SCHEMA).unwrap();
        let value = serde_json::from_str(configuration).unwrap();
        schema.mistakes(&value).iter().map(ToString::to_string).collect()
    }

    fn with(part: &str) -> Vec<String> {
        said(&format!(r#"{{"url": "https://edge", "zone": "abc", {part}}}"#))
    }

    #[test]
    fn what_fits_is_accepted() {
        let fitting = [
            r#""port": 443"#,
            r#""port": 443.0"#,
            r#""port": null, "share": 0.5, "mode": 7"#,
            r#""sets": ["a"], "auth": "key""#,
            r#""auth": {"user": "a"}, "tags": {"x": true}"#,
        ];
        for part in fitting {
            assert_eq!(with(part), <[String; 0]>::default(), "{part}");
        }
    }

    #[test]
    fn every_mistake_has_its_place() {
        assert_eq!(said("[]"), ["`/`: it must be of type object"]);
        assert_eq!(said("{}"), ["`/url`: it is missing", "`/zone`: it is missing"]);
        let cases = [
            (r#""port": "443""#, "`/port`: it must be of type integer or null"),
            (r#""port": 0"#, "`/port`: it must be at least 1"),
            (r#""port": 65536"#, "`/port`: it must be at most 65535"),
            (r#""port": 1.5"#, "`/port`: it must be of type integer or null"),
            (r#""share": 1"#, "`/share`: it must be less than 1"),
            (r#""share": 0"#, "`/share`: it must be more than 0"),
            (r#""mode": "drop""#, "`/mode`: it must be one of `\"block\"`, `\"challenge\"`, `7`"),
            (r#""sets": []"#, "`/sets`: it must have at least 1 items"),
            (r#""sets": ["a", 2]"#, "`/sets/1`: it must be of type string"),
            (r#""auth": {}"#, "`/auth`: it must fit exactly one of 2 alternatives"),
            (r#""tags": {"a/b": 1}"#, "`/tags/a~1b`: it must be of type boolean"),
            (r#""old": 1"#, "`/old`: nothing may stand here"),
        ];
        for (part, expected) in cases {
            assert_eq!(with(part), [expected]);
        }
    }

    #[test]
    fn a_value_is_never_shown() {
        let said = with(r#""password": "hunter2", "url": "http://root:hunter2@edge""#);
        assert!(
            said.iter().any(|one| one.starts_with("`/password`: there is no such setting; there are `auth`")),
            "{said:?}"
        );
        assert!(said.iter().any(|one| one == "`/url`: it must match `^https://`"), "{said:?}");
        assert!(!said.concat().contains("hunter2"), "{said:?}");
    }

    #[test]
    fn mistakes_are_bounded() {
        let many: Vec<String> = (0..1_000).map(|index| format!("\"x{index}\": 1")).collect();
        assert_eq!(with(&many.join(", ")).len(), MISTAKES);
    }

    #[test]
    fn patterns_take_memory_and_are_few() {
        let patterns = |count| {
            let all: Vec<String> = (0..count).map(|_| r#"{"pattern": "^a{9}$"}"#.to_owned()).collect();
            Schema::parse(&format!("{{\"anyOf\": [{}]}}", all.join(", ")))
        };
        assert!(patterns(32).is_ok());
        assert_eq!(patterns(33).unwrap_err(), SchemaError::TooLarge);
    }

    #[test]
    fn a_schema_that_cannot_be_checked_is_refused() {
        let unsupported = Schema::parse(r##"{"properties": {"a": {"$ref": "#/a"}}}"##).unwrap_err();
        let expected = SchemaError::Unsupported { keyword: "$ref".into(), at: "/properties/a".into() };
        assert_eq!(unsupported, expected);
        for (text, at) in [
            ("7", ""),
            (r#"{"type": "text"}"#, "/type"),
            (r#"{"required": "a"}"#, "/required"),
            (r#"{"properties": []}"#, "/properties"),
            (r#"{"pattern": "(?=a)"}"#, "/pattern"),
            (r#"{"pattern": "(a{1000}){1000}"}"#, "/pattern"),
            (r#"{"minLength": -1}"#, "/minLength"),
            (r#"{"anyOf": []}"#, "/anyOf"),
        ] {
            let refused = Schema::parse(text).unwrap_err();
            assert!(matches!(&refused, SchemaError::Malformed { at: found, .. } if found == at), "{refused}");
        }
        assert!(matches!(Schema::parse("{"), Err(SchemaError::Syntax { .. })));
        assert_eq!(Schema::parse(&" ".repeat(TEXT)).unwrap_err(), SchemaError::TooLarge);
        let deep = format!("{}true{}", r#"{"items": "#.repeat(40), "}".repeat(40));
        assert_eq!(Schema::parse(&deep).unwrap_err(), SchemaError::TooLarge);
    }

    const TEXT: usize = (256 << 10) + 1;
}
