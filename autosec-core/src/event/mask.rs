use std::ops::BitAnd;

use smallvec::SmallVec;

use super::{FieldId, Schema};

/// A set of fields: what detectors read and readers therefore fill. May be empty.
///
/// One bit a field: asking costs an index and a shift, and masks of the built-in fields need no heap.
///
/// ```
/// use autosec_core::event::{FieldMask, field};
///
/// let mut wanted: FieldMask = [field::SOURCE_IP, field::USER_NAME].into_iter().collect();
/// wanted.union(&[field::URL_PATH].into_iter().collect());
/// assert!(wanted.contains(field::URL_PATH));
/// assert!(!wanted.contains(field::MESSAGE));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FieldMask {
    // Four words hold 256 fields, the built-in ones and some of the host's.
    words: SmallVec<[u64; 4]>,
}

impl FieldMask {
    /// Every field of the schema.
    pub fn all(schema: &Schema) -> Self {
        schema.fields().map(|(id, ..)| id).collect()
    }

    /// The first so many fields of a schema.
    pub(crate) fn first(count: usize) -> Self {
        let bits = |word: usize| match count.saturating_sub(word * 64) {
            left if left >= 64 => u64::MAX,
            left => (1 << left) - 1,
        };
        Self { words: (0..count.div_ceil(64)).map(bits).collect() }
    }

    /// Whether the field is in the set.
    pub fn contains(&self, field: FieldId) -> bool {
        self.words.get(field.index() / 64).is_some_and(|word| word & bit(field) != 0)
    }

    /// Whether no field is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Adds a field.
    pub fn insert(&mut self, field: FieldId) {
        let word = field.index() / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= bit(field);
        }
    }

    /// Adds every field of `other`.
    pub fn union(&mut self, other: &FieldMask) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (mine, theirs) in self.words.iter_mut().zip(&other.words) {
            *mine |= theirs;
        }
    }
}

/// The fields that are in both sets.
impl BitAnd for &FieldMask {
    type Output = FieldMask;

    fn bitand(self, other: &FieldMask) -> FieldMask {
        FieldMask { words: self.words.iter().zip(&other.words).map(|(mine, theirs)| mine & theirs).collect() }
    }
}

impl FromIterator<FieldId> for FieldMask {
    fn from_iter<I: IntoIterator<Item = FieldId>>(fields: I) -> Self {
        let mut mask = Self::default();
        for field in fields {
            mask.insert(field);
        }
        mask
    }
}

fn bit(field: FieldId) -> u64 {
    1 << (field.index() % 64)
}

#[cfg(test)]
mod tests {
    use super::super::field;
    use super::*;

    #[test]
    fn is_a_set() {
        let mut mask: FieldMask = [field::SOURCE_IP].into_iter().collect();
        assert!(mask.contains(field::SOURCE_IP) && !mask.contains(field::ERROR_MESSAGE));
        mask.union(&[field::ERROR_MESSAGE].into_iter().collect());
        assert!(mask.contains(field::SOURCE_IP) && mask.contains(field::ERROR_MESSAGE));
        let both = &mask & &[field::ERROR_MESSAGE, field::USER_NAME].into_iter().collect();
        assert_eq!(both, [field::ERROR_MESSAGE].into_iter().collect());
        assert!(FieldMask::default().is_empty() && !mask.is_empty());
    }
}
