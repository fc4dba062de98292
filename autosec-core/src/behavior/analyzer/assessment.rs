use std::fmt;

use smallvec::SmallVec;

use super::signal::{Nats, Reason, Signals};
use crate::finding::Evidence;
use crate::measure::{Confidence, RiskScore, Severity};

/// How an event looks beside what is known of its subject: a risk, what it is made of, and how sure that is.
///
/// The parts, the prior among them, add up to the log-odds exactly, whatever the order, and the risk is their logistic
/// function.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    log_odds: Nats,
    confidence: Confidence,
    learning: bool,
    prior: f64,
    parts: SmallVec<[Part; 12]>,
}

/// What one aspect adds to the log-odds that an event is an attacker's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The aspect, such as `travel`.
    pub what: &'static str,
    /// What it adds, in nats; below 0 it speaks for the ordinary.
    pub adds: f64,
    why: Reason,
}

impl Assessment {
    pub(super) fn new(signals: &Signals, prior: f64, coverage: f64, learning: bool) -> Self {
        let parts: SmallVec<[Part; 12]> = signals
            .iter()
            .map(|signal| Part {
                what: signal.kind().name(),
                adds: signal.llr().value(),
                why: signal.reason(),
            })
            .collect();
        let log_odds = prior_odds(prior) + signals.iter().map(|signal| signal.llr()).sum();
        let confidence = signals.iter().map(|signal| signal.confidence().value()).fold(0.0, f64::max);
        Self { log_odds, confidence: Confidence::clamped(confidence * coverage), learning, prior, parts }
    }

    /// The probability that somebody else did it, if the prior is right.
    pub fn risk(&self) -> RiskScore {
        RiskScore::clamped(1.0 / (1.0 + libm::exp(-self.log_odds())))
    }

    /// The sum of the prior and of all parts, in nats.
    pub fn log_odds(&self) -> f64 {
        self.log_odds.value()
    }

    /// How far the risk can be relied on: history, fields that were there, agreement of the aspects.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// So little is known of the subject that nothing harsher than a challenge is asked for.
    pub fn is_learning(&self) -> bool {
        self.learning
    }

    /// What the log-odds are before the event is looked at, in nats.
    pub fn prior(&self) -> f64 {
        prior_odds(self.prior).value()
    }

    /// What each aspect adds.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The parts as evidence, the prior last; they add up to the log-odds, which the prior's reason states.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut parts: SmallVec<[&Part; 12]> = self.parts.iter().collect();
        parts.sort_by(|left, right| right.adds.total_cmp(&left.adds));
        let parts = parts.into_iter();
        let evidence = parts.map(|part| Evidence::contribution(part.what, part.adds, part.to_string()));
        let prior = format!(
            "one event in {:.0} is an attacker's; all together {} nats, a risk of {}",
            1.0 / self.prior,
            self.log_odds,
            self.risk()
        );
        evidence.chain([Evidence::contribution("prior", self.prior(), prior)]).collect()
    }

    /// How bad it is: from a risk of 0.5 medium, from 0.8 high, from 0.95 critical, else low; and low while the subject
    /// is learned about.
    pub fn severity(&self) -> Severity {
        match self.risk().value() {
            _ if self.learning => Severity::Low,
            0.95.. => Severity::Critical,
            0.8.. => Severity::High,
            0.5.. => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.why)
    }
}

fn prior_odds(prior: f64) -> Nats {
    Nats::new(libm::log(prior / (1.0 - prior)))
}
