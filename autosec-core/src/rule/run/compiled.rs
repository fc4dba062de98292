use std::borrow::Cow;
use std::sync::Arc;

use super::subject::Subject;
use super::tally::{RuleStats, Tally};
use crate::event::{Event, FieldId, FieldMask};
use crate::finding::{Analytic, Evidence, Fault, FaultKind, Finding, Findings, Response};
use crate::measure::{Confidence, Severity};
use crate::rule::state::key::Keys;
use crate::rule::state::window::{Alarm, Windows};
use crate::time::Timestamp;

/// The most fields a finding quotes.
const EVIDENCE_FIELDS: usize = 16;

/// A rule that is ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) analytic: Arc<Analytic>,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) response: Option<Response>,
    pub(crate) shadow: bool,
    /// The fields its expressions read, in the order they name them, with their names.
    pub(crate) reads: Arc<[(FieldId, Box<str>)]>,
    pub(crate) subject: Subject,
    pub(crate) windows: Option<Counting>,
    pub(crate) tally: Arc<Tally>,
}

/// Windows, and what they count in words.
#[derive(Clone, Debug)]
pub(crate) struct Counting {
    /// Shared with the set that takes the place of this one, if the rule stays as it is.
    pub(crate) windows: Arc<Windows>,
    pub(crate) what: Cow<'static, str>,
    /// The fields that are counted or counted by.
    pub(crate) fields: FieldMask,
}

impl Compiled {
    /// Takes an event that satisfied one of its conditions: adds what it finds, and what went wrong, to `findings`.
    pub(crate) fn detect<'r>(&'r self, event: &Event<'_>, keys: &mut Keys<'r>, findings: &mut Findings) {
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
        match &self.windows {
            None => self.found(event, keys, event.time(), None, findings),
            Some(counting) => self.count(counting, event, keys, findings),
        }
    }

    /// The rule's id.
    pub(crate) fn id(&self) -> &str {
        &self.analytic.id
    }

    /// Forgets what was counted; other sets that share it do not.
    pub(crate) fn start_empty(&mut self) {
        self.tally = Arc::default();
        if let Some(counting) = &mut self.windows {
            counting.windows = Arc::new(counting.windows.emptied());
        }
    }

    /// Goes on with what `other` counted, if both count alike; says whether they do.
    pub(crate) fn go_on_from(&mut self, other: &Self) -> bool {
        let alike = match (&mut self.windows, &other.windows) {
            (None, None) => true,
            (Some(mine), Some(theirs)) if mine.windows.counts_like(&theirs.windows) => {
                mine.windows = Arc::clone(&theirs.windows);
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
        let mut fields: FieldMask = self.reads.iter().map(|(field, _)| *field).collect();
        self.subject.fields().for_each(|field| fields.insert(field));
        if let Some(counting) = &self.windows {
            fields.union(&counting.fields);
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
            keys: self.windows.as_ref().map_or(0, |counting| counting.windows.keys()),
        }
    }

    fn count<'r>(
        &'r self,
        counting: &'r Counting,
        event: &Event<'_>,
        keys: &mut Keys<'r>,
        findings: &mut Findings,
    ) {
        let Some(observation) = counting.windows.observe(keys, event) else { return };
        if observation.evicted && self.tally.evicted.add_reported() {
            findings
                .fault(self.fault(FaultKind::Evicted, "the rule's keys are all in use, the oldest give way"));
        }
        let Some(alarms) = observation.alarms else {
            self.tally.late.add();
            findings.fault(
                self.fault(
                    FaultKind::Late,
                    "the event is older than the allowed lateness and was not counted",
                ),
            );
            return;
        };
        for alarm in alarms {
            // A late event can complete the window of a later slot: then the alarm is as old as that slot's start. The
            // time thus always lies in the alarming slot, and its epoch does not depend on the order of events.
            let time = event.time().max(counting.windows.shape().start(alarm.slot));
            self.found(event, keys, time, Some(self.window(counting, alarm)), findings);
        }
    }

    fn window(&self, counting: &Counting, alarm: Alarm) -> Evidence {
        Evidence::Window {
            what: counting.what.clone(),
            observed: alarm.observed,
            threshold: counting.windows.at_least(),
            within: counting.windows.within(),
        }
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
        findings.push(Finding {
            analytic: Arc::clone(&self.analytic),
            subject,
            time,
            severity: self.severity,
            confidence: self.confidence,
            evidence,
            response: self.response,
            shadow: self.shadow,
        });
    }

    fn fault(&self, kind: FaultKind, detail: &'static str) -> Fault {
        Fault { kind, origin: Arc::clone(&self.analytic.id), detail: Cow::Borrowed(detail) }
    }
}

/// The text, cut to a little more than evidence keeps: a long value is not copied just to be cut.
fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(2 * Evidence::LIMIT)).unwrap_or(text)
}
