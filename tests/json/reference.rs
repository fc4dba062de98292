//! The plainest reader there can be, on top of `serde_json`, to compare with.

use std::fmt;
use std::net::IpAddr;

use autosec_core::event::{FieldId, JsonReader, Kind, Schema, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::NOON;

/// What `serde_json` makes of a document, in order and with duplicates.
#[derive(Clone, Debug)]
pub enum Tree {
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

/// Both read the document, and the fields alike.
pub fn agree(reader: &JsonReader, schema: &Schema, fields: &[FieldId], bytes: &[u8]) {
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
