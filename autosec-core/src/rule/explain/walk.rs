//! From a condition to clauses: the only part of explanations that knows conditions.

use std::collections::HashMap;

use super::clause::{Clause, Says, Tested};
use super::wording::{self, Language};
use crate::entity::printable;
use crate::event::{Event, FieldId, Schema};
use crate::rule::image::kept::Kept;
use crate::rule::lang::condition::Condition;
use crate::rule::plan::alone::Alone;

/// Asks an event about the parts of a condition, one by one.
#[derive(Debug)]
pub(super) struct Walk<'w, 'e> {
    schema: &'w Schema,
    language: Language,
    event: &'w Event<'e>,
    /// The number of each different test.
    known: HashMap<Vec<u8>, usize>,
}

impl<'w, 'e> Walk<'w, 'e> {
    pub(super) fn new(schema: &'w Schema, language: Language, event: &'w Event<'e>) -> Self {
        Self { schema, language, event, known: HashMap::new() }
    }

    /// The condition in clauses.
    pub(super) fn clause(&mut self, condition: Condition) -> Clause {
        match condition {
            Condition::All(parts) => {
                let parts = self.each(parts);
                Clause { holds: parts.iter().all(|part| part.holds), says: Says::All(parts) }
            }
            Condition::Any(parts) => {
                let parts = self.each(parts);
                Clause { holds: parts.iter().any(|part| part.holds), says: Says::Any(parts) }
            }
            Condition::Not(part) => {
                let part = self.clause(*part);
                Clause { holds: !part.holds, says: Says::Not(Box::new(part)) }
            }
            test => self.test(test),
        }
    }

    fn each(&mut self, parts: Vec<Condition>) -> Vec<Clause> {
        parts.into_iter().map(|part| self.clause(part)).collect()
    }

    fn test(&mut self, condition: Condition) -> Clause {
        let name = |field: FieldId| self.schema.name(field);
        let (test, fields) = match &condition {
            Condition::Test(field, fact) | Condition::Spelled(field, fact) => {
                (wording::test(self.language, Some(name(*field)), fact), vec![*field])
            }
            Condition::Anywhere(fact) => (wording::test(self.language, None, fact), Vec::new()),
            Condition::Related { left, right, place, fold } => {
                (wording::relation(name(*left), name(*right), *place, *fold), vec![*left, *right])
            }
            Condition::Before(time) => (format!("the event is older than {time}"), Vec::new()),
            // Clauses of their own.
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => (String::new(), Vec::new()),
        };
        let identity = Kept::new(&condition).bytes().to_vec();
        let next = self.known.len();
        let id = *self.known.entry(identity).or_insert(next);
        let anywhere = matches!(condition, Condition::Anywhere(_));
        let alone = Alone::new(condition);
        let holds = alone.matches(self.event);
        let values = match holds {
            true if anywhere => self.place(&alone).into_iter().collect(),
            _ => fields.into_iter().map(|field| self.value(field)).collect(),
        };
        Clause { holds, says: Says::Test(Tested { test, values, id }) }
    }

    fn value(&self, field: FieldId) -> (String, Option<String>) {
        let value = self.event.get(field).map(|value| printable(&value.to_string()).into_owned());
        (self.schema.name(field).to_owned(), value)
    }

    /// The first field that by itself passes a test of all fields.
    fn place(&self, alone: &Alone) -> Option<(String, Option<String>)> {
        let passes = self.event.fields().find(|(field, value)| {
            alone.matches(&Event::new(self.event.time()).with(*field, (*value).clone()))
        });
        passes.map(|(field, _)| self.value(field))
    }
}
