use std::net::IpAddr;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use regex::Regex;

use super::glob::Glob;
use super::search::FoldFinder;
use super::spelling::{Relation, compares, is_part, with_spelling};
use super::text::{Affixes, TextSet, same};
use crate::event::{Event, FieldId, Value};
use crate::net::AddressSet;
use crate::rule::lang::ast::Comparison;
use crate::rule::lang::condition::{Number, TimePart};
use crate::rule::list::NamedList;
use crate::time::Timestamp;

/// A condition that is ready to run: it neither allocates nor fails, and nests no deeper than the language does.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
    Not(Box<Predicate>),
    Field(FieldId, Test),
    /// The test is put to the value as it is spelled.
    Spelled(FieldId, Test),
    /// The test is put to every value of the event as it is spelled.
    Anywhere(Test),
    /// Two fields are compared.
    Related {
        left: FieldId,
        right: FieldId,
        relation: Relation,
    },
    /// The event is older than this.
    Before(Timestamp),
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
    Listed {
        list: Arc<NamedList>,
        fold: bool,
    },
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
    /// Any of a few texts, the case of ASCII letters aside.
    ContainsFolded(Box<[FoldFinder]>),
    Glob(Glob),
    Number(Comparison, Number),
    Part(TimePart, i64),
}

impl Predicate {
    /// Whether the event satisfies it.
    pub(crate) fn matches(&self, event: &Event<'_>) -> bool {
        match self {
            Predicate::All(parts) => parts.iter().all(|part| part.matches(event)),
            Predicate::Any(parts) => parts.iter().any(|part| part.matches(event)),
            Predicate::Not(part) => !part.matches(event),
            Predicate::Field(field, test) => event.get(*field).is_some_and(|value| test.passes(value)),
            Predicate::Spelled(field, test) => {
                event.get(*field).is_some_and(|value| test.passes_spelled(value))
            }
            Predicate::Anywhere(test) => event.fields().any(|(_, value)| test.passes_spelled(value)),
            Predicate::Related { left, right, relation } => event
                .get(*left)
                .zip(event.get(*right))
                .is_some_and(|(left, right)| relation.holds(left, right)),
            Predicate::Before(time) => event.time() < *time,
        }
    }

    /// About how dear it is to run, to run the cheapest first.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().map(Predicate::cost).fold(0, u32::saturating_add)
            }
            Predicate::Not(part) => part.cost(),
            Predicate::Field(_, test) | Predicate::Spelled(_, test) => test.cost(),
            Predicate::Anywhere(test) => test.cost().saturating_mul(20),
            Predicate::Related { .. } => 10,
            Predicate::Before(_) => 1,
        }
    }
}

impl Test {
    /// Whether the value, or any value of a list, passes.
    fn passes(&self, value: &Value<'_>) -> bool {
        matches!(self, Test::Exists) || value.each().iter().any(|value| self.holds(value))
    }

    /// Whether the value as it is spelled, or any value of a list, passes.
    fn passes_spelled(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (_, Value::List(values)) => values.iter().any(|value| self.passes_spelled(value)),
            (Test::Exists, _) => true,
            (Test::AddressIn(set), Value::Address(address)) => set.contains(*address),
            (Test::AddressIn(set), Value::Text(text)) => {
                text.trim().parse().is_ok_and(|address| set.contains(address))
            }
            _ => with_spelling(value, |text| self.holds_text(text)),
        }
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
            (Test::Listed { list, .. }, Value::Address(address)) => list.has_address(*address),
            (Test::Listed { list, .. }, Value::Integer(number)) => list.has_integer(*number),
            (test, Value::Text(text)) => test.holds_text(text),
            _ => false,
        }
    }

    fn holds_text(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self {
            Test::Text { is, negated, fold } => same(is.as_bytes(), bytes, *fold) != *negated,
            Test::TextIn(set) => set.contains(bytes),
            Test::Listed { list, fold } => list.has_text(text, *fold),
            Test::Contains(finder) => finder.find(bytes).is_some(),
            Test::ContainsAny(automaton) => automaton.is_match(bytes),
            Test::Starts(affixes) => affixes.start(bytes),
            Test::Ends(affixes) => affixes.end(bytes),
            Test::Matches(regex) => regex.is_match(text),
            Test::ContainsFolded(finders) => finders.iter().any(|finder| finder.find(bytes).is_some()),
            Test::Glob(glob) => glob.matches(text),
            Test::Number(comparison, number) => compares(text, *comparison, *number),
            Test::Part(part, number) => is_part(text, *part, *number),
            _ => false,
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Test::Exists => 1,
            Test::Boolean(_) | Test::Integer(..) | Test::Float(..) | Test::Address { .. } => 2,
            Test::Text { .. } | Test::IntegerIn(_) => 3,
            Test::TextIn(_) | Test::AddressIn(_) | Test::Starts(_) | Test::Ends(_) => 5,
            Test::Listed { .. } => 8,
            Test::Contains(_) => 15,
            Test::Number(..) => 10,
            Test::ContainsFolded(finders) => {
                15_u32.saturating_mul(u32::try_from(finders.len()).unwrap_or(u32::MAX))
            }
            Test::ContainsAny(_) | Test::Glob(_) => 30,
            Test::Part(..) => 60,
            Test::Matches(_) => 100,
        }
    }
}
