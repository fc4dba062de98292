use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::escalation::Escalation;
use super::{Decision, EscalationConfig, Policy, Reason};
use crate::entity::Entity;
use crate::finding::{Action, Finding};
use crate::measure::RiskScore;
use crate::score::Risk;
use crate::time::{Timestamp, human};

/// The thresholds and durations of a [`ThresholdPolicy`].
///
/// The thresholds are chosen with [`NoisyOr`](crate::score::NoisyOr) in mind: one `high` rule of the usual confidence
/// alerts (0.56), two different ones block (0.81), one alone that keeps firing stays below a block (0.76). Actions
/// between alert and block are taken only where an analytic asks for them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Risk from which somebody is told; default 0.5.
    pub alert: RiskScore,
    /// Risk from which the subject is blocked; default 0.8.
    pub block: RiskScore,
    /// How long an action lasts where the analytics ask for no duration; default one hour.
    #[serde(with = "human")]
    pub duration: Duration,
    /// How blocks grow longer for subjects that come back.
    pub escalation: EscalationConfig,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            alert: RiskScore::clamped(0.5),
            block: RiskScore::clamped(0.8),
            duration: Duration::from_secs(3600),
            escalation: EscalationConfig::default(),
        }
    }
}

/// The harshest of what the findings ask for and what the risk reaches, for the longest duration asked for; blocks
/// grow longer for subjects that come back.
///
/// Two ways lead to a decision, and the harsher wins: the risk reaches a threshold, or an analytic's
/// [response](crate::finding::Response) asks for an action whatever the risk. Shadow findings count for neither.
///
/// ```
/// use autosec_core::decision::{PolicyConfig, ThresholdPolicy};
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::Action;
/// use autosec_core::measure::{RiskScore, Severity};
/// use autosec_core::rule::{Rule, RuleSet};
/// use autosec_core::time::Timestamp;
///
/// let rule = Rule { subject: Some("user.name".into()), ..Rule::new("odd", Severity::High, "exists(user.name)") };
/// let rules = RuleSet::builder(&Schema::ecs()).rule(rule).build()?;
/// let strict = PolicyConfig { block: RiskScore::clamped(0.55), ..PolicyConfig::default() };
/// let engine = Engine::builder().detector(rules).policy(ThresholdPolicy::new(strict)).build()?;
///
/// let verdict = engine.process(Event::new(Timestamp::from_secs(1)).with(field::USER_NAME, "eve"));
/// let decision = verdict.decision().unwrap();
/// assert_eq!(decision.action, Action::Block);
/// assert_eq!(decision.unless(), "the risk had stayed below 0.55 (it is 0.56)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ThresholdPolicy {
    config: PolicyConfig,
    escalation: Escalation,
}

impl ThresholdPolicy {
    /// A policy that has blocked nobody yet.
    pub fn new(config: PolicyConfig) -> Self {
        let escalation = Escalation::new(config.escalation);
        Self { config, escalation }
    }

    fn reached(&self, score: RiskScore) -> Option<(Action, RiskScore)> {
        let levels = [(Action::Block, self.config.block), (Action::Alert, self.config.alert)];
        levels.into_iter().find(|(_, threshold)| score >= *threshold)
    }
}

impl Default for ThresholdPolicy {
    fn default() -> Self {
        Self::new(PolicyConfig::default())
    }
}

impl Policy for ThresholdPolicy {
    fn decide(&self, subject: &Entity, risk: &Risk, findings: &[Finding]) -> Option<Decision> {
        let counted = || findings.iter().filter(|finding| !finding.shadow);
        let time = counted().map(|finding| finding.time).max()?;
        let asked = || counted().filter_map(|finding| Some((finding, finding.response?)));
        let reached = self.reached(risk.score);
        let action =
            asked().map(|(_, response)| response.action).chain(reached.map(|(action, _)| action)).max()?;

        let askers = || asked().filter(|(_, response)| response.action == action);
        let base =
            askers().filter_map(|(_, response)| response.duration).max().unwrap_or(self.config.duration);
        let (duration, strikes) =
            if action.is_enforced() { self.escalation.block(subject, base, time) } else { (base, 0) };
        let mut reasons: Vec<Reason> = askers()
            .map(|(finding, _)| Reason::Asked { analytic: Arc::clone(&finding.analytic.id) })
            .collect();
        reasons.dedup();
        reasons.extend(
            reached
                .filter(|(reached, _)| *reached == action)
                .map(|(_, threshold)| Reason::Reached { threshold }),
        );
        Some(Decision {
            id: id(subject, action, time),
            subject: subject.clone(),
            action,
            duration,
            time,
            risk: risk.score,
            scenario: scenario(risk, findings),
            reasons,
            strikes,
            dry_run: false,
        })
    }
}

/// The analytic that weighs most.
fn scenario(risk: &Risk, findings: &[Finding]) -> Arc<str> {
    let heaviest = risk.contributions.first().map(|part| &part.analytic);
    let analytic = heaviest.or_else(|| findings.first().map(|finding| &finding.analytic));
    analytic.map_or_else(|| Arc::from(""), |analytic| Arc::clone(&analytic.id))
}

/// Made of what makes two decisions the same, with a fixed key: the same in every process and every replay.
fn id(subject: &Entity, action: Action, time: Timestamp) -> Arc<str> {
    let mut hasher = SipHasher13::new();
    (subject.to_string(), subject.kind(), action.to_string(), time.as_micros()).hash(&mut hasher);
    Arc::from(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Analytic, AnalyticKind, Response};
    use crate::measure::{Confidence, Severity};

    fn finding(response: Option<Response>) -> Finding {
        let analytic = Analytic {
            kind: AnalyticKind::Rule,
            id: "rule".into(),
            name: "rule".into(),
            tags: Arc::from([]),
        };
        Finding {
            analytic: Arc::new(analytic),
            subject: Entity::User("eve".into()),
            time: Timestamp::from_secs(1),
            severity: Severity::High,
            confidence: Confidence::ONE,
            evidence: Vec::new(),
            response,
            shadow: false,
        }
    }

    fn decide(score: f64, finding: Finding) -> Option<Decision> {
        let risk = Risk { score: RiskScore::clamped(score), contributions: Vec::new() };
        ThresholdPolicy::default().decide(&finding.subject.clone(), &risk, &[finding])
    }

    #[test]
    fn follows_the_risk() {
        assert_eq!(decide(0.49, finding(None)), None);
        assert_eq!(decide(0.5, finding(None)).unwrap().action, Action::Alert);
        let block = decide(0.8, finding(None)).unwrap();
        assert_eq!(block.action, Action::Block);
        assert_eq!(block.unless(), "the risk had stayed below 0.80 (it is 0.80)");
    }

    #[test]
    fn follows_the_analytic_and_takes_the_harshest() {
        let minute = Duration::from_secs(60);
        let asked = |action| finding(Some(Response { action, duration: Some(minute) }));
        let block = decide(0.1, asked(Action::Block)).unwrap();
        assert_eq!((block.action, block.duration), (Action::Block, minute));
        assert_eq!(block.unless(), "`rule` had not fired");
        assert_eq!(decide(0.9, asked(Action::Monitor)).unwrap().action, Action::Block);
    }

    #[test]
    fn shadow_findings_decide_nothing() {
        let mut shadow = finding(Some(Response { action: Action::Block, duration: None }));
        shadow.shadow = true;
        assert_eq!(decide(0.9, shadow), None);
    }
}
