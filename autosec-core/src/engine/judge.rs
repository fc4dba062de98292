use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Assessment, Engine};
use crate::entity::Entity;
use crate::finding::{Fault, FaultKind, Finding};
use crate::observe::Record;
use crate::score::Risk;
use crate::time::Timestamp;

/// When an event is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// In event time.
    pub(super) event: Timestamp,
    /// The same, but hardly later than the host's clock: what the guard counts by.
    pub(super) host: Timestamp,
}

impl Engine {
    /// One assessment a subject; `found` is not empty.
    pub(super) fn assess(
        &self,
        mut found: Vec<Finding>,
        moment: Moment,
        faults: &mut Vec<Fault>,
    ) -> Vec<Assessment> {
        found.iter().for_each(|finding| self.observer.note(moment.event, &Record::Found(finding)));
        // Stable, so findings about one subject keep the detectors' order.
        found.sort_by(|a, b| a.subject.cmp(&b.subject));
        // As a rule there is one subject.
        let mut assessments = Vec::with_capacity(1);
        while let Some(first) = found.first() {
            let subject = first.subject.clone();
            let others = found.partition_point(|finding| finding.subject <= subject);
            let rest = found.split_off(others);
            assessments.push(self.judge(subject, std::mem::replace(&mut found, rest), moment, faults));
        }
        assessments
    }

    fn judge(
        &self,
        subject: Entity,
        findings: Vec<Finding>,
        moment: Moment,
        faults: &mut Vec<Fault>,
    ) -> Assessment {
        let scored = || self.scorer.score(&subject, &findings, moment.event);
        let risk = self.survive(FaultKind::Scorer, moment, faults, scored);
        let decision = risk.as_ref().and_then(|risk| {
            let decided = || self.policy.decide(&subject, risk, &findings);
            self.survive(FaultKind::Policy, moment, faults, decided).flatten()
        });
        let risk = risk.unwrap_or_else(Risk::none);
        let mut assessment = Assessment { subject, findings, risk, decision, refusal: None };
        self.admit(&mut assessment, moment, faults);
        assessment
    }

    /// Asks the guard about the decision, and tells the policy what passed.
    fn admit(&self, assessment: &mut Assessment, moment: Moment, faults: &mut Vec<Fault>) {
        let Some(decision) = &mut assessment.decision else { return };
        let subject = &assessment.subject;
        decision.dry_run |= self.guard.is_dry_run();
        let (action, risk) = (decision.action, decision.risk);
        self.observer.note(moment.event, &Record::Decided { subject, action, risk });
        match self.guard.admit(decision, moment.host) {
            Ok(()) if decision.dry_run => {}
            Ok(()) => {
                self.survive(FaultKind::Policy, moment, faults, || self.policy.admitted(decision));
            }
            Err(refusal) => {
                self.observer.note(moment.event, &Record::Refused { subject, why: &refusal.to_string() });
                assessment.refusal = Some(refusal);
            }
        }
    }

    /// What `work` returns; a panic in it is a fault instead. State is behind locks that shrug off poisoning, so a panic
    /// leaves nothing half-done to see.
    fn survive<T>(
        &self,
        kind: FaultKind,
        moment: Moment,
        faults: &mut Vec<Fault>,
        work: impl FnOnce() -> T,
    ) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(work)).ok();
        if done.is_none() {
            let detail = "it panicked; what was found is reported, what it would have made of it is lost";
            let fault = Fault::new(kind, kind.code(), detail);
            self.observer.note(moment.event, &Record::Faulted(&fault));
            faults.push(fault);
        }
        done
    }
}
