//! A pattern as it was written, with the place of each literal.

use std::ops::Range;

/// Something and the bytes of the pattern it was read from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spanned<T> {
    pub(super) node: T,
    pub(super) span: Range<usize>,
}

/// Observation expressions. Chains of one operator are flat: each operator is associative.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// `[…]`
    Observation(Compare),
    /// `(…)`
    Group(Box<Expr>),
    /// `AND`
    All(Vec<Expr>),
    /// `OR`
    Any(Vec<Expr>),
    /// `FOLLOWEDBY`
    Then(Vec<Expr>),
    /// `REPEATS n TIMES`
    Repeats(Box<Expr>, Spanned<Number>),
    /// `WITHIN n SECONDS`
    Within(Box<Expr>, Spanned<Number>),
    /// `START … STOP …`
    During(Box<Expr>, Spanned<String>, Spanned<String>),
}

/// What stands between `[` and `]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Compare {
    All(Vec<Compare>),
    Any(Vec<Compare>),
    Test(Test),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Test {
    pub(super) path: Path,
    pub(super) negated: bool,
    pub(super) check: Check,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// The type of the object, such as `ipv4-addr`.
    pub(super) object: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Key(String),
    /// `[n]`; none for a negative or a huge index, which selects nothing.
    Index(Option<usize>),
    /// `[*]`
    Any,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Check {
    Compare(Comparison, Spanned<Literal>),
    In(Spanned<Vec<Spanned<Literal>>>),
    Like(Spanned<String>),
    Matches(Spanned<String>),
    IsSubset(Spanned<String>),
    IsSuperset(Spanned<String>),
    Exists,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A literal; a timestamp is still text, since not every one that can be written exists.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Boolean(bool),
    Bytes(Vec<u8>),
    Number(Number),
    Text(String),
    Time(String),
}

/// Integers that fit are exact; larger ones are the nearest float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl Compare {
    /// Every test, in the order they were written.
    pub(super) fn tests(&self) -> Vec<&Test> {
        match self {
            Compare::All(parts) | Compare::Any(parts) => parts.iter().flat_map(Compare::tests).collect(),
            Compare::Test(test) => vec![test],
        }
    }
}

impl Expr {
    /// Every bracketed observation, in the order they were written.
    pub(super) fn observations(&self) -> Vec<&Compare> {
        match self {
            Expr::Observation(compare) => vec![compare],
            Expr::All(parts) | Expr::Any(parts) | Expr::Then(parts) => {
                parts.iter().flat_map(Expr::observations).collect()
            }
            Expr::Group(inner)
            | Expr::Repeats(inner, _)
            | Expr::Within(inner, _)
            | Expr::During(inner, ..) => inner.observations(),
        }
    }
}
