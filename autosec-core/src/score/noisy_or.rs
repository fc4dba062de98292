use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::memory::{ANALYTICS, Memory, Trace};
use super::{Contribution, Risk, Scorer};
use crate::entity::Entity;
use crate::finding::{AnalyticKind, Finding};
use crate::measure::{RiskScore, Severity};
use crate::sketch::BoundedMap;
use crate::time::{Timestamp, human};

/// No single finding is taken for certain.
const CERTAIN: f64 = 0.99;

/// How findings add up.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreConfig {
    /// How long until the weight of evidence of a finding is half (see [`NoisyOr`]), in event time; zero means it never fades. Default one hour: an attack
    /// that goes on keeps its risk, one that ended is forgotten within a working day.
    #[serde(with = "human")]
    pub half_life: Duration,
    /// Subjects remembered, at about 100 bytes and 80 more for each analytic; at least 1, default 100,000. Beyond them the
    /// stalest are forgotten.
    pub subjects: usize,
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self { half_life: Duration::from_secs(3600), subjects: 100_000 }
    }
}

/// Risk as the probability that at least one finding is true: `1 - Π(1 - pᵢ)` (noisy-OR, Pearl 1988), where
///
/// - `p` is weight(severity) × weight(kind) × confidence, at most 0.99. Severities weigh 0.05 (informational), 0.2,
///   0.45, 0.7, 0.9 (critical); indicators and rules weigh 1, a behaviour, statistic or model 0.8, because those say
///   "unusual", not "bad";
/// - a repeat of the same analytic counts with `p × 0.5ⁿ`, where n is the number of its earlier findings about the
///   subject, each of which counts less with age, as `0.5^(age ÷ half-life)`: so one noisy rule alone cannot reach 1;
/// - what fades is the weight of evidence `-ln(1 - p)`, not `p`: it halves with each half-life of event time. A risk of
///   0.9 from one finding is thus 0.68 a half-life later (`1 - √0.1`), not 0.45.
///
/// Each contribution's share of the score is its share of the sum of `-ln(1 - p)`, so the shares add up exactly.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::{Analytic, AnalyticKind, Finding};
/// use autosec_core::measure::{Confidence, Severity};
/// use autosec_core::score::{NoisyOr, Scorer};
/// use autosec_core::time::Timestamp;
///
/// let (eve, start) = (Entity::User("eve".into()), Timestamp::from_secs(1_700_000_000));
/// let finding = |rule: &str, severity, time| {
///     let analytic = Arc::new(Analytic::new(AnalyticKind::Rule, rule, rule));
///     Finding::new(analytic, eve.clone(), time, severity).with_confidence(Confidence::clamped(0.8))
/// };
/// let scorer = NoisyOr::default();
/// let score = |found: Finding| scorer.score(&eve, &[found.clone()], found.time).score.to_string();
/// assert_eq!(score(finding("a", Severity::High, start)), "0.56");
/// assert_eq!(score(finding("b", Severity::Medium, start)), "0.72");
/// assert_eq!(score(finding("a", Severity::High, start)), "0.80");
///
/// let later = start + Duration::from_secs(3600);
/// let risk = scorer.score(&eve, &[finding("c", Severity::Informational, later)], later);
/// assert_eq!(risk.score.to_string(), "0.57", "what was 0.80 has faded to 0.55");
/// assert_eq!(&*risk.contributions[0].analytic.id, "a");
/// ```
#[derive(Debug)]
pub struct NoisyOr {
    config: ScoreConfig,
    memory: Mutex<BoundedMap<Entity, Memory>>,
}

impl NoisyOr {
    /// A scorer that remembers nothing yet.
    pub fn new(config: ScoreConfig) -> Self {
        Self { config, memory: Mutex::new(BoundedMap::new(config.subjects)) }
    }
}

impl Default for NoisyOr {
    fn default() -> Self {
        Self::new(ScoreConfig::default())
    }
}

