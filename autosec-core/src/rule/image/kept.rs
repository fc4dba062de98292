use std::collections::HashMap;
use std::sync::Arc;

use super::ImageError;
use super::bytes::{Input, Output};
use super::condition::{self, Names};
use crate::event::{FieldId, Schema};
use crate::rule::lang::condition::Condition;
use crate::rule::list::NamedList;

/// A condition as bytes, kept for whoever asks about its rule later: to explain it, to write an image, to compare sets.
/// Fields are positions in the set's schema, lists their names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Kept(Box<[u8]>);

impl Kept {
    pub(crate) fn new(condition: &Condition) -> Self {
        let mut output = Output::default();
        condition::write(condition, &mut output);
        Self(output.bytes.into_boxed_slice())
    }

    /// The condition again, in the schema and with the lists of its set.
    pub(crate) fn condition(
        &self,
        schema: &Schema,
        lists: &HashMap<String, Arc<NamedList>>,
    ) -> Option<Condition> {
        condition::read(&mut Input::new(&self.0), &mut Own { schema, lists }).ok()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The names of the set that a condition is kept by.
struct Own<'s> {
    schema: &'s Schema,
    lists: &'s HashMap<String, Arc<NamedList>>,
}

impl Names for Own<'_> {
    fn field(&mut self, at: usize) -> Result<FieldId, ImageError> {
        self.schema.at(at).ok_or(ImageError::Malformed { at, what: "an unknown field" })
    }

    fn list(&mut self, name: &str, _: &'static str) -> Result<Arc<NamedList>, ImageError> {
        let unknown = ImageError::Malformed { at: 0, what: "an unknown list" };
        self.lists.get(name).cloned().ok_or(unknown)
    }
}
