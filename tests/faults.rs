//! What goes wrong around enforcement, and what is still true afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::decision::GuardConfig;
use autosec_core::enforce::{
    Block, Capabilities, EnforceConfig, EnforceError, Enforcement, FirewallIntegration, Health, Idle,
    MemoryFirewall, Outcome,
};
use autosec_core::engine::{Engine, EngineBuilder};
use autosec_core::entity::Entity;
use autosec_core::observe::{Observer, Record};
use autosec_core::store::{MemoryStore, Store, StoreError};
use autosec_core::time::{Clock, ManualClock, Timestamp};
use futures_util::FutureExt;
use ipnet::IpNet;

use crate::support::{Mood, Moody, Shared, address, block};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const ATTACKER: &str = "203.0.113.9";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

fn memory(name: &str, clock: &Arc<ManualClock>) -> MemoryFirewall {
    MemoryFirewall::with_clock(name, Arc::clone(clock) as Arc<dyn Clock>)
}

fn engine(clock: &Arc<ManualClock>) -> EngineBuilder {
    Engine::builder().clock(Shared(Arc::clone(clock)))
}

/// A store that outlives the engine, and whose disk can fill up.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<MemoryStore>, Arc<AtomicBool>);

impl Store for Disk {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        if self.1.load(Ordering::SeqCst) {
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

/// A firewall with a bug, a preference, or a door that the test opens.
#[derive(Clone, Debug)]
struct Odd {
    memory: MemoryFirewall,
    oddity: Oddity,
}

#[derive(Clone, Debug)]
enum Oddity {
    /// Answers nothing about any item.
    Mute,
    Panics,
    /// Objects to everything in 203.0.112.0/24.
    Picky,
    /// Blocks only once the test gives a permit, and forgets nothing by itself.
    Waits(Arc<tokio::sync::Semaphore>),
    /// Holds its blocks, but they have no effect until something is blocked.
    WithoutEffect(Arc<AtomicBool>),
}

#[async_trait]
impl FirewallIntegration for Odd {
    fn name(&self) -> &str {
        "odd"
    }

