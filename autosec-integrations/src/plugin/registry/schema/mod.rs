//! Is a configuration what the plugin says it takes?
//!
//! A plugin describes its configuration in JSON Schema. The part of it that settings need is checked here, before the plugin
//! sees anything, so that a mistake is said with its place and without a device:
//!
//! | of | keywords |
//! |---|---|
//! | any value | `type`, `enum`, `const`, `anyOf`, `oneOf`, `allOf` |
//! | objects | `properties`, `required`, `additionalProperties` |
//! | lists | `items`, `minItems`, `maxItems` |
//! | texts | `minLength`, `maxLength`, `pattern` |
//! | numbers | `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` |
//!
//! A keyword that would refuse values and is not among them makes the schema itself an error: what is not checked must not look
//! as if it were. Words that only describe (`title`, `description`, `default`, `format`, …) are passed over, as the standard
//! wants it.

mod check;
mod read;

use std::fmt;

pub(super) use read::Schema;

/// A schema that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is larger than 256 KiB, nested deeper than 32 times, or has more than 32 patterns.
    #[error(
        "the plugin's schema is larger than 256 KiB, nested deeper than 32 times or has more than 32 patterns"
    )]
    TooLarge,
    /// It is no JSON.
    #[error("the plugin's schema is no JSON: {reason}")]
    Syntax {
        /// The reader's words.
        reason: String,
    },
    /// It uses a keyword that this host does not check.
    #[error("the plugin's schema uses `{keyword}` at `{at}`, which this host does not check: use the others")]
    Unsupported {
        /// The keyword.
        keyword: String,
        /// Where, as a JSON pointer.
        at: String,
    },
    /// A keyword has a value of another kind than it takes.
    #[error("the plugin's schema has no {expected} at `{at}`")]
    Malformed {
        /// What was expected.
        expected: &'static str,
        /// Where, as a JSON pointer.
        at: String,
    },
}

/// One mistake in a configuration.
///
/// It names the place and what is expected there, and never the value, which may have been meant for a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Mistake {
    /// Where, as a JSON pointer; empty for the whole.
    pub at: String,
    /// What is expected there.
    pub expected: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "/" } else { &self.at };
        write!(f, "`{at}`: {}", self.expected)
    }
}
