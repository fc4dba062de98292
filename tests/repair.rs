//! What others do to our part of the kernel's ruleset is undone by itself within a second, however much is in force.

use std::io::Write;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use autosec_core::enforce::{Block, FirewallIntegration};
use autosec_core::engine::Engine;
use autosec_integrations::firewall::nftables::NftablesConfig;
use tokio::sync::oneshot;

use crate::lab::Lab;
use crate::support::block;

/// How many blocks are in force: a tenth without optimization, because a debug build on a busy machine is no measure.
const IN_FORCE: usize = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

/// What others do, each to a table that is whole.
const HARM: [(&str, &str); 8] = [
    ("flush ruleset", "the ruleset flushed"),
    ("delete element inet autosec v4_32 '{ 203.0.113.7 }'", "one element deleted"),
    ("delete table inet autosec", "the table deleted"),
    ("flush table inet autosec", "its rules flushed"),
    ("'flush chain inet autosec prerouting; delete set inet autosec v4_24'", "a set deleted"),
    ("'flush chain inet autosec prerouting; delete chain inet autosec prerouting'", "the chain deleted"),
    ("'add table inet autosec { flags dormant; }'", "the table put to sleep"),
    ("flush set inet autosec v4_32", "a set flushed"),
];

/// An engine's enforcer, run on a thread of its own until this is dropped.
struct Kept {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Kept {
    fn new(engine: &Arc<Engine>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let engine = Arc::clone(engine);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                futures_util::future::select(Box::pin(engine.enforcer().run()), stopped).await;
            });
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// An engine with as many blocks in force in the lab's kernel, hosts and prefixes of both families.
async fn engine(lab: &Lab) -> Arc<Engine> {
    let engine =
        Arc::new(Engine::builder().firewall(lab.firewall(NftablesConfig::default())).build().unwrap());
    let mut targets = vec!["203.0.113.7".to_owned(), "203.0.113.64/26".into(), "2001:db8:1::/64".into()];
    targets.extend((0..50).map(|net| format!("45.7.{net}.0/24")));
    targets.extend((0..50).map(|host| format!("2001:db8:2::{host:x}")));
    targets.extend((targets.len()..IN_FORCE).map(|host| format!("198.18.{}.{}", host >> 8, host & 255)));
    let decisions: Vec<_> = targets.iter().map(|target| block(target, target, 3600)).collect();
    let bulk = engine.enforcer().enforce_all(&decisions).await;
    assert!(bulk.is_complete() && engine.in_force().len() == IN_FORCE, "{}", bulk.together);
    engine
}

#[tokio::test]
async fn whatever_was_harmed_is_whole_again_within_a_second() {
    let Some(lab) = Lab::new() else { return };
    let engine = engine(&lab).await;
    let _kept = Kept::new(&engine);
    // It compares once when it begins.
    std::thread::sleep(Duration::from_millis(1_500));
    let looking = lab.firewall(NftablesConfig::default());
    for (harm, name) in HARM {
        if harm.starts_with("flush set") {
            // Elements alone are looked at once in five seconds.
            std::thread::sleep(Duration::from_secs(5));
        }
        lab.nft(harm);
        let begun = Instant::now();
        while !looking.health().await.unwrap().enforcing || looking.blocked().await.unwrap().len() < IN_FORCE
        {
            assert!(begun.elapsed() < Duration::from_secs(10), "{name}: not repaired");
            std::thread::sleep(Duration::from_millis(10));
        }
        let took = begun.elapsed().as_secs_f64();
        let result = if took <= 1.0 { "ok" } else { "missed" };
        let line = format!(
            "bar enforce/repair measured {took:.3} s asks <=1 {result} ({name}, {IN_FORCE} in force)\n"
        );
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        for source in ["203.0.113.7", "203.0.113.100", "2001:db8:1::9", "198.18.1.39", "2001:db8:2::7"] {
            assert!(!lab.arrives(source), "{name}: {source}");
        }
        assert!(took <= 1.0, "{line}");
    }
}

#[tokio::test]
async fn rules_of_others_that_change_all_the_time_cost_few_comparisons() {
    let Some(lab) = Lab::new() else { return };
    let engine = engine(&lab).await;
    let firewall = lab.firewall(NftablesConfig::default());
    let mut told = 0;
    firewall.blocked().await.unwrap();
    lab.nft("add table inet other");
    for round in 0..20 {
        lab.nft(&format!("add chain inet other c{round}"));
        told += usize::from(futures_util::FutureExt::now_or_never(firewall.drift()).is_some());
    }
    assert_eq!(told, 1);
    lab.nft("flush ruleset");
    assert!(futures_util::FutureExt::now_or_never(firewall.drift()).is_some(), "harm is told of at once");
    assert!(engine.reconcile().await[0].result.is_ok());
    // Our own changes are nobody's else.
    let (own, other) = (lab.firewall(NftablesConfig::default()), lab.firewall(NftablesConfig::default()));
    for firewall in [&own, &other] {
        firewall.blocked().await.unwrap();
        assert!(futures_util::FutureExt::now_or_never(firewall.drift()).is_none());
    }
    let target = "203.0.113.200/32".parse().unwrap();
    for _ in 0..5 {
        own.block(&[Block { target, ttl: Some(Duration::from_secs(3600)), reason: String::new() }])
            .await
            .unwrap();
        own.unblock(&[target]).await.unwrap();
        own.unblock(&[target]).await.unwrap();
        assert!(futures_util::FutureExt::now_or_never(own.drift()).is_none());
    }
    assert!(futures_util::FutureExt::now_or_never(other.drift()).is_some(), "another adapter is another");
}

#[tokio::test]
async fn a_restarted_engine_that_had_nothing_to_do_notices_too() {
    let Some(lab) = Lab::new() else { return };
    let first = engine(&lab).await;
    let entries = first.in_force().len();
    drop(first);
    // A store in memory: it takes over what stands in the kernel, and has called nothing but reads.
    let again =
        Arc::new(Engine::builder().firewall(lab.firewall(NftablesConfig::default())).build().unwrap());
    let _kept = Kept::new(&again);
    let begun = Instant::now();
    while again.in_force().len() < entries {
        assert!(begun.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(600));
    lab.nft("flush ruleset");
    std::thread::sleep(Duration::from_millis(1_000));
    assert!(!lab.arrives("203.0.113.7") && !lab.arrives("2001:db8:1::9"));
}
