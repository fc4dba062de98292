//! The main job with a real kernel: log lines in, a decision out, packets dropped, and let through again.

use std::time::Duration;

use autosec_core::enforce::Enforcement;
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::event::Schema;
use autosec_core::rule::RuleSet;
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::firewall::nftables::NftablesConfig;
use autosec_integrations::log::{Format, LogReader, Options};

use crate::lab::Lab;

const RULES: &str = r#"
- id: ssh-guessing
  name: SSH guessing
  severity: high
  when: event.action == "ssh_login" and event.outcome == "failure"
  count: { by: [source.ip], within: 10m, at_least: 5 }
  response: { action: block, for: TIME }
"#;

/// Five failed logins of each attacker and one of an honest client.
fn log(attackers: &[&str], honest: &str) -> String {
    let failure = |second: usize, address: &str| {
        format!(
            "Nov 22 14:00:{second:02} web1 sshd[7]: Failed password for root from {address} port 4242 ssh2\n"
        )
    };
    let attacks = (0..5).flat_map(|second| attackers.iter().map(move |address| failure(second, address)));
    attacks.chain([failure(6, honest)]).collect()
}

fn engine(lab: &Lab, blocks_for: &str) -> Engine {
    let rules = RULES.replace("TIME", blocks_for);
    let rules = RuleSet::builder(&Schema::ecs()).source("test.yaml", rules).build().unwrap();
    Engine::builder().detector(rules).firewall(lab.firewall(NftablesConfig::default())).build().unwrap()
}

/// Reads the log and enforces every decision; gives how many there were.
async fn watch(engine: &Engine, log: &str) -> usize {
    let mut reader = LogReader::new(log.as_bytes(), Format::Syslog, Options::new(SystemClock.now()));
    let mut decisions = 0;
    while let Some(line) = reader.read().unwrap() {
        let verdict = engine.process(line.unwrap());
        for decision in verdict.decisions() {
            let enforcement = engine.enforce(decision).await;
            assert!(enforcement.is_complete(), "{enforcement}");
            decisions += 1;
        }
    }
    decisions
}

#[tokio::test]
async fn attackers_are_dropped_and_let_in_again() {
    let Some(lab) = Lab::new() else { return };
    let attackers = ["203.0.113.7", "2001:db8:1:2::7"];
    let honest = "203.0.113.8";
    let engine = engine(&lab, "3s");
    assert!(attackers.iter().all(|address| lab.arrives(address)));

    assert_eq!(watch(&engine, &log(&attackers, honest)).await, 2);
    assert!(attackers.iter().all(|address| !lab.arrives(address)));
    assert!(!lab.arrives("2001:db8:1:2::8"), "an IPv6 client is its /64");
    assert!(lab.arrives("2001:db8:1:3::7"));
    assert!(lab.arrives(honest));
    assert!(lab.nft("list table inet autosec").contains("autosec:rule=ssh-guessing"));

    tokio::time::sleep(Duration::from_millis(3_300)).await;
    assert!(attackers.iter().all(|address| lab.arrives(address)), "the time is over");
    assert!(engine.in_force().is_empty());
}

#[tokio::test]
async fn allowing_lets_in_at_once() {
    let Some(lab) = Lab::new() else { return };
    let engine = engine(&lab, "1h");
    watch(&engine, &log(&["203.0.113.7"], "203.0.113.8")).await;
    assert!(!lab.arrives("203.0.113.7"));
    let enforcement = engine.allow(Entity::address("203.0.113.7".parse().unwrap()), "the boss").await;
    assert!(enforcement.is_complete(), "{enforcement}");
    assert!(lab.arrives("203.0.113.7"));
}

#[tokio::test]
async fn what_somebody_flushed_comes_back() {
    let Some(lab) = Lab::new() else { return };
    let engine = engine(&lab, "1h");
    watch(&engine, &log(&["203.0.113.7"], "203.0.113.8")).await;
    lab.nft("flush ruleset");
    assert!(lab.arrives("203.0.113.7"), "nothing is left in the kernel");
    // The next block finds out and puts everything back.
    assert_eq!(watch(&engine, &log(&["203.0.113.9"], "203.0.113.8")).await, 1);
    assert!(!lab.arrives("203.0.113.7") && !lab.arrives("203.0.113.9"));
    lab.nft("flush ruleset");
    let reports = engine.reconcile().await;
    assert!(reports.iter().all(|report| report.result.is_ok()), "{reports:?}");
    assert!(!lab.arrives("203.0.113.7") && !lab.arrives("203.0.113.9"));
}

#[tokio::test]
async fn a_restart_finds_the_kernel_as_it_left_it() {
    use autosec_core::store::FileStore;

    let Some(lab) = Lab::new() else { return };
    let directory = std::env::temp_dir().join(format!("autosec-kernel-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let start = || {
        Engine::builder()
            .firewall(lab.firewall(NftablesConfig::default()))
            .store(FileStore::open(&directory).unwrap())
            .build()
            .unwrap()
    };
    let first = start();
    for target in ["203.0.113.7", "203.0.113.32/27", "2001:db8:1:2::/64"] {
        let enforcement = first.enforce(&crate::support::block(target, target, 3600)).await;
        assert!(
            matches!(enforcement, Enforcement::Fanned { .. }) && enforcement.is_complete(),
            "{enforcement}"
        );
    }
    drop(first);
    lab.nft("delete element inet autosec v4_32 '{ 203.0.113.7 }'");

    let second = start();
    second.reconcile().await;
    assert!(["203.0.113.7", "203.0.113.40", "2001:db8:1:2::9"].iter().all(|address| !lab.arrives(address)));
    second.unblock("203.0.113.32/27".parse().unwrap()).await;
    assert!(lab.arrives("203.0.113.40") && !lab.arrives("203.0.113.7"));
    std::fs::remove_dir_all(&directory).unwrap();
}
