use std::borrow::Cow;

use autosec_core::event::{Event, FieldMask, Kind, Schema, Value, time_of};
use autosec_core::time::Timestamp;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::ReadError;
use super::gather::{Gathered, How, flat, gather};
use super::tree::{Target, Tree};
use super::value::{plain_text, read, text};

/// Reads dicts as events, only the wanted fields. It means by them what the JSON reader would mean by their JSON.
#[derive(Debug)]
pub(crate) struct DictReader {
    tree: Tree,
    /// For the names of fields in errors.
    schema: Schema,
    /// Whether texts that are no Unicode are refused.
    strict: bool,
}

/// The most bytes of texts of an event, as in JSON.
const LONGEST: usize = 1 << 20;

impl DictReader {
    pub(crate) fn new(py: Python<'_>, schema: &Schema, wanted: &FieldMask, strict: bool) -> Self {
        Self { tree: Tree::new(py, schema, wanted), schema: schema.clone(), strict }
    }

    /// The wanted fields, for readers of other forms.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Hands the event of a dict to `then`; at the `fallback` time if it has none.
    ///
    /// # Errors
    /// It has no time, or a wanted value is of a type or size that cannot be read.
    pub(crate) fn with<T>(
        &self,
        dict: &Bound<'_, PyDict>,
        fallback: Option<Timestamp>,
        then: impl FnOnce(&mut Event<'_>) -> T,
    ) -> Result<T, ReadError> {
        let mut held = Gathered::new();
        if !flat(&self.tree, dict, &mut held) {
            held = gather(&self.tree, dict)?;
        }
        // Filled and looked at where it stands: an event is some 700 bytes.
        let mut event = Event::new(fallback.unwrap_or(Timestamp::EPOCH));
        self.fill(&held, &mut event, fallback)?;
        Ok(then(&mut event))
    }

    fn fill<'a>(
        &self,
        held: &'a Gathered<'_>,
        event: &mut Event<'a>,
        fallback: Option<Timestamp>,
    ) -> Result<(), ReadError> {
        let (mut timed, mut bytes) = (fallback.is_some(), 0);
        for each in held {
            let (field, kind) = match each.target {
                Target::Field(field, kind) => (field, kind),
                Target::Time => {
                    timed |= self.set_time(event, each.how, &each.value, fallback)?;
                    continue;
                }
            };
            // Most are texts, which go where they belong at once: each copy of a value just written waits for the writes.
            if kind == Kind::Text
                && each.how == How::Put
                && let Some(text) = plain_text(&each.value)
                && bytes + text.len() <= LONGEST
            {
                bytes += text.len();
                event.set(field, Value::Text(Cow::Borrowed(text)));
                continue;
            }
            let value = read(&each.value, kind, self.strict);
            let value = value.map_err(|wrong| wrong.within(self.schema.name(field)))?;
            if let Value::Text(text) = &value {
                bytes += text.len();
            }
            if bytes > LONGEST {
                return Err(ReadError::limit(
                    "event-too-long",
                    "more than 1 MiB of text in one event: split it",
                ));
            }
            match each.how {
                How::Put => event.set(field, value),
                How::First => event.set(field, Value::List(vec![value])),
                How::Add => event.add(field, value),
            }
        }
        if timed { Ok(()) } else { Err(ReadError::time_missing()) }
    }

    fn set_time(
        &self,
        event: &mut Event<'_>,
        how: How,
        value: &Bound<'_, PyAny>,
        fallback: Option<Timestamp>,
    ) -> Result<bool, ReadError> {
        let text = text(value, self.strict).map_err(|wrong| wrong.within("@timestamp"))?;
        match time_of(&text).filter(|_| how == How::Put) {
            Some(time) => event.set_time(time),
            None if fallback.is_some() => {}
            None => return Err(ReadError::time_unreadable(&text)),
        }
        Ok(true)
    }
}
