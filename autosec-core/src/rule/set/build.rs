//! From rules as they are written to rules that can run. Rules that are off are checked like the others and then left
//! out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::place;
use super::read::Origin;
use super::state::State;
use super::verify::{Key, Verified, verify};
use super::watch::Watch;
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::{Condition, Fact};
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::list::NamedList;
use crate::rule::model::{Mode, Rule};
use crate::rule::run::compiled::{Compiled, Remembering};
use crate::rule::run::reads::Reads;
use crate::rule::state::memory::{Budget, Memory};
use crate::rule::state::operator::Operator;
use crate::rule::state::snapshot;

/// A rule that is ready to run, and the conditions that set it off: one for each of its inputs.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) conditions: Vec<Condition>,
    pub(super) rule: Compiled,
    /// Where the rules stand whose findings are its further inputs.
    pub(super) fed_by: Vec<u32>,
    /// Events for which it must not be fed.
    pub(super) veto: Option<Condition>,
    /// Higher ones come first.
    pub(super) priority: i32,
    /// It is not to run, and kept only to be asked about.
    pub(super) off: bool,
    /// Differs with what [narrowed](Assembled::narrow) it; 0 of a rule that nothing did.
    pub(super) narrowed: u64,
}

/// Compiles every rule that is not off; what is wrong is added to `diagnostics`. Rules that are wrong are taken out of
/// `origins`.
pub(super) fn compile(
    origins: &mut Vec<Origin<'_>>,
    scope: &Scope<'_>,
    budget: &Budget,
    watch: &Watch<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Assembled> {
    let mut ids: HashMap<&str, &Origin<'_>> = HashMap::new();
    let mut compiled = Vec::new();
    let mut sound = Vec::with_capacity(origins.len());
    for origin in origins.iter().take_while(|_| !watch.is_over()) {
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
            Ok(rule) if before == diagnostics.len() => compiled.push(rule),
            Ok(_) => {}
        }
        sound.push(before == diagnostics.len());
    }
    let mut sound = sound.into_iter();
    origins.retain(|_| sound.next().unwrap_or(false));
    compiled
}

/// Compiles one rule, or says everything that is wrong with it.
pub(super) fn one(rule: &Rule, scope: &Scope<'_>, budget: &Budget) -> Result<Assembled, Vec<(Key, Issue)>> {
    let verified = verify(rule, scope, budget.lateness)?;
    assemble(rule, verified, scope.schema, budget).map_err(|issue| vec![issue])
}

impl Assembled {
    /// A rule that these conditions set off, with nothing special about it.
    pub(super) fn new(conditions: Vec<Condition>, rule: Compiled) -> Self {
        Self { conditions, rule, fed_by: Vec::new(), veto: None, priority: 0, off: false, narrowed: 0 }
    }

    /// What it remembers is of fewer events than before, for this reason: so it is not what it was.
    pub(super) fn narrow_memory(&mut self, why: &str) {
        self.narrowed = snapshot::digest(format!("{} {why}", self.narrowed).as_bytes());
        if let Some(it) = &mut self.rule.remembers {
            it.digest = snapshot::digest(format!("{} {why}", it.digest).as_bytes());
        }
    }

    /// Whether one of its conditions speaks of this list.
    pub(super) fn asks_for(&self, list: &Arc<NamedList>) -> bool {
        self.conditions.iter().chain(&self.veto).any(|condition| names(condition, list))
    }

    /// Asks of every event that sets the rule off, or feeds it, that it satisfies this as well, which is `said` so.
    pub(super) fn narrow(&mut self, condition: &Condition, said: &str) {
        self.narrow_memory(said);
        for whole in &mut self.conditions {
            let before = std::mem::replace(whole, Condition::All(Vec::new()));
            *whole = Condition::All(vec![before, condition.clone()]);
        }
        if !self.fed_by.is_empty() {
            let excepted = match condition {
                Condition::Not(excepted) => (**excepted).clone(),
                other => Condition::Not(Box::new(other.clone())),
            };
            self.veto = Some(Condition::Any(self.veto.take().into_iter().chain([excepted]).collect()));
        }
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
    budget: &Budget,
) -> Result<Assembled, (Key, Issue)> {
    let Verified { condition, subject, state } = verified;
    let steps = state.as_ref().map(|state| state.steps.clone()).filter(|steps| !steps.is_empty());
    let conditions: Vec<Condition> = match steps {
        None => vec![condition],
        Some(steps) => steps.into_iter().map(|step| Condition::All(vec![condition.clone(), step])).collect(),
    };
    let mut reads = Vec::new();
    conditions.iter().for_each(|condition| fields(condition, &mut reads));
    let remembers = state
        .map(|state| remembering(rule, state, budget, &mut reads))
        .transpose()
        .map_err(|issue| (Key::Within, issue))?;
    let (priority, off) = (rule.priority, rule.mode == Mode::Off);
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
        reads: Reads::named(reads, schema),
        subject,
        subjects: Box::default(),
        silent: false,
        remembers,
        tally: Default::default(),
    };
    let mut assembled =
        Assembled { conditions, rule, fed_by: Vec::new(), veto: None, priority, off, narrowed: 0 };
    if let Some(expires) = expires {
        assembled.narrow(&Condition::Before(expires), &format!("until {expires}"));
    }
    Ok(assembled)
}

fn remembering(
    rule: &Rule,
    state: State,
    budget: &Budget,
    reads: &mut Vec<FieldId>,
) -> Result<Remembering, Issue> {
    if let Operator::New(novelty) = &state.operator {
        novelty.of.iter().for_each(|field| add(*field, reads));
    }
    let digest = digest(rule, budget);
    let takes = match &state.operator {
        Operator::Quantile { q, .. } => format!("the quantile {q} {}", state.threshold),
        _ => state.threshold.to_string(),
    };
    let memory = Memory::new(state.operator, state.by, state.within, state.threshold, budget)
        .map_err(|error| Issue::new(Code::BadWindow, error.to_string(), 0..0, ""))?;
    Ok(Remembering { memory, what: state.what, takes: takes.into(), digest })
}

/// Tells rules apart that remember different things.
fn digest(rule: &Rule, budget: &Budget) -> u64 {
    let mut remembered = Rule::new(String::new(), rule.severity, rule.when.as_str());
    remembered.severity = crate::measure::Severity::Low;
    (remembered.classic, remembered.value) = (rule.classic, rule.value.clone());
    remembered.field.clone_from(&rule.field);
    remembered.count.clone_from(&rule.count);
    remembered.rate.clone_from(&rule.rate);
    remembered.distinct.clone_from(&rule.distinct);
    remembered.sum.clone_from(&rule.sum);
    remembered.avg.clone_from(&rule.avg);
    remembered.quantile.clone_from(&rule.quantile);
    remembered.sequence.clone_from(&rule.sequence);
    remembered.new_value.clone_from(&rule.new_value);
    let text = format!("{remembered:?} {:?}", budget.lateness);
    snapshot::digest(text.as_bytes())
}

/// Whether a condition speaks of this list.
fn names(condition: &Condition, list: &Arc<NamedList>) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(|part| names(part, list)),
        Condition::Not(part) => names(part, list),
        Condition::Test(_, Fact::Listed { list: held, .. }) => Arc::ptr_eq(held, list),
        _ => false,
    }
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
