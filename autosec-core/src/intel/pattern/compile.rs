//! From a tree to what runs: literals are read, regular expressions compiled, windows handed down to the observations they
//! bound. What is wrong with a pattern whose form is right is found here.

use super::Version;
use super::ast::{self, Compare, Expr, Literal, Path, Spanned};
use super::error::{Code, Issue, quoted};
use super::instant;
use super::network::Network;
use super::program::{Bracket, Condition, Node, Program, Test, Window};
use super::test::{Check, Members, Number, Operand};
use super::text::{TextError, TextTest};
use crate::time::Timestamp;

/// The object types of STIX 2.1 that are no cyber observables: as the type of a pattern they never match.
const DOMAIN_TYPES: [&str; 25] = [
    "attack-pattern",
    "bundle",
    "campaign",
    "course-of-action",
    "extension-definition",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "language-content",
    "location",
    "malware",
    "malware-analysis",
    "marking-definition",
    "note",
    "observed-data",
    "opinion",
    "relationship",
    "report",
    "sighting",
    "threat-actor",
    "tool",
    "vulnerability",
];

pub(super) fn compile(expr: &Expr, version: Version) -> Result<Program, Issue> {
    let mut compiler = Compiler { version, brackets: Vec::new() };
    let root = compiler.node(expr, &[])?;
    Ok(Program { root, brackets: compiler.brackets })
}

struct Compiler {
    version: Version,
    brackets: Vec<Bracket>,
}

impl Compiler {
    fn node(&mut self, expr: &Expr, windows: &[Window]) -> Result<Node, Issue> {
        Ok(match expr {
            Expr::Observation(compare) => {
                self.brackets.push(Bracket { condition: self.condition(compare)?, windows: windows.into() });
                Node::Bracket(self.brackets.len() - 1)
            }
            Expr::Group(inner) => self.node(inner, windows)?,
            Expr::All(parts) => Node::All(self.nodes(parts, windows)?),
            Expr::Any(parts) => Node::Any(self.nodes(parts, windows)?),
            Expr::Then(parts) => Node::Then(self.nodes(parts, windows)?),
            Expr::Repeats(inner, times) => {
                Node::Repeats(Box::new(self.node(inner, windows)?), repeats(times)?)
            }
            Expr::Within(inner, seconds) => {
                Node::Within(Box::new(self.node(inner, windows)?), micros(seconds)?)
            }
            Expr::During(inner, start, stop) => {
                let window = Window { start: time(start)?, stop: time(stop)? };
                let windows: Vec<Window> = windows.iter().copied().chain([window]).collect();
                self.node(inner, &windows)?
            }
        })
    }

    fn nodes(&mut self, parts: &[Expr], windows: &[Window]) -> Result<Vec<Node>, Issue> {
        parts.iter().map(|part| self.node(part, windows)).collect()
    }

    fn condition(&self, compare: &Compare) -> Result<Condition, Issue> {
        let all = |parts: &[Compare]| parts.iter().map(|part| self.condition(part)).collect::<Result<_, _>>();
        Ok(match compare {
            Compare::All(parts) => Condition::All(all(parts)?),
            Compare::Any(parts) => Condition::Any(all(parts)?),
            Compare::Test(test) => Condition::Test(self.test(test)?),
        })
    }

    fn test(&self, test: &ast::Test) -> Result<Test, Issue> {
        let Path { object, steps } = &test.path;
        let is_domain = self.version == Version::V21 && DOMAIN_TYPES.contains(&object.as_str());
        Ok(Test {
            object: (!is_domain).then(|| object.as_str().into()),
            steps: steps.clone(),
            negated: test.negated,
            check: check(&test.check)?,
        })
    }
}

fn check(check: &ast::Check) -> Result<Check, Issue> {
    Ok(match check {
        ast::Check::Compare(comparison, literal) => Check::Compare(*comparison, operand(literal)?),
        ast::Check::In(members) => Check::In(set(members)?),
        ast::Check::Like(text) => Check::Text(Box::new(text_test(text, TextTest::like)?)),
        ast::Check::Matches(text) => Check::Text(Box::new(text_test(text, TextTest::search)?)),
        ast::Check::IsSubset(text) => Check::IsSubset(network(text)?),
        ast::Check::IsSuperset(text) => Check::IsSuperset(network(text)?),
        ast::Check::Exists => Check::Exists,
    })
}