impl Scorer for NoisyOr {
    fn score(&self, subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk {
        let counted = || findings.iter().filter(|finding| !finding.shadow);
        if counted().next().is_none() {
            return Risk::none();
        }
        let mut subjects = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = subjects.entry(subject.clone(), now, Memory::default);
        for finding in counted() {
            memory.note(&finding.analytic, probability(finding), finding.time, self.config.half_life);
        }
        weigh(memory, now, self.config.half_life)
    }
}

/// Probability that the finding is true and matters.
fn probability(finding: &Finding) -> f64 {
    let severity = match finding.severity {
        Severity::Informational => 0.05,
        Severity::Low => 0.2,
        Severity::Medium => 0.45,
        Severity::High => 0.7,
        Severity::Critical => 0.9,
    };
    let kind = match finding.analytic.kind {
        AnalyticKind::Indicator | AnalyticKind::Rule => 1.0,
        AnalyticKind::Behavioral | AnalyticKind::Learning | AnalyticKind::Statistical => 0.8,
    };
    (severity * kind * finding.confidence.value()).min(CERTAIN)
}

fn weigh(memory: &Memory, now: Timestamp, half_life: Duration) -> Risk {
    let weights: SmallVec<[f64; ANALYTICS]> =
        memory.traces().iter().map(|trace| trace.weight(now, half_life)).collect();
    let total: f64 = weights.iter().sum();
    // 1 - e^-total.
    let score = -(-total).exp_m1();
    let per_weight = if total > 0.0 { score / total } else { 0.0 };
    let parts = memory.traces().iter().zip(weights);
    let contribution = |(trace, weight): (&Trace, f64)| {
        Contribution::new(Arc::clone(&trace.analytic), weight * per_weight, trace.times, trace.last)
    };
    Risk::new(RiskScore::clamped(score), parts.map(contribution).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Analytic;

    fn finding(id: &str, severity: Severity, second: i64) -> Finding {
        let analytic = Analytic::new(AnalyticKind::Rule, id, id);
        Finding::new(Arc::new(analytic), subject(), Timestamp::from_secs(second), severity)
    }

    fn subject() -> Entity {
        Entity::address("192.0.2.1".parse().unwrap())
    }

    fn score(scorer: &NoisyOr, findings: &[Finding], second: i64) -> Risk {
        scorer.score(&subject(), findings, Timestamp::from_secs(second))
    }

    #[test]
    fn independent_findings_combine_by_noisy_or() {
        let risk = score(
            &NoisyOr::default(),
            &[finding("a", Severity::High, 0), finding("b", Severity::Medium, 0)],
            0,
        );
        assert!((risk.score.value() - (1.0 - 0.3 * 0.55)).abs() < 1e-12);
        let sum: f64 = risk.contributions.iter().map(|part| part.share).sum();
        assert!((sum - risk.score.value()).abs() < 1e-12, "the parts add up");
        assert_eq!(&*risk.contributions[0].analytic.id, "a");
    }

    #[test]
    fn repeats_count_less_each_time() {
        let scorer = NoisyOr::default();
        let scores: Vec<f64> =
            (0..40).map(|_| score(&scorer, &[finding("a", Severity::High, 0)], 0).score.value()).collect();
        assert!((scores[1] - (1.0 - 0.3 * 0.65)).abs() < 1e-12);
        assert!(scores.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(scores[39] < 0.9, "one rule alone never proves it: {}", scores[39]);
    }

    #[test]
    fn fades_with_its_half_life() {
        let scorer = NoisyOr::default();
        score(&scorer, &[finding("a", Severity::High, 0)], 0);
        let later = score(&scorer, &[finding("b", Severity::Low, 3600)], 3600);
        assert!((later.score.value() - (1.0 - 0.3_f64.sqrt() * 0.8)).abs() < 1e-12);
    }

    #[test]
    fn late_findings_do_not_turn_back_time() {
        let scorer = NoisyOr::default();
        score(&scorer, &[finding("a", Severity::High, 3600)], 3600);
        let late = score(&scorer, &[finding("b", Severity::High, 0)], 3600);
        assert!((late.score.value() - (1.0 - 0.3 * 0.3_f64.sqrt())).abs() < 1e-9);
    }

    #[test]
    fn shadow_findings_weigh_nothing() {
        let shadow = finding("a", Severity::Critical, 0).as_shadow();
        assert_eq!(score(&NoisyOr::default(), &[shadow], 0), Risk::none());
    }
}
