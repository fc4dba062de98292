use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entity::Entity;
use crate::sketch::BoundedMap;
use crate::time::{Timestamp, human};

/// How blocks grow longer for subjects that come back.
///
/// With the defaults and a rule that asks for an hour, a subject that comes back after each block is blocked for 1 h,
/// 4 h, 16 h, 64 h, and from the fifth time on for 7 days. A duration asked for that is already longer than the
/// longest stays as it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EscalationConfig {
    /// By how much the duration is multiplied for each earlier block, at least 1; default 4, and 1 means never longer.
    pub factor: u32,
    /// The longest duration, at most [`LONGEST_BLOCK`](super::LONGEST_BLOCK); default 7 days.
    #[serde(with = "human")]
    pub longest: Duration,
    /// For how long after a block has ended it is held against the subject; default 30 days.
    #[serde(with = "human")]
    pub memory: Duration,
    /// Subjects remembered, at about 100 bytes; at least 1, default 100,000.
    pub subjects: usize,
}

impl Default for EscalationConfig {
    fn default() -> Self {
        let days = |count: u64| Duration::from_secs(count * 86_400);
        Self { factor: 4, longest: days(7), memory: days(30), subjects: 100_000 }
    }
}

/// Remembers who was blocked until when, in event time.
#[derive(Debug)]
pub(super) struct Escalation {
    config: EscalationConfig,
    offenders: Mutex<BoundedMap<Entity, Offender>>,
}

#[derive(Clone, Copy, Debug)]
struct Offender {
    strikes: u32,
    until: Timestamp,
}

impl Escalation {
    pub(super) fn new(config: EscalationConfig) -> Self {
        Self { config, offenders: Mutex::new(BoundedMap::new(config.subjects)) }
    }

    /// The duration of a block that would by itself last `base`, and how many blocks of the subject came before.
    pub(super) fn duration(&self, subject: &Entity, base: Duration, at: Timestamp) -> (Duration, u32) {
        let offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        let before = offenders.get(subject).map_or(0, |offender| offender.before(at, self.config.memory));
        let factor = self.config.factor.max(1).saturating_pow(before);
        (base.saturating_mul(factor).min(self.config.longest.max(base)), before)
    }

    /// Takes note of a block. While one lasts, further ones renew it and are no new strike.
    pub(super) fn strike(&self, subject: &Entity, duration: Duration, at: Timestamp) {
        let mut offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        let offender =
            offenders.entry(subject.clone(), at, || Offender { strikes: 0, until: Timestamp::EPOCH });
        offender.strikes = offender.before(at, self.config.memory).saturating_add(1);
        offender.until = offender.until.max(at + duration);
    }
}

impl Offender {
    /// The blocks that a block at `at` comes after: not the one that is in force, nor what is forgotten.
    fn before(self, at: Timestamp, memory: Duration) -> u32 {
        let is_in_force = at <= self.until;
        let is_forgotten = at > self.until + memory;
        if is_forgotten { 0 } else { self.strikes.saturating_sub(u32::from(is_in_force)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_for_those_who_come_back_and_forgives_with_time() {
        let escalation = Escalation::new(EscalationConfig::default());
        let subject = Entity::address("192.0.2.1".parse().unwrap());
        let hour = Duration::from_secs(3600);
        let at = |hours: u64| Timestamp::EPOCH + hour * u32::try_from(hours).unwrap();
        let hours = |start: u64| {
            let (duration, _) = escalation.duration(&subject, hour, at(start));
            escalation.strike(&subject, duration, at(start));
            duration.as_secs() / 3600
        };
        assert_eq!(hours(100), 1);
        assert_eq!(hours(100), 1, "while it lasts it is the same block");
        assert_eq!(hours(102), 4);
        assert_eq!(hours(110), 16);
        assert_eq!(hours(200), 64);
        assert_eq!(hours(300), 168, "seven days is the longest");
        assert_eq!(hours(300 + 168 + 31 * 24), 1, "forgotten after thirty quiet days");
    }
}
