//! Enforcement over a long time and many changes: what must hold after each of them.
//!
//! With optimization the numbers are those the product is held to, without it a hundredth of them:
//! `cargo test --release --test integration endurance -- --nocapture` makes the million operations and says so.

use std::collections::HashMap;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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

/// What a host lives by, which moves about.
#[derive(Clone, Debug, Default)]
struct Rack(Arc<Mutex<Moving>>);

#[derive(Debug, Default)]
struct Moving {
    turn: u32,
    /// What the guard was told last: until it looks again, it cannot know better.
    told: Vec<Vital>,
}

impl Rack {
    fn moves(&self) {
        self.0.lock().unwrap().turn += 1;
    }

    fn protects(&self, target: IpNet) -> bool {
        let overlaps = |vital: &Vital| vital.network.contains(&target) || target.contains(&vital.network);
        self.0.lock().unwrap().told.iter().any(overlaps)
    }
}

impl Surroundings for Rack {
    fn look(&self) -> Vec<Vital> {
        let mut moving = self.0.lock().unwrap();
        let turn = moving.turn;
        let vital = |network: String, role| Vital { network: network.parse().unwrap(), role };
        moving.told = vec![
            vital(format!("198.18.0.{}/32", 1 + turn % 7), Role::Gateway),
            vital(format!("198.18.3.{}/30", turn % 64 * 4), Role::Own),
            vital(format!("2001:db8::{}/128", 53 + turn % 5), Role::Resolver),
            vital(format!("198.18.5.{}/32", turn % 256), Role::Administrator),
        ];
        moving.told.clone()
    }
}

