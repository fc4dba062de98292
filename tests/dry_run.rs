//! A dry run in a firewall's place: it records every change, in order, makes none, and is in all else like the firewall.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::Decision;
use autosec_core::enforce::{
    Block, Capabilities, DryRun, EnforceConfig, EnforceError, FirewallConfig, FirewallIntegration, Health,
    MemoryFirewall, Outcome, Rate, Status, Would,
};
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::time::{Clock, ManualClock, Timestamp};
use autosec_integrations::conformance::{self, Conformance};
use ipnet::IpNet;

use crate::support::{Mood, Moody, address, block, golden};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)))
}

fn memory(name: &str, clock: &Arc<ManualClock>) -> MemoryFirewall {
    MemoryFirewall::with_clock(name, Arc::clone(clock) as Arc<dyn Clock>)
}

fn over(firewall: impl FirewallIntegration + 'static, clock: &Arc<ManualClock>) -> DryRun {
    DryRun::over(firewall).with_clock(Arc::clone(clock) as Arc<dyn Clock>)
}

fn blocks(hosts: std::ops::Range<u32>) -> Vec<Decision> {
    let host = |number: u32| std::net::Ipv4Addr::from(0xC612_0000 + number).to_string();
    hosts.map(|number| block(&host(number), &number.to_string(), 3600)).collect()
}

#[tokio::test]
async fn it_reads_as_a_person_would_write_it() {
    let clock = clock();
    let edge = Moody::new(memory("edge", &clock), &[Mood::Fine]);
    let stray = Block { target: "203.0.113.99/32".parse().unwrap(), ttl: None, reason: "of before".into() };
    edge.memory.block(&[stray]).await.unwrap();
    let dry = over(edge.clone(), &clock).with_room(6);
    let engine = Engine::builder().clock(Arc::clone(&clock)).firewall(dry.clone()).build().unwrap();
    engine
        .enforcer()
        .enforce_all(&[block("203.0.113.1", "first", 60), block("203.0.113.2", "second", 60)])
        .await;
    clock.advance(Duration::from_secs(10));
    engine.enforce(&block("203.0.113.0/27", "third", 5_400)).await;
    engine.enforce(&block("2001:db8:7::/64", "fourth", 86_400)).await;
    engine.unblock("203.0.113.2/32".parse().unwrap()).await;
    engine.allow(Entity::address(address("2001:db8:7::1")), "monitor").await;
    clock.advance(Duration::from_secs(60));
    engine.maintain().await;
    engine.reconcile().await;
    assert_eq!(edge.calls(), 0, "nothing was done");
    assert_eq!(edge.memory.blocked().await.unwrap().len(), 1);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dry-run.txt");
    assert_eq!(golden::differs(&golden, &dry.to_string()), None);
    assert_eq!((dry.recorded().len(), dry.dropped()), (6, 2));
}

#[tokio::test]
async fn it_goes_about_as_the_real_one_would() {
    // Whatever is done to a firewall in memory is done to the dry run of one that stays empty.
    let clock = clock();
    let (real, below) = (memory("real", &clock), memory("dry", &clock));
    let dry = over(below.clone(), &clock);
    let small = || FirewallConfig {
        capacity: Some(30),
        rate: Some(Rate { calls: 5, items: 10, per: Duration::from_secs(10) }),
        ..FirewallConfig::default()
    };
    let firewalls = [("real".to_owned(), small()), ("dry".to_owned(), small())].into();
    let config = EnforceConfig { firewalls, ..EnforceConfig::default() };
    let engine = Engine::builder().clock(Arc::clone(&clock)).enforcement(config);
    let engine = engine.firewall(real.clone()).firewall(dry.clone()).build().unwrap();
    let held = async |firewall: &dyn FirewallIntegration| {
        let blocks = firewall.blocked().await.unwrap();
        blocks.into_iter().map(|block| (block.target, block.ttl, block.reason)).collect::<Vec<_>>()
    };
    engine.enforcer().enforce_all(&blocks(0..50)).await;
    for second in 0..100_u64 {
        clock.advance(Duration::from_secs(1));
        engine.maintain().await;
        if second == 40 {
            engine.unblock("198.18.0.0/28".parse().unwrap()).await;
            engine.reconcile().await;
        }
        assert_eq!(held(&real).await, held(&dry).await, "after {second} s");
    }
    assert_eq!(held(&real).await.len(), 30);
    assert!(below.blocked().await.unwrap().is_empty());
    let recorded = dry.recorded();
    assert!(recorded.iter().any(|change| change.would == Would::Unblock));
    let calls: Vec<u64> = recorded.iter().map(|change| change.call).collect();
    assert!(calls.is_sorted() && recorded.iter().map(|change| change.at).is_sorted(), "in order");
    let largest = calls.chunk_by(|one, next| one == next).map(<[u64]>::len).max();
    assert_eq!(largest, Some(10), "as many in a call as the rate lets through");
    clock.advance(Duration::from_secs(3600));
    assert!(held(&dry).await.is_empty(), "they would have ended");
}

