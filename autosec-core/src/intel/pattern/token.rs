use std::ops::Range;

use super::ast::{Comparison, Number};

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name, or a word of the language.
    Word,
    Number(Number),
    /// `'…'`, without its escapes.
    Text(String),
    /// `h'…'` or `b'…'`, decoded.
    Bytes(Vec<u8>),
    /// `t'…'`, of the right form.
    Time(String),
    Comparison(Comparison),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Colon,
    Comma,
    Dot,
    Star,
    End,
}

/// The words that no property or object type can have for a name; `EXISTS` is one of them since 2.1.
pub(super) const WORDS: [&str; 19] = [
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "LIKE",
    "MATCHES",
    "ISSUPERSET",
    "ISSUBSET",
    "LAST",
    "IN",
    "START",
    "STOP",
    "SECONDS",
    "true",
    "false",
    "WITHIN",
    "REPEATS",
    "TIMES",
    "EXISTS",
];
