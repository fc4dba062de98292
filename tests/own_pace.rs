//! What each firewall has to itself: its settings, its longest time, its comparison at start and on the timer, its health.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, BreakerConfig, Capabilities, Circuit, EnforceConfig, EnforceError, FirewallConfig,
    FirewallIntegration, Health, MemoryFirewall, Outcome,
};
use autosec_core::engine::{Engine, EngineBuilder};
use autosec_core::time::{Clock, ManualClock, Timestamp};
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

#[tokio::test(start_paused = true)]
async fn settings_of_one_firewall_are_no_other_s() {
    let (clock, second) = (clock(), Duration::from_secs(1));
    let down = |name: &str| Moody::new(memory(name, &clock), &[Mood::Unreachable]);
    let (hasty, patient) = (down("hasty"), down("patient"));
    let hanging = ["short", "long"].map(|name| Moody::new(memory(name, &clock), &[Mood::Hang]));
    let breaker = |failures| Some(BreakerConfig { failures, pause: second * 60 });
    let own = |name: &str, config: FirewallConfig| (name.to_owned(), config);
    let firewalls = [
        own("hasty", FirewallConfig { attempts: Some(1), breaker: breaker(1), ..FirewallConfig::default() }),
        own(
            "patient",
            FirewallConfig { attempts: Some(6), breaker: breaker(0), ..FirewallConfig::default() },
        ),
        own(
            "short",
            FirewallConfig { timeout: Some(second), attempts: Some(1), ..FirewallConfig::default() },
        ),
        own(
            "long",
            FirewallConfig { timeout: Some(second * 9), attempts: Some(1), ..FirewallConfig::default() },
        ),
    ];
    let config = EnforceConfig { firewalls: firewalls.into(), ..EnforceConfig::default() };
    let mut builder = engine(&clock, config).firewall(hasty.clone()).firewall(patient.clone());
    for firewall in &hanging {
        builder = builder.firewall(firewall.clone());
    }
    let engine = builder.build().unwrap();
    let enforced = engine.enforce(&block(ATTACKER, "a", 3600)).await;
    assert_eq!((hasty.calls(), patient.calls()), (1, 6));
    let circuits: Vec<Circuit> = engine.enforcer().status().iter().map(|status| status.circuit).collect();
    assert!(matches!(
        circuits[..],
        [Circuit::Open { .. }, Circuit::Closed, Circuit::Closed, Circuit::Closed]
    ));
    let text = enforced.to_string();
    assert!(text.contains("`short` did not answer within 1s"), "{text}");
    assert!(text.contains("`long` did not answer within 9s"), "{text}");
}

#[tokio::test]
async fn each_gives_up_after_its_own_number_of_rejections() {
    let clock = clock();
    let bad: IpNet = "203.0.113.9/32".parse().unwrap();
    let rejecting = |name: &str| Moody::new(memory(name, &clock), &[Mood::Rejects(bad)]);
    let own = |rejections| FirewallConfig { rejections: Some(rejections), ..FirewallConfig::default() };
    let firewalls = [("strict".to_owned(), own(1)), ("lenient".to_owned(), own(4))].into();
    let config = EnforceConfig { firewalls, ..EnforceConfig::default() };
    let (strict, lenient) = (rejecting("strict"), rejecting("lenient"));
    let engine = engine(&clock, config).firewall(strict.clone()).firewall(lenient.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 86_400)).await;
    let letters =
        || engine.enforcer().dead_letters().into_iter().map(|letter| letter.firewall).collect::<Vec<_>>();
    assert_eq!(letters(), ["strict"]);
    for _ in 0..10 {
        clock.advance(Duration::from_secs(60));
        engine.maintain().await;
    }
    assert_eq!((letters(), strict.calls(), lenient.calls()), (vec!["strict".into(), "lenient".into()], 1, 4));
}

