//! Each firewall at its own pace: queue, rate, circuit, dead letters, room, and what is only observed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use autosec_core::decision::Decision;
use autosec_core::enforce::{
    Block, BreakerConfig, Circuit, EnforceConfig, EnforceError, Enforcement, FirewallConfig,
    FirewallIntegration, Health, LedgerError, MemoryFirewall, Outcome, Rate, Require, WhenFull,
};
use autosec_core::engine::{Engine, EngineBuilder};
use autosec_core::measure::RiskScore;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::{Clock, ManualClock, Sleep, Timer, Timestamp};
use ipnet::IpNet;

use crate::support::{Mood, Moody, address, block};

const ATTACKER: &str = "203.0.113.9";

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)))
}

fn memory(name: &str, clock: &Arc<ManualClock>) -> MemoryFirewall {
    MemoryFirewall::with_clock(name, Arc::clone(clock) as Arc<dyn Clock>)
}

fn engine(clock: &Arc<ManualClock>, config: EnforceConfig) -> EngineBuilder {
    Engine::builder().clock(Arc::clone(clock)).enforcement(EnforceConfig { seed: Some(7), ..config })
}

fn only(name: &str, config: FirewallConfig) -> EnforceConfig {
    EnforceConfig { firewalls: [(name.to_owned(), config)].into(), ..EnforceConfig::default() }
}

fn blocks(hosts: std::ops::Range<u32>, seconds: u64) -> Vec<Decision> {
    let host = |number: u32| std::net::Ipv4Addr::from(0xC612_0000 + number).to_string();
    hosts.map(|number| block(&host(number), &number.to_string(), seconds)).collect()
}

async fn held(firewall: &MemoryFirewall) -> Vec<String> {
    firewall.blocked().await.unwrap().iter().map(|block| block.target.to_string()).collect()
}

async fn wait(engine: &Engine, clock: &ManualClock, seconds: u64) {
    clock.advance(Duration::from_secs(seconds));
    engine.maintain().await;
}

/// What an observer is told of enforcement, in words.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Observer for Told {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        let words = match record {
            Record::Circuit { firewall, open } => format!("{firewall} open {open}"),
            Record::GivenUp { firewall, target, why } => format!("{firewall} given up {target}: {why}"),
            Record::Evicted { firewall, blocks } => format!("{firewall:?} evicted {blocks}"),
            Record::Observed { firewall, blocks, unblocks } => {
                format!("{firewall} would {blocks} {unblocks}")
            }
            _ => return,
        };
        self.0.lock().unwrap().push(words);
    }
}

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn many_decisions_are_one_write_and_one_call() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    let mut decisions = blocks(0..500, 3600);
    decisions.push(block("10.0.0.1", "private", 60));
    let bulk = engine.enforcer().enforce_all(&decisions).await;
    assert_eq!(edge.calls(), 1);
    assert_eq!(held(&edge.memory).await.len(), 500);
    assert!(matches!(bulk.apart.as_slice(), [(500, Enforcement::Refused(_))]));
    assert!(bulk.together.is_complete() && !bulk.is_complete());
    let again = engine.enforcer().enforce_all(&decisions).await;
    assert_eq!((again.apart.len(), edge.calls()), (501, 1), "all of it is in force already");
}

