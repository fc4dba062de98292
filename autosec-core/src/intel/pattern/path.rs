//! From an object to the values that a path selects in it, through lists and references.
//!
//! All values are taken one step further together, and an object that several references lead to is kept once. So a path
//! through objects that refer to each other in a circle visits each object at most once a step.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine;
use serde_json::Value;
use smallvec::SmallVec;

use super::ast::Step;
use super::fault::{MatchFault, shown};
use super::lexer::{BASE64, hex};
use super::observation::Observation;

/// A value that a path selects.
#[derive(Clone, Debug)]
pub(super) enum Item<'o> {
    Json(&'o Value),
    /// What a property holds whose name ends in `_hex` or `_bin`.
    Bytes(Cow<'o, [u8]>),
    /// The objects that a property refers to whose name ends in `_refs`.
    Objects(SmallVec<[&'o Value; 4]>),
}

pub(super) type Items<'o> = SmallVec<[Item<'o>; 4]>;

/// How many values the paths of one bracket may still step over in one observation.
#[derive(Debug)]
pub(super) struct Visits {
    left: usize,
    limit: usize,
}

impl Visits {
    pub(super) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    fn spend(&mut self, values: usize) -> Result<(), MatchFault> {
        let fault =
            MatchFault::Undecided { what: "values on paths through one observation", limit: self.limit };
        self.left = self.left.checked_sub(values).ok_or(fault)?;
        Ok(())
    }
}

/// The values that `steps` lead to from `object`, in the order in which they are found.
pub(super) fn select<'o>(
    observation: &'o Observation,
    object: &'o Value,
    steps: &[Step],
    visits: &mut Visits,
) -> Result<Items<'o>, MatchFault> {
    let mut items: Items<'o> = SmallVec::new();
    items.push(Item::Json(object));
    for step in steps {
        visits.spend(items.iter().map(Item::size).sum())?;
        items = match step {
            Step::Key(key) => key_step(observation, &items, key)?,
            Step::Index(index) => items.iter().filter_map(|item| nth(item, (*index)?)).collect(),
            Step::Any => every(&items),
        };
    }
    Ok(items)
}

impl Item<'_> {
    /// How many values it leads to.
    fn size(&self) -> usize {
        match self {
            Item::Json(Value::Array(values)) => values.len().max(1),
            Item::Objects(objects) => objects.len(),
            Item::Json(_) | Item::Bytes(_) => 1,
        }
    }
}

fn key_step<'o>(observation: &'o Observation, items: &Items<'o>, key: &str) -> Result<Items<'o>, MatchFault> {
    let mut found: Items<'o> = SmallVec::new();
    let mut known = HashSet::new();
    for item in items {
        let Item::Json(Value::Object(properties)) = item else { continue };
        let Some(value) = properties.get(key) else { continue };
        if key.ends_with("_ref") {
            let target = reference(value).ok_or_else(|| MatchFault::BadReference(shown(key)))?;
            if let Some(object) = observation.object(target) {
                push_object(&mut found, &mut known, object);
            }
        } else if key.ends_with("_refs") {
            let objects =
                references(observation, value).ok_or_else(|| MatchFault::BadReference(shown(key)))?;
            if !objects.is_empty() {
                found.push(Item::Objects(objects));
            }
        } else {
            found.push(decoded(key, value)?);
        }
    }
    Ok(found)
}

fn reference(value: &Value) -> Option<&str> {
    value.as_str()
}

fn references<'o>(observation: &'o Observation, value: &'o Value) -> Option<SmallVec<[&'o Value; 4]>> {
    let ids = value.as_array()?;
    let mut objects = SmallVec::new();
    for id in ids {
        objects.extend(observation.object(reference(id)?));
    }
    Some(objects)
}

/// What the property holds, as bytes where its name says so.
fn decoded<'o>(key: &str, value: &'o Value) -> Result<Item<'o>, MatchFault> {
    let Some(text) = value.as_str() else { return Ok(Item::Json(value)) };
    let bytes = if key.ends_with("_hex") {
        hex(text)
    } else if key.ends_with("_bin") {
        BASE64.decode(text.split_ascii_whitespace().collect::<String>()).ok()
    } else {
        return Ok(Item::Json(value));
    };
    bytes.map(|bytes| Item::Bytes(Cow::Owned(bytes))).ok_or_else(|| MatchFault::BadBytes(shown(key)))
}

fn nth<'o>(item: &Item<'o>, index: usize) -> Option<Item<'o>> {
    match item {
        Item::Json(Value::Array(values)) => values.get(index).map(Item::Json),
        Item::Objects(objects) => objects.get(index).map(|object| Item::Json(object)),
        _ => None,
    }
}

fn every<'o>(items: &Items<'o>) -> Items<'o> {
    let mut found: Items<'o> = SmallVec::new();
    let mut known = HashSet::new();
    for item in items {
        match item {
            Item::Json(Value::Array(values)) => found.extend(values.iter().map(Item::Json)),
            Item::Objects(objects) => {
                objects.iter().for_each(|object| push_object(&mut found, &mut known, object));
            }
            _ => {}
        }
    }
    found
}

/// So many objects are compared one by one.
const FEW_OBJECTS: usize = 16;

/// Adds an object that a reference leads to, unless it is there. `known` holds those that are, once they are many.
fn push_object<'o>(found: &mut Items<'o>, known: &mut HashSet<*const Value>, object: &'o Value) {
    let objects =
        || found.iter().filter_map(|item| if let Item::Json(held) = item { Some(*held) } else { None });
    let is_new = if found.len() < FEW_OBJECTS {
        !objects().any(|held| std::ptr::eq(held, object))
    } else {
        if known.is_empty() {
            known.extend(objects().map(std::ptr::from_ref));
        }
        known.insert(std::ptr::from_ref(object))
    };
    if is_new {
        found.push(Item::Json(object));
    }
}
