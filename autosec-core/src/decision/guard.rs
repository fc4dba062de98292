use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Allowlist, Decision, Refusal};
use crate::entity::Entity;
use crate::net;
use crate::sketch::Cardinality;
use crate::time::{Timestamp, human};

/// The prefix that stands for one IPv6 client.
const CLIENT_PREFIX: u8 = 64;

/// How far AutoSec may go by itself.
///
/// The counts are there for the day on which a rule is wrong. A real attack seldom needs a thousand new blocks in ten minutes;
/// a rule that matches every client reaches the limit within moments, and then nothing more is blocked until an operator
/// has looked. A target that is blocked again in the same interval or the next is not counted anew.
///
/// ```
/// use autosec_core::decision::GuardConfig;
///
/// let config = GuardConfig { max_new: 50, widest_ipv4: 24, ..GuardConfig::default() };
/// assert!(!config.dry_run && config.protect_special);
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardConfig {
    /// Decide and report, touch nothing. Default false.
    pub dry_run: bool,
    /// Never block private, loopback, link-local, multicast and other special ranges. Default true.
    pub protect_special: bool,
    /// The widest IPv4 prefix that may be blocked; default 16.
    pub widest_ipv4: u8,
    /// The widest IPv6 prefix that may be blocked; default 32.
    pub widest_ipv6: u8,
    /// Over how long new blocks and clients are counted, in event time as far as the host's clock has come; default
    /// 10 minutes.
    #[serde(with = "human")]
    pub interval: Duration,
    /// The most new blocks an interval; default 1,000.
    pub max_new: usize,
    /// The greatest share of recent distinct clients that may be newly blocked in an interval, 0..=1; default 0.5.
    pub max_share: f64,
    /// New blocks an interval below which the share does not matter; default 50.
    pub share_from: usize,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            dry_run: false,
            protect_special: true,
            widest_ipv4: 16,
            widest_ipv6: 32,
            interval: Duration::from_secs(600),
            max_new: 1_000,
            max_share: 0.5,
            share_from: 50,
        }
    }
}

/// Stands between a decision and a firewall, so that no rule, feed, model or plug-in takes the host off the air.
///
/// Blocks and clients are counted in intervals of event time, never later than the host's clock: this one and the one
/// before. The number of clients is
/// [estimated](Cardinality) within about 3 %.
///
/// ```
/// use autosec_core::decision::{Allowlist, Guard, GuardConfig};
/// use autosec_core::entity::Entity;
///
/// let allowlist = Allowlist::new();
/// allowlist.insert(Entity::Address("198.51.100.7/32".parse()?), "monitoring");
/// let guard = Guard::new(GuardConfig::default(), allowlist);
///
/// assert_eq!(guard.permit("203.0.113.7/32".parse()?), Ok(()));
/// let why = |network: &str| guard.permit(network.parse().unwrap()).unwrap_err().to_string();
/// assert_eq!(why("198.51.100.0/24"), "the allowlist holds `198.51.100.7` (monitoring)");
/// assert!(why("127.0.0.1/32").starts_with("`127.0.0.1/32` is loopback address space"));
/// assert!(why("203.0.0.0/8").starts_with("`203.0.0.0/8` is wider than /16"));
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
#[derive(Debug)]
pub struct Guard {
    config: GuardConfig,
    allowlist: Allowlist,
    recent: Mutex<Recent>,
}

/// What happened in this interval and the one before.
#[derive(Debug)]
struct Recent {
    interval: i64,
    clients: [Cardinality; 2],
    blocks: [HashSet<IpNet>; 2],
}

impl Guard {
    /// A guard that has seen nothing yet.
    pub fn new(config: GuardConfig, allowlist: Allowlist) -> Self {
        Self { config, allowlist, recent: Mutex::new(Recent::new()) }
    }

    /// The list of what must never be blocked.
    pub fn allowlist(&self) -> &Allowlist {
        &self.allowlist
    }

    /// Whether decisions are only reported.
    pub fn is_dry_run(&self) -> bool {
        self.config.dry_run
    }

    /// Takes note of a client, for the share of clients that may be blocked: an IPv4 address, or the /64 of an IPv6
    /// address, so that nobody is many clients. `now` is as for [`Guard::admit`].
    pub fn saw_client(&self, address: IpAddr, now: Timestamp) {
        let client = net::client(address, CLIENT_PREFIX).addr();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.turn(now, self.config.interval);
        let [_, current] = &mut recent.clients;
        current.insert(&client);
    }

