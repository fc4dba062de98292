use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use super::reads::Reads;
use super::subject::Subject;
use super::tally::{Counted, RuleStats, Tally};
use crate::entity::Entity;
use crate::event::{Event, FieldMask};
use crate::finding::{Analytic, Evidence, Facts, Fault, FaultKind, Finding, Findings, Response};
use crate::measure::{Confidence, Severity};
use crate::rule::state::key::Keys;
use crate::rule::state::memory::{Alarm, Budget, Memory, Observation};
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
    /// The fields its expressions read.
    pub(crate) reads: Reads,
    pub(crate) subject: Subject,
    /// For each input the subject, of a rule that is fed by others.
    pub(crate) subjects: Box<[Subject]>,
    /// It gives no findings: others are fed by it.
    pub(crate) silent: bool,
    pub(crate) remembers: Option<Remembering>,
    /// Shared with the set that takes the place of this one, if the rule stays as it is.
    pub(crate) tally: Arc<Tally>,
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

/// When something was found.
pub(crate) type Times = SmallVec<[Timestamp; 2]>;

impl Compiled {
    /// Takes an event that satisfied some of its inputs at this time: adds what it finds, and what went wrong, to
    /// `findings`, and says when it found something.
    pub(crate) fn detect<'r>(
        &'r self,
        inputs: Inputs,
        time: Timestamp,
        event: &Event<'_>,
        keys: &mut Keys<'r>,
        findings: &mut Findings,
    ) -> Times {
        self.tally.add(Counted::Matches);
        if !self.subject.is_named(event) {
            if self.tally.add_reported(Counted::Unnamed) {
                findings.fault(self.fault(
                    FaultKind::Detector,
                    "the event matched but lacks the field that names the subject",
                ));
            }
            return Times::new();
        }
        let subject = match &*self.subjects {
            [] => &self.subject,
            subjects => inputs.each().find_map(|input| subjects.get(input)).unwrap_or(&self.subject),
        };
        let seen = Seen { subject, event, ipv6_prefix: keys.hasher().ipv6_prefix() };
        let Some(remembering) = &self.remembers else {
            self.found(&seen, time, None, findings);
            return Times::from_slice(&[time]);
        };
        let observation = remembering.memory.observe(keys, event, inputs, time, &|| seen.entity());
        if observation.is_quiet() {
            return Times::new();
        }
        let times = observation.alarms.iter().map(|alarm| alarm.time).collect();
        self.observed(remembering, observation, &seen, findings);
        times
    }

    /// Time has come so far: adds what has been found because something has not happened.
    pub(crate) fn advance(&self, now: Timestamp, findings: &mut Findings) {
        let Some(remembering) = &self.remembers else { return };
        for alarm in remembering.memory.advance(now) {
            self.found_later(remembering, alarm, findings);
        }
    }

    /// The rule's id.
    pub(crate) fn id(&self) -> &str {
        &self.analytic.id
    }

    /// The same rule, which has seen nothing.
    pub(crate) fn fresh(&self, budget: &Budget) -> Self {
        let remembers = self.remembers.as_ref().map(|it| Remembering {
            memory: it.memory.fresh(budget),
            what: it.what.clone(),
            takes: Arc::clone(&it.takes),
            digest: it.digest,
        });
        Self {
            analytic: Arc::clone(&self.analytic),
            severity: self.severity,
            confidence: self.confidence,
            response: self.response,
            shadow: self.shadow,
            reads: self.reads.clone(),
            subject: self.subject.clone(),
            subjects: self.subjects.clone(),
            silent: self.silent,
            remembers,
            tally: Arc::default(),
        }
    }

    /// Goes on with what `other` remembers, if both remember alike; says whether they do.
    pub(crate) fn go_on_from(&mut self, other: &Self) -> bool {
        let alike = match (&mut self.remembers, &other.remembers) {
            (None, None) => true,
            (Some(mine), Some(theirs))
                if mine.digest == theirs.digest && mine.memory.is_like(&theirs.memory) =>
            {
                mine.memory.share(&theirs.memory);
                true
            }
            _ => false,
        };
        if alike {
            self.tally = Arc::clone(&other.tally);
        }
        alike
    }

    /// The fields it reads.
    pub(crate) fn fields(&self) -> FieldMask {
        let mut fields = self.reads.mask();
        let subjects = self.subjects.iter().chain([&self.subject]);
        subjects.flat_map(Subject::fields).for_each(|field| fields.insert(field));
        if let Some(remembering) = &self.remembers {
            remembering.memory.fields().for_each(|field| fields.insert(field));
        }
        fields
    }

    /// What happened so far.
    pub(crate) fn stats(&self) -> RuleStats {
        RuleStats {
            id: Arc::clone(&self.analytic.id),
            matches: self.tally.value(Counted::Matches),
            findings: self.tally.value(Counted::Findings),
            late: self.tally.value(Counted::Late),
            evicted: self.tally.value(Counted::Evicted),
            unnamed: self.tally.value(Counted::Unnamed),
            keys: self.remembers.as_ref().map_or(0, |remembering| remembering.memory.keys()),
        }
    }

    #[inline(never)]
    fn observed(
        &self,
        remembering: &Remembering,
        observation: Observation,
        seen: &Seen<'_, '_>,
        findings: &mut Findings,
    ) {
        if observation.evicted && self.tally.add_reported(Counted::Evicted) {
            findings
                .fault(self.fault(FaultKind::Evicted, "the rule's keys are all in use, the oldest give way"));
        }
        if observation.late {
            self.tally.add(Counted::Late);
            findings.fault(
                self.fault(
                    FaultKind::Late,
                    "the event is older than the allowed lateness and was not counted",
                ),
            );
        }
        for alarm in observation.alarms {
            if alarm.subject.is_some() {
                self.found_later(remembering, alarm, findings);
            } else {
                self.found(seen, alarm.time, Some(remembering.evidence(alarm.observed)), findings);
            }
        }
    }

    /// Adds what was found because something did not happen: the event at hand has nothing to do with it.
    fn found_later(&self, remembering: &Remembering, alarm: Alarm, findings: &mut Findings) {
        let Some(subject) = alarm.subject else { return };
        self.tally.add(Counted::Findings);
        findings.push(self.finding(subject, alarm.time, vec![remembering.evidence(alarm.observed)].into()));
    }

    #[inline(never)]
    fn found(&self, seen: &Seen<'_, '_>, time: Timestamp, window: Option<Evidence>, findings: &mut Findings) {
        if self.silent {
            return;
        }
        let Some(subject) = seen.entity() else { return };
        let mut evidence =
            self.reads.quoted(seen.event, EVIDENCE_FIELDS).map(Facts::from).unwrap_or_default();
        if window.is_some() {
            evidence.extend(window);
        }
        self.tally.add(Counted::Findings);
        findings.push(self.finding(subject, time, evidence));
    }

    fn finding(&self, subject: Entity, time: Timestamp, evidence: Facts) -> Finding {
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

/// An event, and whom it is about.
struct Seen<'e, 'a> {
    subject: &'e Subject,
    event: &'e Event<'a>,
    ipv6_prefix: u8,
}

impl Seen<'_, '_> {
    fn entity(&self) -> Option<Entity> {
        self.subject.entity(self.event, self.ipv6_prefix)
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
