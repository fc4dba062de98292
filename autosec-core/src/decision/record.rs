use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use siphasher::sip::SipHasher13;

use super::LONGEST_BLOCK;
use crate::entity::{Entity, printable};
use crate::finding::Action;
use crate::measure::RiskScore;
use crate::time::{Timestamp, human};

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
/// let (time, hour) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(3600));
/// let decision = Decision::new(Entity::User("eve".into()), Action::Alert, time, hour)
///     .with_risk(RiskScore::clamped(0.62))
///     .with_scenario("odd-hours")
///     .with_reasons(vec![
///         Reason::Asked { analytic: "odd-hours".into() },
///         Reason::Reached { threshold: RiskScore::clamped(0.5) },
///     ]);
/// assert_eq!(decision.unless(), "`odd-hours` had not fired and the risk had stayed below 0.50 (it is 0.62)");
/// ```
///
/// Each reason suffices by itself, so all of them would have to be gone. The time is event time; on a firewall the block
/// lasts for the duration from the moment it is enforced, by the host's clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The same for the same subject, action, event time, duration and scenario: enforcing it twice is enforcing it once.
    pub id: Arc<str>,
    /// Whom it is about.
    pub subject: Entity,
    /// What is to be done.
    pub action: Action,
    /// For how long; no block outlasts [`LONGEST_BLOCK`].
    #[serde(with = "human")]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
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
    /// A decision without risk, scenario and reasons; `duration` is cut to [`LONGEST_BLOCK`].
    pub fn new(subject: Entity, action: Action, time: Timestamp, duration: Duration) -> Self {
        Self::of(Arc::from(""), subject, action, time, duration)
    }

    /// The same at this risk.
    #[must_use]
    pub fn with_risk(self, risk: RiskScore) -> Self {
        Self { risk, ..self }
    }

    /// The same with this scenario, and the id that follows from it.
    #[must_use]
    pub fn with_scenario(self, scenario: impl Into<Arc<str>>) -> Self {
        let scenario = scenario.into();
        let id = identify(&self.subject, self.action, self.time, self.duration, &scenario);
        Self { id, scenario, ..self }
    }

    /// The same for these reasons.
    #[must_use]
    pub fn with_reasons(self, reasons: impl IntoIterator<Item = Reason>) -> Self {
        Self { reasons: reasons.into_iter().collect(), ..self }
    }

    /// The same after so many earlier blocks of the subject.
    #[must_use]
    pub fn with_strikes(self, strikes: u32) -> Self {
        Self { strikes, ..self }
    }

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

impl Decision {
    /// A decision of this scenario, without risk and reasons.
    pub(super) fn of(
        scenario: Arc<str>,
        subject: Entity,
        action: Action,
        time: Timestamp,
        duration: Duration,
    ) -> Self {
        let (subject, duration) = (subject.canonical(), duration.min(LONGEST_BLOCK));
        Self {
            id: identify(&subject, action, time, duration, &scenario),
            subject,
            action,
            duration,
            time,
            risk: RiskScore::ZERO,
            scenario,
            reasons: Vec::new(),
            strikes: 0,
            dry_run: false,
        }
    }
}

fn identify(
    subject: &Entity,
    action: Action,
    time: Timestamp,
    duration: Duration,
    scenario: &Arc<str>,
) -> Arc<str> {
    let mut hasher = SipHasher13::new();
    (subject.kind(), subject.name(), action.name()).hash(&mut hasher);
    (time.as_micros(), duration.as_micros(), scenario).hash(&mut hasher);
    Arc::from(std::str::from_utf8(&digits(hasher.finish())).unwrap_or_default())
}

/// The number as `{:016x}` writes it.
fn digits(number: u64) -> [u8; 16] {
    let (bytes, mut digits) = (number.to_be_bytes(), [0; 16]);
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    digits.iter_mut().zip(halves).for_each(|(to, half)| *to = digit(half));
    digits
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Asked { analytic } => write!(f, "`{}` asks for it", printable(analytic)),
            Reason::Reached { threshold } => write!(f, "the risk reaches {threshold}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_decisions_apart() {
        let block = |seconds: u64, at: i64| {
            let subject = Entity::address("192.0.2.1".parse().unwrap());
            let (time, duration) = (Timestamp::from_secs(at), Duration::from_secs(seconds));
            Decision::new(subject, Action::Block, time, duration)
        };
        let first = block(60, 1).with_scenario("a");
        assert_eq!(first.id, block(60, 1).with_scenario("a").id, "the same decision is the same");
        assert_eq!(first.id, first.clone().with_risk(RiskScore::ONE).with_strikes(3).id);
        for other in [block(61, 1).with_scenario("a"), block(60, 1).with_scenario("b"), block(60, 2)] {
            assert_ne!(first.id, other.id);
        }
        assert_eq!(block(u64::MAX, 1).duration, LONGEST_BLOCK);
        for number in [0, 1, 0xa9, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(digits(number), format!("{number:016x}").as_bytes());
        }
    }
}
