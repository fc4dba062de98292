//! The syntax tree, as close to what was written as diagnostics need: names are not resolved, kinds are not known, and
//! each word that may turn out wrong knows its place. [`Display`](fmt::Display) gives a text that parses to the same tree.

use std::fmt::{self, Write as _};
use std::ops::Range;

use ipnet::IpNet;

use crate::net;

/// An expression. `All` and `Any` hold at least two parts; one directly inside itself was in parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

/// A statement about one field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) field: Spanned<String>,
    /// `lower(field)`: the case of ASCII letters does not matter.
    pub(crate) lower: bool,
    /// Where the operator stands.
    pub(crate) operator: Spanned<()>,
    pub(crate) check: Check,
}

/// | variant | written |
/// |---|---|
/// | `Exists` | `exists(field)` |
/// | `True` | `field` by itself |
/// | `Compare` | `field == 5`, also `eq` and the like |
/// | `In` | `field in { "a" "b" }`, `field in 10.0.0.0/8` |
/// | `InList` | `field in $list` |
/// | `Find` | `field contains "x"`, `starts_with`, `ends_with`, each also with a set |
/// | `Matches` | `field matches r"…"` |
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    Exists,
    True,
    Compare(Comparison, Spanned<Literal>),
    In(Vec<Spanned<Literal>>),
    InList(Spanned<String>),
    Find(Place, Vec<Spanned<String>>),
    Matches(Spanned<String>),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a text is looked for in a field's value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Boolean(bool),
    Float(f64),
    Integer(i64),
    Network(IpNet),
    /// Both ends belong to it.
    Range(i64, i64),
    Text(String),
}

/// Something with the byte range it was written in; the range does not count when two are compared.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) node: T,
    pub(crate) span: Range<usize>,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Comparison {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks which of two is greater.
    pub(crate) fn is_order(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::NotEqual)
    }

    /// Whether `left` stands in this relation to `right`; never true of a number that is none.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right && left.partial_cmp(right).is_some(),
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }
}

impl Place {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Place::Anywhere => "contains",
            Place::Start => "starts_with",
            Place::End => "ends_with",
        }
    }
}

/// The expression in a form that parses to the same expression.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::All(parts) => joined(f, parts, " and ", |part| matches!(part, Expr::All(_) | Expr::Any(_))),
            Expr::Any(parts) => joined(f, parts, " or ", |part| matches!(part, Expr::Any(_))),
            Expr::Not(part) if matches!(**part, Expr::All(_) | Expr::Any(_)) => write!(f, "not ({part})"),
            Expr::Not(part) => write!(f, "not {part}"),
            Expr::Test(test) => write!(f, "{test}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str, wrapped: fn(&Expr) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { word })?;
        if wrapped(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.lower { format!("lower({})", self.field.node) } else { self.field.node.clone() };
        match &self.check {
            Check::Exists => write!(f, "exists({field})"),
            Check::True => f.write_str(&field),
            Check::Compare(comparison, literal) => {
                write!(f, "{field} {} {}", comparison.symbol(), literal.node)
            }
            Check::In(members) => {
                write!(f, "{field} in {{")?;
                members.iter().try_for_each(|member| write!(f, " {}", member.node))?;
                f.write_str(" }")
            }
            Check::InList(list) => write!(f, "{field} in ${}", list.node),
            Check::Find(place, texts) => match texts.as_slice() {
                [text] => write!(f, "{field} {} {}", place.word(), Quoted(&text.node)),
                texts => {
                    write!(f, "{field} {} {{", place.word())?;
                    texts.iter().try_for_each(|text| write!(f, " {}", Quoted(&text.node)))?;
                    f.write_str(" }")
                }
            },
            Check::Matches(pattern) => write!(f, "{field} matches {}", Quoted(&pattern.node)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Boolean(truth) => write!(f, "{truth}"),
            Literal::Float(number) => write!(f, "{number:?}"),
            Literal::Integer(number) => write!(f, "{number}"),
            Literal::Network(network) => f.write_str(&net::display(*network)),
            Literal::Range(first, last) => write!(f, "{first}..{last}"),
            Literal::Text(text) => Quoted(text).fmt(f),
        }
    }
}

/// A text as a literal of the language.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
