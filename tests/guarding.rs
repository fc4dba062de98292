//! The guard through the public API: forms of addresses, the host's clock, and what is held against whom.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autosec_core::decision::{Decision, GuardConfig, Refusal, Role, Surroundings, Vital};
use autosec_core::enforce::{Enforcement, MemoryFirewall};
use autosec_core::engine::{Engine, EngineBuilder, Verdict};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Action, FaultKind};
use autosec_core::rule::RuleSet;
use autosec_core::time::{Clock, ManualClock, Timestamp};
use ipnet::IpNet;

const RULE: &str = r#"
- id: backdoor
  name: Backdoor
  severity: critical
  confidence: 1
  when: url.path == "/backdoor"
  response: { action: block, for: 2h }
"#;

const NOW: Timestamp = Timestamp::from_secs(1_750_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn builder(clock: &Arc<ManualClock>) -> EngineBuilder {
    let rules = RuleSet::builder(&Schema::ecs()).source("test.yaml", RULE).build().unwrap();
    Engine::builder().detector(rules).clock(Arc::clone(clock))
}

fn attack(engine: &Engine, client: u32, at: Timestamp) -> Verdict {
    let client = IpAddr::from(Ipv4Addr::from(0xC612_0000 + client));
    engine.process(Event::new(at).with(field::SOURCE_IP, client).with(field::URL_PATH, "/backdoor"))
}

/// Blocks let through in each of ten intervals of ten minutes, of four attempts each.
fn ten_intervals(engine: &Engine, clock: &ManualClock) -> Vec<usize> {
    let interval = |number: u32| {
        let admitted = (0..4).filter(|client| {
            clock.advance(Duration::from_secs(150));
            attack(engine, number * 4 + client, clock.now()).decision().is_some()
        });
        admitted.count()
    };
    (1..=10).map(interval).collect()
}

#[test]
fn one_event_of_tomorrow_does_not_freeze_the_guard() {
    let day = Duration::from_secs(86_400);
    for max_ahead in [None, Some(day)] {
        let clock = Arc::new(ManualClock::new(NOW));
        let guard = GuardConfig { max_new: 4, ..GuardConfig::default() };
        let builder = builder(&clock).guard(guard);
        let builder = if let Some(span) = max_ahead { builder.max_ahead(span) } else { builder };
        let engine = builder.build().unwrap();
        let tomorrow = attack(&engine, 0, NOW + 22 * HOUR);
        let faults: Vec<_> = tomorrow.faults.iter().map(|fault| fault.kind).collect();
        match max_ahead {
            None => {
                assert_eq!(faults, [FaultKind::ImplausibleTime], "ten minutes are let through by default")
            }
            Some(_) => assert!(faults.is_empty() && tomorrow.time == NOW + 22 * HOUR),
        }
        // The clock passes a whole interval first, so that the event of tomorrow is in none of the ten.
        clock.set(Timestamp::from_secs(1_750_000_000 / 600 * 600 + 600));
        assert_eq!(ten_intervals(&engine, &clock), [4; 10]);
    }
}

#[test]
fn what_the_guard_refused_is_not_held_against_the_subject() {
    let clock = Arc::new(ManualClock::new(NOW + 1_000 * HOUR));
    let engine = builder(&clock).build().unwrap();
    let subject = Entity::address("198.18.0.1".parse().unwrap());
    engine.allowlist().insert(subject.clone(), "ours");
    for hour in 0..5 {
        let held_back = attack(&engine, 1, NOW + hour * 3 * HOUR);
        assert!(matches!(held_back.assessments[0].refusal, Some(Refusal::Allowlisted { .. })));
    }
    engine.allowlist().remove(&subject);
    let hours = |hour: u32| {
        let verdict = attack(&engine, 1, NOW + hour * HOUR);
        verdict.decision().map(|decision| (decision.strikes, decision.duration.as_secs() / 3600)).unwrap()
    };
    assert_eq!(hours(20), (0, 2), "five refused decisions are no block");
    assert_eq!(hours(24), (1, 8), "an admitted one is");
}

#[test]
fn a_dry_run_is_not_held_against_the_subject() {
    let clock = Arc::new(ManualClock::new(NOW + 1_000 * HOUR));
    let guard = GuardConfig { dry_run: true, ..GuardConfig::default() };
    let engine = builder(&clock).guard(guard).build().unwrap();
    for hour in 0..5 {
        let verdict = attack(&engine, 1, NOW + hour * 3 * HOUR);
        let decision = verdict.decision().unwrap();
        assert_eq!((decision.strikes, decision.dry_run), (0, true));
    }
}

#[test]
fn a_botnet_is_blocked_and_a_rule_that_hits_everybody_is_not_followed() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_750_000_000 / 600 * 600)));
    let guard = GuardConfig { max_new: 5_000, ..GuardConfig::default() };
    let engine = builder(&clock).guard(guard).build().unwrap();
    let visit = |client: u32| {
        let client = IpAddr::from(Ipv4Addr::from(0xC612_0000 + client));
        let verdict = engine.process(Event::new(clock.now()).with(field::SOURCE_IP, client));
        assert!(verdict.is_quiet());
    };
    for _ in 0..2 {
        (0..200).for_each(visit);
        clock.advance(Duration::from_secs(600));
    }
    let blocked = |clients: std::ops::Range<u32>| {
        clients.filter(|client| attack(&engine, *client, clock.now()).decision().is_some()).count()
    };
    let botnet = blocked(10_000..12_000);
    assert!(botnet >= 1_990, "ten times as many as there are clients: {botnet}");
    let clients = blocked(0..200);
    assert!((90..=100).contains(&clients), "half of those who were here before: {clients}");
}

