use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::entity::Entity;
use crate::rule::model::Mode;
use crate::time::Timestamp;

/// What rules did with the events of a log. Displayed it is a table for people, serialised it is for programs.
///
/// All of it but the costs depends on the events alone: the same log gives the same report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BacktestReport {
    /// How many events were looked at.
    pub events: u64,
    /// How many bytes they were read from, as far as that is known.
    pub bytes: u64,
    /// How many lines or records gave no event.
    pub unread: u64,
    /// The earliest time of an event.
    pub first: Option<Timestamp>,
    /// The latest time of an event.
    pub last: Option<Timestamp>,
    /// Each rule, those that are off among them, in the order of the set.
    pub rules: Vec<RuleReport>,
    /// How many faults of each kind there were, by [`FaultKind::code`](crate::finding::FaultKind::code).
    pub faults: BTreeMap<&'static str, u64>,
    /// What another rule set would have done instead, if one was given.
    pub difference: Option<Difference>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RuleReport {
    /// The rule's id.
    pub id: Arc<str>,
    /// The rule's name.
    pub name: String,
    /// Whether its findings would have counted. Shadow rules find as others do.
    pub mode: Mode,
    /// Events that satisfied its condition.
    pub matches: u64,
    /// Findings it gave.
    pub findings: u64,
    /// Events that came too late to be counted.
    pub late: u64,
    /// Keys that had to give way to others.
    pub evicted: u64,
    /// Events that matched but named no subject.
    pub unnamed: u64,
    /// The earliest time of a finding.
    pub first: Option<Timestamp>,
    /// The latest time of a finding.
    pub last: Option<Timestamp>,
    /// The first findings.
    pub samples: Vec<Sample>,
    /// The subjects it found most often, with how often, among the first 1,024 subjects.
    pub subjects: Vec<(Entity, u64)>,
    /// How many subjects it found; at most 1,024, and then there may be more.
    pub distinct_subjects: usize,
    /// What it costs, if that was measured.
    pub cost: Option<Cost>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sample {
    /// When.
    pub time: Timestamp,
    /// Whom it is about.
    pub subject: Entity,
    /// Its evidence in words.
    pub evidence: Vec<String>,
}

/// What a rule costs by itself: its condition alone was put to a sample of the events, over and over, and timed.
///
/// Within a set rules share tests and most are ruled out before they are looked at, so a set costs far less than the sum. The
/// figures tell which rules are dear, and what each would cost if nothing ruled it out. What happens after a match,
/// counting and findings, is not in them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// How many events of the sample it was put to.
    pub evaluations: u64,
    /// Nanoseconds of wall-clock time an event, the best of three rounds.
    pub nanoseconds: f64,
    /// Its share of what all rules cost so, 0..=1.
    pub share: f64,
}

/// What another rule set would have done with the same events. Two findings are the same if rule, subject, time and mode
/// are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Rules that only the other set has.
    pub added: Vec<Arc<str>>,
    /// Rules that the other set lacks.
    pub removed: Vec<Arc<str>>,
    /// Rules that are written otherwise there.
    pub changed: Vec<Arc<str>>,
    /// Findings that only the other set gave.
    pub gained: u64,
    /// Findings that the other set did not give.
    pub lost: u64,
    /// Each rule whose findings differ, by id.
    pub rules: Vec<RuleDifference>,
}

/// How the findings of one rule differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RuleDifference {
    /// The rule's id.
    pub id: Arc<str>,
    /// Findings that only the other set gave.
    pub gained: u64,
    /// Findings that the other set did not give.
    pub lost: u64,
    /// The first of both.
    pub samples: Vec<Moved>,
}

/// A finding of one set alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// Whether the other set gave it.
    pub gained: bool,
    /// When.
    pub time: Timestamp,
    /// Whom it is about.
    pub subject: Entity,
    /// Whether it was given in shadow mode.
    pub shadow: bool,
}
