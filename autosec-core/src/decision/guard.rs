use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::noted::Noted;
use super::recent::Recent;
use super::{Allowlist, Decision, Refusal, Surroundings, Vital};
use crate::entity::Entity;
use crate::net;
use crate::time::{Timestamp, human};

/// How far AutoSec may go by itself.
///
/// The counts are there for the day on which a rule is wrong. A real attack seldom needs a thousand new blocks in ten minutes;
/// a rule that matches every client reaches the limit within moments, and then nothing more is blocked until an operator
/// has looked. A target that is blocked again in the same interval or the next is not counted anew.
///
/// The share is one of *regulars*: clients that were seen in the interval before and not blocked in it. A botnet of
/// newcomers, however large, makes neither the share nor what it is a share of any larger; a rule that is wrong hits
/// regulars at once. Whoever attacks slowly enough to be seen for a whole interval is a regular too, and a prefix always counts
/// as one. Before a first interval has passed there are no regulars, and every client counts as one.
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
    /// Never block private, loopback, link-local, multicast and other [special ranges](net::special_range). Default true.
    pub protect_special: bool,
    /// Special ranges, or parts of them, that may be blocked all the same: `10.0.0.0/8` where attackers are to be stopped
    /// inside a network. What lies within one of these is no special range. Default none.
    pub allow_special: Vec<IpNet>,
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
    /// The greatest share of regulars that may be newly blocked within this interval and the one before, 0..=1; default 0.5.
    pub max_share: f64,
    /// New blocks of regulars up to which the share does not matter; default 50.
    pub share_from: usize,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            dry_run: false,
            protect_special: true,
            allow_special: Vec::new(),
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
/// before. It takes 256 KiB to know who they were, whatever their number; of 100,000 about 1 % are
/// overlooked, and from some 300,000 on so many that the share is reached sooner than it should.
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
    noted: Noted,
    recent: Mutex<Recent>,
    surroundings: Option<Arc<dyn Surroundings>>,
    /// What the host lives by, as of the last look.
    vital: RwLock<Vec<Vital>>,
}

impl Guard {
    /// A guard that has seen nothing yet.
    pub fn new(config: GuardConfig, allowlist: Allowlist) -> Self {
        let (recent, vital) = (Mutex::new(Recent::new()), RwLock::default());
        Self { config, allowlist, noted: Noted::new(), recent, surroundings: None, vital }
    }

    /// The same with an eye on what the host lives by, which must not be blocked either; looks at once.
    #[must_use]
    pub fn with_surroundings(self, surroundings: Arc<dyn Surroundings>) -> Self {
        let guard = Self { surroundings: Some(surroundings), ..self };
        guard.look_around();
        guard
    }

    /// Looks anew at what the host lives by, if somebody can tell.
    pub fn look_around(&self) {
        let Some(surroundings) = &self.surroundings else { return };
        // Outside the lock: the host's own code may take its time.
        let found = surroundings.look();
        let found =
            found.into_iter().map(|one| Vital { network: net::canonical_network(one.network), ..one });
        *self.vital.write().unwrap_or_else(PoisonError::into_inner) = found.collect();
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
        if self.noted.is_new(address, Recent::number(now, self.config.interval)) {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.saw(address, now, self.config.interval);
        }
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
        recent.count(net::canonical_network(target), now, &self.config)
    }

    /// Whether `target` may be blocked at all. Repeated as the last step before every firewall.
    ///
    /// # Errors
    /// It overlaps the allowlist, something the host lives by, or a special range, or is too wide.
    pub fn permit(&self, target: IpNet) -> Result<(), Refusal> {
        let target = net::canonical_network(target);
        if let Some(refusal) = self.allowlist.covers(&Entity::Address(target)) {
            return Err(refusal);
        }
        if let Some(vital) = self.vital(target) {
            return Err(Refusal::Vital { target, network: vital.network, role: vital.role });
        }
        if let Some(range) = net::special_range(target).filter(|_| self.protects_special(target)) {
            return Err(Refusal::Special { target, range });
        }
        let widest = if target.addr().is_ipv4() { self.config.widest_ipv4 } else { self.config.widest_ipv6 };
        if target.prefix_len() < widest { Err(Refusal::TooWide { target, widest }) } else { Ok(()) }
    }

    /// What the host lives by that overlaps `target`.
    fn vital(&self, target: IpNet) -> Option<Vital> {
        let vital = self.vital.read().unwrap_or_else(PoisonError::into_inner);
        let overlaps = |one: &&Vital| one.network.contains(&target) || target.contains(&one.network);
        vital.iter().find(overlaps).copied()
    }

    fn protects_special(&self, target: IpNet) -> bool {
        let mut allowed = self.config.allow_special.iter().map(|range| net::canonical_network(*range));
        self.config.protect_special && !allowed.any(|range| range.contains(&target))
    }
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
    fn special_ranges_can_be_allowed_one_by_one() {
        let allow_special = vec!["10.1.0.0/16".parse().unwrap(), "::ffff:192.168.0.0/112".parse().unwrap()];
        let guard = Guard::new(GuardConfig { allow_special, ..GuardConfig::default() }, Allowlist::new());
        let permits = |text: &str| guard.permit(text.parse().unwrap()).is_ok();
        assert!(permits("10.1.2.3/32") && permits("10.1.0.0/16") && permits("192.168.7.0/24"));
        assert!(!permits("10.2.0.1/32") && !permits("10.0.0.0/15") && !permits("172.16.0.1/32"));
    }

    #[test]
    fn what_the_host_lives_by_is_looked_at_anew() {
        #[derive(Debug, Default)]
        struct Moves(std::sync::atomic::AtomicU8);

        impl Surroundings for Moves {
            fn look(&self) -> Vec<Vital> {
                let host = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let mapped = std::net::Ipv4Addr::new(203, 0, 113, host).to_ipv6_mapped();
                vec![Vital { network: IpNet::from(IpAddr::from(mapped)), role: crate::decision::Role::Own }]
            }
        }

        let guard = Guard::new(GuardConfig::default(), Allowlist::new())
            .with_surroundings(Arc::new(Moves::default()));
        let permits = |text: &str| guard.permit(text.parse().unwrap()).is_ok();
        assert!(!permits("203.0.113.0/32") && !permits("203.0.0.0/16") && permits("203.0.113.1/32"));
        guard.look_around();
        assert!(permits("203.0.113.0/32") && !permits("203.0.113.1/32"));
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
