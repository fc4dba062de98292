use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

use super::change::{self, Change};
use super::clause::Clause;
use super::walk::Walk;
use super::wording::Language;
use crate::entity::{Entity, printable};
use crate::event::{Event, FieldId, Schema};
use crate::rule::lang::condition::Condition;
use crate::rule::model::Mode;
use crate::rule::run::compiled::{Compiled, Remembering};
use crate::rule::state::key::KeyHasher;
use crate::time::{Timestamp, human};

/// Why a rule finds something in an event, or why not, and what would have to change; made by
/// [`RuleSet::explain`](super::super::RuleSet::explain).
///
/// Displayed it is a text of several lines for people, safe for terminals and logs; serialised it is for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The rule's id.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// The time of the event.
    pub time: Timestamp,
    /// Whether the rule's findings count. A Sigma rule that is deprecated or unsupported is off.
    pub mode: Mode,
    /// What comes of the event.
    pub outcome: Outcome,
    /// The rule's condition, exceptions among it.
    pub clause: Clause,
    /// The smallest set of tests that would have to turn out otherwise for the condition to hold or, if it does, no longer
    /// to hold. Each test is taken to turn by itself; whether an event can be so is not asked: a user cannot both be `ann`
    /// and `bob`. Empty if the condition is the same for all events.
    pub changes: Vec<Change>,
    /// Whether nothing less than `changes` would do. False only where more than ten tests stand in several places each.
    pub smallest: bool,
    /// Whom a finding would be about, if the event names somebody.
    pub subject: Option<Entity>,
    /// The fields that might name the subject.
    pub subject_fields: Vec<String>,
    /// What a counting rule has counted.
    pub window: Option<WindowState>,
}

/// What comes of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The rule finds something. One that counts has counted enough, and finds it once a window.
    Finds,
    /// The event counts, but there are not enough yet.
    Counts,
    /// The condition does not hold.
    NoMatch,
    /// The condition holds, but the event names no subject.
    NoSubject,
    /// The condition holds, but the event lacks a field that is counted or counted by.
    NoKey,
    /// The condition holds, but the event comes too late to be counted.
    Late,
    /// The rule is off: it looks at no event.
    Off,
}

/// What a rule has counted for the key of an event, without the event itself unless it was already looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WindowState {
    /// What is counted: `events`, `distinct user.name`.
    pub what: Cow<'static, str>,
    /// How many there are in the window that ends with the event, or what they come to; nothing where that is no number:
    /// of quantiles, sequences and new values.
    pub observed: Option<f64>,
    /// What it takes: `at least 5`.
    pub takes: String,
    /// Whether there is enough.
    pub reached: bool,
    /// The length of the window.
    #[serde(with = "human")]
    pub within: Duration,
    /// The fields counted by and counted, with the event's values; `None` of a field it lacks.
    pub key: Vec<(String, Option<String>)>,
    /// Whether the event comes too late to be counted.
    pub late: bool,
}

/// What is known of a rule that is to be explained.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) language: Language,
    pub(crate) condition: Condition,
    /// None of a rule that is off.
    pub(crate) compiled: Option<&'a Compiled>,
    pub(crate) schema: &'a Schema,
    pub(crate) hasher: &'a KeyHasher,
}

impl Asked<'_> {
    /// The explanation for an event, which changes nothing.
    pub(crate) fn explain(self, event: &Event<'_>) -> Explanation {
        let Self { schema, hasher, compiled, .. } = self;
        let clause = Walk::new(schema, self.language, event).clause(self.condition);
        let (changes, smallest) = change::smallest(&clause);
        let window = compiled.and_then(|rule| rule.remembers.as_ref());
        let window = window.map(|it| window_state(it, schema, hasher, event));
        let subject = compiled.and_then(|rule| rule.subject.entity(event, hasher.ipv6_prefix()));
        let subject_fields =
            compiled.map(|rule| rule.subject.fields().map(|field| schema.name(field).to_owned()));
        Explanation {
            rule: self.id.to_owned(),
            name: printable(self.name).into_owned(),
            time: event.time(),
            mode: match compiled {
                None => Mode::Off,
                Some(rule) if rule.shadow => Mode::Shadow,
                Some(_) => Mode::Enforce,
            },
            outcome: outcome(compiled.is_some(), clause.holds, subject.is_some(), window.as_ref()),
            clause,
            changes,
            smallest,
            subject,
            subject_fields: subject_fields.map(Iterator::collect).unwrap_or_default(),
            window,
        }
    }
}

/// In the order in which a rule runs.
fn outcome(runs: bool, matches: bool, named: bool, window: Option<&WindowState>) -> Outcome {
    match window {
        _ if !runs => Outcome::Off,
        _ if !matches => Outcome::NoMatch,
        _ if !named => Outcome::NoSubject,
        Some(window) if window.key.iter().any(|(_, value)| value.is_none()) => Outcome::NoKey,
        Some(window) if window.late => Outcome::Late,
        Some(window) if !window.reached => Outcome::Counts,
        _ => Outcome::Finds,
    }
}

fn window_state(it: &Remembering, schema: &Schema, hasher: &KeyHasher, event: &Event<'_>) -> WindowState {
    let memory = &it.memory;
    let value = |field: FieldId| {
        let value = event.get(field).map(|value| printable(&value.to_string()).into_owned());
        (schema.name(field).to_owned(), value)
    };
    // Of several inputs the one whose key the event has.
    let has_key = |by: &[FieldId]| by.iter().all(|field| event.get(*field).is_some());
    let input = memory.by().iter().position(|by| has_key(by)).unwrap_or(0);
    let by = memory.by().get(input).map_or(&[][..], |by| by);
    let observed = memory.counted(hasher, event, input);
    WindowState {
        what: it.what.clone(),
        observed,
        takes: it.takes.to_string(),
        reached: memory.threshold().holds(observed.unwrap_or(0.0)),
        within: memory.within(),
        key: by.iter().copied().chain(memory.of(input)).map(value).collect(),
        late: memory.is_late(hasher, event, input),
    }
}
