use super::relation::Relation;
use super::test::Test;
use crate::event::{Event, FieldId};

use crate::time::Timestamp;

/// A condition that is ready to run. It nests no deeper than the language does; no part of an `All` is an `All`, and of
/// an `Any` an `Any`.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    All(Box<[Predicate]>),
    Any(Box<[Predicate]>),
    Not(Box<Predicate>),
    /// The number of an atom of the program.
    Atom(u32),
}

/// A single question about an event, which any number of conditions may share. It neither allocates nor fails.
#[derive(Clone, Debug)]
pub(crate) enum Atom {
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

impl Predicate {
    /// Whether it holds if `holds` says so of its atoms, which are asked from left to right and only as far as needed.
    #[inline]
    pub(super) fn holds(&self, holds: &mut impl FnMut(u32) -> bool) -> bool {
        match self {
            Predicate::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Predicate::Any(parts) => parts.iter().any(|part| part.holds(holds)),
            Predicate::Not(part) => !part.holds(holds),
            Predicate::Atom(atom) => holds(*atom),
        }
    }

    /// Sorts parts so that the cheapest run first, which changes no answer because tests have no effects; gives the cost.
    pub(super) fn sort(&mut self, cost: &impl Fn(u32) -> u32) -> u32 {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => {
                let mut sum = 0_u32;
                let owned = std::mem::take(parts).into_vec().into_iter().map(|mut part| {
                    let dear = part.sort(cost);
                    sum = sum.saturating_add(dear);
                    (dear, part)
                });
                let mut priced: Vec<_> = owned.collect();
                priced.sort_by_key(|(dear, _)| *dear);
                *parts = priced.into_iter().map(|(_, part)| part).collect();
                sum
            }
            Predicate::Not(part) => part.sort(cost),
            Predicate::Atom(atom) => cost(*atom),
        }
    }

    /// Tells `visit` every atom, as often as it stands there.
    pub(super) fn atoms(&self, visit: &mut impl FnMut(u32)) {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => parts.iter().for_each(|part| part.atoms(visit)),
            Predicate::Not(part) => part.atoms(visit),
            Predicate::Atom(atom) => visit(*atom),
        }
    }
}

impl Atom {
    /// Whether it is true of the event.
    pub(crate) fn matches(&self, event: &Event<'_>) -> bool {
        match self {
            Atom::Field(field, test) => event.get(*field).is_some_and(|value| test.passes(value)),
            Atom::Spelled(field, test) => event.get(*field).is_some_and(|value| test.passes_spelled(value)),
            Atom::Anywhere(test) => event.fields().any(|(_, value)| test.passes_spelled(value)),
            Atom::Related { left, right, relation } => event
                .get(*left)
                .zip(event.get(*right))
                .is_some_and(|(left, right)| relation.holds(left, right)),
            Atom::Before(time) => event.time() < *time,
        }
    }

    /// The field that it is about, if it is about one.
    pub(super) fn field(&self) -> Option<FieldId> {
        match self {
            Atom::Field(field, _) | Atom::Spelled(field, _) => Some(*field),
            Atom::Anywhere(_) | Atom::Related { .. } | Atom::Before(_) => None,
        }
    }

    /// About how dear it is to run.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Atom::Field(_, test) | Atom::Spelled(_, test) => test.cost(),
            Atom::Anywhere(test) => test.cost().saturating_mul(20),
            Atom::Related { .. } => 10,
            Atom::Before(_) => 1,
        }
    }
}
