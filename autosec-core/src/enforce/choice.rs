//! What a firewall is to hold where that is not simply the ledger: it has no room for all of it, or neighbours are to be
//! put together.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ipnet::IpNet;

use super::{Entry, Ledger};
use crate::time::Timestamp;

/// Entries by what is to be blocked for them.
pub(super) type Wanted = BTreeMap<IpNet, Entry>;

/// What a firewall was given, and what was chosen for it.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// What it holds as far as known, and until when.
    placed: BTreeMap<IpNet, Timestamp>,
    /// Whether something was left out for want of room.
    is_short: bool,
    /// The ledger's version that it was last brought to as a whole.
    seen: Option<u64>,
}

impl Choice {
    /// Whether all of the ledger fits and did so before: then items are looked at one by one.
    pub(super) fn fits(&self, ledger: &Ledger, room: usize) -> bool {
        !self.is_short && ledger.len() <= room
    }

    /// Takes note of what is left out.
    pub(super) fn leaves_out(&mut self, something: bool) {
        self.is_short = something;
    }

    /// What it holds but should not, and what it should hold but does not, or not for as long.
    pub(super) fn changes(&self, wanted: &Wanted) -> (Vec<IpNet>, Vec<IpNet>) {
        let gone = self.placed.keys().filter(|target| !wanted.contains_key(target)).copied();
        let new = wanted.values().filter(|entry| self.placed.get(&entry.target) != Some(&entry.until));
        (gone.collect(), new.map(|entry| entry.target).collect())
    }

    /// It holds `target` from now on, until then.
    pub(super) fn place(&mut self, target: IpNet, until: Timestamp) {
        self.placed.insert(target, until);
    }

    /// It holds `target` no more.
    pub(super) fn lift(&mut self, target: &IpNet) {
        self.placed.remove(target);
    }

    /// It holds just this.
    pub(super) fn found(&mut self, placed: BTreeMap<IpNet, Timestamp>) {
        (self.placed, self.seen) = (placed, None);
    }

    /// It was brought to this version of the ledger as a whole.
    pub(super) fn saw(&mut self, version: u64) {
        self.seen = Some(version);
    }

    /// Whether the ledger has changed since.
    pub(super) fn is_behind(&self, version: u64) -> bool {
        self.seen != Some(version)
    }
}

/// The `room` most important of `wanted`, and whether any was left out.
pub(super) fn foremost(wanted: Wanted, room: usize) -> (Wanted, bool) {
    if wanted.len() <= room {
        return (wanted, false);
    }
    let mut entries: Vec<Entry> = wanted.into_values().collect();
    entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.rank()));
    entries.truncate(room);
    (by_target(entries), true)
}

pub(super) fn by_target(entries: impl IntoIterator<Item = Entry>) -> Wanted {
    entries.into_iter().map(|entry| (entry.target, entry)).collect()
}

/// Puts neighbours together that end at the same moment, where `permits` lets the prefix of both through. What is blocked
/// at any time stays exactly the same.
pub(super) fn aggregate(wanted: Wanted, permits: impl Fn(IpNet) -> bool) -> Wanted {
    let mut by_end: HashMap<(Timestamp, Duration), Vec<IpNet>> = HashMap::new();
    for entry in wanted.values() {
        by_end.entry((entry.until, entry.duration)).or_default().push(entry.target);
    }
    let mut wanted = wanted;
    for targets in by_end.into_values().filter(|targets| targets.len() > 1) {
        // Longest first: what was put together may have a neighbour in turn.
        let mut by_length: BTreeMap<u8, Vec<IpNet>> = BTreeMap::new();
        for target in targets {
            by_length.entry(target.prefix_len()).or_default().push(target);
        }
        while let Some((length, targets)) = by_length.pop_last() {
            for parent in parents(&targets, length) {
                if permits(parent) && merge(&mut wanted, parent, length) {
                    by_length.entry(length - 1).or_default().push(parent);
                }
            }
        }
    }
    wanted
}

