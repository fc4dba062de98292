//! Enforcement over a long time and many changes: what must hold after each of them.
//!
//! With optimization (`cargo test --release`) the numbers are those the product is held to; without it a hundredth of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::decision::{Allowlist, Decision, GuardConfig, Role, Surroundings, Vital};
use autosec_core::enforce::{
    Block, Capabilities, EnforceConfig, EnforceError, FirewallConfig, FirewallIntegration, Health,
    MemoryFirewall, Outcome, Rate,
};
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::measure::RiskScore;
use autosec_core::net;
use autosec_core::store::{MemoryStore, Store, StoreError};
use autosec_core::time::{Clock, ManualClock, Timestamp};
use futures_util::FutureExt;
use ipnet::IpNet;

use crate::support::{address, block};

/// How much is done: all of it with optimization, a hundredth without.
const fn scaled(whole: u32) -> u32 {
    if cfg!(debug_assertions) { whole / 100 } else { whole }
}

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 32) % u64::from(sides)).unwrap()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)))
}

fn memory(name: &str, clock: &Arc<ManualClock>) -> MemoryFirewall {
    MemoryFirewall::with_clock(name, Arc::clone(clock) as Arc<dyn Clock>)
}

/// Nothing here waits, so a single poll is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

#[derive(Debug)]
struct Rack;

impl Surroundings for Rack {
    fn look(&self) -> Vec<Vital> {
        let vital = |network: &str, role| Vital { network: network.parse().unwrap(), role };
        vec![
            vital("198.18.0.1/32", Role::Gateway),
            vital("198.18.3.0/30", Role::Own),
            vital("2001:db8::53/128", Role::Resolver),
            vital("198.18.5.5/32", Role::Administrator),
        ]
    }
}

/// A firewall, of whatever kind, that complains of every protected address it is sent.
#[derive(Clone, Debug)]
struct Witness {
    memory: MemoryFirewall,
    allowlist: Allowlist,
    native_ttl: bool,
    sent: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl FirewallIntegration for Witness {
    fn name(&self) -> &str {
        self.memory.name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { native_ttl: self.native_ttl, batch: 50, ..self.memory.capabilities() }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        for block in blocks {
            let target = block.target;
            assert_eq!(self.allowlist.covers(&Entity::Address(target)), None, "{target} is allowed");
            assert_eq!(net::special_range(target), None, "{target} is special");
            let overlaps = |vital: &Vital| vital.network.contains(&target) || target.contains(&vital.network);
            assert!(!Rack.look().iter().any(overlaps), "{target} is vital");
            assert!(target.prefix_len() >= if target.addr().is_ipv4() { 16 } else { 32 }, "{target} is wide");
        }
        self.sent.fetch_add(blocks.len(), Ordering::Relaxed);
        // Every now and then it fails: before it has done anything, or after.
        match self.calls.fetch_add(1, Ordering::Relaxed) % 40 {
            13 => Err(self.fails()),
            27 => {
                self.memory.block(blocks).await?;
                Err(self.fails())
            }
            _ => self.memory.block(blocks).await,
        }
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % 40 == 31 {
            return Err(self.fails());
        }
        self.memory.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.memory.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.memory.health().await
    }
}

impl Witness {
    fn new(name: &str, clock: &Arc<ManualClock>, allowlist: &Allowlist, native_ttl: bool) -> Self {
        let (sent, calls) = (Arc::default(), Arc::default());
        Self { memory: memory(name, clock), allowlist: allowlist.clone(), native_ttl, sent, calls }
    }

