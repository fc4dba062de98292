//! One test of a pattern, ready to run, and what it says to a value.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use super::ast::Comparison;
use super::fault::{MatchFault, shown};
use super::instant;
use super::network::Network;
use super::path::Item;
use super::text::TextTest;
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) enum Check {
    Compare(Comparison, Operand),
    In(Members),
    Text(Box<TextTest>),
    IsSubset(Network),
    IsSuperset(Network),
    Exists,
}

/// A literal, ready to be compared with.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Boolean(bool),
    Bytes(Vec<u8>),
    Number(Number),
    Text(String),
    Time(Timestamp),
}

/// The members of a set, which are of one kind.
#[derive(Clone, Debug)]
pub(super) enum Members {
    None,
    Booleans(Vec<bool>),
    Bytes(HashSet<Vec<u8>>),
    Numbers(Vec<Number>),
    Texts(HashSet<String>),
    Times(HashSet<Timestamp>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Integer(i128),
    Float(f64),
}

impl Check {
    /// What the test says to a value, before any NOT; none if the value has no order with the operand at all, which even a
    /// NOT leaves false.
    pub(super) fn asks(&self, item: &Item<'_>) -> Result<Option<bool>, MatchFault> {
        Ok(Some(match self {
            Check::Compare(Comparison::Equal, operand) => operand.equals(item)?,
            Check::Compare(Comparison::NotEqual, operand) => !operand.equals(item)?,
            Check::Compare(comparison, operand) => return operand.is_ordered(*comparison, item),
            Check::In(members) => members.hold(item)?,
            Check::Text(test) => match item {
                Item::Json(Value::String(text)) => test.fits_text(text),
                Item::Bytes(bytes) => test.fits_bytes(bytes),
                _ => false,
            },
            Check::IsSubset(outer) => subset(item, |value| outer.holds(value))?,
            Check::IsSuperset(inner) => subset(item, |value| value.holds(*inner))?,
            Check::Exists => true,
        }))
    }
}

/// A text as a network against the operand; an error where one of them cannot be compared so.
fn subset(item: &Item<'_>, relation: impl Fn(Network) -> Option<bool>) -> Result<bool, MatchFault> {
    let Item::Json(Value::String(text)) = item else { return Ok(false) };
    Network::parse(text).and_then(relation).ok_or_else(|| MatchFault::BadNetwork(shown(text)))
}

impl Operand {
    fn equals(&self, item: &Item<'_>) -> Result<bool, MatchFault> {
        Ok(match (self, item) {
            (Operand::Boolean(a), Item::Json(Value::Bool(b))) => a == b,
            (Operand::Text(a), Item::Json(Value::String(b))) => a == b,
            _ => self.order(item)? == Some(Relation::Ordered(Ordering::Equal)),
        })
    }

    fn is_ordered(&self, comparison: Comparison, item: &Item<'_>) -> Result<Option<bool>, MatchFault> {
        Ok(self.order(item)?.map(|relation| match (relation, comparison) {
            (Relation::Unordered, _) => false,
            (Relation::Ordered(order), Comparison::Less) => order.is_lt(),
            (Relation::Ordered(order), Comparison::LessOrEqual) => order.is_le(),
            (Relation::Ordered(order), Comparison::Greater) => order.is_gt(),
            (Relation::Ordered(order), Comparison::GreaterOrEqual) => order.is_ge(),
            (Relation::Ordered(order), Comparison::Equal) => order.is_eq(),
            (Relation::Ordered(order), Comparison::NotEqual) => order.is_ne(),
        }))
    }

