use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

use crate::entity::printable;
use crate::net::AddressSet;
use crate::rule::lang::ast::{Check, Comparison, Literal, Place, Spanned, Test};
use crate::rule::lang::condition::{Fact, Number, Piece, TimePart};

/// So many members of a list are named.
const NAMED: usize = 6;

/// In which language a test is put into words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Language {
    Native,
    Sigma,
}

/// The test of a field as a person would write it; without a field, of any value of the event.
pub(super) fn test(language: Language, field: Option<&str>, fact: &Fact) -> String {
    match language {
        Language::Native => native(field.unwrap_or("any field"), fact),
        Language::Sigma => sigma(field.unwrap_or_default(), fact),
    }
}

/// The comparison of two fields, which Sigma alone has.
pub(super) fn relation(left: &str, right: &str, place: Option<Place>, fold: bool) -> String {
    let place = place.map(modifier).unwrap_or_default();
    format!("{left}|fieldref{place}{}: {right}", if fold { "" } else { "|cased" })
}

fn native(field: &str, fact: &Fact) -> String {
    let (check, lower, left_out) = check(fact);
    let spanned = |node| Spanned { node, span: 0..0 };
    let operator = Spanned { node: (), span: 0..0 };
    let test = Test { field: spanned(field.to_owned()), lower, operator, check };
    let text = test.to_string();
    match text.strip_suffix(" }") {
        Some(open) if left_out > 0 => format!("{open} … {left_out} more }}"),
        _ => text,
    }
}

/// A test of the expression language, whether it is of `lower(…)`, and how many members of its set are left out.
fn check(fact: &Fact) -> (Check, bool, usize) {
    let literal = |literal| Spanned { node: literal, span: 0..0 };
    let compare = |comparison, value| Check::Compare(comparison, literal(value));
    let equal = |negated: bool| if negated { Comparison::NotEqual } else { Comparison::Equal };
    let set =
        |members: &mut dyn Iterator<Item = Literal>| Check::In(members.take(NAMED).map(literal).collect());
    match fact {
        Fact::Exists => (Check::Exists, false, 0),
        Fact::Boolean(true) => (Check::True, false, 0),
        Fact::Boolean(false) => (compare(Comparison::Equal, Literal::Boolean(false)), false, 0),
        Fact::Integer(comparison, number) => (compare(*comparison, Literal::Integer(*number)), false, 0),
        Fact::IntegerIn(ranges) => {
            let mut members = ranges.iter().map(|(first, last)| {
                if first == last { Literal::Integer(*first) } else { Literal::Range(*first, *last) }
            });
            (set(&mut members), false, ranges.len().saturating_sub(NAMED))
        }
        Fact::Float(comparison, number) => (compare(*comparison, Literal::Float(*number)), false, 0),
        Fact::Address { is, negated } => (compare(equal(*negated), Literal::Network((*is).into())), false, 0),
        Fact::AddressIn(addresses) => {
            let left_out = networks(addresses).skip(NAMED).count();
            (set(&mut networks(addresses).map(Literal::Network)), false, left_out)
        }
        Fact::Text { is, negated, fold } => (compare(equal(*negated), text(is)), *fold, 0),
        Fact::TextIn { texts, fold } => {
            (set(&mut texts.iter().map(|it| text(it))), *fold, texts.len().saturating_sub(NAMED))
        }
        Fact::Listed { list, fold } => {
            (Check::InList(Spanned { node: list.name().to_owned(), span: 0..0 }), *fold, 0)
        }
        Fact::Find { place, texts, fold } => {
            let shown = texts.iter().take(NAMED);
            let shown = shown.map(|text| Spanned { node: printable(text).into_owned(), span: 0..0 });
            (Check::Find(*place, shown.collect()), *fold, texts.len().saturating_sub(NAMED))
        }
        Fact::Matches(regex) => {
            let pattern = regex.as_str().strip_prefix("(?i)");
            let shown = printable(pattern.unwrap_or(regex.as_str())).into_owned();
            (Check::Matches(Spanned { node: shown, span: 0..0 }), pattern.is_some(), 0)
        }
        // The language has no words for the others, which come from Sigma alone.
        Fact::Glob { pieces, fold } => (compare(Comparison::Equal, text(&glob(pieces))), *fold, 0),
        Fact::Number(comparison, wanted) => (compare(*comparison, number(*wanted)), false, 0),
        Fact::Part(part, number) => {
            let words = format!("{} {number}", part_name(*part));
            (compare(Comparison::Equal, Literal::Text(words)), false, 0)
        }
    }
}