#[tokio::test(start_paused = true)]
async fn changes_that_wait_for_each_other_are_one_call() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine, Mood::Fine, Mood::Slow, Mood::Fine]);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    let decisions = blocks(0..50, 3600);
    let first = engine.enforcer().enforce_all(&decisions[..1]).await;
    assert!(first.is_complete());
    engine.enforce(&decisions[1]).await;
    let all = futures_util::future::join_all(decisions[2..].iter().map(|one| engine.enforce(one))).await;
    assert!(all.iter().all(Enforcement::is_complete));
    assert_eq!(held(&edge.memory).await.len(), 50);
    assert_eq!(edge.calls(), 4, "one slow call, and one for all who waited meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_firewall_that_fails_is_left_alone_and_then_served() {
    let (clock, told) = (clock(), Told::default());
    let moods = [[Mood::Unreachable; 6].as_slice(), &[Mood::Fine]].concat();
    let edge = Moody::new(memory("edge", &clock), &moods);
    let breaker = BreakerConfig { failures: 3, pause: Duration::from_secs(60) };
    let config = EnforceConfig { breaker, ..EnforceConfig::default() };
    let engine = engine(&clock, config).observer(told.clone()).firewall(edge.clone()).build().unwrap();
    let decisions = blocks(0..4, 86_400);
    engine.enforce(&decisions[0]).await;
    assert!(matches!(engine.enforcer().status()[0].circuit, Circuit::Open { .. }));
    for decision in &decisions[1..] {
        let resting = engine.enforce(decision).await;
        let Enforcement::Fanned { reports, .. } = resting else { panic!("{resting}") };
        assert!(matches!(reports[0].result, Err(EnforceError::Resting { .. })));
        assert_eq!(reports[0].pending, 1);
    }
    assert_eq!((edge.calls(), engine.enforcer().status()[0].queued), (3, 4));
    wait(&engine, &clock, 59).await;
    assert_eq!(edge.calls(), 3);
    for pause in [1, 120, 240] {
        wait(&engine, &clock, pause).await;
        assert!(matches!(engine.enforcer().status()[0].circuit, Circuit::Open { .. }), "{pause}");
    }
    assert_eq!(edge.calls(), 6, "one call each time");
    wait(&engine, &clock, 300).await;
    assert_eq!((edge.calls(), held(&edge.memory).await.len()), (7, 4), "all of the queue in one call");
    let status = &engine.enforcer().status()[0];
    assert_eq!((status.circuit, status.queued, status.failures), (Circuit::Closed, 0, 6));
    assert_eq!(
        told.take(),
        ["edge open true", "edge open true", "edge open true", "edge open true", "edge open false"]
    );
}

