use std::borrow::Cow;
use std::sync::Arc;

use super::subject::Subject;
use super::tally::{RuleStats, Tally};
use crate::entity::Entity;
use crate::event::{Event, FieldId, FieldMask};
use crate::finding::{Analytic, Evidence, Fault, FaultKind, Finding, Findings, Response};
use crate::measure::{Confidence, Severity};
use crate::rule::state::key::Keys;
use crate::rule::state::memory::{Alarm, Memory};
use crate::rule::state::operator::{Inputs, Operator};
use crate::time::Timestamp;

/// The most fields a finding quotes.
const EVIDENCE_FIELDS: usize = 16;

/// A rule that is ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) analytic: Arc<Analytic>,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) response: Option<Response>,
    pub(crate) shadow: bool,
    /// The fields its expressions read, in the order they name them, with their names.
    pub(crate) reads: Arc<[(FieldId, Box<str>)]>,
    pub(crate) subject: Subject,
    pub(crate) remembers: Option<Remembering>,
    pub(crate) tally: Tally,
}

/// What a rule remembers, and what that is in words.
#[derive(Debug)]
pub(crate) struct Remembering {
    pub(crate) memory: Memory,
    /// What is counted, such as `events`.
    pub(crate) what: Cow<'static, str>,
    /// What it takes, for numbers that are not counts, such as `at least 0.5`.
    pub(crate) takes: Arc<str>,
    /// Differs between rules that remember different things: what they look at, and what they remember of it.
    pub(crate) digest: u64,
}

impl Compiled {
    /// Takes an event that satisfied some of its conditions: adds what it finds, and what went wrong, to `findings`.
    pub(crate) fn detect<'r>(
        &'r self,
        inputs: Inputs,
        event: &Event<'_>,
        keys: &mut Keys<'r>,
        findings: &mut Findings,
    ) {
        self.tally.matches.add();
        if !self.subject.is_named(event) {
            if self.tally.unnamed.add_reported() {
                findings.fault(self.fault(
                    FaultKind::Detector,
                    "the event matched but lacks the field that names the subject",
                ));
            }
            return;
        }
        match &self.remembers {
            None => self.found(event, keys, event.time(), None, findings),
            Some(remembering) => self.remember(remembering, inputs, event, keys, findings),
        }
    }

    /// Time has come so far: adds what has been found because something has not happened.
    pub(crate) fn advance(&self, now: Timestamp, findings: &mut Findings) {
        let Some(remembering) = &self.remembers else { return };
        for alarm in remembering.memory.advance(now) {
            self.found_later(remembering, alarm, findings);
        }
    }

    /// The fields it reads.
    pub(crate) fn fields(&self) -> FieldMask {
        let mut fields: FieldMask = self.reads.iter().map(|(field, _)| *field).collect();
        self.subject.fields().for_each(|field| fields.insert(field));
        if let Some(remembering) = &self.remembers {
            remembering.memory.fields().for_each(|field| fields.insert(field));
        }
        fields
    }

    /// What happened so far.
    pub(crate) fn stats(&self) -> RuleStats {
        RuleStats {
            id: Arc::clone(&self.analytic.id),
            matches: self.tally.matches.value(),
            findings: self.tally.findings.value(),
            late: self.tally.late.value(),
            evicted: self.tally.evicted.value(),
            unnamed: self.tally.unnamed.value(),
            keys: self.remembers.as_ref().map_or(0, |remembering| remembering.memory.keys()),
        }
    }

    fn remember<'r>(
        &'r self,
        remembering: &'r Remembering,
        inputs: Inputs,
        event: &Event<'_>,
        keys: &mut Keys<'r>,
        findings: &mut Findings,
    ) {
        let prefix = keys.hasher().ipv6_prefix();
        let subject = || self.subject.entity(event, prefix);
        let observation = remembering.memory.observe(keys, event, inputs, event.time(), &subject);
        if observation.evicted && self.tally.evicted.add_reported() {
            findings
                .fault(self.fault(FaultKind::Evicted, "the rule's keys are all in use, the oldest give way"));
        }
        if observation.late {
            self.tally.late.add();
            findings.fault(
                self.fault(
                    FaultKind::Late,
                    "the event is older than the allowed lateness and was not counted",
                ),
            );
            return;
        }
        for alarm in observation.alarms {
            if alarm.subject.is_some() {
                self.found_later(remembering, alarm, findings);
            } else {
                self.found(event, keys, alarm.time, Some(remembering.evidence(alarm.observed)), findings);
            }
        }
    }

    /// Adds what was found because something did not happen: the event at hand has nothing to do with it.
    fn found_later(&self, remembering: &Remembering, alarm: Alarm, findings: &mut Findings) {
        let Some(subject) = alarm.subject else { return };
        self.tally.findings.add();
        findings.push(self.finding(subject, alarm.time, vec![remembering.evidence(alarm.observed)]));
    }

    fn found(
        &self,
        event: &Event<'_>,
        keys: &Keys<'_>,
        time: Timestamp,
        window: Option<Evidence>,
        findings: &mut Findings,
    ) {
        let Some(subject) = self.subject.entity(event, keys.hasher().ipv6_prefix()) else { return };
        let quoted = |(field, name): &(FieldId, Box<str>)| {
            let value = event.get(*field)?;
            Some(match value.as_text() {
                Some(text) => Evidence::field(name.to_string(), bounded(text)),
                None => Evidence::field(name.to_string(), &value.to_string()),
            })
        };
        let evidence = self.reads.iter().filter_map(quoted).take(EVIDENCE_FIELDS).chain(window).collect();
        self.tally.findings.add();
        findings.push(self.finding(subject, time, evidence));
    }

    fn finding(&self, subject: Entity, time: Timestamp, evidence: Vec<Evidence>) -> Finding {
        Finding {
            analytic: Arc::clone(&self.analytic),
            subject,
            time,
            severity: self.severity,
            confidence: self.confidence,
            evidence,
            response: self.response,
            shadow: self.shadow,
        }
    }

    fn fault(&self, kind: FaultKind, detail: &'static str) -> Fault {
        Fault { kind, origin: Arc::clone(&self.analytic.id), detail: Cow::Borrowed(detail) }
    }
}

impl Remembering {
    /// What was found, in a form that people can check.
    fn evidence(&self, observed: f64) -> Evidence {
        let within = self.memory.within();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it counts something")]
        let count = observed as u64;
        match (self.memory.operator(), self.memory.threshold().whole()) {
            (Operator::Count | Operator::Distinct { .. }, Some(threshold)) => {
                Evidence::Window { what: self.what.clone(), observed: count, threshold, within }
            }
            (Operator::Together | Operator::Sequence { .. }, _) => {
                Evidence::Sequence { what: self.what.clone(), within }
            }
            (Operator::New(_), _) => Evidence::New { what: self.what.clone(), known: count },
            _ => {
                let takes = Arc::clone(&self.takes);
                Evidence::Measure { what: self.what.clone(), observed, takes, within }
            }
        }
    }
}

/// The text, cut to a little more than evidence keeps: a long value is not copied just to be cut.
fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(2 * Evidence::LIMIT)).unwrap_or(text)
}