    /// How the value stands to the operand; none if their kinds cannot be compared.
    fn order(&self, item: &Item<'_>) -> Result<Option<Relation>, MatchFault> {
        let order = match (self, item) {
            (Operand::Text(operand), Item::Json(Value::String(value))) => value.as_str().cmp(operand),
            (Operand::Number(operand), Item::Json(Value::Number(value))) => {
                return Ok(Number::read(value).map(|value| Relation::from(value.order(*operand))));
            }
            (Operand::Bytes(operand), Item::Bytes(value)) => value.as_ref().cmp(operand),
            (Operand::Bytes(operand), Item::Json(Value::String(value))) => {
                return Ok(Some(Relation::from(latin_order(value, operand))));
            }
            (Operand::Text(operand), Item::Bytes(value)) => {
                return Ok(Some(Relation::from(latin_order(operand, value).map(Ordering::reverse))));
            }
            (Operand::Time(operand), Item::Json(Value::String(value))) => time(value)?.cmp(operand),
            _ => return Ok(None),
        };
        Ok(Some(Relation::Ordered(order)))
    }
}

/// Two values of kinds that can be compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Relation {
    Ordered(Ordering),
    /// These two cannot: a text with characters that no byte is, and bytes.
    Unordered,
}

impl From<Option<Ordering>> for Relation {
    fn from(order: Option<Ordering>) -> Self {
        order.map_or(Relation::Unordered, Relation::Ordered)
    }
}

impl Members {
    fn hold(&self, item: &Item<'_>) -> Result<bool, MatchFault> {
        Ok(match (self, item) {
            (Members::Booleans(members), Item::Json(Value::Bool(value))) => members.contains(value),
            (Members::Bytes(members), Item::Bytes(value)) => members.contains(value.as_ref()),
            (Members::Numbers(members), Item::Json(Value::Number(value))) => {
                let value = Number::read(value);
                let is =
                    |member: &Number| value.and_then(|value| value.order(*member)) == Some(Ordering::Equal);
                members.iter().any(is)
            }
            (Members::Texts(members), Item::Json(Value::String(value))) => members.contains(value),
            (Members::Times(members), Item::Json(Value::String(value))) => members.contains(&time(value)?),
            _ => false,
        })
    }
}

fn time(text: &str) -> Result<Timestamp, MatchFault> {
    instant::parse(text).ok_or_else(|| MatchFault::BadTime(shown(text)))
}

/// A text against bytes, each character as the byte of its number; none if one is no byte.
fn latin_order(text: &str, bytes: &[u8]) -> Option<Ordering> {
    let is_latin = text.chars().all(|c| u32::from(c) < 256);
    is_latin.then(|| text.chars().map(u32::from).cmp(bytes.iter().map(|byte| u32::from(*byte))))
}

impl Number {
    fn read(number: &serde_json::Number) -> Option<Self> {
        let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        integer.map(Number::Integer).or_else(|| number.as_f64().map(Number::Float))
    }

    /// Exact, whatever the kinds: an integer is never rounded.
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Integer(a), Number::Float(b)) => order(a, b),
            (Number::Float(a), Number::Integer(b)) => order(b, a).map(Ordering::reverse),
        }
    }
}

fn order(integer: i128, float: f64) -> Option<Ordering> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and integers read from JSON lie within ±2^64"
    )]
    let whole = float.trunc() as i128;
    (!float.is_nan()).then(|| integer.cmp(&whole).then_with(|| 0.0_f64.total_cmp(&(float - float.trunc()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_integers_and_floats_exactly() {
        assert_eq!(order(5, 5.0), Some(Ordering::Equal));
        assert_eq!(order(-5, -5.5), Some(Ordering::Greater));
        assert_eq!(order(5, 5.5), Some(Ordering::Less));
        assert_eq!(order(9_007_199_254_740_993, 9_007_199_254_740_992.0), Some(Ordering::Greater));
        assert_eq!(order(i128::from(u64::MAX), 1e300), Some(Ordering::Less));
        assert_eq!(order(0, -0.0), Some(Ordering::Equal));
    }

    #[test]
    fn compares_text_with_bytes_as_latin() {
        assert_eq!(latin_order("é", &[0xe9]), Some(Ordering::Equal));
        assert_eq!(latin_order("ă", &[0xe9]), None);
        assert_eq!(latin_order("ab", b"abc"), Some(Ordering::Less));
    }
}