    fn capabilities(&self) -> Capabilities {
        let native_ttl = !matches!(self.oddity, Oddity::Waits(_));
        Capabilities { native_ttl, ..self.memory.capabilities() }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        match &self.oddity {
            Oddity::Mute => return Ok(Vec::new()),
            Oddity::Panics => panic!("a bug of the firewall's integration"),
            Oddity::Picky => {
                let bad = |block: &&Block| block.target.to_string().starts_with("203.0.112.");
                if let Some(bad) = blocks.iter().find(bad) {
                    let (firewall, reason) = ("odd".to_owned(), "no".to_owned());
                    return Err(EnforceError::Rejected { firewall, target: Some(bad.target), reason });
                }
            }
            Oddity::Waits(permits) => drop(permits.acquire().await),
            Oddity::WithoutEffect(idle) => idle.store(false, Ordering::SeqCst),
        }
        self.memory.block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.memory.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.memory.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let enforcing = !matches!(&self.oddity, Oddity::WithoutEffect(idle) if idle.load(Ordering::SeqCst));
        Ok(Health { enforcing, detail: String::new() })
    }
}

fn odd(clock: &Arc<ManualClock>, oddity: Oddity) -> Odd {
    Odd { memory: memory("odd", clock), oddity }
}

async fn wait(engine: &Engine, clock: &ManualClock, seconds: u64) {
    clock.advance(Duration::from_secs(seconds));
    engine.maintain().await;
}

#[tokio::test]
async fn a_dry_run_touches_neither_firewall_nor_ledger() {
    let (clock, edge) = (clock(), memory("edge", &clock()));
    let real = engine(&clock).firewall(edge.clone()).build().unwrap();
    real.enforce(&block(ATTACKER, "a", 3600)).await;
    let guard = GuardConfig { dry_run: true, ..GuardConfig::default() };
    let dry = engine(&clock).firewall(edge.clone()).guard(guard).build().unwrap();
    dry.reconcile().await;
    dry.maintain().await;
    dry.unblock("203.0.113.0/24".parse().unwrap()).await;
    let allowed = dry.allow(Entity::address(address(ATTACKER)), "x").await;
    assert!(matches!(allowed, Enforcement::DryRun { .. }), "{allowed}");
    assert!(edge.drops(address(ATTACKER)));
}

#[tokio::test]
async fn the_longest_block_can_be_read_back() {
    let (clock, disk) = (clock(), Disk::default());
    let first = engine(&clock).store(disk.clone()).firewall(memory("edge", &clock)).build().unwrap();
    first.enforce(&block(ATTACKER, "a", u64::MAX)).await;
    drop(first);
    let again = engine(&clock).store(disk).firewall(memory("edge", &clock)).build().unwrap();
    assert_eq!(
        again.in_force()[0].left(NOW),
        Duration::from_secs(365 * 86_400),
        "no block lasts longer than a year"
    );
}

#[tokio::test(start_paused = true)]
async fn a_flush_followed_by_a_failure_loses_nothing() {
    let clock = clock();
    let moods = [Mood::Fine, Mood::Fine, Mood::Lost, Mood::Unreachable, Mood::Fine];
    let edge = Moody::new(memory("edge", &clock), &moods);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    for number in 1..=3 {
        engine.enforce(&block(&format!("203.0.113.{number}"), &number.to_string(), 3600)).await;
    }
    for _ in 0..10 {
        wait(&engine, &clock, 60).await;
    }
    for number in 1..=3 {
        assert!(edge.memory.drops(address(&format!("203.0.113.{number}"))), "{number}");
    }
}

#[tokio::test]
async fn an_attacker_that_a_flush_let_in_is_blocked_again_by_its_next_attack() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    edge.flush();
    let at_once = engine.enforce(&block(ATTACKER, "b", 3600)).await;
    assert!(
        matches!(at_once, Enforcement::Nothing(Idle::InForce)),
        "the firewalls were asked just now: {at_once}"
    );
    clock.advance(Duration::from_secs(10));
    engine.enforce(&block(ATTACKER, "c", 3600)).await;
    assert!(edge.drops(address(ATTACKER)));
}

#[tokio::test]
async fn what_a_firewall_holds_without_effect_is_put_back() {
    let clock = clock();
    let idle = Arc::new(AtomicBool::new(false));
    let edge = odd(&clock, Oddity::WithoutEffect(Arc::clone(&idle)));
    let engine = engine(&clock).firewall(edge).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    idle.store(true, Ordering::SeqCst);
    engine.reconcile().await;
    assert!(!idle.load(Ordering::SeqCst), "its blocks were sent again, though it held them");
}

#[tokio::test]
async fn allowing_lets_in_though_the_disk_is_full() {
    let (clock, disk) = (clock(), Disk::default());
    let edge = memory("edge", &clock);
    let engine = engine(&clock).store(disk.clone()).firewall(edge.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    disk.1.store(true, Ordering::SeqCst);
    let allowed = engine.allow(Entity::address(address(ATTACKER)), "x").await;
    assert!(!edge.drops(address(ATTACKER)), "{allowed}");
    let words = "`edge`: 1 done; not written down: the ledger could not be kept: journal `ledger` cannot be written: no storage space";
    assert_eq!(allowed.to_string(), words);
    assert!(!allowed.is_complete());
}

#[tokio::test]
async fn a_change_that_was_given_up_is_not_forgotten() {
    let clock = clock();
    let permits = Arc::new(tokio::sync::Semaphore::new(0));
    let edge = odd(&clock, Oddity::Waits(Arc::clone(&permits)));
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    let decision = block(ATTACKER, "a", 600);
    {
        let mut blocking = Box::pin(engine.enforce(&decision));
        assert!((&mut blocking).now_or_never().is_none());
        let mut unblocking = Box::pin(engine.unblock("203.0.113.9/32".parse().unwrap()));
        assert!((&mut unblocking).now_or_never().is_none());
        permits.add_permits(10);
        blocking.await;
        // The host gives up waiting.
        drop(unblocking);
    }
    wait(&engine, &clock, 1).await;
    assert!(!edge.memory.drops(address(ATTACKER)), "this firewall forgets nothing by itself");
}

#[tokio::test(start_paused = true)]
async fn bad_items_keep_no_good_one_out() {
    let (clock, disk) = (clock(), Disk::default());
    let before = engine(&clock).store(disk.clone()).firewall(memory("odd", &clock)).build().unwrap();
    for number in 1..=100 {
        before.enforce(&block(&format!("203.0.112.{number}"), &number.to_string(), 864_000)).await;
    }
    before.enforce(&block(ATTACKER, "good", 864_000)).await;
    drop(before);
    let edge = odd(&clock, Oddity::Picky);
    let after = engine(&clock).store(disk).firewall(edge.clone()).build().unwrap();
    after.reconcile().await;
    let mut rounds = 0;
    while !edge.memory.drops(address(ATTACKER)) {
        wait(&after, &clock, 1).await;
        rounds += 1;
        // Pauses have full jitter.
        assert!(rounds < 200, "the good one never got in");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_firewall_owes_is_bounded_by_what_is_in_force() {
    let clock = clock();
    let down = Moody::new(memory("down", &clock), &[Mood::Unreachable]);
    let config = EnforceConfig { attempts: 1, ..EnforceConfig::default() };
    let engine = engine(&clock).enforcement(config).firewall(down).build().unwrap();
    for number in 0..2_000_u32 {
        let target = std::net::Ipv4Addr::from(0xCB00_0000 + number).to_string();
        engine.enforce(&block(&target, &target, 1)).await;
        clock.advance(Duration::from_secs(2));
    }
    clock.advance(Duration::from_secs(3600));
    assert!(engine.maintain().await.is_empty(), "what has ended by itself is owed no more");
}

#[tokio::test]
async fn a_decision_enforced_again_after_its_end_blocks_again() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 60)).await;
    clock.advance(Duration::from_secs(61));
    assert!(engine.enforce(&block(ATTACKER, "a", 60)).await.is_complete());
    assert!(edge.drops(address(ATTACKER)));
}

#[tokio::test]
async fn a_clock_set_back_and_right_again_leaves_no_long_block() {
    let (clock, disk) = (clock(), Disk::default());
    let edge = memory("edge", &clock);
    let first = engine(&clock).store(disk.clone()).firewall(edge.clone()).build().unwrap();
    first.enforce(&block(ATTACKER, "a", 60)).await;
    drop(first);
    clock.set(Timestamp::EPOCH);
    let again = engine(&clock).store(disk).firewall(edge.clone()).build().unwrap();
    again.reconcile().await;
    let held = edge.blocked().await.unwrap();
    assert!(held.iter().all(|block| block.ttl.unwrap() <= Duration::from_secs(60)), "{held:?}");
    wait(&again, &clock, 61).await;
    assert!(again.in_force().is_empty() && !edge.drops(address(ATTACKER)));
}

#[tokio::test]
async fn a_firewall_that_panics_takes_no_other_with_it() {
    let clock = clock();
    let good = memory("good", &clock);
    let engine = engine(&clock).firewall(odd(&clock, Oddity::Panics)).firewall(good.clone()).build().unwrap();
    let enforcement = engine.enforce(&block(ATTACKER, "a", 60)).await;
    assert!(good.drops(address(ATTACKER)));
    assert!(!enforcement.is_complete());
    assert!(enforcement.to_string().starts_with("firewall `odd` is broken"), "{enforcement}");
    wait(&engine, &clock, 1).await;
}

#[tokio::test]
async fn silence_about_an_item_is_no_success() {
    let clock = clock();
    let engine = engine(&clock).firewall(odd(&clock, Oddity::Mute)).build().unwrap();
    let enforcement = engine.enforce(&block(ATTACKER, "a", 60)).await;
    assert!(!enforcement.is_complete(), "{enforcement}");
}

#[tokio::test]
async fn a_restart_without_a_store_takes_over_what_has_an_end() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let first = engine(&clock).firewall(edge.clone()).build().unwrap();
    first.enforce(&block(ATTACKER, "a", 60)).await;
    drop(first);
    let for_ever = Block { target: "203.0.113.1/32".parse().unwrap(), ttl: None, reason: String::new() };
    edge.block(&[for_ever]).await.unwrap();
    let again = engine(&clock).firewall(edge.clone()).build().unwrap();
    again.reconcile().await;
    assert!(edge.drops(address(ATTACKER)));
    assert!(!edge.drops(address("203.0.113.1")), "nothing stays for ever");
    assert_eq!(again.in_force().len(), 1);
}

/// What firewalls could not do, as an observer is told.
#[derive(Clone, Debug, Default)]
struct Complaints(Arc<Mutex<Vec<String>>>);

impl Observer for Complaints {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        if let Record::Enforced { change, error: Some(error), .. } = record {
            self.0.lock().unwrap().push(format!("{change}: {error}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_that_fails_is_told_and_tried_again() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]).unreadable_for(5);
    let complaints = Complaints::default();
    let engine = engine(&clock).firewall(edge.clone()).observer(complaints.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    edge.memory.flush();
    assert!(engine.reconcile().await[0].result.is_err());
    let told = complaints.0.lock().unwrap().clone();
    assert_eq!(told, ["reconcile: firewall `edge` could not be reached: connection refused"]);
    for _ in 0..10 {
        wait(&engine, &clock, 60).await;
    }
    assert!(edge.memory.drops(address(ATTACKER)));
}
