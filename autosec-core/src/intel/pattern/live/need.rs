//! What an event must have for a pattern to take it: enough to leave most patterns unasked, never too much.

use super::super::ast::{Comparison, Step};
use super::super::program::{Condition, Program, Test};
use super::super::test::{Check, Members, Operand};
use super::source;
use crate::event::FieldId;

/// One of these fields, with one of these texts or with any value.
#[derive(Clone, Debug)]
pub(super) struct Need<'p> {
    pub(super) fields: Vec<FieldId>,
    pub(super) texts: Option<Vec<&'p str>>,
}

/// A set of more texts is as good as any value: a table of them would be larger than the pattern.
const MOST_TEXTS: usize = 64;

/// An event that meets none of these is taken by no bracket of the program.
pub(super) fn needs(program: &Program) -> Vec<Need<'_>> {
    program.brackets.iter().flat_map(|bracket| of_condition(&bracket.condition)).collect()
}

fn of_condition(condition: &Condition) -> Vec<Need<'_>> {
    match condition {
        Condition::Test(test) => of_test(test).into_iter().collect(),
        Condition::Any(parts) => parts.iter().flat_map(of_condition).collect(),
        // All parts must hold, so the one that is rarest stands for them.
        Condition::All(parts) => {
            parts.iter().map(of_condition).min_by_key(|needs| cost(needs)).unwrap_or_default()
        }
    }
}

/// How often events meet one of them: those of any value first, then by their number.
fn cost(needs: &[Need<'_>]) -> (usize, usize) {
    let open = needs.iter().filter(|need| need.texts.is_none()).map(|need| need.fields.len());
    (open.sum(), needs.len())
}

/// None if no event can pass it.
fn of_test(test: &Test) -> Option<Need<'_>> {
    let fields = source::fields(test.object.as_deref()?, &test.steps);
    (!fields.is_empty()).then(|| Need { fields, texts: texts(test) })
}

/// The texts one of which the value must be.
fn texts(test: &Test) -> Option<Vec<&str>> {
    let is_value = matches!(test.steps.last(), Some(Step::Key(key)) if key != "type");
    match &test.check {
        _ if test.negated || !is_value => None,
        Check::Compare(Comparison::Equal, Operand::Text(text)) => Some(vec![text]),
        Check::In(Members::Texts(texts)) if texts.len() <= MOST_TEXTS => {
            Some(texts.iter().map(String::as_str).collect())
        }
        _ => None,
    }
}
