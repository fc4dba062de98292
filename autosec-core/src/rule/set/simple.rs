//! The condition of a rule: its expression, and what its simple type stands for.

use super::verify::Key;
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::lang::{parse, simple};
use crate::rule::model::Rule;

/// What an event must satisfy, or everything that is wrong with it.
pub(super) fn condition(rule: &Rule, scope: &Scope<'_>) -> Result<Condition, Vec<(Key, Issue)>> {
    let simple = simple(rule, scope);
    if rule.when.is_empty() && rule.classic.is_some() {
        return simple.map(|simple| Condition::All(simple.into_iter().collect()));
    }
    if rule.when.is_empty() && !rule.value.is_empty() {
        // The type is missing, which says more than that the expression is empty.
        return simple.map(|_| Condition::All(Vec::new()));
    }
    let when = expression(&rule.when, scope)
        .map_err(|issues| issues.into_iter().map(|issue| (Key::When, issue)).collect::<Vec<_>>());
    match (when, simple) {
        (Ok(when), Ok(None)) => Ok(when),
        (Ok(when), Ok(Some(simple))) => Ok(Condition::All(vec![simple, when])),
        (when, simple) => Err(when.err().into_iter().chain(simple.err()).flatten().collect()),
    }
}

/// An expression, parsed and checked.
pub(super) fn expression(text: &str, scope: &Scope<'_>) -> Result<Condition, Vec<Issue>> {
    let expr = parse::parse(text).map_err(|issue| vec![issue])?;
    scope.check(&expr)
}

fn simple(rule: &Rule, scope: &Scope<'_>) -> Result<Option<Condition>, Vec<(Key, Issue)>> {
    let Some(classic) = rule.classic else {
        let (name, key) = match (rule.value.is_empty(), &rule.field) {
            (true, None) => return Ok(None),
            (true, Some(_)) => ("field", Key::Field),
            (false, _) => ("value", Key::Value),
        };
        let title = format!("`{name}` needs a `type`");
        return Err(vec![(key, Issue::new(Code::BadClassic, title, 0..0, "of what type is it?"))]);
    };
    let expr = simple::expression(classic, &rule.value, rule.field.as_deref()).map_err(|(part, issue)| {
        let key = match part {
            simple::Part::Value => Key::Value,
            simple::Part::Field => Key::Field,
        };
        vec![(key, issue)]
    })?;
    scope.check(&expr).map(Some).map_err(|issues| {
        // What stands at `field` or `type` is a field; what is wrong with a value is an expression or a list by name.
        let key = |issue: &Issue| match issue.code {
            Code::UnknownField | Code::Mismatch => Key::Field,
            _ => Key::Value,
        };
        let placed = |mut issue: Issue| {
            // Of a value and its field, which were not written side by side, only the field is shown.
            issue.labels.drain(..issue.labels.len().saturating_sub(1));
            (key(&issue), issue)
        };
        issues.into_iter().map(placed).collect()
    })
}
