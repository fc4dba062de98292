use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::SchemaError;

/// The largest schema, in bytes.
const TEXT_LIMIT: usize = 256 << 10;
/// So deep it may be nested.
const DEPTH_LIMIT: usize = 32;
/// The most memory that one compiled pattern may take, in bytes, and the most patterns.
const PATTERN_LIMIT: usize = 1 << 20;
const PATTERNS: usize = 32;

/// Keywords that would refuse values, and are not checked here.
const UNSUPPORTED: &[&str] = &[
    "$dynamicRef",
    "$ref",
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "maxProperties",
    "minContains",
    "minProperties",
    "multipleOf",
    "not",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// What a plugin takes as its configuration, ready to check.
#[derive(Debug, Default)]
pub(in crate::plugin::registry) struct Schema {
    /// Nothing at all fits `false`.
    pub(super) never: bool,
    pub(super) types: Vec<Type>,
    pub(super) choices: Option<Vec<Value>>,
    pub(super) any_of: Vec<Schema>,
    pub(super) one_of: Vec<Schema>,
    pub(super) all_of: Vec<Schema>,
    pub(super) properties: Vec<(String, Schema)>,
    pub(super) required: Vec<String>,
    /// What properties that are not named have to be; `None` is anything.
    pub(super) others: Option<Box<Schema>>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) count: Range<u64>,
    pub(super) length: Range<u64>,
    pub(super) pattern: Option<Regex>,
    pub(super) number: Range<f64>,
    pub(super) beyond: Range<f64>,
}

/// Least and most, where there are any.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range<T> {
    pub(super) least: Option<T>,
    pub(super) most: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self { least: None, most: None }
    }
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

impl Schema {
    /// Reads a schema.
    pub(in crate::plugin::registry) fn parse(text: &str) -> Result<Self, SchemaError> {
        if text.len() > TEXT_LIMIT {
            return Err(SchemaError::TooLarge);
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| SchemaError::Syntax { reason: error.to_string() })?;
        if patterns(&value) > PATTERNS {
            return Err(SchemaError::TooLarge);
        }
        read(&value, &Place::default())
    }
}

impl Type {
    const ALL: [(&'static str, Self); 7] = [
        ("array", Self::Array),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("null", Self::Null),
        ("number", Self::Number),
        ("object", Self::Object),
        ("string", Self::String),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("value", |(name, _)| name)
    }
}

/// How often the word occurs, wherever it may stand.
fn patterns(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(patterns).sum(),
        Value::Object(words) => {
            let own = usize::from(words.contains_key("pattern"));
            own + words.values().map(patterns).sum::<usize>()
        }
        _ => 0,
    }
}

/// Where in the schema the reader is.
#[derive(Clone, Debug, Default)]
struct Place {
    pointer: String,
    depth: usize,
}

impl Place {
    fn below(&self, part: &str) -> Self {
        Self { pointer: format!("{}/{}", self.pointer, pointer_part(part)), depth: self.depth + 1 }
    }

    fn malformed(&self, expected: &'static str) -> SchemaError {
        SchemaError::Malformed { expected, at: self.pointer.clone() }
    }
}

/// A name as a part of a JSON pointer, bounded.
pub(super) fn pointer_part(name: &str) -> String {
    let bounded: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    bounded.replace('~', "~0").replace('/', "~1")
}

fn read(value: &Value, at: &Place) -> Result<Schema, SchemaError> {
    if at.depth > DEPTH_LIMIT {
        return Err(SchemaError::TooLarge);
    }
    match value {
        Value::Bool(all) => Ok(Schema { never: !all, ..Schema::default() }),
        Value::Object(words) => object(words, at),
        _ => Err(at.malformed("object")),
    }
}

