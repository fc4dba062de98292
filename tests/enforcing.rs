//! Enforcement through the public API: idempotence, faults of firewalls and stores, and allow against block.

use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::GuardConfig;
use autosec_core::enforce::{EnforceError, Enforcement, MemoryFirewall, Status};
use autosec_core::engine::{Engine, EngineBuilder};
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::store::{Store, StoreError};
use autosec_core::time::{Clock, ManualClock, Timestamp};
use ipnet::IpNet;

use crate::support::{Mood, Moody, Shared, address, block};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)))
}

fn engine(clock: &Arc<ManualClock>) -> EngineBuilder {
    Engine::builder().clock(Shared(Arc::clone(clock)))
}

fn memory(name: &str, clock: &Arc<ManualClock>) -> MemoryFirewall {
    MemoryFirewall::with_clock(name, Arc::clone(clock) as Arc<dyn Clock>)
}

fn reports(enforcement: Enforcement) -> Vec<autosec_core::enforce::FirewallReport> {
    match enforcement {
        Enforcement::Fanned { reports, unwritten: None } => reports,
        other => panic!("expected reports, got: {other}"),
    }
}

#[tokio::test]
async fn blocks_once_and_lets_go_when_the_time_is_over() {
    let clock = clock();
    let firewall = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let engine = engine(&clock).firewall(firewall.clone()).build().unwrap();
    let decision = block("203.0.113.7", "a", 60);
    assert!(engine.enforce(&decision).await.is_complete());
    assert!(firewall.memory.drops(address("203.0.113.7")));
    clock.advance(Duration::from_secs(1));
    assert!(
        matches!(engine.enforce(&decision).await, Enforcement::Nothing { .. }),
        "the second time is nothing new"
    );
    assert_eq!(firewall.calls(), 1);
    clock.advance(Duration::from_secs(59));
    assert!(!firewall.memory.drops(address("203.0.113.7")), "the same decision twice is no longer block");
    assert!(engine.in_force().is_empty());
}

#[tokio::test]
async fn expires_for_firewalls_that_cannot() {
    let clock = clock();
    let firewall = Moody::new(memory("old", &clock), &[Mood::Fine]).without_ttl();
    let engine = engine(&clock).firewall(firewall.clone()).build().unwrap();
    engine.enforce(&block("203.0.113.7", "a", 60)).await;
    clock.advance(Duration::from_secs(61));
    assert!(firewall.memory.drops(address("203.0.113.7")), "it knows no time");
    engine.maintain().await;
    assert!(!firewall.memory.drops(address("203.0.113.7")));
}

#[tokio::test(start_paused = true)]
async fn a_firewall_that_hangs_delays_no_other() {
    let clock = clock();
    let hanging = Moody::new(memory("hanging", &clock), &[Mood::Hang]);
    let healthy = Moody::new(memory("healthy", &clock), &[Mood::Fine]);
    let engine = engine(&clock).firewall(hanging).firewall(healthy.clone()).build().unwrap();
    let decision = block("203.0.113.7", "a", 3600);
    let pending = engine.enforce(&decision);
    tokio::pin!(pending);
    let first = tokio::time::timeout(Duration::from_millis(1), &mut pending).await;
    assert!(first.is_err(), "one is still hanging");
    assert!(healthy.memory.drops(address("203.0.113.7")), "the other has long been served");
    let reports = reports(pending.await);
    assert!(matches!(reports[0].result, Err(EnforceError::Timeout { .. })));
    assert_eq!(reports[0].pending, 1);
    assert!(reports[1].result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_tried_again_and_nothing_is_lost() {
    let clock = clock();
    let once = Moody::new(memory("once", &clock), &[Mood::Unreachable, Mood::Fine]);
    let long = [Mood::Unreachable, Mood::Unreachable, Mood::Unreachable, Mood::Fine];
    let long = Moody::new(memory("long", &clock), &long);
    let engine = engine(&clock).firewall(once.clone()).firewall(long.clone()).build().unwrap();
    let reports = reports(engine.enforce(&block("203.0.113.7", "a", 3600)).await);
    assert!(reports[0].result.is_ok());
    let text = reports[1].to_string();
    assert_eq!(text, "firewall `long` could not be reached: connection refused (1 will be tried again)");
    assert_eq!(engine.in_force().len(), 1, "the ledger still wants it");
    assert!(engine.maintain().await.is_empty(), "not before its pause is over");
    clock.advance(Duration::from_secs(1));
    engine.maintain().await;
    assert!(long.memory.drops(address("203.0.113.7")));
}

#[tokio::test(start_paused = true)]
async fn a_flushed_firewall_gets_everything_back() {
    let clock = clock();
    let firewall = Moody::new(memory("edge", &clock), &[Mood::Fine, Mood::Fine, Mood::Lost, Mood::Fine]);
    let engine = engine(&clock).firewall(firewall.clone()).build().unwrap();
    for (number, id) in [(1, "a"), (2, "b"), (3, "c")] {
        let outcome = engine.enforce(&block(&format!("203.0.113.{number}"), id, 3600)).await;
        assert!(outcome.is_complete(), "{outcome}");
    }
    for number in 1..=3 {
        assert!(firewall.memory.drops(address(&format!("203.0.113.{number}"))));
    }
}

#[tokio::test]
async fn a_bad_item_is_named_and_does_not_stop_the_others() {
    let clock = clock();
    let bad: IpNet = "203.0.113.2/32".parse().unwrap();
    let firewall = Moody::new(memory("edge", &clock), &[Mood::Rejects(bad)]);
    let engine = engine(&clock).firewall(firewall.clone()).build().unwrap();
    for (number, id) in [(1, "a"), (2, "b"), (3, "c")] {
        engine.enforce(&block(&format!("203.0.113.{number}"), id, 3600)).await;
    }
    firewall.memory.flush();
    let reports = engine.reconcile().await;
    let outcomes = reports[0].result.as_ref().unwrap();
    let rejected: Vec<_> = outcomes.iter().filter(|one| matches!(one.status, Status::Rejected(_))).collect();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].target, bad);
    assert_eq!(reports[0].pending, 1);
    assert!(firewall.memory.drops(address("203.0.113.1")) && firewall.memory.drops(address("203.0.113.3")));
}

