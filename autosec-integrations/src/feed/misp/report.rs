use std::collections::BTreeMap;
use std::fmt;

/// What became of a document's attributes. Each is counted once: as an indicator, as context, as unread or as a reject.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct EventReport {
    /// Events that were seen, wrapped or not.
    pub events: u64,
    /// Attributes that were seen, those of objects among them.
    pub attributes: u64,
    /// Indicators that were handed on, those that take something back among them.
    pub indicators: u64,
    /// How many of them take something back, since their attribute or object is deleted.
    pub deleted: u64,
    /// Attributes that are not meant for detection.
    pub context: u64,
    /// Attributes that are, and of which there is no [kind](autosec_core::intel::ObservableKind), by type; at most 256
    /// types, each of at most 64 bytes.
    pub unread: BTreeMap<String, u64>,
    /// Sightings that were handed on.
    pub sightings: u64,
    /// Attributes that could not be used.
    pub rejected: u64,
    /// The first of them.
    pub rejects: Vec<Reject>,
}

/// An attribute that could not be used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reject {
    /// Where it stands, such as `Event[0].Object[2].Attribute[1]`, counted from 0.
    pub place: String,
    /// Its uuid, if it has one; at most 64 bytes.
    pub uuid: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

/// The most types that are told apart.
const TYPES: usize = 256;

impl EventReport {
    pub(super) fn count_unread(&mut self, kind: &str) {
        let name = kind.get(..kind.floor_char_boundary(64)).unwrap_or_default();
        let name = if self.unread.len() < TYPES || self.unread.contains_key(name) { name } else { "other" };
        *self.unread.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn reject(&mut self, limit: usize, reject: impl FnOnce() -> Reject) {
        self.rejected += 1;
        if self.rejects.len() < limit {
            self.rejects.push(reject());
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}
