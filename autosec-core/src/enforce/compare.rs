//! What a firewall holds, beside what it should hold.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ipnet::IpNet;

use super::choice::Wanted;
use super::config::SyncGuard;
use super::{Block, EnforceError};
use crate::net::canonical_network;
use crate::time::Timestamp;

/// Clocks and transit may differ by this much before an end counts as wrong.
const TOLERANCE: Duration = Duration::from_secs(5);

/// What would be done to one firewall to bring it to the ledger.
///
/// ```
/// use autosec_core::enforce::FirewallPlan;
///
/// let plan = FirewallPlan {
///     firewall: "edge".to_owned(),
///     held: 3,
///     add: vec!["203.0.113.7/32".parse().unwrap()],
///     refresh: Vec::new(),
///     remove: vec!["198.51.100.0/24".parse().unwrap()],
/// };
/// assert_eq!(plan.to_string(), "`edge` holds 3: + 203.0.113.7/32, - 198.51.100.0/24");
/// assert!(!plan.is_empty());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FirewallPlan {
    /// The firewall's name.
    pub firewall: String,
    /// How many blocks it holds now.
    pub held: usize,
    /// What would be blocked that is not.
    pub add: Vec<IpNet>,
    /// What is blocked for too short or too long a time, or without effect, and would be blocked anew.
    pub refresh: Vec<IpNet>,
    /// What would be let in again.
    pub remove: Vec<IpNet>,
}

impl FirewallPlan {
    /// Compares what is held with what is wanted; all of it is to be sent anew where what is held has no effect. `longest`
    /// is the longest time that the firewall holds by itself.
    pub(super) fn new(
        firewall: &str,
        held: &[Block],
        wanted: &Wanted,
        (enforcing, longest): (bool, Option<Duration>),
        now: Timestamp,
    ) -> Self {
        let ends: BTreeMap<IpNet, Option<Duration>> =
            held.iter().map(|block| (canonical_network(block.target), block.ttl)).collect();
        let mut plan = Self {
            firewall: firewall.to_owned(),
            held: ends.len(),
            add: Vec::new(),
            refresh: Vec::new(),
            remove: ends.keys().filter(|target| !wanted.contains_key(target)).copied().collect(),
        };
        for entry in wanted.values() {
            match ends.get(&entry.target) {
                None => plan.add.push(entry.target),
                Some(ttl) if enforcing && is_right(*ttl, entry.left(now), longest) => {}
                Some(_) => plan.refresh.push(entry.target),
            }
        }
        plan
    }

    /// Whether the firewall is as it should be.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.refresh.is_empty() && self.remove.is_empty()
    }

    /// Every item that is not as it should be.
    pub(super) fn items(&self) -> impl Iterator<Item = IpNet> {
        self.refresh.iter().chain(&self.add).chain(&self.remove).copied()
    }

    /// Takes out what is too much of a change at once; `is_explained` says of a removal that the ledger knows why.
    pub(super) fn restrain(
        &mut self,
        limits: &SyncGuard,
        is_explained: impl Fn(&IpNet) -> bool,
    ) -> Option<EnforceError> {
        let exceeds = |count: usize, share: f64| {
            count > limits.from && count as f64 > share * self.held as f64 && self.held > 0
        };
        let unexplained = self.remove.iter().filter(|target| !is_explained(target)).count();
        let shrinks = exceeds(unexplained, limits.max_shrink);
        let grows = limits.max_growth.is_some_and(|share| exceeds(self.add.len(), share));
        if !shrinks && !grows {
            return None;
        }
        let add = if grows { std::mem::take(&mut self.add).len() } else { 0 };
        let before = self.remove.len();
        if shrinks {
            self.remove.retain(is_explained);
        }
        let remove = before - self.remove.len();
        Some(EnforceError::Held { firewall: self.firewall.clone(), held: self.held, add, remove })
    }
}

