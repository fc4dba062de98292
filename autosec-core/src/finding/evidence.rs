use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::entity::{PRINTABLE_LIMIT, printable};
use crate::time::human;

/// One fact that supports a finding. Texts are bounded and free of control characters when displayed.
///
/// Evidence quotes what strangers chose (paths, user names, user agents), and is shown in terminals and written to logs.
/// So a value is cut when it is taken in, and control characters are escaped when it is displayed.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::finding::Evidence;
///
/// let window = Evidence::Window {
///     what: "events".into(),
///     observed: 7,
///     threshold: 5,
///     within: Duration::from_secs(600),
/// };
/// assert_eq!(window.to_string(), "7 events within 10m (it takes 5)");
/// assert_eq!(Evidence::field("user.name", "eve\u{1b}[2J").to_string(), r"user.name = eve\u{1b}[2J");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Evidence {
    /// A field of the event and its value.
    Field {
        /// The field's name; shared, so that a finding costs no copy of it.
        name: Arc<str>,
        /// Its value, at most [`Evidence::LIMIT`] bytes.
        value: String,
    },
    /// Something counted over a window of event time.
    Window {
        /// What was counted, such as `events` or `distinct user.name`.
        what: Cow<'static, str>,
        /// How many there were.
        observed: u64,
        /// How many it takes.
        threshold: u64,
        /// The length of the window.
        #[serde(with = "human")]
        within: Duration,
    },
    /// Something measured over a window of event time.
    Measure {
        /// What was measured, such as `sum of http.response.bytes`.
        what: Cow<'static, str>,
        /// What it is.
        observed: f64,
        /// What it takes, such as `at least 5000`.
        takes: Arc<str>,
        /// The length of the window.
        #[serde(with = "human")]
        within: Duration,
    },
    /// Events that together mean something.
    Sequence {
        /// What happened, such as `3 steps in order`.
        what: Cow<'static, str>,
        /// How long it may take.
        #[serde(with = "human")]
        within: Duration,
    },
    /// What one part adds to a score; all of a finding's contributions add up to the score that it speaks of.
    Contribution {
        /// The part, such as `travel` or a model's column.
        what: Cow<'static, str>,
        /// What it adds, in the unit of the score (its analytic says which); below 0 it speaks for the ordinary.
        adds: f64,
        /// Why, for a person, such as `4100 km in 20m`; at most [`Evidence::LIMIT`] bytes if made by
        /// [`Evidence::contribution`].
        why: String,
    },
    /// A value that somebody says is bad.
    Indicator {
        /// The indicator's id.
        id: Arc<str>,
        /// Who says so.
        source: Arc<str>,
        /// The value as it is listed, which may be a prefix or a domain around what was seen.
        value: String,
        /// How sure the source was, 0 to 1.
        stated: f64,
        /// What of it is left at the time of the event, 0 to 1.
        left: f64,
    },
    /// A value is on a list of such that are harmless or too common.
    Warninglist {
        /// The list's name.
        list: Arc<str>,
        /// What follows, such as `not acted upon`.
        effect: Cow<'static, str>,
    },
    /// A value that was not seen before.
    New {
        /// Of which field, such as `source.geo.country_iso_code`.
        what: Cow<'static, str>,
        /// How many others are known.
        known: u64,
    },
}

impl Evidence {
    /// The longest value kept, in bytes; longer ones are cut and end in `…`.
    pub const LIMIT: usize = PRINTABLE_LIMIT;

    /// A field and its value, cut to [`Evidence::LIMIT`].
    pub fn field(name: impl Into<Arc<str>>, value: &str) -> Self {
        let kept = value.get(..value.floor_char_boundary(Self::LIMIT)).unwrap_or(value);
        // Cut before it is copied: values may be long.
        let mark = if kept.len() < value.len() { "…" } else { "" };
        Self::Field { name: name.into(), value: [kept, mark].concat() }
    }

    /// [`Evidence::field`] of a text that need not be copied.
    pub(crate) fn owned_field(name: Arc<str>, value: String) -> Self {
        Self::Field { name, value: cut(value) }
    }

    /// A part of a score, with a reason cut to [`Evidence::LIMIT`].
    pub fn contribution(what: impl Into<Cow<'static, str>>, adds: f64, why: impl Into<String>) -> Self {
        Self::Contribution { what: what.into(), adds, why: cut(why.into()) }
    }
}

fn cut(mut text: String) -> String {
    if text.len() > Evidence::LIMIT {
        text.truncate(text.floor_char_boundary(Evidence::LIMIT));
        text.push('…');
    }
    text
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Field { name, value } => write!(f, "{} = {}", printable(name), printable(value)),
            Evidence::Window { what, observed, threshold, within } => {
                let (what, within) = (printable(what), human::format(*within));
                write!(f, "{observed} {what} within {within} (it takes {threshold})")
            }
            Evidence::Measure { what, observed, takes, within } => {
                let (what, takes, within) = (printable(what), printable(takes), human::format(*within));
                write!(f, "{what} is {observed} within {within} (it takes {takes})")
            }
            Evidence::Sequence { what, within } => {
                write!(f, "{} within {}", printable(what), human::format(*within))
            }
            Evidence::Contribution { what, adds, why } => {
                write!(f, "{} adds {adds:.2}: {}", printable(what), printable(why))
            }
            Evidence::Indicator { id, source, value, stated, left } => {
                let (id, source, value) = (printable(id), printable(source), printable(value));
                write!(f, "{value} is listed by {source} as `{id}` (confidence {stated:.2}, {left:.2} now)")
            }
            Evidence::Warninglist { list, effect } => {
                write!(f, "on the warninglist `{}`: {}", printable(list), printable(effect))
            }
            Evidence::New { what, known } => write!(f, "{} is new ({known} known)", printable(what)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_printable() {
        let long = "ä".repeat(500);
        let Evidence::Field { value, .. } = Evidence::field("url.path", &long) else { unreachable!() };
        assert!(value.len() <= Evidence::LIMIT + '…'.len_utf8());
        let part = Evidence::contribution("travel", 2.306, "a\u{7}b");
        assert_eq!(part.to_string(), r"travel adds 2.31: a\u{7}b");
        assert_eq!(Evidence::field("user.name", "\u{1b}[2J\n").to_string(), r"user.name = \u{1b}[2J\n");
    }
}