fn text(text: &str) -> Literal {
    Literal::Text(printable(text).into_owned())
}

fn number(number: Number) -> Literal {
    match number {
        Number::Integer(number) => Literal::Integer(number),
        Number::Float(number) => Literal::Float(number),
    }
}

fn networks(addresses: &AddressSet) -> impl Iterator<Item = IpNet> {
    let (v4, v6) = (addresses.v4(), addresses.v6());
    let v4 = v4.iter().flat_map(|(first, last)| Ipv4Subnets::new((*first).into(), (*last).into(), 0));
    let v6 = v6.iter().flat_map(|(first, last)| Ipv6Subnets::new((*first).into(), (*last).into(), 0));
    v4.map(IpNet::V4).chain(v6.map(IpNet::V6))
}

fn sigma(field: &str, fact: &Fact) -> String {
    let field = if field.is_empty() { "keywords" } else { field };
    let cased = |fold: bool| if fold { "" } else { "|cased" };
    match fact {
        Fact::Exists => format!("{field}: '*'"),
        Fact::AddressIn(addresses) => {
            let shown = networks(addresses).take(NAMED).map(|network| network.to_string());
            let left_out = networks(addresses).skip(NAMED).count();
            format!("{field}|cidr: {}", values(shown.collect(), left_out))
        }
        Fact::Text { is, fold, .. } => format!("{field}{}: {}", cased(*fold), quoted(&printable(is))),
        Fact::TextIn { texts, fold } => {
            let shown = texts.iter().take(NAMED).map(|text| quoted(&printable(text)));
            format!("{field}{}: {}", cased(*fold), values(shown.collect(), texts.len().saturating_sub(NAMED)))
        }
        Fact::Find { place, texts, fold } => {
            let shown = texts.iter().take(NAMED).map(|text| quoted(&printable(text)));
            let values = values(shown.collect(), texts.len().saturating_sub(NAMED));
            format!("{field}{}{}: {values}", modifier(*place), cased(*fold))
        }
        Fact::Matches(regex) => format!("{field}|re: {}", quoted(&printable(regex.as_str()))),
        Fact::Glob { pieces, fold } => {
            let dash = if pieces.contains(&Piece::Dash) { "|windash" } else { "" };
            format!("{field}{dash}{}: {}", cased(*fold), quoted(&printable(&glob(pieces))))
        }
        Fact::Number(comparison, wanted) => format!("{field}{}: {}", order(*comparison), number(*wanted)),
        Fact::Part(part, number) => format!("{field}|{}: {number}", part_name(*part)),
        other => native(field, other),
    }
}

fn values(shown: Vec<String>, left_out: usize) -> String {
    match (shown.as_slice(), left_out) {
        ([only], 0) => only.clone(),
        (shown, 0) => format!("[{}]", shown.join(", ")),
        (shown, left_out) => format!("[{}, … {left_out} more]", shown.join(", ")),
    }
}

/// As YAML has it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn glob(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece.replace('*', r"\*").replace('?', r"\?")),
            Piece::One => text.push('?'),
            Piece::Many => text.push('*'),
            Piece::Dash => text.push('-'),
        }
    }
    text
}

fn modifier(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "|contains",
        Place::Start => "|startswith",
        Place::End => "|endswith",
    }
}

fn order(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "",
        Comparison::NotEqual => "|neq",
        Comparison::Less => "|lt",
        Comparison::LessOrEqual => "|lte",
        Comparison::Greater => "|gt",
        Comparison::GreaterOrEqual => "|gte",
    }
}

fn part_name(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}