    /// Whether a new decision may go to the firewalls; counts it against the limits of the interval of `now` if it may.
    ///
    /// `now` is the event's time, or the host's clock where the event claims to be later: intervals never turn back, so
    /// one event of tomorrow would otherwise make all of today one interval.
    ///
    /// # Errors
    /// The decision must not be enforced.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use autosec_core::decision::{Allowlist, Decision, Guard, GuardConfig, Refusal};
    /// use autosec_core::entity::Entity;
    /// use autosec_core::finding::Action;
    /// use autosec_core::time::Timestamp;
    ///
    /// let guard = Guard::new(GuardConfig { max_new: 2, ..GuardConfig::default() }, Allowlist::new());
    /// let now = Timestamp::from_secs(1_700_000_000);
    /// let block = |host: u8| {
    ///     let attacker = Entity::address([203, 0, 113, host].into());
    ///     Decision::new(attacker, Action::Block, now, Duration::from_secs(3600))
    /// };
    /// assert_eq!(guard.admit(&block(1), now), Ok(()));
    /// assert_eq!(guard.admit(&block(2), now), Ok(()));
    /// assert_eq!(guard.admit(&block(1), now), Ok(()), "counted before");
    /// assert_eq!(guard.admit(&block(3), now), Err(Refusal::TooMany { limit: 2 }));
    /// ```
    pub fn admit(&self, decision: &Decision, now: Timestamp) -> Result<(), Refusal> {
        let Some(target) = decision.subject.network() else {
            return self.allowlist.covers(&decision.subject).map_or(Ok(()), Err);
        };
        if !decision.action.is_enforced() {
            return Ok(());
        }
        self.permit(target)?;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.turn(now, self.config.interval);
        recent.count(target, &self.config)
    }

    /// Whether `target` may be blocked at all. Repeated as the last step before every firewall.
    ///
    /// # Errors
    /// It overlaps the allowlist or a special range, or is too wide.
    pub fn permit(&self, target: IpNet) -> Result<(), Refusal> {
        let target = net::canonical_network(target);
        if let Some(refusal) = self.allowlist.covers(&Entity::Address(target)) {
            return Err(refusal);
        }
        if let Some(range) = net::special_range(target).filter(|_| self.config.protect_special) {
            return Err(Refusal::Special { target, range });
        }
        let widest = if target.addr().is_ipv4() { self.config.widest_ipv4 } else { self.config.widest_ipv6 };
        if target.prefix_len() < widest { Err(Refusal::TooWide { target, widest }) } else { Ok(()) }
    }
}

impl Recent {
    fn new() -> Self {
        let clients = Cardinality::new();
        Self { interval: 0, clients: [clients.clone(), clients], blocks: Default::default() }
    }

    /// Moves on to the interval of `at`, never back.
    fn turn(&mut self, at: Timestamp, interval: Duration) {
        let length = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
        let number = at.as_micros().div_euclid(length);
        if number <= self.interval {
            return;
        }
        let follows = number == self.interval + 1;
        self.interval = number;
        self.clients.swap(0, 1);
        self.blocks.swap(0, 1);
        let [clients_before, clients] = &mut self.clients;
        let [blocks_before, blocks] = &mut self.blocks;
        clients.clear();
        blocks.clear();
        if !follows {
            clients_before.clear();
            blocks_before.clear();
        }
    }

    fn count(&mut self, target: IpNet, config: &GuardConfig) -> Result<(), Refusal> {
        let [before, current] = &mut self.blocks;
        // Blocked again and again, it is one new block: an attack that goes on does not use the limits up.
        if before.contains(&target) || current.contains(&target) {
            return Ok(());
        }
        if current.len() >= config.max_new {
            return Err(Refusal::TooMany { limit: config.max_new });
        }
        let blocks = before.len() + current.len() + 1;
        if blocks > config.share_from {
            let clients = rounded(self.clients());
            if blocks as f64 > config.max_share * clients as f64 {
                let share = format!("{:.0} %", config.max_share * 100.0);
                return Err(Refusal::TooLargeShare { blocks, clients, share });
            }
        }
        let [_, current] = &mut self.blocks;
        current.insert(target);
        Ok(())
    }

    fn clients(&self) -> f64 {
        let [before, current] = &self.clients;
        let mut both = before.clone();
        both.merge(current);
        both.estimate()
    }
}

