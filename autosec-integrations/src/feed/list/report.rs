use std::fmt;
use std::io;

/// What became of a list's records.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListReport {
    /// Records that were seen; comments and empty lines are none.
    pub records: u64,
    /// Indicators that were handed on, those that take something back among them.
    pub indicators: u64,
    /// Records that the settings leave out.
    pub skipped: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// The first of them.
    pub rejects: Vec<Reject>,
}

/// A record that could not be used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reject {
    /// Its line where records are lines, or else its number; from 1. Of columns it is the line after the record before, so
    /// comments between the two count with it.
    pub at: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Why a list was not read to its end. What was read before was handed on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The input could not be read.
    #[error("cannot read the list")]
    Io(#[from] io::Error),
    /// It is larger than the limits allow.
    #[error("the list has more than {0} bytes, which is the limit")]
    Large(u64),
    /// It has more records than the limits allow.
    #[error("the list has more than {0} records, which is the limit")]
    TooMany(u64),
    /// A page for people came in place of the list, as when a login or a payment is missing.
    #[error("the answer is a web page and not a list: see whether the address and the key are right")]
    WebPage,
    /// It is written in 16-bit letters.
    #[error("the list is in UTF-16: have it converted to UTF-8")]
    Utf16,
    /// It is no JSON, or cut short.
    #[error("the list is no whole JSON document: {0}")]
    Json(String),
    /// It has nothing where its settings say that its items are, as when a service answers with an error of its own.
    #[error(
        "the document has no `{0}`: see whether it is an error message, or `items` of the settings are wrong"
    )]
    Missing(String),
    /// A quote is opened in the record that begins at this line, and not closed.
    #[error(
        "a quote that is opened in the record of line {0} is not closed: the list is damaged or cut short"
    )]
    Unclosed(u64),
    /// Something stands there, and none of it is a value: it is another list, or in another shape.
    #[error("none of the {rejected} records of the list can be used; the first is wrong so: {first}")]
    NothingUsable {
        /// How many there are.
        rejected: u64,
        /// What is wrong with the first one.
        first: String,
    },
}

impl ListReport {
    pub(super) fn reject(&mut self, at: u64, why: String, limit: usize) {
        self.rejected += 1;
        if self.rejects.len() < limit.max(1) {
            self.rejects.push(Reject { at, why });
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: {}", self.at, self.why)
    }
}
