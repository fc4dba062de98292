use std::sync::Arc;

use crate::event::{Event, FieldId, FieldMask, Schema, Value};
use crate::finding::Quotes;

/// The fields that a rule's conditions read, with their names.
#[derive(Clone, Debug)]
pub(crate) enum Reads {
    /// These, in the order in which the conditions name them.
    Named { fields: Box<[FieldId]>, names: Arc<[Arc<str>]> },
    /// Every field there is, by its position: of a search.
    Every(Arc<[Arc<str>]>),
}

impl Reads {
    pub(crate) fn named(fields: impl IntoIterator<Item = FieldId>, schema: &Schema) -> Self {
        let fields: Box<[_]> = fields.into_iter().collect();
        let names = fields.iter().map(|field| schema.shared_name(*field)).collect();
        Self::Named { fields, names }
    }

    /// All fields of the schema.
    pub(crate) fn every(schema: &Schema) -> Arc<[Arc<str>]> {
        schema.fields().map(|(field, ..)| schema.shared_name(field)).collect()
    }

    /// The fields.
    pub(crate) fn mask(&self) -> FieldMask {
        match self {
            Reads::Named { fields, .. } => fields.iter().copied().collect(),
            Reads::Every(names) => FieldMask::first(names.len()),
        }
    }

    /// What the event has of them, `most` at most; nothing if it has none.
    pub(crate) fn quoted(&self, event: &Event<'_>, most: usize) -> Option<Quotes> {
        // Exactly as much memory as it takes: what is found is kept, and filled memory that nobody used before.
        let mut room = 0;
        self.each(event, most, |_, value| room += Quotes::room(value));
        if room == 0 {
            return None;
        }
        let (Reads::Named { names, .. } | Reads::Every(names)) = self;
        let mut quotes = Quotes::new(names, room);
        self.each(event, most, |name, value| quotes.add(name, value));
        Some(quotes)
    }

    /// Tells `quote` which of them the event has, by the place of its name.
    fn each<'e>(&self, event: &'e Event<'_>, most: usize, mut quote: impl FnMut(usize, &'e Value<'_>)) {
        match self {
            Reads::Named { fields, .. } => {
                let held = fields.iter().enumerate().filter_map(|(at, field)| Some((at, event.get(*field)?)));
                held.take(most).for_each(|(name, value)| quote(name, value));
            }
            // By the event, which has a few dozen, and not by the schema, which has hundreds.
            Reads::Every(names) => {
                let held = event.fields().map(|(field, value)| (field.index(), value));
                let named = held.filter(|(name, _)| *name < names.len());
                named.take(most).for_each(|(name, value)| quote(name, value));
            }
        }
    }
}

impl Default for Reads {
    fn default() -> Self {
        Self::Named { fields: Box::default(), names: Arc::default() }
    }
}