fn rounded(estimate: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate is finite and not negative"
    )]
    let whole = estimate.round() as usize;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Action;

    fn admit(guard: &Guard, target: IpNet, second: i64) -> Result<(), Refusal> {
        let now = Timestamp::from_secs(second);
        let hour = Duration::from_secs(3600);
        let mut decision = Decision::new(Entity::from(target), Action::Block, now, hour);
        // As it came, whatever its form.
        decision.subject = Entity::Address(target);
        guard.admit(&decision, now)
    }

    fn host(number: u32) -> IpNet {
        IpNet::from(IpAddr::from(std::net::Ipv4Addr::from(0xC633_6400 + number)))
    }

    #[test]
    fn refuses_what_hurts() {
        let allowlist = Allowlist::new();
        allowlist.insert(Entity::Address("198.51.100.7/32".parse().unwrap()), "monitor");
        let guard = Guard::new(GuardConfig::default(), allowlist);
        let permit = |text: &str| guard.permit(text.parse().unwrap());
        assert_eq!(permit("203.0.113.0/24"), Ok(()));
        assert_eq!(permit("::ffff:203.0.113.9/128"), Ok(()));
        assert!(matches!(permit("::ffff:198.51.100.7/128"), Err(Refusal::Allowlisted { .. })));
        assert!(matches!(permit("198.51.100.9/24"), Err(Refusal::Allowlisted { .. })));
        assert!(matches!(permit("::ffff:10.0.0.1/128"), Err(Refusal::Special { .. })));
        assert!(matches!(permit("::ffff:203.0.0.0/111"), Err(Refusal::TooWide { widest: 16, .. })));
        assert!(matches!(permit("198.51.100.0/24"), Err(Refusal::Allowlisted { .. })));
        assert!(matches!(permit("10.0.0.1/32"), Err(Refusal::Special { .. })));
        assert!(matches!(permit("203.0.0.0/15"), Err(Refusal::TooWide { widest: 16, .. })));
        assert!(matches!(permit("2001:db8::/31"), Err(Refusal::TooWide { widest: 32, .. })));
    }

    #[test]
    fn allow_dominates_whatever_the_form() {
        let forms = ["192.0.2.7/32", "::ffff:192.0.2.7/128"].map(|text| text.parse::<IpNet>().unwrap());
        for (allowed, blocked) in forms.into_iter().flat_map(|one| forms.map(|other| (one, other))) {
            let allowlist = Allowlist::new();
            allowlist.insert(Entity::Address(allowed), "monitor");
            let guard = Guard::new(GuardConfig::default(), allowlist);
            let refused = admit(&guard, blocked, 0);
            assert!(matches!(refused, Err(Refusal::Allowlisted { .. })), "{allowed} and {blocked}");
            assert!(guard.permit(blocked).is_err());
        }
    }

    #[test]
    fn bounds_new_blocks_an_interval() {
        let guard = Guard::new(GuardConfig { max_new: 3, ..GuardConfig::default() }, Allowlist::new());
        for number in [1, 2, 3, 3, 1] {
            assert_eq!(admit(&guard, host(number), 0), Ok(()), "a known block is not a new one");
        }
        assert_eq!(admit(&guard, host(4), 599), Err(Refusal::TooMany { limit: 3 }));
        assert_eq!(admit(&guard, host(4), 600), Ok(()));
    }

    #[test]
    fn bounds_the_share_of_clients() {
        let config = GuardConfig { share_from: 2, ..GuardConfig::default() };
        let guard = Guard::new(config, Allowlist::new());
        for number in 0..10 {
            guard.saw_client(host(number).addr(), Timestamp::EPOCH);
        }
        let refused = (0..10).filter(|number| admit(&guard, host(*number), 1).is_err()).count();
        assert_eq!(refused, 5, "half of ten clients may be blocked");
        assert!(admit(&guard, host(0), 1200).is_ok(), "a new interval, and few blocks");
    }

    #[test]
    fn an_ipv6_client_is_a_64() {
        let config = GuardConfig { share_from: 0, ..GuardConfig::default() };
        let guard = Guard::new(config, Allowlist::new());
        for host in 0..1_000_u128 {
            let address = std::net::Ipv6Addr::from((0x2001_0db8 << 96) | host);
            guard.saw_client(address.into(), Timestamp::EPOCH);
        }
        let refused = admit(&guard, "2001:db8::/64".parse().unwrap(), 1);
        assert!(matches!(refused, Err(Refusal::TooLargeShare { blocks: 1, clients: 1, .. })), "{refused:?}");
    }
}
