//! What one firewall still owes.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::EnforceConfig;
use crate::time::Timestamp;

/// Beyond so many items a firewall that is down for long owes a reconciliation instead, which finds them all.
const LIMIT: usize = 100_000;

/// Items that are not known to be as they should be, and when to look at them again; and whether all must be compared.
///
/// Every time an item is owed anew it gets a later *version*. Whoever looks at items notes the version first and reads the
/// ledger afterwards, and strikes off only debts that are not younger: a change that was asked for meanwhile stays owed.
#[derive(Debug, Default)]
pub(super) struct Debts {
    items: BTreeMap<IpNet, Due>,
    version: u64,
    reconcile: Option<Due>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    failures: u32,
    version: u64,
    /// When it ends by itself, if it is a block.
    until: Option<Timestamp>,
}

impl Debts {
    /// Owes an item from now on; `until` is the end of its block, if it is to be blocked.
    pub(super) fn owe(&mut self, item: IpNet, until: Option<Timestamp>, now: Timestamp) {
        self.version += 1;
        let version = self.version;
        let due = self.items.entry(item).or_insert(Due { at: now, failures: 0, version, until });
        (due.version, due.until) = (version, until);
        if self.items.len() > LIMIT {
            self.items.clear();
            self.owe_reconciliation(now);
        }
    }

    /// Owes a comparison of everything.
    pub(super) fn owe_reconciliation(&mut self, now: Timestamp) {
        self.reconcile.get_or_insert(Due { at: now, failures: 0, version: 0, until: None });
    }

    /// What to give back to [`Debts::strike`] and the like for what is looked at from now on.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The item is as it should be.
    pub(super) fn strike(&mut self, item: &IpNet, version: u64) {
        if self.items.get(item).is_some_and(|due| due.version <= version) {
            self.items.remove(item);
        }
    }

    /// The item is right for now, and to be looked at again at `at`.
    pub(super) fn remind(&mut self, item: IpNet, at: Timestamp) {
        self.version += 1;
        let version = self.version;
        let due = self.items.entry(item).or_insert(Due { at, failures: 0, version, until: None });
        (due.at, due.failures) = (at, 0);
    }

    /// The item could not be brought to where it should be.
    pub(super) fn postpone(&mut self, item: IpNet, now: Timestamp, config: &EnforceConfig) {
        let version = self.version;
        self.items
            .entry(item)
            .or_insert(Due { at: now, failures: 0, version, until: None })
            .postpone(now, config);
    }

    /// The comparison of everything failed, or succeeded.
    pub(super) fn reconciled(&mut self, succeeded: bool, now: Timestamp, config: &EnforceConfig) {
        if succeeded {
            self.reconcile = None;
        } else {
            self.owe_reconciliation(now);
            if let Some(due) = &mut self.reconcile {
                due.postpone(now, config);
            }
        }
    }

    /// Whether the item is not known to be as it should be.
    pub(super) fn owes(&self, item: &IpNet) -> bool {
        self.reconcile.is_some() || self.items.contains_key(item)
    }

    /// Whether the item failed and waits for another try.
    pub(super) fn has_failed(&self, item: &IpNet) -> bool {
        self.items.get(item).is_some_and(|due| due.failures > 0)
    }

    /// Whether everything is to be compared now.
    pub(super) fn reconciliation_is_due(&self, now: Timestamp) -> bool {
        self.reconcile.is_some_and(|due| due.at <= now)
    }

    /// Items whose time to be tried has come. Blocks that have ended are forgotten where `ends_by_itself`.
    pub(super) fn due(&mut self, now: Timestamp, ends_by_itself: bool) -> Vec<IpNet> {
        self.items.retain(|_, due| !(ends_by_itself && due.until.is_some_and(|until| until <= now)));
        self.items.iter().filter(|(_, due)| due.at <= now).map(|(item, _)| *item).collect()
    }
}

impl Due {
    fn postpone(&mut self, now: Timestamp, config: &EnforceConfig) {
        self.failures = self.failures.saturating_add(1);
        let pause =
            config.backoff.saturating_mul(2_u32.saturating_pow(self.failures)).min(config.longest_pause);
        self.at = now + pause;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn item(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(number)))
    }

    #[test]
    fn what_was_asked_for_meanwhile_stays_owed() {
        let (mut debts, now) = (Debts::default(), Timestamp::EPOCH);
        debts.owe(item(1), None, now);
        let version = debts.version();
        debts.owe(item(1), None, now);
        debts.strike(&item(1), version);
        assert!(debts.owes(&item(1)));
        debts.strike(&item(1), debts.version());
        assert!(!debts.owes(&item(1)));
    }

    #[test]
    fn blocks_that_have_ended_are_forgotten_where_they_end_by_themselves() {
        let now = Timestamp::from_secs(100);
        for (by_itself, left) in [(true, 1), (false, 2)] {
            let mut debts = Debts::default();
            debts.owe(item(1), Some(now), now);
            debts.owe(item(2), None, now);
            assert_eq!(debts.due(now, by_itself).len(), left);
        }
    }

    #[test]
    fn is_bounded() {
        let (mut debts, now) = (Debts::default(), Timestamp::EPOCH);
        (0..=100_000).for_each(|number| debts.owe(item(number), None, now));
        assert!(debts.items.len() <= LIMIT && debts.reconciliation_is_due(now));
        debts.reconciled(false, now, &EnforceConfig::default());
        assert!(
            !debts.reconciliation_is_due(now) && debts.reconciliation_is_due(now + Duration::from_secs(1))
        );
        debts.reconciled(true, now, &EnforceConfig::default());
        assert!(!debts.owes(&item(1)));
    }
}