#[tokio::test]
async fn reconciling_repairs_only_the_difference() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    engine.enforce(&block("203.0.113.1", "a", 3600)).await;
    engine.enforce(&block("203.0.113.0/24", "b", 3600)).await;
    let stray = autosec_core::enforce::Block {
        target: "198.51.100.9/32".parse().unwrap(),
        ttl: None,
        reason: "of a run whose ledger was lost".into(),
    };
    let firewall: &dyn autosec_core::enforce::FirewallIntegration = &edge;
    firewall.block(&[stray]).await.unwrap();
    firewall.unblock(&["203.0.113.1/32".parse().unwrap()]).await.unwrap();
    engine.reconcile().await;
    let held: Vec<String> =
        firewall.blocked().await.unwrap().iter().map(|block| block.target.to_string()).collect();
    assert_eq!(held, ["203.0.113.0/24", "203.0.113.1/32"]);
}

#[tokio::test]
async fn what_the_guard_forbids_reaches_no_firewall() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    engine.allow(Entity::address(address("203.0.113.9")), "monitor").await;
    for target in
        ["203.0.113.9", "203.0.113.0/24", "10.0.0.1", "127.0.0.1", "203.0.0.0/8", "::1", "2001::/16"]
    {
        let outcome = engine.enforce(&block(target, target, 60)).await;
        assert!(matches!(outcome, Enforcement::Refused(_)), "{target}: {outcome}");
    }
    let mut user = block("203.0.113.1", "user", 60);
    user.subject = Entity::User("eve".into());
    assert!(matches!(engine.enforce(&user).await, Enforcement::Nothing { .. }));
    let mut alert = block("203.0.113.1", "alert", 60);
    alert.action = Action::Alert;
    assert!(matches!(engine.enforce(&alert).await, Enforcement::Nothing { .. }));
    assert_eq!(edge.calls(), 0);
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_touches_nothing() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let guard = GuardConfig { dry_run: true, ..GuardConfig::default() };
    let engine = engine(&clock).firewall(edge.clone()).guard(guard).build().unwrap();
    let outcome = engine.enforce(&block("203.0.113.7", "a", 60)).await;
    assert_eq!(outcome.to_string(), "dry run: would block `203.0.113.7/32` on edge");
    assert_eq!(edge.calls(), 0);
    assert!(engine.in_force().is_empty());
}

#[derive(Debug)]
struct BrokenStore;

impl Store for BrokenStore {
    fn append(&self, journal: &str, _records: &[String]) -> Result<(), StoreError> {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(StoreError::Io { journal: journal.to_owned(), verb: "written", source })
    }

    fn read(&self, _journal: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.append(journal, records)
    }
}

#[tokio::test]
async fn a_store_that_fails_is_reported_before_any_firewall_is_touched() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let engine = engine(&clock).firewall(edge.clone()).store(BrokenStore).build().unwrap();
    assert!(matches!(engine.enforce(&block("203.0.113.7", "a", 60)).await, Enforcement::Failed(_)));
    assert_eq!(edge.calls(), 0);
    assert!(engine.in_force().is_empty());
}

#[test]
fn firewalls_need_names_of_their_own() {
    let clock = clock();
    let twice = engine(&clock).firewall(memory("edge", &clock)).firewall(memory("edge", &clock)).build();
    assert_eq!(twice.unwrap_err().to_string(), "two firewalls are called `edge`: give each its own name");
}

