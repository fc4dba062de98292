use std::net::IpAddr;
use std::sync::Arc;

use regex::Regex;

use super::glob::Glob;
use super::search::Needle;
use super::spelling::{compares, is_part, with_spelling};
use super::text::{Affixes, TextSet, same};
use crate::event::Value;
use crate::net::AddressSet;
use crate::rule::lang::ast::Comparison;
use crate::rule::lang::condition::{Number, TimePart};
use crate::rule::list::NamedList;

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
    Contains(Box<[Needle]>),
    Starts(Affixes),
    Ends(Affixes),
    Matches(Regex),
    Glob(Glob),
    Number(Comparison, Number),
    Part(TimePart, i64),
}

impl Test {
    /// Whether the value, or any value of a list, passes.
    pub(super) fn passes(&self, value: &Value<'_>) -> bool {
        matches!(self, Test::Exists) || value.each().iter().any(|value| self.holds(value))
    }

    /// Whether the value as it is spelled, or any value of a list, passes.
    pub(super) fn passes_spelled(&self, value: &Value<'_>) -> bool {
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
            Test::Contains(needles) => needles.iter().any(|needle| needle.find(bytes).is_some()),
            Test::Starts(affixes) => affixes.start(bytes),
            Test::Ends(affixes) => affixes.end(bytes),
            Test::Matches(regex) => regex.is_match(text),
            Test::Glob(glob) => glob.matches(text),
            Test::Number(comparison, number) => compares(text, *comparison, *number),
            Test::Part(part, number) => is_part(text, *part, *number),
            _ => false,
        }
    }

    /// About how dear it is to run, to run the cheapest first.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Test::Exists => 1,
            Test::Boolean(_) | Test::Integer(..) | Test::Float(..) | Test::Address { .. } => 2,
            Test::Text { .. } | Test::IntegerIn(_) => 3,
            Test::TextIn(_) | Test::AddressIn(_) | Test::Starts(_) | Test::Ends(_) => 5,
            Test::Listed { .. } => 8,
            Test::Number(..) => 10,
            Test::Contains(needles) => {
                15_u32.saturating_mul(u32::try_from(needles.len()).unwrap_or(u32::MAX))
            }
            Test::Glob(_) => 30,
            Test::Part(..) => 60,
            Test::Matches(_) => 100,
        }
    }
}
