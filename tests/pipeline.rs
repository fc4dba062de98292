//! The main job, end to end: recorded logs in, exactly the attackers blocked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use autosec_core::enforce::{FirewallIntegration, MemoryFirewall};
use autosec_core::engine::Engine;
use autosec_core::event::{Event, Schema};
use autosec_core::finding::{Detector, FaultKind, Findings};
use autosec_core::rule::{RuleSet, STARTER};
use autosec_core::time::Timestamp;
use autosec_integrations::log::{Format, LogReader, Options};
use serde::Deserialize;

/// What happened in the sample logs, as `examples/data/README.md` tells it.
#[derive(Deserialize)]
struct Actor {
    address: IpAddr,
    role: String,
    file: String,
    blocked: bool,
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data")
}

fn actors() -> Vec<Actor> {
    serde_json::from_str(&fs::read_to_string(samples().join("actors.json")).unwrap()).unwrap()
}

fn reader(file: &str) -> LogReader<BufReader<File>> {
    let reference = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
    let input = BufReader::new(File::open(samples().join(file)).unwrap());
    LogReader::new(input, Format::Auto, Options::new(reference))
}

/// The firewall after a file was read and every decision enforced.
async fn after(files: &[&str]) -> MemoryFirewall {
    let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
    let firewall = MemoryFirewall::new("edge");
    let engine = Engine::builder().detector(rules).firewall(firewall.clone()).build().unwrap();
    for file in files {
        let mut log = reader(file);
        while let Some(line) = log.read().unwrap() {
            let verdict = engine.process(line.unwrap());
            assert!(verdict.faults.is_empty(), "{:?}", verdict.faults);
            for decision in verdict.decisions() {
                assert!(engine.enforce(decision).await.is_complete());
            }
        }
        assert_eq!(log.summary().total_unread(), 0, "{file}");
    }
    firewall
}

#[tokio::test]
async fn in_each_file_exactly_the_attackers_are_blocked() {
    let actors = actors();
    let files: BTreeSet<&str> = actors.iter().map(|actor| actor.file.as_str()).collect();
    assert!(files.len() >= 3);
    for file in files {
        let firewall = after(&[file]).await;
        let of_file = || actors.iter().filter(|actor| actor.file == file);
        for Actor { address, role, blocked, .. } in of_file() {
            assert_eq!(firewall.drops(*address), *blocked, "{file}: {role} {address}");
        }
        let held = firewall.blocked().await.unwrap();
        for block in &held {
            let caught = of_file().any(|actor| actor.blocked && block.target.contains(&actor.address));
            assert!(caught, "{file}: {} is nobody's", block.target);
        }
        assert_eq!(held.len(), of_file().filter(|actor| actor.blocked).count(), "{file}");
    }
}

#[tokio::test]
async fn of_all_files_together_no_honest_client_is_blocked() {
    let firewall = after(&["sshd.log", "access.log", "eve.json"]).await;
    let honest = actors();
    let honest = honest.iter().filter(|actor| actor.role == "honest");
    let blocked: Vec<_> =
        honest.filter(|actor| firewall.drops(actor.address)).map(|actor| actor.address).collect();
    assert!(blocked.is_empty(), "{blocked:?}");
}

/// The findings of a run, without what hangs on the order of processing.
fn found(rules: &RuleSet, events: &[Event<'_>]) -> BTreeMap<(String, String), usize> {
    let mut findings = Findings::default();
    events.iter().for_each(|event| rules.detect(event, &mut findings));
    let mut tally = BTreeMap::new();
    for finding in findings.found() {
        *tally.entry((finding.analytic.id.to_string(), finding.subject.to_string())).or_default() += 1;
    }
    tally
}

#[test]
fn replaying_is_identical() {
    let explain = || {
        let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
        let engine = Engine::builder().detector(rules).build().unwrap();
        let mut log = reader("sshd.log");
        let mut words = String::new();
        while let Some(line) = log.read().unwrap() {
            words += &engine.process(line.unwrap()).explain().to_string();
            words.push('\n');
        }
        words
    };
    assert_eq!(explain(), explain());
}

#[test]
fn every_starter_rule_is_documented_and_tagged() {
    let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
    let written: Vec<_> = rules.rules().collect();
    assert_eq!(written.len(), STARTER.iter().map(|(_, text)| text.matches("\n- id:").count()).sum::<usize>());
    for rule in written {
        assert!(rule.description.len() > 20 && !rule.tags.is_empty(), "{}", rule.id);
        assert!(rule.tags.iter().all(|tag| tag.starts_with("attack.t")), "{}", rule.id);
    }
}

#[test]
fn an_event_from_the_future_is_reported_and_holds_nobody_up() {
    use autosec_core::event::field;

    let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
    let engine = Engine::builder().detector(rules).build().unwrap();
    let failure = |time: &str| {
        Event::new(Timestamp::parse(time).unwrap())
            .with(field::EVENT_ACTION, "ssh_login")
            .with(field::EVENT_OUTCOME, "failure")
            .with(field::USER_NAME, "root")
            .with(field::SOURCE_IP, "203.0.113.7".parse::<IpAddr>().unwrap())
    };
    let verdict = engine.process(failure("2100-01-01T00:00:00Z"));
    assert_eq!(verdict.faults[0].kind, FaultKind::ImplausibleTime);
    assert!(verdict.time < Timestamp::parse("2099-01-01T00:00:00Z").unwrap());
    let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
    let attack: Vec<_> = (0..5).map(|second| failure(&format!("1970-01-01T00:00:0{second}Z"))).collect();
    assert_eq!(found(&rules, &attack).len(), 1, "the past is as good a time as any");
}
