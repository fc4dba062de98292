//! From rules as they are written to rules that can run. Rules that are off are checked like the others and then left
//! out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::place;
use super::read::Origin;
use super::verify::{Key, State, Verified, verify};
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::model::{Mode, Rule};
use crate::rule::plan::predicate::Predicate;
use crate::rule::run::compiled::{Compiled, Counting};
use crate::rule::state::window::{Budget, Windows};

/// A rule that is ready to run, and the conditions that set it off: one for each of its inputs.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) conditions: Vec<(Condition, Predicate)>,
    pub(super) rule: Compiled,
    /// Higher ones come first.
    pub(super) priority: i32,
}

/// Compiles every rule that is not off; what is wrong is added to `diagnostics`. Rules that are wrong are taken out of
/// `origins`.
pub(super) fn compile(
    origins: &mut Vec<Origin<'_>>,
    scope: &Scope<'_>,
    budget: Budget,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Assembled> {
    let mut ids: HashMap<&str, &Origin<'_>> = HashMap::new();
    let mut compiled = Vec::new();
    let mut sound = Vec::with_capacity(origins.len());
    for origin in origins.iter() {
        let before = diagnostics.len();
        match ids.entry(&origin.written.id) {
            Entry::Vacant(free) => {
                free.insert(origin);
            }
            Entry::Occupied(first) => diagnostics.push(origin.place(Key::Id, duplicate(first.get()))),
        }
        match one(&origin.written, scope, budget) {
            Err(issues) => {
                diagnostics.extend(issues.into_iter().map(|(key, issue)| origin.place(key, issue)));
            }
            Ok(rule) if before == diagnostics.len() && origin.written.mode != Mode::Off => {
                compiled.push(rule)
            }
            Ok(_) => {}
        }
        sound.push(before == diagnostics.len());
    }
    let mut sound = sound.into_iter();
    origins.retain(|_| sound.next().unwrap_or(false));
    compiled
}

/// Compiles one rule, or says everything that is wrong with it.
pub(super) fn one(rule: &Rule, scope: &Scope<'_>, budget: Budget) -> Result<Assembled, Vec<(Key, Issue)>> {
    let verified = verify(rule, scope, budget.lateness)?;
    assemble(rule, verified, scope.schema, budget).map_err(|issue| vec![issue])
}

impl Assembled {
    /// Asks of every event that sets the rule off that it satisfies this as well.
    pub(super) fn narrow(&mut self, condition: &Condition) -> Result<(), aho_corasick::BuildError> {
        for (whole, predicate) in &mut self.conditions {
            let asked = Predicate::new(condition.clone())?;
            let before = std::mem::replace(predicate, Predicate::All(Box::new([])));
            *predicate = Predicate::All(Box::new([before, asked]));
            let before = std::mem::replace(whole, Condition::All(Vec::new()));
            *whole = Condition::All(vec![before, condition.clone()]);
        }
        Ok(())
    }
}

fn duplicate(first: &Origin<'_>) -> Issue {
    let place = first.source.and_then(|(source, at)| {
        let start = place::of_key(source.places().rules.get(at)?, Key::Id, &source.text)?.start;
        Some(source.text.get(..start)?.matches('\n').count() + 1)
    });
    let place = place.map_or_else(|| first.name().to_owned(), |line| format!("{}:{line}", first.name()));
    Issue::new(
        Code::DuplicateId,
        format!("the id `{}` is taken", first.written.id),
        0..0,
        "the second is here",
    )
    .help(format!("the first is at {place}; ids are unique within a rule set"))
}

fn assemble(
    rule: &Rule,
    verified: Verified,
    schema: &Schema,
    budget: Budget,
) -> Result<Assembled, (Key, Issue)> {
    let Verified { condition, subject, state } = verified;
    let too_large = |error: aho_corasick::BuildError| Issue::new(Code::LargeSet, error.to_string(), 0..0, "");
    let predicate = Predicate::new(condition.clone()).map_err(|error| (Key::When, too_large(error)))?;
    let windows = state
        .map(|state| counting(state, schema, budget))
        .transpose()
        .map_err(|issue| (Key::Within, issue))?;
    let mut reads = Vec::new();
    fields(&condition, &mut reads);
    let named = |field: FieldId| (field, schema.name(field).into());
    let priority = rule.priority;
    let expires = rule.expires;
    let rule = Compiled {
        analytic: Arc::new(Analytic {
            kind: AnalyticKind::Rule,
            id: rule.id.as_str().into(),
            name: rule.name.as_str().into(),
            tags: rule.tags.iter().map(|tag| Arc::from(tag.as_str())).collect(),
        }),
        severity: rule.severity,
        confidence: rule.confidence,
        response: rule.response,
        shadow: rule.mode == Mode::Shadow,
        reads: reads.into_iter().map(named).collect(),
        subject,
        windows,
        tally: Default::default(),
    };
    let mut assembled = Assembled { conditions: vec![(condition, predicate)], rule, priority };
    if let Some(expires) = expires {
        assembled.narrow(&Condition::Before(expires)).map_err(|error| (Key::When, too_large(error)))?;
    }
    Ok(assembled)
}

fn counting(state: State, schema: &Schema, budget: Budget) -> Result<Counting, Issue> {
    let what = match state.of {
        None => Cow::Borrowed("events"),
        Some(of) => Cow::Owned(format!("distinct {}", schema.name(of))),
    };
    let fields = state.by.iter().copied().chain(state.of).collect();
    let windows = Windows::new(state.of, state.by, state.within, state.at_least, budget)
        .map_err(|error| Issue::new(Code::BadWindow, error.to_string(), 0..0, ""))?;
    Ok(Counting { windows, what, fields })
}

/// The fields a condition reads, each once, in the order it names them.
pub(super) fn fields(condition: &Condition, into: &mut Vec<FieldId>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| fields(part, into)),
        Condition::Not(part) => fields(part, into),
        Condition::Test(field, _) | Condition::Spelled(field, _) => add(*field, into),
        Condition::Related { left, right, .. } => {
            add(*left, into);
            add(*right, into);
        }
        Condition::Anywhere(_) | Condition::Before(_) => {}
    }
}

fn add(field: FieldId, into: &mut Vec<FieldId>) {
    if !into.contains(&field) {
        into.push(field);
    }
}