#[tokio::test]
async fn what_the_host_lives_by_is_not_blocked_and_let_in_when_found_out() {
    #[derive(Debug, Default)]
    struct Moves(AtomicBool);

    impl Surroundings for Moves {
        fn look(&self) -> Vec<Vital> {
            let gateway = Vital { network: "203.0.113.1/32".parse().unwrap(), role: Role::Gateway };
            if self.0.load(Ordering::SeqCst) { vec![gateway] } else { Vec::new() }
        }
    }

    let (clock, moves) = (Arc::new(ManualClock::new(NOW)), Arc::new(Moves::default()));
    let edge = MemoryFirewall::new("edge");
    let engine = builder(&clock).surroundings(Arc::clone(&moves)).firewall(edge.clone()).build().unwrap();
    let decision = crate::support::block("203.0.113.0/24", "a", 3600);
    assert!(engine.enforce(&decision).await.is_complete());
    moves.0.store(true, Ordering::SeqCst);
    engine.reconcile().await;
    assert!(!edge.drops(crate::support::address("203.0.113.1")), "the gateway has moved into it");
    let refused = engine.enforce(&decision).await.to_string();
    assert_eq!(refused, "held back: `203.0.113.0/24` would cut off `203.0.113.1`, a default gateway");
}

#[tokio::test]
async fn allow_dominates_whatever_the_form() {
    let forms = ["203.0.113.7/32", "::ffff:203.0.113.7/128"].map(|text| text.parse::<IpNet>().unwrap());
    let clock = Arc::new(ManualClock::new(NOW));
    for (allowed, blocked) in forms.into_iter().flat_map(|one| forms.map(|other| (one, other))) {
        let edge = MemoryFirewall::new("edge");
        let engine = builder(&clock).firewall(edge.clone()).build().unwrap();
        let mut decision = Decision::new(Entity::Address(blocked), Action::Block, NOW, HOUR);
        decision.subject = Entity::Address(blocked);
        assert!(matches!(engine.enforce(&decision).await, Enforcement::Fanned { .. }));
        assert!(edge.drops("203.0.113.7".parse().unwrap()), "{blocked}");
        engine.allow(Entity::Address(allowed), "office").await;
        assert!(!edge.drops("203.0.113.7".parse().unwrap()), "{allowed} lifts {blocked}");
        assert!(matches!(engine.enforce(&decision).await, Enforcement::Refused(_)), "{allowed}, {blocked}");
        assert!(engine.in_force().is_empty());
    }
}

#[tokio::test]
async fn a_block_is_lifted_by_any_form_of_its_address() {
    let clock = Arc::new(ManualClock::new(NOW));
    let edge = MemoryFirewall::new("edge");
    let engine = builder(&clock).firewall(edge.clone()).build().unwrap();
    let decision =
        Decision::new(Entity::address(crate::support::address("203.0.113.7")), Action::Block, NOW, HOUR);
    for form in ["203.0.113.7/32", "::ffff:203.0.113.7/128", "::ffff:203.0.113.200/120", "203.0.113.200/24"] {
        engine.enforce(&decision).await;
        assert!(edge.drops(crate::support::address("203.0.113.7")));
        engine.unblock(form.parse().unwrap()).await;
        assert!(!edge.drops(crate::support::address("203.0.113.7")), "{form}");
    }
}
