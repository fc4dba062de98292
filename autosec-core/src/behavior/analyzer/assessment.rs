use std::fmt;

use crate::behavior::crowd::Circle;
use crate::behavior::observation::Observation;
use crate::behavior::signal::{self, Combined, Contribution, Limits, Signals, Source};
use crate::finding::Evidence;
use crate::measure::{Confidence, RiskScore, Severity};
use crate::time::Timestamp;

/// How an event looks beside what is known of its subject: a risk, what it is made of, and how sure that is.
///
/// The prior and all contributions add up to the log-odds exactly, whatever the order, and the risk is their logistic
/// function. Displayed, it is a line for each contribution, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assessment {
    combined: Combined,
    confidence: Confidence,
    learning: bool,
    /// Whom it is about, and when it was.
    pub(super) subject: u64,
    pub(super) time: Timestamp,
    pub(super) group: Option<Circle>,
    /// Where it came from.
    pub(super) prefix: Option<u64>,
    /// The chance of the step from the action before, if there was one.
    pub(super) step: Option<f64>,
}

/// What is known of the subject beside the signals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Background {
    /// Events its baseline rests on.
    pub(super) history: f64,
    /// The share of the fields that were there.
    pub(super) coverage: f64,
    pub(super) learning: bool,
    pub(super) feedback: [signal::Nats; signal::Group::ALL.len()],
    pub(super) step: Option<f64>,
}

impl Assessment {
    pub(super) fn new(seen: &Observation, signals: &Signals, about: &Background, limits: &Limits) -> Self {
        let combined = signal::combine(signals, about.feedback, limits);
        Self {
            confidence: signal::confidence(&combined, about.history, about.coverage),
            learning: about.learning,
            combined,
            subject: seen.subject,
            time: seen.time,
            group: seen.group,
            prefix: seen.prefix(),
            step: about.step,
        }
    }

    /// The probability that somebody else did it, if the prior is right.
    pub fn risk(&self) -> RiskScore {
        self.combined.risk()
    }

    /// The sum of the prior and of all contributions, in nats.
    pub fn log_odds(&self) -> f64 {
        self.combined.log_odds().value()
    }

    /// How far the risk can be relied on: history, fields that were there, agreement of the signals.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// So little is known of the subject that nothing harsher than a challenge is asked for.
    pub fn is_learning(&self) -> bool {
        self.learning
    }

    /// The sum by its parts.
    pub fn combined(&self) -> &Combined {
        &self.combined
    }

    /// How bad it is: from a risk of 0.95 critical, from 0.8 high, from 0.5 medium, else low; and low while the subject is
    /// learned about.
    pub fn severity(&self) -> Severity {
        match self.risk().value() {
            _ if self.learning => Severity::Low,
            0.95.. => Severity::Critical,
            0.8.. => Severity::High,
            0.5.. => Severity::Medium,
            _ => Severity::Low,
        }
    }

    /// The contributions as evidence, the strongest first, and the prior, whose reason states what all of them add up to.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = self.strongest().iter().map(as_evidence).collect();
        let total = format!("before the event was looked at; all together {} nats", self.combined.log_odds());
        evidence.push(Evidence::contribution("prior", self.combined.prior().value(), total));
        evidence
    }

    fn strongest(&self) -> Vec<Contribution> {
        let mut parts: Vec<Contribution> = self.combined.contributions().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.adds));
        parts
    }
}

/// A line for each contribution.
impl fmt::Display for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let learning = if self.learning { ", still learning" } else { "" };
        write!(f, "risk {}, confidence {}{learning}", self.risk(), self.confidence)?;
        self.strongest()
            .iter()
            .try_for_each(|part| write!(f, "\n  {} {}: {}", part.adds, part.name(), why(part)))?;
        write!(f, "\n  {} prior\n  {} in all", self.combined.prior(), self.combined.log_odds())
    }
}

fn as_evidence(part: &Contribution) -> Evidence {
    Evidence::contribution(part.name(), part.adds.value(), why(part))
}

fn why(part: &Contribution) -> String {
    match part.source {
        Source::Signal(signal) => signal.reason().to_string(),
        Source::Feedback(group) => format!("what analysts said of findings about this subject's {group}"),
    }
}