/// No end at all is right where ends are ours to keep. Where a block lasts longer than the firewall can hold it, the end
/// there is right until half of that time is over, when it is given anew.
fn is_right(ttl: Option<Duration>, left: Duration, longest: Option<Duration>) -> bool {
    let is_close = |ttl: Duration| match longest.filter(|longest| *longest < left) {
        Some(longest) => ttl + TOLERANCE >= longest / 2 && ttl <= longest + TOLERANCE,
        None => ttl.abs_diff(left) <= TOLERANCE,
    };
    ttl.is_none_or(is_close)
}

impl fmt::Display for FirewallPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` holds {}", self.firewall, self.held)?;
        if self.is_empty() {
            return f.write_str(", as it should");
        }
        let signs = [("+", &self.add), ("~", &self.refresh), ("-", &self.remove)];
        let items = signs.iter().flat_map(|(sign, items)| items.iter().map(move |item| (*sign, item)));
        for (index, (sign, item)) in items.enumerate() {
            write!(f, "{}{sign} {item}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::super::choice::by_target;
    use super::*;

    fn net(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(0xC612_0000 + number)))
    }

    fn plan(held: std::ops::Range<u32>, wanted: std::ops::Range<u32>) -> FirewallPlan {
        let (now, hour) = (Timestamp::from_secs(1_000), Duration::from_secs(3600));
        let block = |number| Block { target: net(number), ttl: Some(hour), reason: String::new() };
        let entry = |number| Entry {
            target: net(number),
            until: now + hour,
            duration: hour,
            decision: "d".into(),
            reason: String::new(),
            priority: 0,
        };
        let held: Vec<Block> = held.map(block).collect();
        FirewallPlan::new("edge", &held, &by_target(wanted.map(entry)), (true, None), now)
    }

    #[test]
    fn a_large_loss_is_held_back_and_the_rest_goes_ahead() {
        let limits = SyncGuard::default();
        let mut shrinks = plan(0..1_000, 900..1_010);
        let held = shrinks.restrain(&limits, |_| false).unwrap();
        assert_eq!(held, EnforceError::Held { firewall: "edge".into(), held: 1_000, add: 0, remove: 900 });
        assert_eq!((shrinks.add.len(), shrinks.remove.len()), (10, 0));
        assert_eq!(plan(0..1_000, 900..1_000).restrain(&limits, |_| true), None, "all of it is explained");
        assert_eq!(plan(0..1_000, 400..1_000).restrain(&limits, |_| false), None, "less than half");
        assert_eq!(plan(0..90, 0..0).restrain(&limits, |_| false), None, "few");
    }

    #[test]
    fn growth_is_held_back_where_asked_for() {
        assert_eq!(plan(0..10, 0..1_000).restrain(&SyncGuard::default(), |_| false), None);
        let limits = SyncGuard { max_growth: Some(1.0), ..SyncGuard::default() };
        let mut grows = plan(0..200, 0..1_000);
        assert!(matches!(
            grows.restrain(&limits, |_| false),
            Some(EnforceError::Held { add: 800, remove: 0, .. })
        ));
        assert!(grows.is_empty());
        assert_eq!(plan(0..200, 0..400).restrain(&limits, |_| false), None);
        assert_eq!(plan(0..0, 0..1_000).restrain(&limits, |_| false), None, "an empty one may be filled");
    }

    #[test]
    fn a_block_that_is_held_for_a_part_of_its_time_is_right_until_half_of_that_is_over() {
        let (day, year) = (Duration::from_secs(86_400), Duration::from_secs(365 * 86_400));
        for (held, left, is) in [(24, year, true), (13, year, true), (11, year, false), (25, year, false)] {
            assert_eq!(is_right(Some(day / 24 * held), left, Some(day)), is, "{held} h");
        }
        assert!(is_right(Some(day / 2), day / 2, Some(day)), "it ends there by itself");
        assert!(!is_right(Some(day), day / 2, Some(day)));
        assert!(is_right(None, year, None));
    }
}