mod allow_dominates {
    use std::sync::Barrier;

    use proptest::prelude::*;

    use super::*;

    /// A clock that takes its time, so that threads meet between any two steps of an enforcement.
    #[derive(Debug)]
    struct Lingering;

    impl Clock for Lingering {
        fn now(&self) -> Timestamp {
            std::thread::sleep(Duration::from_micros(300));
            Timestamp::from_secs(1_700_000_000)
        }
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn between_threads() {
        let edge = memory("edge", &clock());
        let engine = Engine::builder().clock(Lingering).firewall(edge.clone()).build().unwrap();
        for round in 0..100_u64 {
            let target = std::net::Ipv4Addr::from(0xCB00_7100 + u32::try_from(round).unwrap());
            let barrier = Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    wait(engine.enforce(&block(&target.to_string(), &round.to_string(), 3600)));
                });
                scope.spawn(|| {
                    barrier.wait();
                    std::thread::sleep(Duration::from_micros(round * 13));
                    wait(engine.allow(Entity::address(target.into()), "allowed"));
                });
            });
            assert!(!edge.drops(target.into()), "round {round}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Allow(IpNet),
        Block(IpNet, u8),
        Flush,
        Maintain,
        Reconcile,
        Unblock(IpNet),
    }

    /// Prefixes of one small neighbourhood, so that they overlap often.
    fn network() -> impl Strategy<Value = IpNet> {
        (0..64_u32, 26..=32_u8).prop_map(|(low, length)| {
            let address = std::net::Ipv4Addr::from(0xCB00_7100 + low);
            IpNet::new(address.into(), length).unwrap().trunc()
        })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => network().prop_map(Step::Allow),
            8 => (network(), 0..4_u8).prop_map(|(network, id)| Step::Block(network, id)),
            1 => Just(Step::Flush),
            1 => Just(Step::Maintain),
            1 => Just(Step::Reconcile),
            1 => network().prop_map(Step::Unblock),
        ]
    }

    async fn run(step: Step, engine: &Engine, firewalls: &[Moody]) {
        match step {
            Step::Allow(network) => drop(engine.allow(Entity::Address(network), "allowed").await),
            Step::Block(network, id) => {
                drop(engine.enforce(&block(&network.to_string(), &id.to_string(), 3600)).await)
            }
            Step::Flush => firewalls.iter().for_each(|firewall| firewall.memory.flush()),
            Step::Maintain => drop(engine.maintain().await),
            Step::Reconcile => drop(engine.reconcile().await),
            Step::Unblock(network) => drop(engine.unblock(network).await),
        }
    }

    async fn held(firewall: &Moody) -> Vec<IpNet> {
        let firewall: &dyn autosec_core::enforce::FirewallIntegration = &firewall.memory;
        firewall.blocked().await.unwrap().iter().map(|block| block.target).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        /// Steps run concurrently in groups, against firewalls that are slow in different ways; whatever the
        /// interleaving, nothing that overlaps an allowed network is left on any of them.
        #[test]
        fn in_any_interleaving(groups in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..8)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let clock = clock();
                let moods = [Mood::Slow, Mood::Fine, Mood::Slow, Mood::Slow, Mood::Unreachable, Mood::Slow];
                let firewalls = [
                    Moody::new(memory("slow", &clock), &moods),
                    Moody::new(memory("slower", &clock), &[Mood::Slow]).without_ttl(),
                ];
                let [slow, slower] = firewalls.clone();
                let engine = engine(&clock).firewall(slow).firewall(slower).build().unwrap();
                let mut allowed = Vec::new();
                for group in groups {
                    allowed.extend(group.iter().filter_map(|step| match step {
                        Step::Allow(network) => Some(*network),
                        _ => None,
                    }));
                    futures_util::future::join_all(group.into_iter().map(|step| run(step, &engine, &firewalls))).await;
                    for firewall in &firewalls {
                        for target in held(firewall).await {
                            let overlaps = |network: &&IpNet| network.contains(&target) || target.contains(*network);
                            prop_assert!(allowed.iter().find(overlaps).is_none(), "{target} is blocked");
                        }
                    }
                }
                engine.reconcile().await;
                let wanted: Vec<IpNet> = engine.in_force().iter().map(|entry| entry.target).collect();
                for firewall in &firewalls {
                    prop_assert_eq!(&held(firewall).await, &wanted, "the firewall follows the ledger");
                }
                Ok(())
            })?;
        }
    }
}

#[test]
fn works_on_any_executor() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Unreachable, Mood::Fine]);
    let engine = engine(&clock).firewall(edge.clone()).build().unwrap();
    let outcome = futures_util::FutureExt::now_or_never(engine.enforce(&block("203.0.113.7", "a", 60)));
    assert!(outcome.unwrap().is_complete());
    assert!(edge.memory.drops(address("203.0.113.7")));
}
