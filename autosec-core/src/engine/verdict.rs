use serde::Serialize;

use super::Explanation;
use crate::decision::{Decision, Refusal};
use crate::entity::Entity;
use crate::finding::{Fault, Finding};
use crate::measure::RiskScore;
use crate::score::Risk;
use crate::time::Timestamp;

/// What AutoSec says about one event. Quiet events hold nothing and cost no heap memory.
///
/// Its parts are data for programs; [`Verdict::explain`] says the same in words, with the evidence and with what would
/// have to be different:
///
/// ```
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// let rules = RuleSet::builder(&Schema::ecs()).source("files.yaml", r#"
/// - id: secret-files
///   name: Search for secret files
///   severity: high
///   when: url.path contains "/.env"
///   response: { action: block, for: 1h }
/// "#).build()?;
/// let engine = Engine::builder().detector(rules).build()?;
/// let verdict = engine.process(
///     Event::new(Timestamp::parse("2026-11-22T14:02:11Z")?)
///         .with(field::URL_PATH, "/shop/.env")
///         .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>()?),
/// );
/// assert_eq!(verdict.explain().to_string(), "\
/// 2026-11-22T14:02:11Z: block 203.0.113.7 for 1h
///   found  secret-files: Search for secret files (high, confidence 0.80)
///          url.path = /shop/.env
///   risk   0.56 = 0.56 secret-files
///   why    `secret-files` asks for it
///   unless `secret-files` had not fired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The event's time.
    pub time: Timestamp,
    /// One assessment for each subject something was found about, in the order of the subjects.
    pub assessments: Vec<Assessment>,
    /// What went wrong while the event was looked at.
    pub faults: Vec<Fault>,
}

/// What AutoSec says about one subject.
///
/// An event may be about several subjects, its source and its user say; each has a risk and a decision of its own.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Assessment {
    /// The subject.
    pub subject: Entity,
    /// What was found about it in this event.
    pub findings: Vec<Finding>,
    /// How risky it is now, earlier findings included.
    pub risk: Risk,
    /// What is to be done, if anything; the guard has let it pass unless `refusal` says otherwise.
    pub decision: Option<Decision>,
    /// Why the guard holds the decision back.
    pub refusal: Option<Refusal>,
}

impl Verdict {
    /// Whether nothing was found.
    pub fn is_quiet(&self) -> bool {
        self.assessments.is_empty()
    }

    /// Everything that was found, subject by subject.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.assessments.iter().flat_map(|assessment| &assessment.findings)
    }

    /// Every decision that the guard let pass, to be handed to [`Engine::enforce`](super::Engine::enforce).
    ///
    /// Decisions milder than a block are among them: the engine does nothing about those, the host may.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        let passed = self.assessments.iter().filter(|assessment| assessment.refusal.is_none());
        passed.filter_map(|assessment| assessment.decision.as_ref())
    }

    /// The harshest decision that the guard let pass.
    pub fn decision(&self) -> Option<&Decision> {
        self.decisions().max_by_key(|decision| decision.action)
    }

    /// The greatest risk of any subject.
    pub fn risk(&self) -> RiskScore {
        let scores = self.assessments.iter().map(|assessment| assessment.risk.score);
        scores.fold(RiskScore::ZERO, |most, score| if score > most { score } else { most })
    }

    /// The verdict in words, for a person; built only when it is displayed.
    pub fn explain(&self) -> Explanation<'_> {
        Explanation::new(self)
    }
}
