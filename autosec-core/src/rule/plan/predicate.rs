use std::net::IpAddr;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use regex::Regex;

use super::text::{Affixes, TextSet, same};
use crate::event::{Event, FieldId, Value};
use crate::net::AddressSet;
use crate::rule::lang::ast::Comparison;

/// A condition that is ready to run: it neither allocates nor fails, and nests no deeper than the language does.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
    Not(Box<Predicate>),
    Field(FieldId, Test),
}

/// What is asked of one value. A value of another kind than the test's never passes.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Exists,
    Boolean(bool),
    Integer(Comparison, i64),
    /// Sorted, disjoint ranges, ends included.
    IntegerIn(Box<[(i64, i64)]>),
    Float(Comparison, f64),
    Address {
        is: IpAddr,
        negated: bool,
    },
    AddressIn(Arc<AddressSet>),
    Text {
        is: Box<str>,
        negated: bool,
        fold: bool,
    },
    TextIn(TextSet),
    Contains(Box<Finder<'static>>),
    ContainsAny(AhoCorasick),
    Starts(Affixes),
    Ends(Affixes),
    Matches(Regex),
}

impl Predicate {
    /// Whether the event satisfies it.
    pub(crate) fn matches(&self, event: &Event<'_>) -> bool {
        match self {
            Predicate::All(parts) => parts.iter().all(|part| part.matches(event)),
            Predicate::Any(parts) => parts.iter().any(|part| part.matches(event)),
            Predicate::Not(part) => !part.matches(event),
            Predicate::Field(field, test) => event.get(*field).is_some_and(|value| test.passes(value)),
        }
    }

    /// About how dear it is to run, to run the cheapest first.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => parts.iter().map(Predicate::cost).sum(),
            Predicate::Not(part) => part.cost(),
            Predicate::Field(_, test) => test.cost(),
        }
    }
}

impl Test {
    /// Whether the value, or any value of a list, passes.
    fn passes(&self, value: &Value<'_>) -> bool {
        matches!(self, Test::Exists) || value.each().iter().any(|value| self.holds(value))
    }

    fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Test::Exists, _) => true,
            (Test::Boolean(wanted), Value::Boolean(truth)) => wanted == truth,
            (Test::Integer(comparison, wanted), Value::Integer(number)) => comparison.holds(number, wanted),
            (Test::IntegerIn(ranges), Value::Integer(number)) => {
                let after = ranges.partition_point(|(first, _)| first <= number);
                after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| number <= last)
            }
            (Test::Float(comparison, wanted), Value::Float(number)) => comparison.holds(number, wanted),
            (Test::Float(comparison, wanted), Value::Integer(number)) => {
                comparison.holds(&(*number as f64), wanted)
            }
            (Test::Address { is, negated }, Value::Address(address)) => (is == address) != *negated,
            (Test::AddressIn(set), Value::Address(address)) => set.contains(*address),
            (test, Value::Text(text)) => test.holds_text(text),
            _ => false,
        }
    }

    fn holds_text(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self {
            Test::Text { is, negated, fold } => same(is.as_bytes(), bytes, *fold) != *negated,
            Test::TextIn(set) => set.contains(bytes),
            Test::Contains(finder) => finder.find(bytes).is_some(),
            Test::ContainsAny(automaton) => automaton.is_match(bytes),
            Test::Starts(affixes) => affixes.start(bytes),
            Test::Ends(affixes) => affixes.end(bytes),
            Test::Matches(regex) => regex.is_match(text),
            _ => false,
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Test::Exists => 1,
            Test::Boolean(_) | Test::Integer(..) | Test::Float(..) | Test::Address { .. } => 2,
            Test::Text { .. } | Test::IntegerIn(_) => 3,
            Test::TextIn(_) | Test::AddressIn(_) | Test::Starts(_) | Test::Ends(_) => 5,
            Test::Contains(_) => 15,
            Test::ContainsAny(_) => 30,
            Test::Matches(_) => 100,
        }
    }
}