/// A device that holds no time longer than ten minutes, and notes the times that it is given.
#[derive(Clone, Debug)]
struct Short(MemoryFirewall, Arc<Mutex<Vec<Duration>>>);

#[async_trait]
impl FirewallIntegration for Short {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { max_ttl: Some(Duration::from_secs(600)), ..self.0.capabilities() }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.1.lock().unwrap().extend(blocks.iter().filter_map(|block| block.ttl));
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
}

#[tokio::test]
async fn a_device_whose_longest_time_is_shorter_is_reminded_halfway() {
    let clock = clock();
    let short = Short(memory("short", &clock), Arc::default());
    let engine = engine(&clock, EnforceConfig::default()).firewall(short.clone()).build().unwrap();
    engine.enforce(&block(ATTACKER, "a", 3600)).await;
    for second in (10..3_600).step_by(10) {
        clock.advance(Duration::from_secs(10));
        engine.maintain().await;
        assert!(short.0.drops(address(ATTACKER)), "after {second} s");
    }
    clock.advance(Duration::from_secs(10));
    assert!(!short.0.drops(address(ATTACKER)), "and no longer than asked for");
    let given: Vec<u64> = short.1.lock().unwrap().iter().map(Duration::as_secs).collect();
    // Once when half an interval of 600 s is over, the last time with what is left.
    assert_eq!(given, [600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600]);
    engine.maintain().await;
    assert_eq!(short.1.lock().unwrap().len(), given.len(), "what has ended is not armed again");
}

#[tokio::test(start_paused = true)]
async fn running_compares_at_start_and_then_regularly() {
    let clock = clock();
    let edge = memory("edge", &clock);
    let minutes = EnforceConfig { reconcile_every: Duration::from_secs(120), ..EnforceConfig::default() };
    let engine = Arc::new(engine(&clock, minutes).firewall(edge.clone()).build().unwrap());
    engine.enforce(&block(ATTACKER, "a", 86_400)).await;
    edge.flush();
    let keeper = Arc::clone(&engine);
    let keeping = tokio::spawn(async move { keeper.enforcer().run().await });
    let pass = async |seconds: u64| {
        for _ in 0..seconds {
            clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    pass(1).await;
    assert!(edge.drops(address(ATTACKER)), "at start");
    for _ in 0..3 {
        edge.flush();
        pass(100).await;
        assert!(!edge.drops(address(ATTACKER)), "it says nothing of itself");
        pass(22).await;
        assert!(edge.drops(address(ATTACKER)), "when two minutes are over");
        // A clock that is set back makes no interval longer.
        clock.set(clock.now() - Duration::from_secs(7_200));
        pass(1).await;
    }
    keeping.abort();
}

/// Never answers, or says that its link is down.
#[derive(Debug)]
struct Ill(MemoryFirewall, bool);

#[async_trait]
impl FirewallIntegration for Ill {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
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
        if self.1 {
            std::future::pending::<()>().await;
        }
        Ok(Health { enforcing: false, detail: "the link is down".to_owned() })
    }
}

#[tokio::test(start_paused = true)]
async fn health_is_asked_of_all_and_waits_for_none_too_long() {
    let clock = clock();
    let builder = engine(&clock, EnforceConfig::default()).firewall(memory("well", &clock));
    let builder =
        builder.firewall(Ill(memory("ill", &clock), false)).firewall(Ill(memory("mute", &clock), true));
    let engine = builder.build().unwrap();
    let begun = tokio::time::Instant::now();
    let health = engine.enforcer().health().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5), "the time limit of one, not of each");
    let names: Vec<&str> = health.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["well", "ill", "mute"]);
    assert!(health[0].1.as_ref().is_ok_and(|health| health.enforcing));
    assert!(
        health[1].1.as_ref().is_ok_and(|health| !health.enforcing && health.detail == "the link is down")
    );
    assert!(matches!(health[2].1, Err(EnforceError::Timeout { .. })));
}