fn object(words: &Map<String, Value>, at: &Place) -> Result<Schema, SchemaError> {
    if let Some(keyword) = words.keys().find(|word| UNSUPPORTED.contains(&word.as_str())) {
        return Err(SchemaError::Unsupported { keyword: keyword.clone(), at: at.pointer.clone() });
    }
    let each =
        |keyword: &str| words.get(keyword).map_or(Ok(Vec::new()), |value| list(value, &at.below(keyword)));
    let one = |keyword: &str| {
        let found = words.get(keyword).map(|value| read(value, &at.below(keyword)));
        found.transpose().map(|schema| schema.map(Box::new))
    };
    Ok(Schema {
        never: false,
        types: types(words, at)?,
        choices: choices(words, at)?,
        any_of: each("anyOf")?,
        one_of: each("oneOf")?,
        all_of: each("allOf")?,
        properties: properties(words, at)?,
        required: required(words, at)?,
        others: one("additionalProperties")?,
        items: one("items")?,
        count: range(words, ["minItems", "maxItems"], "whole number", at, Value::as_u64)?,
        length: range(words, ["minLength", "maxLength"], "whole number", at, Value::as_u64)?,
        pattern: pattern(words, at)?,
        number: range(words, ["minimum", "maximum"], "number", at, Value::as_f64)?,
        beyond: range(words, ["exclusiveMinimum", "exclusiveMaximum"], "number", at, Value::as_f64)?,
    })
}

fn list(value: &Value, at: &Place) -> Result<Vec<Schema>, SchemaError> {
    let schemas = value.as_array().filter(|schemas| !schemas.is_empty());
    let schemas = schemas.ok_or_else(|| at.malformed("list of schemas"))?;
    schemas.iter().enumerate().map(|(index, schema)| read(schema, &at.below(&index.to_string()))).collect()
}

fn types(words: &Map<String, Value>, at: &Place) -> Result<Vec<Type>, SchemaError> {
    let at = at.below("type");
    let named = |value: &Value| {
        let name = value.as_str();
        let found = Type::ALL.iter().find(|(known, _)| name == Some(known)).map(|(_, kind)| *kind);
        found.ok_or_else(|| at.malformed("name of a type"))
    };
    match words.get("type") {
        None => Ok(Vec::new()),
        Some(Value::Array(names)) => names.iter().map(named).collect(),
        Some(name) => Ok(vec![named(name)?]),
    }
}

fn choices(words: &Map<String, Value>, at: &Place) -> Result<Option<Vec<Value>>, SchemaError> {
    match (words.get("const"), words.get("enum")) {
        (Some(one), None) => Ok(Some(vec![one.clone()])),
        (None, Some(Value::Array(values))) => Ok(Some(values.clone())),
        (None, None) => Ok(None),
        _ => Err(at.below("enum").malformed("list of values, or one `const`")),
    }
}

fn properties(words: &Map<String, Value>, at: &Place) -> Result<Vec<(String, Schema)>, SchemaError> {
    let at = at.below("properties");
    let Some(value) = words.get("properties") else { return Ok(Vec::new()) };
    let named = value.as_object().ok_or_else(|| at.malformed("object"))?;
    named.iter().map(|(name, schema)| Ok((name.clone(), read(schema, &at.below(name))?))).collect()
}

fn required(words: &Map<String, Value>, at: &Place) -> Result<Vec<String>, SchemaError> {
    let at = at.below("required");
    let Some(value) = words.get("required") else { return Ok(Vec::new()) };
    let names = value.as_array().ok_or_else(|| at.malformed("list of names"))?;
    let name = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| at.malformed("name"));
    names.iter().map(name).collect()
}

fn pattern(words: &Map<String, Value>, at: &Place) -> Result<Option<Regex>, SchemaError> {
    let at = at.below("pattern");
    let Some(value) = words.get("pattern") else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| at.malformed("regular expression"))?;
    let built = RegexBuilder::new(text).size_limit(PATTERN_LIMIT).dfa_size_limit(PATTERN_LIMIT).build();
    built.map(Some).map_err(|_| at.malformed("regular expression without look-around and of modest size"))
}

fn range<T>(
    words: &Map<String, Value>,
    keywords: [&str; 2],
    expected: &'static str,
    at: &Place,
    number: impl Fn(&Value) -> Option<T>,
) -> Result<Range<T>, SchemaError> {
    let end = |keyword: &str| match words.get(keyword) {
        None => Ok(None),
        Some(value) => number(value).map(Some).ok_or_else(|| at.below(keyword).malformed(expected)),
    };
    let [least, most] = keywords.map(end);
    Ok(Range { least: least?, most: most? })
}