fn operand(literal: &Spanned<Literal>) -> Result<Operand, Issue> {
    Ok(match &literal.node {
        Literal::Boolean(truth) => Operand::Boolean(*truth),
        Literal::Bytes(bytes) => Operand::Bytes(bytes.clone()),
        Literal::Number(number) => Operand::Number(self::number(*number)),
        Literal::Text(text) => Operand::Text(text.clone()),
        Literal::Time(text) => {
            Operand::Time(time(&Spanned { node: text.clone(), span: literal.span.clone() })?)
        }
    })
}

fn number(number: ast::Number) -> Number {
    match number {
        ast::Number::Integer(integer) => Number::Integer(integer.into()),
        ast::Number::Float(float) => Number::Float(float),
    }
}

fn set(members: &Spanned<Vec<Spanned<Literal>>>) -> Result<Members, Issue> {
    let mut set = Members::None;
    for member in &members.node {
        set = match (set, operand(member)?) {
            (Members::None, Operand::Boolean(truth)) => Members::Booleans(vec![truth]),
            (Members::None, Operand::Bytes(bytes)) => Members::Bytes([bytes].into()),
            (Members::None, Operand::Number(number)) => Members::Numbers(vec![number]),
            (Members::None, Operand::Text(text)) => Members::Texts([text].into()),
            (Members::None, Operand::Time(time)) => Members::Times([time].into()),
            (Members::Booleans(held), Operand::Boolean(truth)) => Members::Booleans(with(held, truth)),
            (Members::Bytes(held), Operand::Bytes(bytes)) => Members::Bytes(with(held, bytes)),
            (Members::Numbers(held), Operand::Number(number)) => Members::Numbers(with(held, number)),
            (Members::Texts(held), Operand::Text(text)) => Members::Texts(with(held, text)),
            (Members::Times(held), Operand::Time(time)) => Members::Times(with(held, time)),
            _ => {
                return Err(Issue::new(Code::MixedSet, "the set mixes kinds of values", member.span.clone())
                    .help(
                        "a set holds only texts, only numbers, only booleans, only bytes or only timestamps",
                    ));
            }
        };
    }
    Ok(set)
}

fn with<T, C: Extend<T>>(mut held: C, member: T) -> C {
    held.extend([member]);
    held
}

fn time(text: &Spanned<String>) -> Result<Timestamp, Issue> {
    instant::parse(&text.node).ok_or_else(|| {
        let title = format!("{} names no time", quoted(&text.node));
        Issue::new(Code::NoSuchTime, title, text.span.clone())
            .help("write a day of the calendar and a second below 60, in UTC, such as 2026-11-22T14:02:11Z")
    })
}

fn text_test(
    text: &Spanned<String>,
    build: fn(&str) -> Result<TextTest, TextError>,
) -> Result<TextTest, Issue> {
    build(&text.node).map_err(|error| match error {
        TextError::Malformed(why) => Issue::new(
            Code::BadRegex,
            format!("the expression cannot be used: {}", quoted(&why)),
            text.span.clone(),
        ),
        TextError::Unsupported(what) => {
            let title = format!("the expression needs {what}");
            Issue::new(Code::UnsupportedRegex, title, text.span.clone())
                .help("only what can be searched in linear time is supported")
        }
    })
}

fn network(text: &Spanned<String>) -> Result<Network, Issue> {
    Network::parse(&text.node).ok_or_else(|| {
        let title = format!("{} is neither an address nor a prefix", quoted(&text.node));
        Issue::new(Code::BadNetwork, title, text.span.clone())
            .help("write 198.51.100.0/24 or 2001:db8::/32; a prefix of length 0 is refused")
    })
}

fn repeats(times: &Spanned<ast::Number>) -> Result<u64, Issue> {
    let count = match times.node {
        ast::Number::Integer(count) => u64::try_from(count).ok().filter(|count| *count > 0),
        // As large as this no number of observations is.
        ast::Number::Float(_) => Some(u64::MAX),
    };
    count.ok_or_else(|| {
        Issue::new(Code::BadQualifier, "REPEATS takes a number of at least 1", times.span.clone())
    })
}

/// A span of seconds as microseconds, to the nearest.
fn micros(seconds: &Spanned<ast::Number>) -> Result<i64, Issue> {
    let seconds_held = match seconds.node {
        #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 seconds, a window has no end anyway")]
        ast::Number::Integer(seconds) => seconds as f64,
        ast::Number::Float(seconds) => seconds,
    };
    if seconds_held <= 0.0 {
        return Err(Issue::new(
            Code::BadQualifier,
            "WITHIN takes a span above 0 seconds",
            seconds.span.clone(),
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates; then the window has no end")]
    let micros = (seconds_held * 1e6).round() as i64;
    Ok(micros.min(Timestamp::MAX.as_micros()))
}
