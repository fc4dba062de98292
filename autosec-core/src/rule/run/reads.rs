use std::sync::Arc;

use crate::event::{Event, FieldId, FieldMask, Schema, Value};

/// The fields that a rule's conditions read, with their names.
#[derive(Clone, Debug)]
pub(crate) enum Reads {
    /// These, in the order in which the conditions name them.
    Named(Box<[(FieldId, Arc<str>)]>),
    /// Every field there is, by its position: of a search.
    Every(Arc<[Arc<str>]>),
}

impl Reads {
    pub(crate) fn named(fields: impl IntoIterator<Item = FieldId>, schema: &Schema) -> Self {
        Self::Named(fields.into_iter().map(|field| (field, schema.shared_name(field))).collect())
    }

    /// All fields of the schema.
    pub(crate) fn every(schema: &Schema) -> Arc<[Arc<str>]> {
        schema.fields().map(|(field, ..)| schema.shared_name(field)).collect()
    }

    /// The fields.
    pub(crate) fn mask(&self) -> FieldMask {
        match self {
            Reads::Named(fields) => fields.iter().map(|(field, _)| *field).collect(),
            Reads::Every(names) => FieldMask::first(names.len()),
        }
    }

    /// Tells `quote` which of them the event has, `most` at most.
    pub(crate) fn each<'e>(
        &self,
        event: &'e Event<'_>,
        most: usize,
        mut quote: impl FnMut(&Arc<str>, &'e Value<'_>),
    ) {
        match self {
            Reads::Named(fields) => {
                let held = fields.iter().filter_map(|(field, name)| Some((name, event.get(*field)?)));
                held.take(most).for_each(|(name, value)| quote(name, value));
            }
            // By the event, which has a few dozen, and not by the schema, which has hundreds.
            Reads::Every(names) => {
                let held =
                    event.fields().filter_map(|(field, value)| Some((names.get(field.index())?, value)));
                held.take(most).for_each(|(name, value)| quote(name, value));
            }
        }
    }

    /// How many of them the event has, `most` at most.
    pub(crate) fn count(&self, event: &Event<'_>, most: usize) -> usize {
        let mut many = 0;
        self.each(event, most, |_, _| many += 1);
        many
    }
}