#[tokio::test]
async fn a_firewall_is_asked_no_faster_than_it_may_be() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let rate = Some(Rate { calls: 2, items: 100, per: Duration::from_secs(10) });
    let config = only("edge", FirewallConfig { rate, ..FirewallConfig::default() });
    let engine = engine(&clock, config).firewall(edge.clone()).build().unwrap();
    let bulk = engine.enforcer().enforce_all(&blocks(0..1_000, 3600)).await;
    assert_eq!((edge.calls(), held(&edge.memory).await.len()), (1, 100));
    let Enforcement::Fanned { reports, .. } = bulk.together else { panic!("{bulk:?}") };
    assert_eq!((reports[0].pending, reports[0].tally()), (900, (100, 900)));
    let mut seconds = 0;
    while held(&edge.memory).await.len() < 1_000 {
        wait(&engine, &clock, 1).await;
        seconds += 1;
        assert!(edge.calls() <= 1 + seconds / 5 + 1, "{} calls in {seconds} s", edge.calls());
        assert!(seconds < 200);
    }
    assert!((89..=100).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_busy_firewall_is_asked_when_it_wants_to_be() {
    let clock = clock();
    let minute = Duration::from_secs(60);
    let edge = Moody::new(memory("edge", &clock), &[Mood::Busy(minute), Mood::Fine]);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    let enforcement = engine.enforce(&block(ATTACKER, "a", 3600)).await;
    let words = "firewall `edge` wants to be asked again in 60s: too many requests (1 will be tried again)";
    assert_eq!(enforcement.to_string(), words);
    wait(&engine, &clock, 59).await;
    assert_eq!(edge.calls(), 1);
    wait(&engine, &clock, 1).await;
    assert!(edge.memory.drops(address(ATTACKER)));
    assert_eq!(engine.enforcer().status()[0].circuit, Circuit::Closed, "it is an answer");
}

#[tokio::test]
async fn more_than_a_queue_holds_is_not_forgotten() {
    let clock = clock();
    let (well, ill) = (memory("well", &clock), Moody::new(memory("ill", &clock), &[Mood::Lost, Mood::Fine]));
    let config = EnforceConfig { attempts: 1, ..EnforceConfig::default() };
    let engine = engine(&clock, config).firewall(well.clone()).firewall(ill.clone()).build().unwrap();
    let bulk = engine.enforcer().enforce_all(&blocks(0..100_500, 86_400)).await;
    assert_eq!(held(&well).await.len(), 100_500);
    let Enforcement::Fanned { reports, .. } = bulk.together else { panic!("{bulk:?}") };
    assert_eq!(reports[0].tally(), (100_500, 0));
    wait(&engine, &clock, 301).await;
    assert_eq!(held(&ill.memory).await.len(), 100_500);
}

#[tokio::test]
async fn what_is_rejected_again_and_again_is_a_dead_letter_until_replayed() {
    let (clock, told) = (clock(), Told::default());
    let bad: IpNet = "198.18.0.1/32".parse().unwrap();
    let moods = [[Mood::Rejects(bad); 5].as_slice(), &[Mood::Fine]].concat();
    let edge = Moody::new(memory("edge", &clock), &moods);
    let config = EnforceConfig { rejections: 3, ..EnforceConfig::default() };
    let engine = engine(&clock, config).observer(told.clone()).firewall(edge.clone()).build().unwrap();
    engine.enforcer().enforce_all(&blocks(0..3, 86_400)).await;
    assert_eq!(held(&edge.memory).await.len(), 2, "the others got in");
    for _ in 0..10 {
        wait(&engine, &clock, 60).await;
    }
    let letters = engine.enforcer().dead_letters();
    assert_eq!((letters.len(), letters[0].target, letters[0].reason.as_str()), (1, bad, "bad item"));
    assert_eq!(told.take(), ["edge given up 198.18.0.1/32: bad item"]);
    let calls = edge.calls();
    assert!(engine.reconcile().await[0].result.is_ok(), "it is not missed");
    assert_eq!(edge.calls(), calls);
    // The first call is objected to if the firewall is not well yet.
    let reports = engine.enforcer().replay().await;
    assert_eq!((reports.len(), reports[0].firewall.as_str()), (1, "edge"));
    for _ in 0..5 {
        wait(&engine, &clock, 60).await;
    }
    assert!(engine.enforcer().dead_letters().is_empty());
    assert_eq!(held(&edge.memory).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn any_and_quorum_wait_for_as_many_as_that() {
    for (require, waits) in [(Require::Any, false), (Require::Quorum(2), false), (Require::Quorum(3), true)] {
        let clock = clock();
        let hanging = Moody::new(memory("hanging", &clock), &[Mood::Hang, Mood::Fine]);
        let [fast, other] = ["fast", "other"].map(|name| memory(name, &clock));
        let config = EnforceConfig { require, attempts: 1, ..EnforceConfig::default() };
        let engine = engine(&clock, config).firewall(hanging.clone()).firewall(fast.clone());
        let engine = engine.firewall(other).build().unwrap();
        let begun = tokio::time::Instant::now();
        let enforcement = engine.enforce(&block(ATTACKER, "a", 3600)).await;
        assert_eq!(begun.elapsed() >= Duration::from_secs(5), waits, "{require:?}");
        assert_eq!(enforcement.satisfies(require), !waits);
        assert!(fast.drops(address(ATTACKER)) && !enforcement.is_complete());
        wait(&engine, &clock, 1).await;
        assert!(hanging.memory.drops(address(ATTACKER)), "it is owed all the same");
    }
}

#[tokio::test]
async fn an_observed_firewall_is_told_of_and_not_touched() {
    let (clock, told) = (clock(), Told::default());
    let (new, old) = (Moody::new(memory("new", &clock), &[Mood::Fine]), memory("old", &clock));
    let config = only("new", FirewallConfig { observe: true, ..FirewallConfig::default() });
    let engine = engine(&clock, config).observer(told.clone()).firewall(new.clone()).firewall(old.clone());
    let engine = engine.build().unwrap();
    let enforcement = engine.enforce(&block(ATTACKER, "a", 3600)).await;
    assert_eq!(enforcement.to_string(), "`new`: 0 done, 1 only observed; `old`: 1 done");
    assert!(enforcement.is_complete() && enforcement.satisfies(Require::All));
    engine.reconcile().await;
    engine.unblock("203.0.113.9/32".parse().unwrap()).await;
    assert_eq!(told.take(), ["new would 1 0", "new would 1 0", "new would 0 1"]);
    assert_eq!(new.calls(), 0);
    wait(&engine, &clock, 60).await;
    assert!(told.take().is_empty() && engine.enforcer().status()[0].observed);
}

#[tokio::test]
async fn a_small_firewall_holds_the_most_important() {
    let (clock, told) = (clock(), Told::default());
    let (small, large) = (Moody::new(memory("small", &clock), &[Mood::Fine]), memory("large", &clock));
    let config = only("small", FirewallConfig { capacity: Some(3), ..FirewallConfig::default() });
    let engine =
        engine(&clock, config).observer(told.clone()).firewall(small.clone()).firewall(large.clone());
    let engine = engine.build().unwrap();
    let risk = |decision: &Decision, risk| decision.clone().with_risk(RiskScore::clamped(risk));
    let all = blocks(0..6, 3600);
    for decision in &all[..3] {
        assert!(engine.enforce(&risk(decision, 0.5)).await.is_complete());
    }
    let low = engine.enforce(&risk(&all[3], 0.1)).await;
    assert!(low.to_string().starts_with("`small`: 0 done, 1 not; `198.18.0.3/32`: no room"), "{low}");
    assert_eq!(told.take(), [r#"Some("small") evicted 1"#]);
    engine.enforce(&risk(&all[4], 0.9)).await;
    assert_eq!(held(&small.memory).await, ["198.18.0.1/32", "198.18.0.2/32", "198.18.0.4/32"]);
    assert_eq!(held(&large).await.len(), 5);
    engine.reconcile().await;
    assert_eq!(held(&small.memory).await.len(), 3, "reconciling keeps the choice");
    engine.unblock("198.18.0.4/32".parse().unwrap()).await;
    engine.unblock("198.18.0.2/32".parse().unwrap()).await;
    engine.maintain().await;
    assert_eq!(held(&small.memory).await, ["198.18.0.0/32", "198.18.0.1/32", "198.18.0.3/32"]);
    let calls = small.calls();
    engine.maintain().await;
    assert_eq!(small.calls(), calls, "nothing is left to do");
    clock.advance(Duration::from_secs(3600));
    engine.enforcer().enforce_all(&all[4..]).await;
    assert_eq!(held(&small.memory).await, ["198.18.0.4/32", "198.18.0.5/32"]);
}

#[tokio::test]
async fn a_full_ledger_makes_room_for_the_more_important() {
    let (clock, edge) = (clock(), memory("edge", &clock()));
    let of = |when_full| EnforceConfig { capacity: 2, when_full, ..EnforceConfig::default() };
    let engine = engine(&clock, of(WhenFull::Evict)).firewall(edge.clone()).build().unwrap();
    let all = blocks(0..4, 3600);
    let at = |place: usize, risk| all[place].clone().with_risk(RiskScore::clamped(risk));
    let bulk = engine.enforcer().enforce_all(&[at(0, 0.3), at(1, 0.6), at(2, 0.2)]).await;
    assert!(matches!(bulk.apart.as_slice(), [(2, Enforcement::Failed(LedgerError::Full { capacity: 2 }))]));
    assert!(engine.enforce(&at(3, 0.9)).await.is_complete());
    assert_eq!(held(&edge).await, ["198.18.0.1/32", "198.18.0.3/32"]);
    assert!(matches!(engine.enforce(&at(2, 0.2)).await, Enforcement::Failed(LedgerError::Full { .. })));
}

#[tokio::test]
async fn neighbours_that_end_together_are_one_prefix_where_asked_for() {
    let clock = clock();
    let (dense, plain) = (memory("dense", &clock), memory("plain", &clock));
    let config = only("dense", FirewallConfig { aggregate: true, ..FirewallConfig::default() });
    let engine = engine(&clock, config).firewall(dense.clone()).firewall(plain.clone()).build().unwrap();
    let bulk = engine.enforcer().enforce_all(&blocks(0..6, 3600)).await;
    assert!(bulk.is_complete(), "{bulk:?}");
    assert_eq!(held(&dense).await, ["198.18.0.0/30", "198.18.0.4/31"]);
    assert_eq!(held(&plain).await.len(), 6);
    engine.unblock("198.18.0.5/32".parse().unwrap()).await;
    assert_eq!(held(&dense).await, ["198.18.0.0/30", "198.18.0.4/32"]);
    clock.advance(Duration::from_secs(1));
    engine.enforce(&block("198.18.0.5", "later", 3600)).await;
    assert_eq!(held(&dense).await.len(), 3, "it ends later than its neighbour");
    assert!(engine.reconcile().await.iter().all(|report| report.result.as_ref().unwrap().is_empty()));
    engine.allow(autosec_core::entity::Entity::address(address("198.18.0.2")), "ours").await;
    assert!(!dense.drops(address("198.18.0.2")) && dense.drops(address("198.18.0.3")));
    clock.advance(Duration::from_secs(3599));
    assert!(!dense.drops(address("198.18.0.0")) && dense.drops(address("198.18.0.5")));
}

#[tokio::test]
async fn a_trial_ends_unless_confirmed_and_leaves_what_was_there() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    let (all, minute) = (blocks(0..2, 3600), Duration::from_secs(60));
    engine.enforce(&all[0]).await;
    let trial = engine.enforcer().try_out(&all, minute).await;
    assert!(trial.bulk.together.is_complete() && held(&edge).await.len() == 2);
    engine.enforcer().revert(trial).await;
    assert_eq!(held(&edge).await, ["198.18.0.0/32"]);
    clock.advance(Duration::from_secs(10));
    let trial = engine.enforcer().try_out(&all, minute).await;
    clock.advance(minute);
    engine.maintain().await;
    assert_eq!((held(&edge).await.len(), engine.in_force().len()), (1, 1), "nobody confirmed it");
    engine.enforcer().confirm(trial).await;
    clock.advance(minute);
    assert_eq!(held(&edge).await.len(), 2);
}

#[tokio::test]
async fn a_plan_touches_nothing_and_says_what_reconciling_does() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    engine.enforcer().enforce_all(&blocks(0..2, 3600)).await;
    let stray: IpNet = "198.18.0.9/32".parse().unwrap();
    edge.memory.unblock(&["198.18.0.0/32".parse().unwrap()]).await.unwrap();
    let foreign = autosec_core::enforce::Block { target: stray, ttl: None, reason: String::new() };
    edge.memory.block(&[foreign]).await.unwrap();
    let plan = engine.enforcer().plan(&blocks(5..6, 60)).await.remove(0).unwrap();
    assert_eq!(plan.to_string(), "`edge` holds 2: + 198.18.0.0/32, + 198.18.0.5/32, - 198.18.0.9/32");
    assert_eq!(edge.calls(), 1);
    engine.reconcile().await;
    assert!(engine.enforcer().plan(&[]).await[0].as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn a_ledger_that_was_lost_lets_nobody_in() {
    for aggregate in [false, true] {
        let clock = clock();
        let edge = memory("edge", &clock);
        let first = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
        first.enforcer().enforce_all(&blocks(0..300, 3600)).await;
        drop(first);
        // Another store, in which something was written once, so that it is not taken for a first start.
        let config = only("edge", FirewallConfig { aggregate, ..FirewallConfig::default() });
        let other = engine(&clock, config).firewall(edge.clone()).build().unwrap();
        other.enforce(&block(ATTACKER, "a", 3600)).await;
        let reports = other.reconcile().await;
        let held_back = EnforceError::Held { firewall: "edge".into(), held: 301, add: 0, remove: 300 };
        assert_eq!(reports[0].result, Err(held_back));
        other.maintain().await;
        other.enforce(&block("203.0.113.10", "b", 3600)).await;
        assert_eq!(held(&edge).await.len(), 302, "whoever was blocked still is");
        other.enforcer().reconcile_anyway().await;
        assert_eq!(held(&edge).await, ["203.0.113.9/32", "203.0.113.10/32"]);
    }
}

#[tokio::test]
async fn growth_that_is_held_back_stays_held_back() {
    for aggregate in [false, true] {
        let clock = clock();
        let edge = memory("edge", &clock);
        let config = only("edge", FirewallConfig { aggregate, ..FirewallConfig::default() });
        let sync_guard = autosec_core::enforce::SyncGuard { max_growth: Some(1.0), ..Default::default() };
        let config = EnforceConfig { sync_guard, ..config };
        let engine = engine(&clock, config).firewall(edge.clone()).build().unwrap();
        // Every second one, so that there are no neighbours.
        let all: Vec<Decision> = blocks(0..800, 3600).into_iter().step_by(2).collect();
        engine.enforcer().enforce_all(&all).await;
        let all: Vec<IpNet> = engine.in_force().iter().map(|entry| entry.target).collect();
        edge.unblock(&all[50..]).await.unwrap();
        let reports = engine.reconcile().await;
        let held_back = EnforceError::Held { firewall: "edge".into(), held: 50, add: 350, remove: 0 };
        assert_eq!(reports[0].result, Err(held_back));
        engine.maintain().await;
        engine.enforce(&block(ATTACKER, "a", 3600)).await;
        assert_eq!(held(&edge).await.len(), 51, "the next decision brings along nothing");
        engine.enforcer().reconcile_anyway().await;
        assert_eq!(held(&edge).await.len(), 401);
    }
}

#[tokio::test]
async fn letting_go_leaves_nothing_of_ours() {
    let clock = clock();
    let (edge, old) =
        (memory("edge", &clock), Moody::new(memory("old", &clock), &[Mood::Fine]).without_ttl());
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).firewall(old.clone());
    let engine = engine.build().unwrap();
    engine.enforcer().enforce_all(&blocks(0..5, 3600)).await;
    let stray = "198.18.0.9/32".parse().unwrap();
    let of_before = autosec_core::enforce::Block { target: stray, ttl: None, reason: String::new() };
    old.memory.block(&[of_before]).await.unwrap();
    assert!(engine.enforcer().release_all().await.is_complete());
    assert!(held(&edge).await.is_empty() && held(&old.memory).await.is_empty());
    engine.reconcile().await;
    assert!(engine.in_force().is_empty() && held(&edge).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn running_serves_each_firewall_by_itself() {
    let clock = clock();
    let hanging = Moody::new(memory("hanging", &clock), &[Mood::Hang]);
    let old = Moody::new(memory("old", &clock), &[Mood::Fine]).without_ttl();
    let engine = engine(&clock, EnforceConfig { require: Require::Any, ..EnforceConfig::default() });
    let engine = Arc::new(engine.firewall(hanging).firewall(old.clone()).build().unwrap());
    let keeper = Arc::clone(&engine);
    let keeping = tokio::spawn(async move { keeper.enforcer().run().await });
    engine.enforce(&block(ATTACKER, "a", 60)).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    clock.advance(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(!old.memory.drops(address(ATTACKER)), "it knows no time, and the other hangs");
    engine.enforce(&block(ATTACKER, "b", 3600)).await;
    old.memory.flush();
    assert!(engine.enforcer().drifted("old") && !engine.enforcer().drifted("none"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(old.memory.drops(address(ATTACKER)), "a hint of the host's is followed at once");
    keeping.abort();
}

/// A firewall that tells when somebody flushed it, or whose telling is broken.
#[derive(Clone, Debug)]
struct Telling(MemoryFirewall, Arc<tokio::sync::Notify>, bool);

#[async_trait::async_trait]
impl FirewallIntegration for Telling {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> autosec_core::enforce::Capabilities {
        self.0.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.0.block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.0.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.0.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.0.health().await
    }

    async fn drift(&self) {
        assert!(!self.2, "a bug of the integration");
        self.1.notified().await;
    }
}

#[tokio::test(start_paused = true)]
async fn drift_that_a_firewall_tells_of_is_repaired_within_a_second() {
    let clock = clock();
    let telling = Telling(memory("telling", &clock), Arc::default(), false);
    let broken = Telling(memory("broken", &clock), Arc::default(), true);
    let engine = engine(&clock, EnforceConfig::default()).firewall(broken).firewall(telling.clone());
    let engine = Arc::new(engine.build().unwrap());
    let keeper = Arc::clone(&engine);
    let keeping = tokio::spawn(async move { keeper.enforcer().run().await });
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        telling.0.flush();
        telling.1.notify_one();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(telling.0.drops(address(ATTACKER)));
    }
    keeping.abort();
}

#[test]
fn a_runtime_without_a_timer_is_enough() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Unreachable, Mood::Fine]);
    let engine = engine(&clock, EnforceConfig::default()).firewall(edge.clone()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(engine.enforce(&block(ATTACKER, "a", 60)).await.is_complete());
        engine.reconcile().await;
        engine.enforcer().run().await;
    });
    assert!(edge.memory.drops(address(ATTACKER)));
}

/// A timer of the host's own, for which no time is too long.
#[derive(Debug, Default)]
struct Hasty(Mutex<Vec<Duration>>);

impl Timer for Hasty {
    fn sleep(&self, span: Duration) -> Option<Sleep> {
        self.0.lock().unwrap().push(span);
        Some(Box::pin(std::future::ready(())))
    }
}

#[test]
fn pauses_are_the_hosts_and_come_again_with_the_same_seed() {
    let pauses = |seed| {
        let (clock, timer) = (clock(), Arc::new(Hasty::default()));
        let edge = Moody::new(memory("edge", &clock), &[Mood::Unreachable]);
        let config = EnforceConfig { attempts: 8, seed: Some(seed), ..EnforceConfig::default() };
        let engine = engine(&clock, EnforceConfig::default()).timer(Arc::clone(&timer));
        let engine = engine.enforcement(config).firewall(edge).build().unwrap();
        futures_util::FutureExt::now_or_never(engine.enforce(&block(ATTACKER, "a", 60))).unwrap();
        let all = timer.0.lock().unwrap().clone();
        all.into_iter().filter(|span| *span != Duration::from_secs(5)).collect::<Vec<_>>()
    };
    assert_eq!(pauses(1), pauses(1));
    assert_ne!(pauses(1), pauses(2));
    let bounds = [100, 200, 400, 800].map(Duration::from_millis);
    assert_eq!(pauses(1).len(), 5, "then its circuit is open");
    assert!(pauses(1).iter().zip(bounds).all(|(pause, bound)| *pause <= bound));
}

#[tokio::test]
async fn what_an_integration_shows_of_itself_is_not_shown_on() {
    let clock = clock();
    let careless = Telling(memory("edge", &clock), Arc::default(), false);
    let plain = format!("{careless:?}");
    assert!(plain.contains("Telling"), "as any key in it would be: {plain}");
    let told = Told::default();
    let engine = engine(&clock, EnforceConfig::default()).observer(told).firewall(careless).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 60)).await;
    assert!(!format!("{engine:?}").contains("Telling"));
    assert!(!format!("{:?}", engine.enforcer().status()).contains("Telling"));
}

#[test]
fn settings_for_nobody_are_refused() {
    let config = only("egde", FirewallConfig::default());
    let refused = engine(&clock(), config).firewall(memory("edge", &clock())).build().unwrap_err();
    let words = "`enforcement.firewalls` has settings for `egde`, and no firewall is called that";
    assert_eq!(refused.to_string(), words);
}
