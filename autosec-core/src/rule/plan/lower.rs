use super::glob::Glob;
use super::predicate::Atom;
use super::relation::Relation;
use super::search::Needle;
use super::test::Test;
use super::text::{Affixes, TextSet};
use crate::net::disjoint;
use crate::rule::lang::ast::Place;
use crate::rule::lang::condition::Fact;

use super::intern::Question;

impl Atom {
    /// Prepares a question to be asked of events.
    pub(super) fn new(question: Question) -> Self {
        match question {
            Question::Field(field, fact) => Self::Field(field, test(fact)),
            Question::Spelled(field, fact) => Self::Spelled(field, test(fact)),
            Question::Anywhere(fact) => Self::Anywhere(test(fact)),
            Question::Related { left, right, place, fold } => {
                Self::Related { left, right, relation: Relation::new(place, fold) }
            }
            Question::Before(time) => Self::Before(time),
        }
    }
}

fn test(fact: Fact) -> Test {
    match fact {
        Fact::Exists => Test::Exists,
        Fact::Boolean(truth) => Test::Boolean(truth),
        Fact::Integer(comparison, number) => Test::Integer(comparison, number),
        Fact::IntegerIn(ranges) => Test::IntegerIn(disjoint(ranges).into_boxed_slice()),
        Fact::Float(comparison, number) => Test::Float(comparison, number),
        Fact::Address { is, negated } => Test::Address { is, negated },
        Fact::AddressIn(set) => Test::AddressIn(set),
        Fact::Listed { list, fold } => Test::Listed { list, fold },
        Fact::Text { is, negated, fold } => Test::Text { is: is.into_boxed_str(), negated, fold },
        Fact::TextIn { texts, fold } => Test::TextIn(TextSet::new(texts, fold)),
        Fact::Find { place: Place::Start, texts, fold } => Test::Starts(Affixes::new(texts, fold)),
        Fact::Find { place: Place::End, texts, fold } => Test::Ends(Affixes::new(texts, fold)),
        Fact::Find { place: Place::Anywhere, texts, fold } => {
            Test::Contains(texts.iter().map(|text| Needle::new(text.as_bytes(), fold)).collect())
        }
        Fact::Matches(regex) => Test::Matches(regex),
        Fact::Glob { pieces, fold } => Test::Glob(Glob::new(pieces, fold)),
        Fact::Number(comparison, number) => Test::Number(comparison, number),
        Fact::Part(part, number) => Test::Part(part, number),
    }
}
