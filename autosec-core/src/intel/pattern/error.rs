//! What can be wrong with a pattern, and its stable code: one is never given another meaning, a new kind of mistake gets a
//! new number.

use std::fmt;
use std::ops::Range;

use crate::entity::printable;

/// Why a pattern is refused: a stable code, the place and what would be right.
///
/// ```
/// use autosec_core::intel::pattern::Pattern;
///
/// let error = Pattern::parse("[domain-name:value = example]").unwrap_err();
/// assert_eq!((error.code(), error.position()), ("P001", (1, 22)));
/// assert_eq!(error.help_line(), Some("texts stand in single quotes"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PatternError {
    code: Code,
    title: String,
    line: usize,
    column: usize,
    help: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Code {
    Syntax,
    UnclosedText,
    BadEscape,
    BadTime,
    BadBytes,
    StrangeCharacter,
    LongPattern,
    DeepPattern,
    ManyParts,
    TwiceQualified,
    BadHash,
    MixedSet,
    NoSuchTime,
    BadQualifier,
    BadRegex,
    UnsupportedRegex,
    BadNetwork,
    NotPlain,
}

/// Every code with what it means. Codes are never reused.
pub const PATTERN_CODES: &[(&str, &str)] = &[
    ("P001", "the pattern is not of the form the language has"),
    ("P002", "a text or a comment is not closed"),
    ("P003", "a text holds an escape sequence other than `\\'` and `\\\\`"),
    ("P004", "a timestamp is not of the form t'2026-11-22T14:02:11.5Z', or a part of it is out of range"),
    ("P005", "a hexadecimal or base64 literal is malformed"),
    ("P006", "a character that starts nothing in the language"),
    ("P007", "the pattern is longer than 256 KiB"),
    ("P008", "the pattern is nested deeper than 64 levels"),
    (
        "P009",
        "the pattern has more than 10,000 tests, a set more than 10,000 members, or a path more than 64 steps",
    ),
    ("P010", "an observation has two qualifiers of one kind, which STIX 2.1 refuses"),
    ("P011", "a hash is not of the length or the alphabet of its algorithm"),
    ("P012", "a set mixes texts, numbers, booleans, bytes or timestamps"),
    ("P013", "a timestamp names a day or a second that no calendar has"),
    ("P014", "REPEATS 0 TIMES, or WITHIN a span that is not above 0"),
    ("P015", "the regular expression is malformed or compiles to more than 1 MiB"),
    ("P016", "the regular expression needs look-around or back-references, which take unbounded time"),
    ("P017", "the operand of ISSUBSET or ISSUPERSET is neither an address nor a prefix"),
    ("P018", "the pattern is not plain: it needs the matcher and cannot become indicators of an index"),
];

impl PatternError {
    pub(super) fn placed(issue: Issue, text: &str) -> Self {
        let at = text.floor_char_boundary(issue.span.start.min(text.len()));
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            code: issue.code,
            title: issue.title,
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            help: issue.help,
        }
    }

    /// The stable code, such as `P001`; [`PATTERN_CODES`] says what each means.
    pub fn code(&self) -> &'static str {
        PATTERN_CODES.get(self.code as usize).map_or("P000", |(code, _)| code)
    }

    /// What is wrong, in one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The line and the column (in characters), both from 1.
    pub fn position(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// What would be right, if that can be said.
    pub fn help_line(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl std::error::Error for PatternError {}

/// One line, such as ``P001 at 1:22: expected a value, found `example`; texts stand in single quotes``.
impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}:{}: {}", self.code(), self.line, self.column, self.title)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

/// Something wrong, with the byte range of the pattern that it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Issue {
    code: Code,
    title: String,
    span: Range<usize>,
    help: Option<String>,
}

impl Issue {
    pub(super) fn new(code: Code, title: impl Into<String>, span: Range<usize>) -> Self {
        Self { code, title: title.into(), span, help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The user's text as it is quoted in a message.
pub(super) fn quoted(text: &str) -> String {
    let short = text.char_indices().nth(64).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", printable(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_line_up_with_their_table() {
        let text = |code| PatternError::placed(Issue::new(code, "x", 0..0), "").code();
        assert_eq!(text(Code::Syntax), "P001");
        assert_eq!(text(Code::TwiceQualified), "P010");
        assert_eq!(text(Code::NotPlain), "P018");
        assert_eq!(PATTERN_CODES.len(), Code::NotPlain as usize + 1);
    }

    #[test]
    fn tells_the_place() {
        let place = |at| PatternError::placed(Issue::new(Code::Syntax, "x", at..at), "ä\nbc").position();
        assert_eq!([0, 1, 3, 4, 99].map(place), [(1, 1), (1, 1), (2, 1), (2, 2), (2, 3)]);
    }
}