    fn fails(&self) -> EnforceError {
        EnforceError::Transport { firewall: self.name().to_owned(), reason: "cut".to_owned() }
    }
}

/// Any target: mostly of a neighbourhood that holds everything protected, sometimes of anywhere.
fn any_target(dice: &mut Dice) -> IpNet {
    match dice.roll(20) {
        0 => IpNet::new(Ipv4Addr::from(dice.roll(u32::MAX)).into(), 32),
        1 => IpNet::new(Ipv4Addr::from(dice.roll(u32::MAX)).into(), u8::try_from(dice.roll(33)).unwrap()),
        2..=4 => {
            let low = u128::from(dice.roll(256));
            let length = 120 + u8::try_from(dice.roll(9)).unwrap();
            IpNet::new(Ipv6Addr::from((0x2001_0db8_u128 << 96) | low).into(), length)
        }
        5 => {
            let mapped = Ipv4Addr::from(0xC612_0000 + dice.roll(2_048)).to_ipv6_mapped();
            IpNet::new(mapped.into(), 120 + u8::try_from(dice.roll(9)).unwrap())
        }
        _ => {
            let length = 24 + u8::try_from(dice.roll(12).min(8)).unwrap();
            IpNet::new(Ipv4Addr::from(0xC612_0000 + dice.roll(2_048)).into(), length)
        }
    }
    .unwrap()
}

fn decision(target: IpNet, number: u32, dice: &mut Dice) -> Decision {
    let seconds = 1 + u64::from(dice.roll(600));
    let risk = RiskScore::clamped(f64::from(dice.roll(100)) / 100.0);
    let mut decision = block("203.0.113.1", &number.to_string(), seconds).with_risk(risk);
    decision.subject = Entity::Address(target);
    decision.id = number.to_string().into();
    decision
}

#[test]
fn no_protected_address_is_ever_sent() {
    let (clock, allowlist, mut dice) = (clock(), Allowlist::new(), Dice(0x5EED));
    let witness = |name, native_ttl| Witness::new(name, &clock, &allowlist, native_ttl);
    let firewalls =
        [witness("plain", true), witness("old", false), witness("dense", true), witness("small", true)];
    let dense = FirewallConfig { aggregate: true, ..FirewallConfig::default() };
    let rate = Some(Rate { calls: 50, items: 500, per: Duration::from_secs(10) });
    let small = FirewallConfig { capacity: Some(20), rate, ..FirewallConfig::default() };
    let config = EnforceConfig {
        firewalls: [("dense".to_owned(), dense), ("small".to_owned(), small)].into(),
        capacity: 80,
        when_full: autosec_core::enforce::WhenFull::Evict,
        seed: Some(1),
        ..EnforceConfig::default()
    };
    let mut builder = Engine::builder().clock(Arc::clone(&clock)).allowlist(allowlist.clone());
    for firewall in &firewalls {
        builder = builder.firewall(firewall.clone());
    }
    let engine = builder.surroundings(Rack).enforcement(config).build().unwrap();
    let mut allowed: Vec<Entity> = Vec::new();
    for number in 0..scaled(1_000_000) {
        let target = any_target(&mut dice);
        match dice.roll(100) {
            0..70 => drop(now(engine.enforce(&decision(target, number, &mut dice)))),
            70..75 => {
                let targets: Vec<IpNet> = (0..8).map(|_| any_target(&mut dice)).collect();
                let batch = targets.into_iter().map(|target| decision(target, number, &mut dice));
                let batch: Vec<Decision> = batch.collect();
                drop(now(engine.enforcer().enforce_all(&batch)));
            }
            75..85 => drop(now(engine.unblock(target))),
            85..90 => {
                let entity = Entity::Address(target);
                drop(now(engine.allow(entity.clone(), "ours")));
                allowed.push(entity);
            }
            90..96 => {
                clock.advance(Duration::from_millis(u64::from(dice.roll(5_000))));
                drop(now(engine.maintain()));
            }
            96 => {
                let trial = now(engine
                    .enforcer()
                    .try_out(&[decision(target, number, &mut dice)], Duration::from_secs(9)));
                if dice.roll(2) == 0 {
                    drop(now(engine.enforcer().confirm(trial)));
                }
            }
            97 => firewalls[usize::try_from(dice.roll(4)).unwrap()].memory.flush(),
            98 => drop(now(engine.reconcile())),
            _ => drop(now(engine.enforcer().replay())),
        }
        // Kept short, or soon nothing could be blocked any more.
        while allowed.len() > 20 {
            let place = usize::try_from(dice.roll(21)).unwrap() % allowed.len();
            allowlist.remove(&allowed.swap_remove(place));
        }
    }
    for firewall in &firewalls {
        let sent = firewall.sent.load(Ordering::Relaxed);
        assert!(
            sent > usize::try_from(scaled(50_000)).unwrap(),
            "{} was sent {sent} blocks",
            firewall.name()
        );
    }
    // And whatever happened on the way, they end where the ledger is.
    for _ in 0..400 {
        clock.advance(Duration::from_secs(1));
        drop(now(engine.maintain()));
    }
    clock.advance(Duration::from_secs(301));
    drop(now(engine.maintain()));
    drop(now(engine.reconcile()));
    drop(now(engine.reconcile()));
    let wanted: Vec<IpNet> = engine.in_force().iter().map(|entry| entry.target).collect();
    for firewall in &firewalls[..2] {
        let held: Vec<IpNet> = now(firewall.memory.blocked()).unwrap().iter().map(|one| one.target).collect();
        assert_eq!(held, wanted, "{}", firewall.name());
    }
}

/// Prefixes of every length of both families, overlapping a great deal.
fn overlapping(dice: &mut Dice) -> IpNet {
    let net = if dice.roll(3) == 0 {
        let low = (u128::from(dice.roll(u32::MAX)) << 64) | u128::from(dice.roll(8));
        let length = 32 + u8::try_from(dice.roll(97)).unwrap();
        IpNet::new(Ipv6Addr::from((0x2001_0db8_u128 << 96) | (low & ((1 << 96) - 1))).into(), length)
    } else {
        let length = 16 + u8::try_from(dice.roll(17)).unwrap();
        IpNet::new(Ipv4Addr::from(0xC612_0000 + dice.roll(0x2_0000)).into(), length)
    };
    net.unwrap().trunc()
}

/// Until when each address is to be blocked, found by looking at every prefix.
fn oracle(ends: &HashMap<IpNet, Timestamp>, probe: IpAddr) -> Option<Timestamp> {
    ends.iter().filter(|(net, _)| net.contains(&probe)).map(|(_, end)| *end).max()
}

#[test]
fn overlapping_prefixes_equal_an_oracle() {
    let (clock, mut dice) = (clock(), Dice(0xACE));
    let allowlist = Allowlist::new();
    let firewalls =
        ["plain", "dense", "old"].map(|name| Witness::new(name, &clock, &allowlist, name != "old"));
    let dense = FirewallConfig { aggregate: true, ..FirewallConfig::default() };
    let config =
        EnforceConfig { firewalls: [("dense".to_owned(), dense)].into(), ..EnforceConfig::default() };
    let mut builder = Engine::builder().clock(Arc::clone(&clock)).enforcement(config);
    for firewall in &firewalls {
        builder = builder.firewall(firewall.memory.clone());
    }
    let engine = builder.build().unwrap();
    let (count, start) = (scaled(300_000).min(10_000), clock.now());
    let (mut ends, mut decisions) = (HashMap::new(), Vec::new());
    while decisions.len() < usize::try_from(count).unwrap() {
        let (target, minutes) = (overlapping(&mut dice), 1 + u64::from(dice.roll(60)));
        // A renewal by little is not made, which is another matter.
        if ends.insert(target, start + Duration::from_secs(minutes * 60)).is_some() {
            continue;
        }
        let mut decision = block("203.0.113.1", &target.to_string(), minutes * 60);
        decision.subject = Entity::Address(target);
        decisions.push(decision);
    }
    let ends: HashMap<IpNet, Timestamp> =
        decisions.iter().map(|one| (one.subject.network().unwrap(), start + one.duration)).collect();
    for part in decisions.chunks(1_000) {
        assert!(now(engine.enforcer().enforce_all(part)).apart.is_empty());
    }
    let nets: Vec<IpNet> = ends.keys().copied().collect();
    let mut blocked = 0;
    for step in 0..=60_u32 {
        for _ in 0..scaled(100_000) / 61 + 1 {
            let near = nets[usize::try_from(dice.roll(count)).unwrap() % nets.len()];
            let probe = match near {
                IpNet::V4(net) => {
                    IpAddr::from(Ipv4Addr::from(u32::from(net.network()).wrapping_add(dice.roll(300))))
                }
                IpNet::V6(net) => {
                    IpAddr::from(Ipv6Addr::from(u128::from(net.network()) + u128::from(dice.roll(300))))
                }
            };
            let expected = oracle(&ends, probe).is_some_and(|end| end > clock.now());
            for firewall in &firewalls {
                let name = firewall.memory.name();
                assert_eq!(firewall.memory.drops(probe), expected, "{probe} on {name} after {step} min");
            }
            blocked += usize::from(expected);
        }
        clock.advance(Duration::from_secs(60));
        drop(now(engine.maintain()));
    }
    assert!(blocked > 100 && engine.in_force().is_empty());
}

#[test]
fn a_clock_that_jumps_makes_no_block_immortal_and_loses_none_early() {
    let clock = clock();
    let old = Witness::new("old", &clock, &Allowlist::new(), false);
    let engine = Engine::builder().clock(Arc::clone(&clock)).firewall(old.clone()).build().unwrap();
    let (mut lived, minute) = (0, Duration::from_secs(60));
    now(engine.enforce(&block("203.0.113.9", "a", 3600)));
    // Ten minutes pass, then it is set back by days, several times; time that passes forwards counts.
    for _ in 0..5 {
        for _ in 0..10 {
            clock.advance(minute);
            now(engine.maintain());
            lived += 1;
        }
        assert!(old.memory.drops(address("203.0.113.9")), "after {lived} minutes of 60");
        clock.set(clock.now() - Duration::from_secs(3 * 86_400));
        now(engine.maintain());
        assert!(old.memory.drops(address("203.0.113.9")), "a clock set back lets nobody in");
    }
    for _ in 0..61 {
        clock.advance(minute);
        now(engine.maintain());
    }
    assert!(!old.memory.drops(address("203.0.113.9")), "an hour after the last jump at the latest");
    now(engine.enforce(&block("203.0.113.9", "b", 3600)));
    clock.advance(Duration::from_secs(365 * 86_400));
    now(engine.maintain());
    assert!(!old.memory.drops(address("203.0.113.9")) && engine.in_force().is_empty());
}

/// A store that takes its time, or has no room, and counts.
#[derive(Clone, Debug, Default)]
struct Poor(Arc<MemoryStore>, Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Store for Poor {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        std::thread::sleep(Duration::from_millis(20));
        self.1.fetch_add(1, Ordering::SeqCst);
        if self.2.load(Ordering::SeqCst) > 0 {
            let source = std::io::ErrorKind::StorageFull.into();
            return Err(StoreError::Io { journal: journal.to_owned(), verb: "written", source });
        }
        self.0.append(journal, records)
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        self.0.read(journal)
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.0.replace(journal, records)
    }
}

#[test]
fn a_store_that_is_slow_or_full_keeps_ledger_and_firewall_alike() {
    let (clock, store) = (clock(), Poor::default());
    let edge = memory("edge", &clock);
    let builder = Engine::builder().clock(Arc::clone(&clock)).store(store.clone()).firewall(edge.clone());
    // A thousand newcomers at once are more than the guard lets through by itself; the enforcer does as it is told.
    let engine = builder.guard(GuardConfig::default()).build().unwrap();
    let host = |number: u32| Ipv4Addr::from(0xC612_0000 + number).to_string();
    let all: Vec<Decision> = (0..2_000).map(|number| block(&host(number), &host(number), 3600)).collect();
    assert!(now(engine.enforcer().enforce_all(&all[..1_000])).is_complete());
    assert_eq!(store.1.load(Ordering::SeqCst), 1, "one write for all of them");
    store.2.store(1, Ordering::SeqCst);
    let refused = now(engine.enforcer().enforce_all(&all[500..]));
    assert!(!refused.is_complete() && engine.in_force().len() == 1_000);
    assert_eq!(now(edge.blocked()).unwrap().len(), 1_000, "nothing that is not written down");
    assert!(!now(engine.unblock("198.18.0.0/16".parse().unwrap())).is_complete());
    assert_eq!(now(edge.blocked()).unwrap().len(), 1_000, "and nothing is let in that would come back");
    let released = now(engine.enforcer().release_all());
    assert!(now(edge.blocked()).unwrap().is_empty(), "but letting go of everything works: {released}");
    store.2.store(0, Ordering::SeqCst);
    assert!(now(engine.enforcer().enforce_all(&all[500..])).is_complete());
    assert_eq!(now(edge.blocked()).unwrap().len(), 1_500);
}
