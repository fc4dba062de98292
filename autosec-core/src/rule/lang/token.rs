use std::ops::Range;

use ipnet::IpNet;

use super::ast::Comparison;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    And,
    Or,
    Not,
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    Comparison(Comparison),
    /// Symbols that look like an operator but are none: `=`, `=~`.
    Strange,
    /// A field name, or a word of the language.
    Word,
    /// `$name`
    List,
    Text(String),
    Integer(i64),
    Float(f64),
    Network(IpNet),
    Range(i64, i64),
    End,
}
