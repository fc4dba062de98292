use ipnet::IpNet;

use super::{Circuit, EnforceError};
use crate::time::Timestamp;

/// How AutoSec gets on with one firewall: for dashboards and alarms. Nobody is asked for it.
///
/// How the firewall itself says it is, is [`Enforcer::health`](super::Enforcer::health).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FirewallStatus {
    /// The firewall's name.
    pub firewall: String,
    /// Whether it is only observed.
    pub observed: bool,
    /// Whether it is being asked.
    pub circuit: Circuit,
    /// Items that wait for a try.
    pub queued: usize,
    /// Items that were put aside.
    pub dead: usize,
    /// Calls so far.
    pub calls: u64,
    /// How many of them failed as a whole.
    pub failures: u64,
    /// When a call last succeeded, by the host's clock.
    pub last_success: Option<Timestamp>,
    /// What went wrong last, and when.
    pub last_failure: Option<(Timestamp, EnforceError)>,
}

/// A block that a firewall rejected so often that it is no longer tried: until it is asked for again, by
/// [`Enforcer::replay`](super::Enforcer::replay) or by a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeadLetter {
    /// The firewall's name.
    pub firewall: String,
    /// What was to be blocked.
    pub target: IpNet,
    /// The firewall's words.
    pub reason: String,
    /// When it was given up, by the host's clock.
    pub since: Timestamp,
}

/// What is counted of one firewall.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_failure: Option<(Timestamp, EnforceError)>,
}

impl Tally {
    pub(super) fn count(&mut self, error: Option<&EnforceError>, now: Timestamp) {
        self.calls += 1;
        match error {
            None => self.last_success = Some(now),
            Some(error) => {
                self.failures += 1;
                self.last_failure = Some((now, error.clone()));
            }
        }
    }
}
