use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::escalation::Escalation;
use super::{Decision, EscalationConfig, LONGEST_BLOCK, Policy, Reason};
use crate::entity::Entity;
use crate::finding::{Action, Finding};
use crate::measure::RiskScore;
use crate::score::Risk;
use crate::time::human;

/// The thresholds and durations of a [`ThresholdPolicy`].
///
/// The thresholds are chosen with [`NoisyOr`](crate::score::NoisyOr) in mind: one `high` rule of the usual confidence
/// alerts (0.56), two different ones block (0.81), one alone that keeps firing stays below a block (0.76). Actions
/// between alert and block are taken only where an analytic asks for them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Risk from which somebody is told, at most `block`; default 0.5.
    pub alert: RiskScore,
    /// Risk from which the subject is blocked; default 0.8.
    pub block: RiskScore,
    /// How long an action lasts where the analytics ask for no duration, more than nothing and at most
    /// [`LONGEST_BLOCK`]; default one hour.
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
    /// A policy that has blocked nobody yet. Durations beyond [`LONGEST_BLOCK`] are cut to it, and a factor or a number
    /// of subjects of 0 is 1; an [`Engine`](crate::engine::Engine) refuses them.
    pub fn new(mut config: PolicyConfig) -> Self {
        config.duration = config.duration.min(LONGEST_BLOCK);
        config.escalation.longest = config.escalation.longest.min(LONGEST_BLOCK);
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
        let (duration, strikes) = match action.is_enforced() {
            true => self.escalation.duration(subject, base.min(LONGEST_BLOCK), time),
            false => (base, 0),
        };
        let mut named = HashSet::new();
        let asks = askers()
            .filter(|(finding, _)| named.insert(&finding.analytic.id))
            .map(|(finding, _)| Reason::Asked { analytic: Arc::clone(&finding.analytic.id) });
        let reaches = reached
            .filter(|(reached, _)| *reached == action)
            .map(|(_, threshold)| Reason::Reached { threshold });
        let decision = Decision::of(scenario(risk, findings), subject.clone(), action, time, duration)
            .with_risk(risk.score)
            .with_reasons(asks.chain(reaches))
            .with_strikes(strikes);
        Some(decision)
    }

    fn admitted(&self, decision: &Decision) {
        if decision.action.is_enforced() {
            self.escalation.strike(&decision.subject, decision.duration, decision.time);
        }
    }
}

/// The analytic that weighs most.
fn scenario(risk: &Risk, findings: &[Finding]) -> Arc<str> {
    let heaviest = risk.contributions.first().map(|part| &part.analytic);
    let analytic = heaviest.or_else(|| findings.first().map(|finding| &finding.analytic));
    analytic.map_or_else(|| Arc::from(""), |analytic| Arc::clone(&analytic.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Analytic, AnalyticKind, Response};
    use crate::measure::Severity;
    use crate::time::Timestamp;

    fn finding(response: Option<Response>) -> Finding {
        let analytic = Arc::new(Analytic::new(AnalyticKind::Rule, "rule", "rule"));
        let subject = Entity::User("eve".into());
        let finding = Finding::new(analytic, subject, Timestamp::from_secs(1), Severity::High);
        Finding { response, ..finding }
    }

    fn decide(score: f64, finding: Finding) -> Option<Decision> {
        let risk = Risk::new(RiskScore::clamped(score), Vec::new());
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
        let asked = |action| finding(Some(Response::new(action).lasting(minute)));
        let block = decide(0.1, asked(Action::Block)).unwrap();
        assert_eq!((block.action, block.duration), (Action::Block, minute));
        assert_eq!(block.unless(), "`rule` had not fired");
        assert_eq!(decide(0.9, asked(Action::Monitor)).unwrap().action, Action::Block);
    }

    #[test]
    fn shadow_findings_decide_nothing() {
        let shadow = finding(Some(Response::new(Action::Block))).as_shadow();
        assert_eq!(decide(0.9, shadow), None);
    }

    #[test]
    fn nothing_lasts_longer_than_the_longest_block() {
        let ages = finding(Some(Response::new(Action::Block).lasting(Duration::MAX)));
        assert_eq!(decide(0.1, ages).unwrap().duration, LONGEST_BLOCK);
        let mut config = PolicyConfig { duration: Duration::MAX, ..PolicyConfig::default() };
        config.escalation.longest = Duration::MAX;
        let policy = ThresholdPolicy::new(config);
        let asks = finding(Some(Response::new(Action::Block)));
        let block = policy.decide(&asks.subject.clone(), &Risk::none(), &[asks]).unwrap();
        assert_eq!(block.duration, LONGEST_BLOCK);
    }

    #[test]
    fn names_each_asker_once() {
        let asks = |id: &str| {
            let asks = finding(Some(Response::new(Action::Block)));
            Finding { analytic: Arc::new(Analytic::new(AnalyticKind::Rule, id, id)), ..asks }
        };
        let findings = ["a", "b", "a"].map(asks);
        let block = ThresholdPolicy::default().decide(&findings[0].subject, &Risk::none(), &findings);
        assert_eq!(block.unwrap().unless(), "`a` had not fired and `b` had not fired");
    }

    #[test]
    fn only_what_was_admitted_is_held_against_the_subject() {
        let policy = ThresholdPolicy::default();
        let decide = |second: i64| {
            let mut asks = finding(Some(Response::new(Action::Block)));
            asks.time = Timestamp::from_secs(second);
            policy.decide(&asks.subject.clone(), &Risk::none(), &[asks]).unwrap()
        };
        for hour in 0..5 {
            let refused = decide(hour * 7200);
            assert_eq!((refused.strikes, refused.duration.as_secs()), (0, 3600));
        }
        let first = decide(36_000);
        policy.admitted(&first);
        assert_eq!(decide(36_001).strikes, 0, "it is in force");
        assert_eq!((first.strikes, decide(40_000).strikes), (0, 1));
    }
}
