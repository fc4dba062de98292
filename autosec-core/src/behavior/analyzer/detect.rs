use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Assessment, BehaviorAnalyzer};
use crate::behavior::gathered;
use crate::behavior::observation::{self, Of, Outcome};
use crate::entity::Entity;
use crate::event::{Event, FieldMask};
use crate::finding::{Action, Detector, Fault, FaultKind, Finding, Findings, Response};

/// After the first, every so many evictions are reported.
const TELL_EVERY: u64 = 1024;

impl Detector for BehaviorAnalyzer {
    fn name(&self) -> &str {
        "behavior"
    }

    fn fields(&self) -> FieldMask {
        gathered::fields()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let Some(seen) = self.observe(event) else { return };
        let Some(assessment) = self.meet(&seen) else { return };
        self.report(&assessment, findings, || observation::subject(event, seen.of, &self.aliases));
        if seen.outcome == Outcome::Failure
            && seen.of != Of::Address
            && let Some((client, assessment)) = self.assess_client(&seen)
        {
            self.report(&assessment, findings, || Entity::from(client));
        }
        self.tell_evictions(findings);
    }
}

impl BehaviorAnalyzer {
    /// Adds a finding if the risk is worth one.
    fn report(&self, assessment: &Assessment, findings: &mut Findings, subject: impl FnOnce() -> Entity) {
        if assessment.risk() < self.config.report {
            return;
        }
        self.feedback.found(assessment);
        let severity = assessment.severity();
        let finding = Finding::new(Arc::clone(&self.analytic), subject(), assessment.time, severity)
            .with_confidence(assessment.confidence())
            .with_evidence(assessment.evidence());
        findings.push(match assessment.risk() >= self.config.challenge {
            true => finding.with_response(Response::new(Action::Challenge)),
            false => finding,
        });
    }

    /// Says that baselines had to give way: the first time, and every so often.
    fn tell_evictions(&self, findings: &mut Findings) {
        let evicted = self.baselines.evicted();
        let told = self.told.load(Ordering::Relaxed);
        if evicted == 0 || (told != 0 && evicted - told < TELL_EVERY) {
            return;
        }
        if self.told.compare_exchange(told, evicted, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let detail = format!(
                "{evicted} baselines gave way so far: `baseline_bytes` is too small for all entities"
            );
            findings.fault(Fault::new(FaultKind::Evicted, "behavior", detail));
        }
    }
}
