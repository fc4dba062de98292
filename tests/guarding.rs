//! The guard through the public API: forms of addresses, the host's clock, and what is held against whom.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::{Decision, GuardConfig, Refusal};
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
