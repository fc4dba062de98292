use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use memchr::memmem::Finder;

use super::glob::Glob;
use super::predicate::{Predicate, Test};
use super::search::FoldFinder;
use super::spelling::Relation;
use super::text::{Affixes, TextSet};
use crate::net::disjoint;
use crate::rule::lang::ast::Place;
use crate::rule::lang::condition::{Condition, Fact};
use crate::rule::list::List;

/// Up to so many texts are searched for one after the other when case does not matter: that takes no memory beside them.
const ONE_BY_ONE: usize = 8;

impl Predicate {
    /// Prepares a condition to run, cheap tests first. Order does not change the answer: tests have no effects.
    ///
    /// Fails if an automaton over a set of texts grows too large, which takes more text than an expression can hold.
    pub(crate) fn new(condition: Condition) -> Result<Self, BuildError> {
        Ok(match condition {
            Condition::All(parts) => Self::All(sorted(parts)?),
            Condition::Any(parts) => Self::Any(sorted(parts)?),
            Condition::Not(part) => Self::Not(Box::new(Self::new(*part)?)),
            Condition::Test(field, fact) => Self::Field(field, test(fact)?),
            Condition::Spelled(field, fact) => Self::Spelled(field, test(fact)?),
            Condition::Anywhere(fact) => Self::Anywhere(test(fact)?),
            Condition::Related { left, right, place, fold } => {
                Self::Related { left, right, relation: Relation::new(place, fold) }
            }
        })
    }
}

fn sorted(parts: Vec<Condition>) -> Result<Box<[Predicate]>, BuildError> {
    let mut parts = parts.into_iter().map(Predicate::new).collect::<Result<Vec<_>, _>>()?;
    parts.sort_by_key(Predicate::cost);
    Ok(parts.into_boxed_slice())
}

fn test(fact: Fact) -> Result<Test, BuildError> {
    Ok(match fact {
        Fact::Exists => Test::Exists,
        Fact::Boolean(truth) => Test::Boolean(truth),
        Fact::Integer(comparison, number) => Test::Integer(comparison, number),
        Fact::IntegerIn(ranges) => Test::IntegerIn(disjoint(ranges).into_boxed_slice()),
        Fact::Float(comparison, number) => Test::Float(comparison, number),
        Fact::Address { is, negated } => Test::Address { is, negated },
        Fact::AddressIn(set) => Test::AddressIn(set),
        Fact::Text { is, negated, fold } => Test::Text { is: is.into_boxed_str(), negated, fold },
        Fact::TextIn { texts, fold } => Test::TextIn(TextSet::new(texts, fold)),
        Fact::Listed { list: List::Addresses(set), .. } => Test::AddressIn(set),
        Fact::Listed { list: List::Texts(texts), fold, .. } => Test::TextIn(TextSet::new(texts, fold)),
        Fact::Find { place: Place::Start, texts, fold } => Test::Starts(Affixes::new(texts, fold)),
        Fact::Find { place: Place::End, texts, fold } => Test::Ends(Affixes::new(texts, fold)),
        Fact::Find { place: Place::Anywhere, texts, fold } => contains(&texts, fold)?,
        Fact::Matches(regex) => Test::Matches(regex),
        Fact::Glob { pieces, fold } => Test::Glob(Glob::new(pieces, fold)),
        Fact::Number(comparison, number) => Test::Number(comparison, number),
        Fact::Part(part, number) => Test::Part(part, number),
    })
}

fn contains(texts: &[String], fold: bool) -> Result<Test, BuildError> {
    if let ([text], false) = (texts, fold) {
        return Ok(Test::Contains(Box::new(Finder::new(text.as_bytes()).into_owned())));
    }
    if fold && texts.len() <= ONE_BY_ONE {
        return Ok(Test::ContainsFolded(texts.iter().map(|text| FoldFinder::new(text.as_bytes())).collect()));
    }
    // A DFA over many texts takes megabytes a rule and is no faster: over all of Sigma's literals it took 468 MB.
    let kind = Some(AhoCorasickKind::ContiguousNFA).filter(|_| texts.len() > ONE_BY_ONE);
    AhoCorasick::builder().ascii_case_insensitive(fold).kind(kind).build(texts).map(Test::ContainsAny)
}
