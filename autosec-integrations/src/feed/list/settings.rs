use std::collections::BTreeMap;
use std::time::Duration;

use autosec_core::intel::Tlp;
use autosec_core::measure::Severity;
use autosec_core::time::human;
use serde::{Deserialize, Deserializer, de};

use super::{ListKind, Place};

/// What a list looks like, and what is said of its values. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ListSettings {
    /// The source of its indicators.
    pub name: String,
    /// Where the host finds it; nothing here fetches it.
    #[serde(default)]
    pub url: Option<String>,
    /// How often it may be fetched; 1 hour unless set.
    #[serde(default = "every", with = "human")]
    pub every: Duration,
    /// Its shape.
    #[serde(default)]
    pub format: ListFormat,
    /// Where the value stands; of several places the first that holds something. Without any it is the whole line, the
    /// first column, or the item itself.
    #[serde(default)]
    pub value: Places,
    /// Of what kind the values are; guessed unless set.
    #[serde(default)]
    pub kind: KindSource,
    /// Where the id stands; the value is its own id unless set.
    #[serde(default)]
    pub id: Option<Place>,
    /// How sure the list is; 0.5 unless set.
    #[serde(default)]
    pub confidence: Option<Graded>,
    /// How bad its values are if it is right; medium unless set.
    #[serde(default)]
    pub severity: Option<Staged>,
    /// Where it stands since when a value is known.
    #[serde(default)]
    pub first_seen: Option<Place>,
    /// Where it stands when a value was seen last.
    #[serde(default)]
    pub last_seen: Option<Place>,
    /// Where it stands until when a value is valid: a time, or a span such as `3h59m12s` from the fetching on.
    #[serde(default)]
    pub valid_until: Option<Place>,
    /// How long values are valid after they were last seen, or else after they were fetched; for ever unless set. What was last
    /// seen longer ago is rejected.
    #[serde(default, with = "span")]
    pub valid_for: Option<Duration>,
    /// Tags of every value.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where further tags stand, separated by commas or spaces or as a list.
    #[serde(default)]
    pub tags_from: Places,
    /// With whom all of it may be shared.
    #[serde(default)]
    pub tlp: Option<Tlp>,
    /// Records that are left out: those of which any condition holds.
    #[serde(default)]
    pub skip: Vec<Condition>,
}

/// No place, one, or several.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(from = "OneOrMany")]
pub struct Places(pub Vec<Place>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Place),
    Many(Vec<Place>),
}

/// The shape of a list.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum ListFormat {
    /// A value a line, up to the first white space, comma, semicolon or number sign; a URL up to the first white space, a user
    /// agent and a file's name up to the end. Lines that begin with `#`, `;` or `//` say nothing.
    #[default]
    Lines,
    /// Columns with a delimiter, quoted as in RFC 4180 where needed.
    Csv {
        /// What stands between columns, an ASCII character; a comma unless set.
        #[serde(default = "comma", deserialize_with = "ascii")]
        delimiter: u8,
        /// Whether the first record names the columns.
        #[serde(default)]
        header: bool,
        /// What comments begin with, an ASCII character; `#` unless set.
        #[serde(default = "number_sign", deserialize_with = "ascii")]
        comment: u8,
    },
    /// One JSON document.
    Json {
        /// Paths of lists of items; the document itself unless set. An object in place of a list is taken as its values, and one
        /// item is a list of it.
        #[serde(default)]
        items: Vec<String>,
        /// Paths of lists of items that are taken back.
        #[serde(default)]
        revoked: Vec<String>,
    },
    /// One JSON object a line.
    Ndjson,
    /// Prose.
    Freetext,
}

/// What says of what kind a value is.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum KindSource {
    /// All are of one kind.
    All(ListKind),
    /// The record says it.
    Said {
        /// Where.
        by: Place,
        /// The kind for each word that stands there; a record with another word is counted as skipped.
        kinds: BTreeMap<String, ListKind>,
    },
}

/// A number of the list, or of each record.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Graded {
    /// For all, 0 to 1.
    All(f64),
    /// Each record says it.
    Said {
        /// Where.
        from: Place,
        /// What stands for certainty: 100 for percent.
        out_of: f64,
    },
}

/// A severity of the list, or of each record.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Staged {
    /// For all.
    All(Severity),
    /// Each record says it.
    Said {
        /// Where.
        from: Place,
        /// The severity for each word that stands there; medium for others.
        words: BTreeMap<String, Severity>,
    },
}

/// Whether a record says one of some words.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where.
    pub place: Place,
    /// The words, in any case of letters; an empty one holds where nothing stands.
    pub is: Vec<String>,
}

/// What a list may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListLimits {
    /// The most bytes; 256 MiB.
    pub bytes: u64,
    /// The most bytes of a JSON document, which is taken into memory as a whole; 64 MiB.
    pub document: u64,
    /// The longest line; 64 KiB. A longer one is rejected.
    pub line: usize,
    /// The longest record of columns, with the line breaks in its quotes; 1 MiB, up to 8 KiB of what follows included. A longer
    /// one is an error, for it is a quote that nobody closed.
    pub record: u64,
    /// The most records; 10,000,000.
    pub records: u64,
    /// The most rejects whose place and reason are kept; 100. The others are counted.
    pub rejects: usize,
}

impl ListSettings {
    /// A list of one value a line, of this source and kind.
    pub fn new(name: impl Into<String>, kind: ListKind) -> Self {
        Self {
            name: name.into(),
            url: None,
            every: every(),
            format: ListFormat::Lines,
            value: Places::default(),
            kind: KindSource::All(kind),
            id: None,
            confidence: None,
            severity: None,
            first_seen: None,
            last_seen: None,
            valid_until: None,
            valid_for: None,
            tags: Vec::new(),
            tags_from: Places::default(),
            tlp: None,
            skip: Vec::new(),
        }
    }
}

impl Default for KindSource {
    fn default() -> Self {
        Self::All(ListKind::Guess)
    }
}

impl Default for ListLimits {
    fn default() -> Self {
        Self {
            bytes: 256 << 20,
            document: 64 << 20,
            line: 64 << 10,
            record: 1 << 20,
            records: 10_000_000,
            rejects: 100,
        }
    }
}

impl From<OneOrMany> for Places {
    fn from(places: OneOrMany) -> Self {
        match places {
            OneOrMany::One(place) => Self(vec![place]),
            OneOrMany::Many(places) => Self(places),
        }
    }
}

fn every() -> Duration {
    Duration::from_secs(3_600)
}

fn comma() -> u8 {
    b','
}

fn number_sign() -> u8 {
    b'#'
}

/// One character that is one byte: what is none would stand in the middle of letters of other scripts.
fn ascii<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let letter = char::deserialize(deserializer)?;
    match u8::try_from(letter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err(de::Error::custom(format!(
            "`{}` cannot separate columns or begin comments: give an ASCII character that is no quote",
            letter.escape_debug()
        ))),
    }
}

mod span {
    use std::time::Duration;

    use autosec_core::time::human;
    use serde::Deserializer;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        human::deserialize(deserializer).map(Some)
    }
}
