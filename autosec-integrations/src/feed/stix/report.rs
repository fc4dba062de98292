use std::collections::BTreeMap;

/// What became of a bundle's objects.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Objects that were seen, rejects included.
    pub objects: u64,
    /// Indicators that were handed on as values for an index.
    pub plain: u64,
    /// Indicators that were handed on with a matcher.
    pub patterns: u64,
    /// Sightings that were handed on.
    pub sightings: u64,
    /// Relationships `indicates` that were taken into account.
    pub relationships: u64,
    /// Older versions of indicators that were there in a newer one.
    pub outdated: u64,
    /// Indicators that were handed on before the end, with the context known by then.
    pub without_context: u64,
    /// Relationships, names and markings beyond [`StixLimits::context`](super::StixLimits::context).
    pub forgotten: u64,
    /// Indicators in other languages, such as `yara`, by the name of their type; at most 64 names, each of at most 32 bytes.
    pub opaque: BTreeMap<String, u64>,
    /// Objects of other types.
    pub others: u64,
    /// The first objects that could not be used.
    pub rejects: Vec<Reject>,
    /// How many there were.
    pub rejected: u64,
}

/// An object that could not be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reject {
    /// Where it begins, in bytes from 0.
    pub at: u64,
    /// Its line, from 1.
    pub line: u64,
    /// Its id, if it has one; at most 256 bytes.
    pub id: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

/// The most names of languages that are told apart.
const LANGUAGES: usize = 64;

impl Report {
    pub(super) fn count_opaque(&mut self, language: &str) {
        let name = language.get(..language.floor_char_boundary(32)).unwrap_or_default();
        let name =
            if self.opaque.len() < LANGUAGES || self.opaque.contains_key(name) { name } else { "other" };
        *self.opaque.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn reject(&mut self, reject: Reject, limit: usize) {
        self.rejected += 1;
        if self.rejects.len() < limit {
            self.rejects.push(reject);
        }
    }
}
