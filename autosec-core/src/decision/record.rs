use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::entity::{Entity, printable};
use crate::finding::Action;
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// What is to be done about a subject, for how long, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The same for the same subject, action and event time: enforcing it twice is enforcing it once.
    pub id: Arc<str>,
    /// Whom it is about.
    pub subject: Entity,
    /// What is to be done.
    pub action: Action,
    /// For how long.
    pub duration: Duration,
    /// When it was made, in event time.
    pub time: Timestamp,
    /// How risky the subject was.
    pub risk: RiskScore,
    /// The analytic that weighs most: what a firewall's listing shows.
    pub scenario: Arc<str>,
    /// Why this action and no lesser one.
    pub reasons: Vec<Reason>,
    /// How often the subject was blocked before, as far as remembered.
    pub strikes: u32,
    /// Report what would be done and touch nothing.
    pub dry_run: bool,
}

/// One sufficient reason for a decision's action; had none of them been there, the action would have been milder.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// An analytic asks for the action whatever the risk.
    Asked {
        /// The analytic's id.
        analytic: Arc<str>,
    },
    /// The risk reached the policy's threshold for the action.
    Reached {
        /// The threshold.
        threshold: RiskScore,
    },
}

impl Decision {
    /// What would have to be different for this decision not to be made, in a sentence.
    pub fn unless(&self) -> String {
        let each = self.reasons.iter().map(|reason| match reason {
            Reason::Asked { analytic } => format!("`{}` had not fired", printable(analytic)),
            Reason::Reached { threshold } => {
                format!("the risk had stayed below {threshold} (it is {})", self.risk)
            }
        });
        each.collect::<Vec<_>>().join(" and ")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Asked { analytic } => write!(f, "`{}` asks for it", printable(analytic)),
            Reason::Reached { threshold } => write!(f, "the risk reaches {threshold}"),
        }
    }
}