/// A firewall, of whatever kind, that complains of every protected address it is sent.
#[derive(Clone, Debug)]
struct Witness {
    memory: MemoryFirewall,
    allowlist: Allowlist,
    rack: Rack,
    can: Capabilities,
    sent: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl FirewallIntegration for Witness {
    fn name(&self) -> &str {
        self.memory.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.can
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        blocks.iter().for_each(|block| self.examine(block));
        self.sent.fetch_add(blocks.len(), Ordering::Relaxed);
        // Every now and then it fails: before it has done anything, or after; or it objects to an item.
        match self.calls.fetch_add(1, Ordering::Relaxed) % 40 {
            13 => Err(self.fails()),
            27 => {
                self.memory.block(blocks).await?;
                Err(self.fails())
            }
            35 => {
                let (firewall, reason) = (self.name().to_owned(), "not now".to_owned());
                let target = blocks.last().map(|block| block.target);
                Err(EnforceError::Rejected { firewall, target, reason })
            }
            _ => self.memory.block(blocks).await,
        }
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        assert_ne!(self.name(), "watched", "it is only observed");
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
    fn new(name: &str, clock: &Arc<ManualClock>, allowlist: &Allowlist, rack: &Rack) -> Self {
        let (sent, calls, memory) = (Arc::default(), Arc::default(), memory(name, clock));
        let can = Capabilities { batch: 50, native_ttl: name != "old", ..memory.capabilities() };
        let can = match name {
            "short" => Capabilities { max_ttl: Some(Duration::from_secs(60)), ..can },
            "hosts" => Capabilities { prefixes: false, ipv6: false, native_ttl: false, ..can },
            _ => can,
        };
        Self { memory, allowlist: allowlist.clone(), rack: rack.clone(), can, sent, calls }
    }

    fn examine(&self, block: &Block) {
        let (target, can) = (block.target, self.can);
        assert_ne!(self.name(), "watched", "it is only observed");
        assert!(!self.is_protected(target), "{target} is protected, and sent to {}", self.name());
        assert!(target.prefix_len() >= if target.addr().is_ipv4() { 16 } else { 32 }, "{target} is wide");
        assert!(can.prefixes || target.prefix_len() == target.max_prefix_len(), "{target} is a prefix");
        assert!(can.ipv6 || target.addr().is_ipv4(), "{target} is IPv6");
        assert_eq!(block.ttl.is_some(), can.native_ttl, "{target}");
        assert!(can.max_ttl.is_none_or(|longest| block.ttl.unwrap() <= longest), "{target}: {:?}", block.ttl);
    }

    fn is_protected(&self, target: IpNet) -> bool {
        let allowed = self.allowlist.covers(&Entity::Address(target)).is_some();
        allowed || net::special_range(target).is_some() || self.rack.protects(target)
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

/// Firewalls of every kind, on which everything that can go wrong does.
struct Fleet {
    clock: Arc<ManualClock>,
    allowlist: Allowlist,
    rack: Rack,
    firewalls: [Witness; 7],
    engine: Engine,
    allowed: Vec<Entity>,
}

impl Fleet {
    fn new() -> Self {
        let (clock, allowlist, rack) = (clock(), Allowlist::new(), Rack::default());
        let firewalls = ["plain", "old", "short", "hosts", "dense", "small", "watched"]
            .map(|name| Witness::new(name, &clock, &allowlist, &rack));
        let dense = FirewallConfig { aggregate: true, ..FirewallConfig::default() };
        let rate = Some(Rate { calls: 50, items: 500, per: Duration::from_secs(10) });
        let small = FirewallConfig { capacity: Some(20), rate, ..FirewallConfig::default() };
        let watched = FirewallConfig { observe: true, ..FirewallConfig::default() };
        let own = [("dense", dense), ("small", small), ("watched", watched)];
        let config = EnforceConfig {
            firewalls: own.into_iter().map(|(name, own)| (name.to_owned(), own)).collect(),
            capacity: 80,
            when_full: autosec_core::enforce::WhenFull::Evict,
            seed: Some(1),
            ..EnforceConfig::default()
        };
        let mut builder = Engine::builder().clock(Arc::clone(&clock)).allowlist(allowlist.clone());
        for firewall in &firewalls {
            builder = builder.firewall(firewall.clone());
        }
        let engine = builder.surroundings(rack.clone()).enforcement(config).build().unwrap();
        Self { clock, allowlist, rack, firewalls, engine, allowed: Vec::new() }
    }

    /// One of many things that a host or the world may do.
    fn act(&mut self, number: u32, dice: &mut Dice) {
        let (engine, target) = (&self.engine, any_target(dice));
        let enforcer = engine.enforcer();
        match dice.roll(100) {
            0..69 => drop(now(engine.enforce(&decision(target, number, dice)))),
            69..74 => {
                let batch: Vec<Decision> = (0..8).map(|_| decision(any_target(dice), number, dice)).collect();
                drop(now(enforcer.enforce_all(&batch)));
            }
            74..84 => drop(now(engine.unblock(target))),
            84..89 => {
                let entity = Entity::Address(target);
                drop(now(engine.allow(entity.clone(), "ours")));
                self.allowed.push(entity);
            }
            89..95 => {
                self.clock.advance(Duration::from_millis(u64::from(dice.roll(5_000))));
                drop(now(engine.maintain()));
            }
            95 => {
                let trial = now(enforcer.try_out(&[decision(target, number, dice)], Duration::from_secs(9)));
                match dice.roll(3) {
                    0 => drop(now(enforcer.confirm(trial))),
                    1 => drop(now(enforcer.revert(trial))),
                    _ => {}
                }
            }
            96 => self.firewalls[usize::try_from(dice.roll(7)).unwrap()].memory.flush(),
            97 => drop(now(engine.reconcile())),
            98 => self.rack.moves(),
            _ if dice.roll(50) == 0 => drop(now(enforcer.release_all())),
            _ => drop(now(enforcer.replay())),
        }
        // Kept short, or soon nothing could be blocked any more.
        while self.allowed.len() > 20 {
            let place = usize::try_from(dice.roll(21)).unwrap() % self.allowed.len();
            self.allowlist.remove(&self.allowed.swap_remove(place));
        }
    }

    /// Lets everything that is owed be settled.
    fn settle(&self) {
        for _ in 0..400 {
            self.clock.advance(Duration::from_secs(1));
            drop(now(self.engine.maintain()));
        }
        now(self.engine.enforcer().replay());
        for _ in 0..4 {
            self.clock.advance(Duration::from_secs(301));
            drop(now(self.engine.maintain()));
            drop(now(self.engine.reconcile()));
        }
    }
}

fn held(firewall: &MemoryFirewall) -> Vec<IpNet> {
    now(firewall.blocked()).unwrap().iter().map(|one| one.target).collect()
}

#[test]
fn no_protected_address_is_ever_sent() {
    let (mut fleet, mut dice, count) = (Fleet::new(), Dice(0x5EED), scaled(1_000_000));
    for number in 0..count {
        fleet.act(number, &mut dice);
    }
    let sent: Vec<usize> = fleet.firewalls.iter().map(|one| one.sent.load(Ordering::Relaxed)).collect();
    let line = format!(
        "bar enforce/protected measured 0 sent asks <=0 ok ({count} operations, {sent:?} blocks sent)\n"
    );
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    let few = usize::try_from(count / 40).unwrap();
    assert!(sent[..6].iter().all(|sent| *sent > few) && sent[6] == 0, "{line}");
    // And whatever happened on the way, they end where the ledger is, beside nothing that is protected.
    for number in 0..30 {
        let mut last = decision(any_target(&mut dice), count + number, &mut dice);
        last.duration = Duration::from_secs(86_400);
        drop(now(fleet.engine.enforce(&last)));
    }
    fleet.settle();
    let wanted: Vec<IpNet> = fleet.engine.in_force().iter().map(|entry| entry.target).collect();
    assert!(wanted.len() > 5, "{wanted:?}");
    for firewall in &fleet.firewalls {
        assert!(held(&firewall.memory).into_iter().all(|target| !firewall.is_protected(target)));
    }
    for firewall in &fleet.firewalls[..3] {
        assert_eq!(held(&firewall.memory), wanted, "{}", firewall.name());
    }
    let hosts: Vec<IpNet> =
        wanted.into_iter().filter(|net| net.prefix_len() == 32 && net.addr().is_ipv4()).collect();
    assert_eq!(held(&fleet.firewalls[3].memory), hosts);
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
        ["plain", "dense", "old"].map(|name| Witness::new(name, &clock, &allowlist, &Rack::default()));
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
    let old = Witness::new("old", &clock, &Allowlist::new(), &Rack::default());
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