#[tokio::test]
async fn what_the_firewall_below_could_not_hold_is_not_recorded() {
    /// Single IPv4 addresses, and no times.
    #[derive(Debug)]
    struct Old {
        memory: MemoryFirewall,
        _key: &'static str,
    }

    #[async_trait::async_trait]
    impl FirewallIntegration for Old {
        fn name(&self) -> &str {
            "old"
        }
        fn capabilities(&self) -> Capabilities {
            Capabilities { native_ttl: false, prefixes: false, ipv6: false, ..self.memory.capabilities() }
        }
        async fn block(&self, _: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
            panic!("a dry run blocks nothing")
        }
        async fn unblock(&self, _: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
            panic!("a dry run unblocks nothing")
        }
        async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
            self.memory.blocked().await
        }
        async fn health(&self) -> Result<Health, EnforceError> {
            self.memory.health().await
        }
    }

    let clock = clock();
    let dry = over(Old { memory: memory("old", &clock), _key: "LUFRPT1" }, &clock);
    assert!(!format!("{dry:?}").contains("LUFRPT1"), "what stands below may show its key");
    let engine = Engine::builder().clock(Arc::clone(&clock)).firewall(dry.clone()).build().unwrap();
    for target in ["203.0.113.1", "198.18.0.0/24", "2001:db8::1"] {
        engine.enforce(&block(target, target, 60)).await;
    }
    let [only] = dry.recorded().try_into().unwrap();
    assert_eq!(only.would, Would::Block { ttl: None, reason: "rule=test-rule;id=203.0.113.1".into() });
    clock.advance(Duration::from_secs(60));
    engine.maintain().await;
    assert_eq!(dry.recorded().last().unwrap().would, Would::Unblock, "its times are ours to keep");
    let prefix = Block { target: "198.18.0.0/24".parse().unwrap(), ttl: None, reason: String::new() };
    let asked = dry.block(&[prefix]).await.unwrap();
    assert!(matches!(asked[0].status, Status::Unsupported(_)));
}

#[tokio::test]
async fn it_has_the_obstacles_of_the_firewall_below() {
    /// Its capabilities cannot say what it does not hold.
    #[derive(Debug)]
    struct Particular(MemoryFirewall);

    #[async_trait::async_trait]
    impl FirewallIntegration for Particular {
        fn name(&self) -> &str {
            "particular"
        }
        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }
        fn obstacle(&self, target: IpNet) -> Option<String> {
            (target.addr().is_ipv6() && target.prefix_len() < 128)
                .then(|| "it takes no prefixes of IPv6".into())
        }
        async fn block(&self, _: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
            panic!("a dry run blocks nothing")
        }
        async fn unblock(&self, _: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
            panic!("a dry run unblocks nothing")
        }
        async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
            self.0.blocked().await
        }
        async fn health(&self) -> Result<Health, EnforceError> {
            self.0.health().await
        }
    }

    let clock = clock();
    let dry = over(Arc::new(Particular(memory("particular", &clock))), &clock);
    let asked = |target: &str| Block { target: target.parse().unwrap(), ttl: None, reason: String::new() };
    let outcomes = dry.block(&["2001:db8::/64", "2001:db8::1/128"].map(asked)).await.unwrap();
    assert_eq!(outcomes[0].status, Status::Unsupported("it takes no prefixes of IPv6".to_owned()));
    assert_eq!(outcomes[1].status, Status::Done);
    let recorded: Vec<String> = dry.recorded().iter().map(|change| change.target.to_string()).collect();
    assert_eq!(recorded, ["2001:db8::1/128"]);
}

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    let how = || Conformance { shortest_ttl: Some(Duration::from_millis(50)), ..Conformance::default() };
    let below = MemoryFirewall::new("below");
    let theirs = Block { target: "192.0.2.200/32".parse().unwrap(), ttl: None, reason: String::new() };
    below.block(&[theirs]).await.unwrap();
    let beside = || format!("{:?}", futures_util::FutureExt::now_or_never(below.blocked()));
    for dry in [DryRun::new("dry"), DryRun::over(below.clone())] {
        let report =
            conformance::check(&dry, &Conformance { beside: Some(Box::new(&beside)), ..how() }).await;
        assert!(report.is_passed(), "{report}");
        assert!(dry.recorded().len() > 100);
    }
}
