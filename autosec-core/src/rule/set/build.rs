//! From sources to compiled rules. A set is refused as a whole: a host that loads nine of ten rules and runs believes
//! itself protected by ten. Rules that are off are checked like the others and then left out.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::place::{Places, align};
use super::verify::{Key, State, Verified, verify};
use crate::event::{FieldId, Schema};
use crate::finding::{Analytic, AnalyticKind};
use crate::rule::image::Stored;
use crate::rule::image::kept::Kept;
use crate::rule::lang::check::Scope;
use crate::rule::lang::condition::Condition;
use crate::rule::lang::diagnostic::Diagnostic;
use crate::rule::lang::issue::{Code, Issue};
use crate::rule::lang::yaml;
use crate::rule::model::{Mode, Rule};
use crate::rule::plan::predicate::Predicate;
use crate::rule::run::compiled::{Compiled, Counting};
use crate::rule::state::window::{Budget, Windows};

/// The most rules of a set.
pub(super) const RULE_LIMIT: usize = 10_000;

/// A text that rules came from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
    places: OnceCell<Places>,
}

/// A rule, and where it came from if not from the host itself: the source and the position in it.
#[derive(Debug)]
pub(super) struct Origin<'s> {
    pub(super) rule: Rule,
    /// What was made of its expression before, for a rule of an image.
    pub(super) condition: Option<Condition>,
    pub(super) source: Option<(&'s Source, usize)>,
}

/// A rule that is ready to run, and the conditions that set it off: one for each of its inputs.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) conditions: Vec<(Condition, Predicate)>,
    pub(super) rule: Compiled,
}

impl Source {
    pub(super) fn new(name: String, text: String) -> Self {
        Self { name, text, places: OnceCell::new() }
    }
}

/// Reads every source; what cannot be read is added to `diagnostics`.
pub(super) fn read<'s>(
    sources: &'s [Source],
    own: Vec<Rule>,
    stored: Vec<Stored<Rule>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Origin<'s>> {
    let mut origins = Vec::new();
    for source in sources {
        match yaml::read::<Vec<Rule>>(&source.name, &source.text, missing) {
            Ok(rules) => {
                let placed = |(at, rule)| Origin { rule, condition: None, source: Some((source, at)) };
                origins.extend(rules.into_iter().enumerate().map(placed));
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let stored = stored.into_iter().map(|Stored { rule, condition }| (rule, condition));
    let unplaced = own.into_iter().map(|rule| (rule, None)).chain(stored);
    origins.extend(unplaced.map(|(rule, condition)| Origin { rule, condition, source: None }));
    if origins.len() > RULE_LIMIT {
        let title = format!("there are {} rules, and the limit is {RULE_LIMIT}", origins.len());
        diagnostics.push(Diagnostic::new(Code::ManyRules, title, origins.last().map_or("", Origin::name)));
        origins.truncate(RULE_LIMIT);
    }
    origins
}

/// What to do about a key that a rule lacks.
fn missing(key: &str) -> &'static str {
    match key {
        "by" | "within" | "at_least" | "of" => {
            "write `count: { by: [source.ip], within: 10m, at_least: 5 }`, or `distinct` with `of` besides"
        }
        _ => "every rule has the keys id, name, severity and when",
    }
}

/// Compiles every rule that is not off and keeps the condition of each; what is wrong is added to `diagnostics`.
pub(super) fn compile(
    origins: &[Origin<'_>],
    scope: &Scope<'_>,
    budget: Budget,
    kept: &mut Vec<Kept>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Assembled> {
    let mut ids: HashMap<&str, &Origin<'_>> = HashMap::new();
    let mut compiled = Vec::new();
    for origin in origins {
        match ids.entry(&origin.rule.id) {
            Entry::Vacant(free) => {
                free.insert(origin);
            }
            Entry::Occupied(first) => diagnostics.push(origin.place(Key::Id, duplicate(first.get()))),
        }
        let verified = verify(&origin.rule, origin.condition.as_ref(), scope, budget.lateness);
        kept.extend(verified.as_ref().ok().map(|verified| Kept::new(&verified.condition)));
        match verified {
            Err(issues) => {
                diagnostics.extend(issues.into_iter().map(|(key, issue)| origin.place(key, issue)))
            }
            Ok(_) if origin.rule.mode == Mode::Off => {}
            Ok(verified) => match assemble(&origin.rule, verified, scope.schema, budget) {
                Ok(rule) => compiled.push(rule),
                Err((key, issue)) => diagnostics.push(origin.place(key, issue)),
            },
        }
    }
    compiled
}

impl Origin<'_> {
    pub(super) fn name(&self) -> &str {
        self.source.map_or("rules given in code", |(source, _)| &source.name)
    }

    /// Puts an issue about one key of the rule where the key stands in the source.
    fn place(&self, key: Key, mut issue: Issue) -> Diagnostic {
        let Some((source, at)) = self.source else {
            if key != Key::When {
                issue.labels.clear();
            }
            return Diagnostic::placed(issue, self.name(), &self.rule.when).about(&self.rule.id);
        };
        let places = source.places.get_or_init(|| Places::read(&source.text));
        let span = places.span(at, key, &source.text).unwrap_or(0..0);
        if key != Key::When {
            issue.labels.iter_mut().for_each(|label| label.0 = span.clone());
            return Diagnostic::placed(issue, &source.name, &source.text).about(&self.rule.id);
        }
        let Some(map) = align(&source.text, span.start, &self.rule.when) else {
            let name = format!("{} (`when`)", source.name);
            return Diagnostic::placed(issue, &name, &self.rule.when).about(&self.rule.id);
        };
        let moved = |at: usize| map.get(at).or(map.last()).copied().unwrap_or(span.start);
        for (label, _) in &mut issue.labels {
            // The end of a label is the place behind its last byte, not the place of the byte behind it.
            let end = if label.end > label.start { moved(label.end - 1) + 1 } else { moved(label.end) };
            *label = moved(label.start)..source.text.ceil_char_boundary(end);
        }
        Diagnostic::placed(issue, &source.name, &source.text).about(&self.rule.id)
    }
}

fn duplicate(first: &Origin<'_>) -> Issue {
    let place = first.source.and_then(|(source, at)| {
        let places = source.places.get_or_init(|| Places::read(&source.text));
        let start = places.span(at, Key::Id, &source.text)?.start;
        Some(source.text.get(..start)?.matches('\n').count() + 1)
    });
    let place = place.map_or_else(|| first.name().to_owned(), |line| format!("{}:{line}", first.name()));
    Issue::new(Code::DuplicateId, format!("the id `{}` is taken", first.rule.id), 0..0, "the second is here")
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
    Ok(Assembled { conditions: vec![(condition, predicate)], rule })
}

fn counting(state: State, schema: &Schema, budget: Budget) -> Result<Counting, Issue> {
    let what = match state.of {
        None => Cow::Borrowed("events"),
        Some(of) => Cow::Owned(format!("distinct {}", schema.name(of))),
    };
    let fields = state.by.iter().copied().chain(state.of).collect();
    let windows = Windows::new(state.of, state.by, state.within, state.at_least, budget)
        .map_err(|error| Issue::new(Code::BadWindow, error.to_string(), 0..0, ""))?;
    Ok(Counting { windows: Arc::new(windows), what, fields })
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
        Condition::Anywhere(_) => {}
    }
}

fn add(field: FieldId, into: &mut Vec<FieldId>) {
    if !into.contains(&field) {
        into.push(field);
    }
}
