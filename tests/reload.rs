//! A rule set replaced under load: nothing is lost, nothing counts twice, and what stays goes on.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use autosec_core::engine::Engine;
use autosec_core::event::{Event, JsonReader, Kind, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Count, Distinct, LiveRules, Mode, ReloadError, Rule, RuleSet, RuleStats};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use crate::support::address;

fn counting(id: &str, at_least: u32) -> Rule {
    let count = Count { by: vec!["source.ip".into()], within: Duration::from_secs(3600), at_least };
    Rule { count: Some(count), ..Rule::new(id, Severity::Low, r#"event.action == "login""#) }
}

fn built(schema: &Schema, rules: impl IntoIterator<Item = Rule>) -> RuleSet {
    rules.into_iter().fold(RuleSet::builder(schema), |builder, rule| builder.rule(rule)).build().unwrap()
}

fn login(source: IpAddr) -> Event<'static> {
    Event::new(Timestamp::from_secs(7_200)).with(field::EVENT_ACTION, "login").with(field::SOURCE_IP, source)
}

fn found(rules: &impl Detector, event: &Event<'_>) -> Vec<String> {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    assert_eq!(findings.faults(), []);
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}

fn stats(rules: &LiveRules, id: &str) -> RuleStats {
    rules.current().stats().find(|stats| &*stats.id == id).unwrap()
}

const THREADS: usize = 3;
const KEYS: u32 = 1_500;
const THRESHOLD: u32 = 7;

/// Each key has exactly as many events as it takes, whichever threads they come from: so it is found exactly once, and
/// is not found at all if a single event is lost.
#[test]
fn loses_and_doubles_nothing_under_load() {
    let rules = LiveRules::new(built(&Schema::ecs(), [counting("steady", THRESHOLD)]));
    let (done, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let found: Vec<String> = thread::scope(|scope| {
        let feeders: Vec<_> = (0..THREADS)
            .map(|at| {
                scope.spawn({
                    let (rules, swaps) = (&rules, &swaps);
                    move || feed(rules, at, swaps)
                })
            })
            .collect();
        scope.spawn(|| swap(&rules, &done, &swaps));
        let found = feeders.into_iter().map(|feeder| feeder.join()).collect::<Vec<_>>();
        done.store(true, Ordering::Relaxed);
        found.into_iter().flat_map(Result::unwrap).collect()
    });
    let mut by_subject: BTreeMap<String, usize> = BTreeMap::new();
    for subject in found {
        *by_subject.entry(subject).or_default() += 1;
    }
    assert_eq!(by_subject.len(), KEYS as usize);
    assert!(by_subject.values().all(|times| *times == 1));
    let stats = stats(&rules, "steady");
    assert_eq!((stats.matches, stats.findings), (u64::from(KEYS * THRESHOLD), u64::from(KEYS)));
}

/// Every n-th event of the whole, for the n-th thread: subjects of the findings of the rule that stays.
fn feed(rules: &LiveRules, thread: usize, swaps: &AtomicUsize) -> Vec<String> {
    let events = (0..THRESHOLD).flat_map(|_| 0..KEYS).enumerate();
    let mine = events.filter(|(at, _)| at % THREADS == thread);
    let mut findings = Findings::default();
    let mut seen = 0;
    for (at, (_, key)) in mine.enumerate() {
        rules.detect(&login(IpAddr::V4(Ipv4Addr::from(0xC633_6400 + key))), &mut findings);
        // However busy the machine is, there are replacements between these events.
        while at % 100 == 0 && swaps.load(Ordering::Relaxed) == seen {
            thread::yield_now();
        }
        seen = swaps.load(Ordering::Relaxed);
    }
    let steady = findings.found().iter().filter(|finding| &*finding.analytic.id == "steady");
    steady.map(|finding| finding.subject.to_string()).collect()
}

fn swap(rules: &LiveRules, done: &AtomicBool, swaps: &AtomicUsize) {
    while !done.load(Ordering::Relaxed) {
        let swap = swaps.fetch_add(1, Ordering::Relaxed);
        // The rule that stays moves about, is renamed and goes into shadow mode, others come, change and go.
        let mode = if swap.is_multiple_of(2) { Mode::Shadow } else { Mode::Enforce };
        let steady = Rule { mode, severity: Severity::High, ..counting("steady", THRESHOLD) };
        let other = counting("other", 1_000 + u32::try_from(swap % 1_000).unwrap());
        let set = if swap.is_multiple_of(3) { vec![steady] } else { vec![other, steady] };
        let reloaded = rules.replace(built(rules.current().schema(), set)).unwrap();
        assert_eq!(reloaded.kept.iter().map(|id| &**id).collect::<Vec<_>>(), ["steady"]);
    }
}

#[test]
fn says_what_became_of_each_rule() {
    let schema = Schema::ecs();
    let off = Rule { mode: Mode::Off, ..counting("off", 2) };
    let rules = LiveRules::new(built(
        &schema,
        [counting("same", 2), counting("changed", 2), counting("gone", 2), off],
    ));
    assert!(found(&rules, &login(address("203.0.113.7"))).is_empty());
    let same = Rule {
        name: "Another name".into(),
        severity: Severity::Critical,
        mode: Mode::Shadow,
        tags: vec!["attack.t1110".into()],
        ..counting("same", 2)
    };
    let off = counting("off", 2);
    let new = built(&schema, [counting("new", 2), counting("changed", 3), same, off]);
    // What it counted by itself does not count.
    assert!(found(&new, &login(address("203.0.113.7"))).is_empty());
    let reloaded = rules.replace(new).unwrap();
    let text = "1 kept, 1 changed (`changed`), 2 added (`new`, `off`), 1 removed (`gone`)";
    assert_eq!(reloaded.to_string(), text);
    let json = serde_json::to_value(&reloaded).unwrap();
    assert_eq!(json["removed"], serde_json::json!(["gone"]));
    assert_eq!(found(&rules, &login(address("203.0.113.7"))), ["same"]);
    assert_eq!(found(&rules, &login(address("203.0.113.7"))), ["new", "off"]);
    assert_eq!(found(&rules, &login(address("203.0.113.7"))), ["changed"]);
    assert_eq!((stats(&rules, "same").matches, stats(&rules, "changed").matches), (4, 3));
    assert_eq!(stats(&rules, "new").keys, 1);
}

#[test]
fn starts_what_counts_otherwise_empty() {
    let schema = Schema::ecs();
    let distinct = |of: &str| Distinct {
        of: of.into(),
        by: vec!["source.ip".into()],
        within: Duration::from_secs(3600),
        at_least: 2,
    };
    let base = counting("rule", 2);
    let count = base.count.clone().unwrap();
    let others = [
        Rule {
            count: Some(Count { by: vec!["source.ip".into(), "event.action".into()], ..count.clone() }),
            ..base.clone()
        },
        Rule { count: Some(Count { within: Duration::from_secs(1800), ..count.clone() }), ..base.clone() },
        Rule { when: r#"event.action in { "login" "logout" }"#.into(), ..base.clone() },
        Rule { count: None, distinct: Some(distinct("event.action")), ..base.clone() },
        Rule { count: None, ..base.clone() },
        Rule { subject: Some("event.action".into()), ..base.clone() },
    ];
    for other in others {
        let rules = LiveRules::new(built(&schema, [base.clone()]));
        assert!(found(&rules, &login(address("203.0.113.7"))).is_empty());
        let reloaded = rules.replace(built(&schema, [other.clone()])).unwrap();
        assert_eq!(reloaded.changed.len(), 1, "{other:?}");
        assert_eq!(stats(&rules, "rule").matches, 0);
    }

    let builder = || RuleSet::builder(&schema).rule(base.clone());
    for other in [
        builder().keys_per_rule(32).build(),
        builder().lateness(Duration::from_secs(900)).build(),
        builder().ipv6_prefix(48).build(),
    ] {
        let rules = LiveRules::new(builder().build().unwrap());
        assert_eq!(rules.replace(other.unwrap()).unwrap().changed.len(), 1);
    }
    let rules = LiveRules::new(builder().seed(1).build().unwrap());
    assert!(found(&rules, &login(address("2001:db8::1"))).is_empty());
    assert_eq!(rules.replace(builder().seed(2).build().unwrap()).unwrap().kept.len(), 1);
    assert_eq!(found(&rules, &login(address("2001:db8::2"))), ["rule"], "the seed of the first set stays");
}

const SIGMA: &str = "
title: Whoami
id: whoami
logsource: { category: process_creation }
detection:
  selection: { Image|endswith: whoami.exe }
  condition: selection
";

#[test]
fn refuses_rules_of_another_schema() {
    let base = Schema::ecs();
    let first = RuleSet::builder(&base).sigma("one.yml", SIGMA).build().unwrap();
    let rules = LiveRules::new(first);
    let other =
        RuleSet::builder(&base).sigma("two.yml", SIGMA.replace("Image", "CommandLine")).build().unwrap();
    let refused = rules.replace(other).unwrap_err();
    assert_eq!(refused, ReloadError::Schema { name: "Image".into() });
    assert_eq!(rules.current().sigma_rules().count(), 1, "the old rules stay");
    let shorter = built(&base, [counting("rule", 2)]);
    assert_eq!(rules.replace(shorter).unwrap_err(), ReloadError::Schema { name: "Image".into() });
    let mut kinds = Schema::ecs();
    kinds.add("Image", Kind::Integer).unwrap();
    assert!(rules.replace(built(&kinds, [counting("rule", 2)])).is_err());
}

#[test]
fn tells_which_fields_readers_lack() {
    let first = RuleSet::builder(&Schema::ecs()).sigma("one.yml", SIGMA).build().unwrap();
    let rules = Arc::new(LiveRules::new(first));
    let engine = Engine::builder().detector(Arc::clone(&rules)).build().unwrap();
    let line =
        br#"{"Image":"C:\\whoami.exe","CommandLine":"whoami /all","@timestamp":"2026-11-22T14:02:11Z"}"#;
    let current = rules.current();
    let before = JsonReader::new(current.schema(), engine.fields());
    assert_eq!(found(&rules, &before.read(line).unwrap()), ["whoami"]);

    let other =
        SIGMA.replace("Image", "CommandLine").replace("id: whoami", "id: all").replace("whoami.exe", "/all");
    let next =
        RuleSet::builder(current.schema()).sigma("one.yml", SIGMA).sigma("two.yml", other).build().unwrap();
    let after = JsonReader::new(next.schema(), &next.fields());
    let reloaded = rules.replace(next).unwrap();
    assert_eq!(reloaded.new_fields, ["CommandLine"]);
    assert_eq!(reloaded.to_string(), "1 kept, 1 added (`all`), 1 new field (`CommandLine`)");
    assert_eq!(found(&rules, &before.read(line).unwrap()), ["whoami"], "events of old readers stay good");
    assert_eq!(found(&rules, &after.read(line).unwrap()), ["whoami", "all"]);
    assert_eq!(stats(&rules, "whoami").matches, 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Replacing the rules between any two events by the same ones finds what an undisturbed set finds.
    #[test]
    fn is_as_if_nothing_had_happened(
        events in prop::collection::vec((0u8..4, 0i64..3_000, any::<bool>()), 1..60),
    ) {
        let schema = Schema::ecs();
        let set = || built(&schema, [counting("two", 2), counting("five", 5)]);
        let (live, undisturbed) = (LiveRules::new(set()), set());
        for (key, second, swap) in events {
            let mut event = login(IpAddr::from([192, 0, 2, key]));
            event.set_time(Timestamp::from_secs(second));
            let (mut one, mut other) = (Findings::default(), Findings::default());
            live.detect(&event, &mut one);
            undisturbed.detect(&event, &mut other);
            prop_assert_eq!(one.into_parts(), other.into_parts());
            if swap {
                live.replace(set()).unwrap();
            }
        }
    }
}
