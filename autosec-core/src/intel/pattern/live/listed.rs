//! What of a match is on warninglists.

use super::super::ast::Comparison;
use super::super::plain::observable;
use super::super::program::{Condition, Program, Test};
use super::super::stream::Held;
use super::super::test::{Check, Members, Operand};
use crate::intel::Observable;
use crate::intel::warninglist::{Listing, Warninglists};

/// The lists that have a value which the observations were taken for, whichever way they met their brackets: any of the
/// values that must all be there, and of values of which one is enough only what they have in common.
pub(super) fn listings(together: &[Held], program: &Program, lists: &Warninglists) -> Vec<Listing> {
    let brackets = together.iter().flat_map(|held| &held.brackets);
    let brackets = brackets.filter_map(|bracket| program.brackets.get(*bracket));
    brackets.flat_map(|bracket| of_condition(&bracket.condition, lists)).collect()
}

fn of_condition(condition: &Condition, lists: &Warninglists) -> Vec<Listing> {
    match condition {
        Condition::All(parts) => parts.iter().flat_map(|part| of_condition(part, lists)).collect(),
        Condition::Any(parts) => weakest(parts.iter().map(|part| of_condition(part, lists))),
        Condition::Test(test) => of_test(test, lists),
    }
}

fn of_test(test: &Test, lists: &Warninglists) -> Vec<Listing> {
    let Some(object) = test.object.as_deref().filter(|_| !test.negated) else { return Vec::new() };
    let of_text = |text: &String| {
        let value = observable(object, &test.steps, text);
        value.map(|value| lists.lookup(&value)).unwrap_or_default()
    };
    match &test.check {
        Check::Compare(Comparison::Equal, Operand::Text(text)) => of_text(text),
        Check::In(Members::Texts(texts)) => weakest(texts.iter().map(of_text)),
        Check::IsSubset(network) => lists.lookup(&Observable::network(network.net())),
        _ => Vec::new(),
    }
}

/// Of several ways what is known of the one that is held back least, since it may be that one.
fn weakest(ways: impl Iterator<Item = Vec<Listing>>) -> Vec<Listing> {
    ways.min_by_key(|listings| listings.iter().map(|listing| listing.effect).max()).unwrap_or_default()
}