/// The prefixes both halves of which are among `targets`, all of this length.
fn parents(targets: &[IpNet], length: u8) -> Vec<IpNet> {
    let Some(shorter) = length.checked_sub(1) else { return Vec::new() };
    let mut halves: BTreeMap<IpNet, u8> = BTreeMap::new();
    for target in targets {
        if let Ok(parent) = IpNet::new(target.addr(), shorter) {
            *halves.entry(parent.trunc()).or_default() += 1;
        }
    }
    halves.into_iter().filter(|(_, count)| *count == 2).map(|(parent, _)| parent).collect()
}

/// Takes the two halves out and puts `parent` in; does nothing where it has an entry of its own.
fn merge(wanted: &mut Wanted, parent: IpNet, length: u8) -> bool {
    if wanted.contains_key(&parent) {
        return false;
    }
    let halves: Vec<IpNet> = parent.subnets(length).into_iter().flatten().collect();
    let mut halves: Vec<Entry> = halves.iter().filter_map(|half| wanted.remove(half)).collect();
    halves.sort_unstable_by_key(Entry::rank);
    let Some(foremost) = halves.pop() else { return false };
    wanted.insert(parent, Entry { target: parent, ..foremost });
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(target: IpNet, until: i64) -> Entry {
        let (until, duration) = (Timestamp::from_secs(until), Duration::from_secs(3600));
        Entry { target, until, duration, decision: "d".into(), reason: "r".into(), priority: 50 }
    }

    fn wanted(items: &[(&str, i64)]) -> Wanted {
        by_target(items.iter().map(|(target, until)| entry(target.parse().unwrap(), *until)))
    }

    fn texts(wanted: &Wanted) -> Vec<String> {
        wanted.keys().map(IpNet::to_string).collect()
    }

    #[test]
    fn puts_together_only_what_ends_together() {
        let neighbours = [("192.0.2.0/32", 9), ("192.0.2.1/32", 9), ("192.0.2.2/31", 9), ("192.0.2.4/32", 9)];
        assert_eq!(texts(&aggregate(wanted(&neighbours), |_| true)), ["192.0.2.0/30", "192.0.2.4/32"]);
        let apart = [("192.0.2.0/32", 9), ("192.0.2.1/32", 8), ("192.0.2.1/31", 9), ("192.0.2.3/32", 9)];
        assert_eq!(aggregate(wanted(&apart), |_| true).len(), 4);
        let refused = aggregate(wanted(&neighbours), |prefix| prefix.prefix_len() > 30);
        assert_eq!(texts(&refused), ["192.0.2.0/31", "192.0.2.2/31", "192.0.2.4/32"]);
        let six = [("2001:db8::/64", 9), ("2001:db8:0:1::/64", 9)];
        assert_eq!(texts(&aggregate(wanted(&six), |_| true)), ["2001:db8::/63"]);
    }

    #[test]
    fn chooses_the_most_important() {
        let mut all = wanted(&[("192.0.2.1/32", 9), ("192.0.2.2/32", 8), ("192.0.2.3/32", 7)]);
        if let Some(entry) = all.get_mut(&"192.0.2.3/32".parse().unwrap()) {
            entry.priority = 90;
        }
        let (chosen, left_out) = foremost(all, 2);
        assert_eq!((texts(&chosen), left_out), (vec!["192.0.2.1/32".into(), "192.0.2.3/32".into()], true));
    }

    proptest! {
        /// Whatever is put together: every address is blocked until the very moment it was to be blocked.
        #[test]
        fn aggregation_changes_no_end(
            items in prop::collection::vec((0..32_u32, 27..=32_u8, 1..4_i64), 0..24),
        ) {
            let net = |low: u32, length| {
                IpNet::new(std::net::Ipv4Addr::from(0xC000_0200 + low).into(), length).unwrap().trunc()
            };
            let before = by_target(items.iter().map(|(low, length, until)| entry(net(*low, *length), *until)));
            let after = aggregate(before.clone(), |prefix| prefix.prefix_len() >= 26);
            let ends = |wanted: &Wanted, low: u32| {
                let covering = wanted.values().filter(|entry| entry.target.contains(&net(low, 32)));
                covering.map(|entry| entry.until).max()
            };
            for low in 0..32 {
                prop_assert_eq!(ends(&before, low), ends(&after, low));
            }
            prop_assert!(after.len() <= before.len());
        }
    }
}
