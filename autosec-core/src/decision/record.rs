use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::entity::Entity;
use crate::finding::Action;
use crate::measure::RiskScore;
use crate::time::Timestamp;

/// What is to be done about a subject, for how long, and why.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::decision::{Decision, Reason};
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::Action;
/// use autosec_core::measure::RiskScore;
/// use autosec_core::time::Timestamp;
///
/// let decision = Decision {
///     id: "5f1e".into(),
///     subject: Entity::User("eve".into()),
///     action: Action::Alert,
///     duration: Duration::from_secs(3600),
///     time: Timestamp::from_secs(1_700_000_000),
///     risk: RiskScore::clamped(0.62),
///     scenario: "odd-hours".into(),
///     reasons: vec![
///         Reason::Asked { analytic: "odd-hours".into() },
///         Reason::Reached { threshold: RiskScore::clamped(0.5) },
///     ],
///     strikes: 0,
///     dry_run: false,
/// };
/// assert_eq!(decision.unless(), "`odd-hours` had not fired and the risk had stayed below 0.50 (it is 0.62)");
/// ```
///
/// Each reason suffices by itself, so all of them would have to be gone. The time is event time; on a firewall the block
/// lasts for the duration from the moment it is enforced, by the host's clock.
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
            Reason::Asked { analytic } => format!("`{analytic}` had not fired"),
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
            Reason::Asked { analytic } => write!(f, "`{analytic}` asks for it"),
            Reason::Reached { threshold } => write!(f, "the risk reaches {threshold}"),
        }
    }
}
