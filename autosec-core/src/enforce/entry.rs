use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::time::{Timestamp, human};

/// One block that is to be in force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The address or prefix.
    pub target: IpNet,
    /// The end, by the host's clock.
    pub until: Timestamp,
    /// How long it was meant to last: no firewall is asked to hold it for longer, whatever a clock that was set back
    /// makes of `until`.
    #[serde(with = "human")]
    pub duration: Duration,
    /// The decision that caused it.
    pub decision: Arc<str>,
    /// Why, for whoever reads a firewall's listing.
    pub reason: String,
    /// How important it is where there is no room for all, 0 to 100: the decision's risk in percent. Among equals the one
    /// that ends later is more important.
    #[serde(default)]
    pub priority: u8,
}

impl Entry {
    /// How much longer it is to last at `now`.
    pub fn left(&self, now: Timestamp) -> Duration {
        self.until.since(now).min(self.duration)
    }

    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        self.until > now
    }

    pub(super) fn rank(&self) -> Rank {
        (self.priority, self.until, self.target)
    }
}

/// A line of the ledger's journal.
#[derive(Deserialize, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub(super) enum Record {
    Block(Entry),
    Unblock { target: IpNet },
}

impl Record {
    pub(super) fn encode(&self) -> Result<String, LedgerError> {
        serde_json::to_string(self).map_err(LedgerError::Unwritable)
    }
}

/// How important an entry is: by priority, then by its end.
pub(super) type Rank = (u8, Timestamp, IpNet);

/// Entries in the order of their importance, those of each priority in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Ranks(BTreeMap<u8, BTreeSet<(Timestamp, IpNet)>>);

impl Ranks {
    pub(super) fn insert(&mut self, (priority, until, target): Rank) {
        self.0.entry(priority).or_default().insert((until, target));
    }

    pub(super) fn remove(&mut self, (priority, until, target): Rank) {
        if let Some(level) = self.0.get_mut(&priority) {
            level.remove(&(until, target));
        }
    }

    /// The targets that have ended by `now`, which are forgotten.
    pub(super) fn take_ended(&mut self, now: Timestamp) -> Vec<IpNet> {
        let mut ended = Vec::new();
        for level in self.0.values_mut() {
            while level.first().is_some_and(|(until, _)| *until <= now) {
                ended.extend(level.pop_first().map(|(_, target)| target));
            }
        }
        ended
    }

    /// The least important first.
    pub(super) fn ascending(&self) -> impl DoubleEndedIterator<Item = Rank> {
        self.0.iter().flat_map(|(priority, level)| {
            level.iter().map(move |(until, target)| (*priority, *until, *target))
        })
    }
}
