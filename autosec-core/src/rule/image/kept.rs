use super::ImageError;
use super::bytes::{Input, Output};
use super::condition;
use crate::event::Schema;
use crate::rule::lang::condition::Condition;

/// A rule's condition, kept for whoever asks about the rule later: to explain it, to write an image, to compare sets.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// As bytes; fields are positions in the set's schema.
    Bytes(Box<[u8]>),
    /// It speaks of lists of the host's.
    Whole(Box<Condition>),
}

impl Kept {
    pub(crate) fn new(condition: &Condition) -> Self {
        let mut output = Output::default();
        match condition::write(condition, &mut output) {
            Ok(()) => Kept::Bytes(output.bytes.into_boxed_slice()),
            Err(condition::NamesList) => Kept::Whole(Box::new(condition.clone())),
        }
    }

    /// The condition again, in the schema of its set.
    pub(crate) fn condition(&self, schema: &Schema) -> Option<Condition> {
        let bytes = match self {
            Kept::Whole(condition) => return Some((**condition).clone()),
            Kept::Bytes(bytes) => bytes,
        };
        let mut field = |at| schema.at(at).ok_or(ImageError::Malformed { at, what: "an unknown field" });
        condition::read(&mut Input::new(bytes), &mut field).ok()
    }

    /// Its bytes, if it needs no list.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Kept::Bytes(bytes) => Some(bytes),
            Kept::Whole(_) => None,
        }
    }
}
