//! What rules remember, against plain evaluations of all events at hand: in any order within the lateness, in shards that are
//! merged, over a restart.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, FaultKind, Findings};
use autosec_core::rule::{RuleSet, RuleSetBuilder, SnapshotError};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

const WITHIN: i64 = 16_000;
const LATENESS_MS: i64 = 3_500;

/// Sums and counts of what only grows: in any order the same.
const RISING: &str = r#"
- { id: rate, name: A, severity: low, when: exists(user.name), rate: { by: [source.ip], within: 16s, at_least: 15/m } }
- { id: sum, name: A, severity: low, when: exists(user.name), sum: { of: destination.port, by: [source.ip], within: 16s, at_least: 20 } }
- { id: new, name: A, severity: low, when: exists(user.name), new_value: { of: [user.name], by: [source.ip], learn: 0s, forget: 366d } }
"#;

const SEQUENCES: &str = r#"
- id: three
  name: A
  severity: low
  when: exists(user.name)
  sequence:
    by: [source.ip]
    within: 16s
    steps: [{ when: event.action == "a" }, { when: event.action == "b" }, { when: event.action == "c" }]
- id: again
  name: A
  severity: low
  when: exists(user.name)
  sequence:
    by: [source.ip]
    within: 16s
    steps: [{ when: event.action == "a" }, { when: event.action == "a" }, { when: 'event.action in { "a" "b" }' }]
- id: any
  name: A
  severity: low
  when: exists(user.name)
  sequence:
    by: [source.ip]
    within: 16s
    ordered: false
    steps: [{ when: event.action == "a" }, { when: event.action == "b" }, { when: 'event.action in { "b" "c" }' }]
- id: without
  name: A
  severity: low
  when: exists(user.name)
  sequence:
    by: [source.ip]
    within: 16s
    steps: [{ when: event.action == "a" }, { when: event.action == "b", absent: true }, { when: event.action == "c" }]
- id: missing
  name: A
  severity: low
  when: exists(user.name)
  sequence:
    by: [source.ip]
    within: 16s
    steps: [{ when: event.action == "a" }, { when: event.action == "b" }, { when: event.action == "c", absent: true }]
"#;

/// What the value of a window is at each event.
const FALLING: &str = r#"
- { id: low-sum, name: A, severity: low, when: exists(user.name), sum: { of: destination.port, by: [source.ip], within: 16s, at_least: 5, below: 9 } }
- { id: avg, name: A, severity: low, when: exists(user.name), avg: { of: destination.port, by: [source.ip], within: 16s, at_least: 6, samples: 3 } }
- { id: quantile, name: A, severity: low, when: exists(user.name), quantile: { of: destination.port, q: 0.75, by: [source.ip], within: 16s, at_least: 7, samples: 4 } }
- { id: low-median, name: A, severity: low, when: exists(user.name), quantile: { of: destination.port, q: 0.5, by: [source.ip], within: 16s, below: 3, samples: 2 } }
"#;

#[derive(Clone, Debug)]
struct Act {
    ms: i64,
    key: u8,
    action: usize,
    user: u8,
    number: i64,
    /// By how much it is delayed on its way.
    delay: i64,
    side: bool,
}

fn act(span: std::ops::Range<i64>) -> impl Strategy<Value = Act> {
    let ms = prop_oneof![span.clone(), span.start..span.start + (span.end - span.start) / 4];
    (ms, 0u8..2, 0usize..4, 0u8..10, 0i64..12, 0..=LATENESS_MS, any::<bool>()).prop_map(
        |(ms, key, action, user, number, delay, side)| Act {
            ms: ms / 100 * 100,
            key,
            action,
            user,
            number,
            delay,
            side,
        },
    )
}

fn builder<'s>(schema: &'s Schema, rules: &str) -> RuleSetBuilder<'s> {
    let lateness = Duration::from_millis(LATENESS_MS.unsigned_abs());
    RuleSet::builder(schema).source("memory.yaml", rules).lateness(lateness)
}

fn set(rules: &str) -> RuleSet {
    builder(&Schema::ecs(), rules).build().unwrap_or_else(|errors| panic!("{errors}"))
}

fn event(act: &Act) -> Event<'static> {
    Event::new(Timestamp::from_micros(act.ms * 1_000))
        .with(field::EVENT_ACTION, ["a", "b", "c", "d"][act.action])
        .with(field::USER_NAME, format!("user-{}", act.user))
        .with(field::DESTINATION_PORT, act.number)
        .with(field::SOURCE_IP, IpAddr::from([192, 0, 2, act.key]))
}

type Found = (String, String, i64);

/// (rule, subject, epoch or value) of every finding, sorted; one that comes twice is there twice.
fn found(set: &RuleSet, acts: &[Act]) -> Vec<Found> {
    let mut findings = Findings::default();
    acts.iter().for_each(|act| set.detect(&event(act), &mut findings));
    assert_eq!(findings.faults(), [], "nothing within the lateness is late");
    let mut all: Vec<_> = findings
        .found()
        .iter()
        .map(|finding| {
            let user = finding
                .evidence
                .iter()
                .find_map(|it| it.to_string().strip_prefix("user.name = user-")?.parse().ok());
            let what = match (&*finding.analytic.id, user) {
                ("new", Some(user)) => user,
                _ => finding.time.as_micros().div_euclid(WITHIN * 1_000),
            };
            (finding.analytic.id.to_string(), finding.subject.to_string(), what)
        })
        .collect();
    all.sort();
    all
}

/// Something long after, with which everything has come that will.
fn end(set: &RuleSet) -> Vec<Found> {
    let tick = Event::new(Timestamp::from_secs(10_000)).with(field::HOST_NAME, "clock");
    let mut findings = Findings::default();
    set.detect(&tick, &mut findings);
    let epoch = |time: Timestamp| time.as_micros().div_euclid(WITHIN * 1_000);
    findings
        .found()
        .iter()
        .map(|it| (it.analytic.id.to_string(), it.subject.to_string(), epoch(it.time)))
        .collect()
}

fn all(set: &RuleSet, acts: &[Act]) -> Vec<Found> {
    let mut all = found(set, acts);
    all.extend(end(set));
    all.sort();
    all
}

fn sorted(acts: &[Act]) -> Vec<Act> {
    let mut sorted = acts.to_vec();
    sorted.sort_by_key(|act| act.ms);
    sorted
}

fn of_key(acts: &[Act], key: u8) -> Vec<Act> {
    acts.iter().filter(|act| act.key == key).cloned().collect()
}

/// What the rising rules find, from the definition.
fn rising(acts: &[Act]) -> Vec<Found> {
    let mut truth = BTreeSet::new();
    for key in 0..2 {
        let subject = format!("192.0.2.{key}");
        let acts = of_key(acts, key);
        for act in &acts {
            let slot = act.ms.div_euclid(1_000);
            let window: Vec<_> =
                acts.iter().filter(|it| (slot - 15..=slot).contains(&it.ms.div_euclid(1_000))).collect();
            let mut alarm = |rule: &str, what| truth.insert((rule.to_owned(), subject.clone(), what));
            if window.len() >= 4 {
                alarm("rate", slot.div_euclid(16));
            }
            if window.iter().map(|it| it.number).sum::<i64>() >= 20 {
                alarm("sum", slot.div_euclid(16));
            }
            alarm("new", i64::from(act.user));
        }
    }
    truth.into_iter().collect()
}

/// What the falling rules find: at each event the window as it is then.
fn falling(acts: &[Act]) -> Vec<Found> {
    let mut truth = BTreeSet::new();
    for key in 0..2 {
        let acts = of_key(acts, key);
        for (at, act) in acts.iter().enumerate() {
            let slot = act.ms.div_euclid(1_000);
            let inside = |it: &&Act| (slot - 15..=slot).contains(&it.ms.div_euclid(1_000));
            let mut numbers: Vec<_> = acts[..=at].iter().filter(inside).map(|it| it.number).collect();
            numbers.sort_unstable();
            let (count, sum) = (numbers.len(), numbers.iter().sum::<i64>());
            let quantile = |hundredths: usize| numbers[(count * hundredths).div_ceil(100) - 1];
            let holds = [
                ("low-sum", (5..9).contains(&sum)),
                ("avg", count >= 3 && sum as f64 / count as f64 >= 6.0),
                ("quantile", count >= 4 && quantile(75) >= 7),
                ("low-median", count >= 2 && quantile(50) < 3),
            ];
            for (rule, _) in holds.iter().filter(|(_, holds)| *holds) {
                truth.insert(((*rule).to_owned(), format!("192.0.2.{key}"), slot.div_euclid(16)));
            }
        }
    }
    truth.into_iter().collect()
}

/// What the sequences find: every combination of events is tried.
fn sequences(acts: &[Act]) -> Vec<Found> {
    let mut truth = BTreeSet::new();
    for key in 0..2 {
        let subject = format!("192.0.2.{key}");
        let mut alarm =
            |rule: &str, ms: i64| truth.insert((rule.to_owned(), subject.clone(), ms.div_euclid(WITHIN)));
        let acts = of_key(acts, key);
        // Events of the same time stand in the order of the first step they are: here that of their actions.
        let mut order = acts.clone();
        order.sort_by_key(|act| (act.ms, act.action));
        for (k, last) in order.iter().enumerate() {
            let near = |it: &Act| last.ms - it.ms <= WITHIN;
            for (j, middle) in order[..k].iter().enumerate().filter(|(_, it)| near(it)) {
                for first in order[..j].iter().filter(|it| near(it)) {
                    match (first.action, middle.action, last.action) {
                        (0, 1, 2) => _ = alarm("three", last.ms),
                        (0, 0, 0 | 1) => _ = alarm("again", last.ms),
                        _ => {}
                    }
                }
                let between = &order[j + 1..k];
                if (middle.action, last.action) == (0, 2) && between.iter().all(|it| it.action != 1) {
                    alarm("without", last.ms);
                }
                let after = order[k + 1..].iter().filter(|it| it.ms - last.ms <= WITHIN);
                if (middle.action, last.action) == (0, 1) && after.clone().all(|it| it.action != 2) {
                    alarm("missing", last.ms + WITHIN);
                }
            }
        }
        for last in &acts {
            let near = |action: usize| {
                acts.iter().any(|it| it.action == action && (0..=WITHIN).contains(&(last.ms - it.ms)))
            };
            if near(0) && near(1) && last.action < 3 {
                alarm("any", last.ms);
            }
        }
    }
    truth.into_iter().collect()
}

fn delayed(acts: &[Act]) -> Vec<Act> {
    let mut delayed = acts.to_vec();
    delayed.sort_by_key(|act| act.ms + act.delay);
    delayed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn rising_rules_find_the_same_in_any_order(acts in prop::collection::vec(act(-20_000..60_000), 0..60)) {
        let truth = rising(&acts);
        prop_assert_eq!(found(&set(RISING), &sorted(&acts)), truth.clone());
        prop_assert_eq!(found(&set(RISING), &delayed(&acts)), truth);
    }

    #[test]
    fn falling_rules_judge_each_event(acts in prop::collection::vec(act(-20_000..60_000), 0..60)) {
        let acts = sorted(&acts);
        prop_assert_eq!(found(&set(FALLING), &acts), falling(&acts));
    }

    #[test]
    fn sequences_find_the_same_in_any_order(acts in prop::collection::vec(act(-20_000..60_000), 0..40)) {
        let truth = sequences(&acts);
        prop_assert_eq!(all(&set(SEQUENCES), &sorted(&acts)), truth.clone());
        prop_assert_eq!(all(&set(SEQUENCES), &delayed(&acts)), truth);
    }

    #[test]
    fn merged_shards_go_on_as_one(
        before in prop::collection::vec(act(0..16_000), 0..40), after in prop::collection::vec(act(16_000..40_000), 0..30),
    ) {
        let rules = format!("{RISING}{SEQUENCES}{FALLING}");
        let schema = Schema::ecs();
        let seeded = || builder(&schema, &rules).seed(7).build().unwrap();
        let (one, left, right) = (seeded(), seeded(), seeded());
        let (before, after) = (sorted(&before), sorted(&after));
        found(&one, &before);
        for side in [false, true] {
            let part: Vec<_> = before.iter().filter(|act| act.side == side).cloned().collect();
            found(if side { &left } else { &right }, &part);
        }
        prop_assert_eq!(left.merge(&right.snapshot()).unwrap().rules, 12);
        // What lies before the merge was found before it, if it was.
        let later = |all: Vec<Found>| all.into_iter().filter(|it| it.0 == "new" || it.2 > 0).collect::<Vec<_>>();
        prop_assert_eq!(later(all(&left, &after)), later(all(&one, &after)));
    }

    #[test]
    fn a_restart_changes_nothing(acts in prop::collection::vec(act(-20_000..60_000), 0..60), at in 0usize..60) {
        let rules = format!("{RISING}{SEQUENCES}{FALLING}");
        let schema = Schema::ecs();
        let (one, before) = (set(&rules), set(&rules));
        let acts = delayed(&acts);
        let (head, tail) = acts.split_at(at.min(acts.len()));
        let truth = all(&one, &acts);
        let mut seen = found(&before, head);
        let after = builder(&schema, &rules).resume(&before.snapshot()).unwrap().build().unwrap();
        seen.extend(all(&after, tail));
        seen.sort();
        prop_assert_eq!(seen, truth);
    }

    #[test]
    fn damaged_snapshots_are_refused(acts in prop::collection::vec(act(0..16_000), 0..20), at in 0usize..4_000, bit in 0u8..8) {
        let set = set(SEQUENCES);
        found(&set, &sorted(&acts));
        let mut bytes = set.snapshot();
        let at = at % bytes.len();
        prop_assert!(set.restore(&bytes[..at]).is_err());
        bytes[at] ^= 1 << bit;
        prop_assert!(set.restore(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert_eq!(set(RISING).merge(&bytes), Err(SnapshotError::Foreign));
    }
}

#[test]
fn changed_rules_begin_empty() {
    let schema = Schema::ecs();
    let rule = |at_least: u32| {
        format!(
            "- {{ id: a, name: A, severity: low, when: exists(user.name), count: {{ by: [source.ip], within: 16s, at_least: {at_least} }} }}"
        )
    };
    let act = Act { ms: 0, key: 1, action: 0, user: 0, number: 0, delay: 0, side: false };
    let old = builder(&schema, &rule(3)).build().unwrap();
    assert!(found(&old, &[act.clone(), act.clone()]).is_empty());
    let changed = builder(&schema, &rule(2)).resume(&old.snapshot()).unwrap().build().unwrap();
    assert!(found(&changed, std::slice::from_ref(&act)).is_empty());
    let mut same = builder(&schema, &format!("# another file\n{}", rule(3))).build().unwrap();
    assert_eq!(same.take_state_from(&old), 1);
    assert_eq!(found(&same, std::slice::from_ref(&act)).len(), 1);
    assert_eq!(
        builder(&schema, &rule(3)).build().unwrap().restore(&old.snapshot()),
        Err(SnapshotError::Seed)
    );
    let mut other = builder(&schema, &rule(2)).build().unwrap();
    assert_eq!(other.take_state_from(&old), 0);
}

#[test]
fn steps_may_name_their_keys_differently() {
    let set = set(r#"
- id: lateral
  name: A
  severity: high
  when: exists(event.action)
  sequence:
    by: [destination.ip]
    within: 1h
    steps:
      - { when: event.action == "in" }
      - { when: event.action == "out", by: [source.ip] }
"#);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let mut findings = Findings::default();
    let arrives = Event::new(Timestamp::from_secs(1))
        .with(field::EVENT_ACTION, "in")
        .with(field::DESTINATION_IP, address("192.0.2.1"));
    let leaves = |from: &str| {
        Event::new(Timestamp::from_secs(5))
            .with(field::EVENT_ACTION, "out")
            .with(field::SOURCE_IP, address(from))
    };
    for event in [arrives, leaves("192.0.2.2"), leaves("192.0.2.1")] {
        set.detect(&event, &mut findings);
    }
    let [finding] = findings.found() else { panic!("{findings:?}") };
    assert_eq!((finding.subject.to_string().as_str(), finding.time), ("192.0.2.1", Timestamp::from_secs(5)));
    assert_eq!(finding.evidence.last().unwrap().to_string(), "2 steps in order within 1h");
}

#[test]
fn a_flood_of_keys_stays_within_the_bytes_allowed() {
    let rules = format!("{RISING}{SEQUENCES}{FALLING}");
    let set = builder(&Schema::ecs(), &rules).memory(4 << 20).build().unwrap();
    let mut findings = Findings::default();
    for at in 0..20_000_u32 {
        let act = Act { ms: i64::from(at), key: 0, action: 0, user: 0, number: 1, delay: 0, side: false };
        let [_, a, b, c] = at.to_be_bytes();
        set.detect(&event(&act).with(field::SOURCE_IP, IpAddr::from([10, a, b, c])), &mut findings);
    }
    let stats: Vec<_> = set.stats().collect();
    let keys: usize = stats.iter().map(|rule| rule.keys).sum();
    assert!(keys * 100 < 4 << 20 && keys > 2_000, "{keys}");
    assert!(stats.iter().all(|rule| rule.evicted > 0), "{stats:?}");
    assert!(findings.faults().iter().all(|fault| fault.kind == FaultKind::Evicted));
}

#[test]
fn a_flood_of_events_of_one_key_hides_no_sequence() {
    let set = set(SEQUENCES);
    let act = |ms: i64, action| Act { ms, key: 1, action, user: 0, number: 0, delay: 0, side: false };
    let flood = |from: i64, action| (0..1_000).map(move |at| act(from + at, action));
    let acts: Vec<_> =
        [act(0, 0)].into_iter().chain(flood(1, 1)).chain(flood(2_000, 0)).chain([act(4_000, 2)]).collect();
    assert!(all(&set, &acts).contains(&("three".to_owned(), "192.0.2.1".to_owned(), 0)));
}

#[test]
fn counts_a_hundred_thousand_different_values() {
    let rule = "- { id: a, name: A, severity: low, when: exists(user.name), distinct: { of: user.name, by: [source.ip], within: 1h, at_least: 100000 } }";
    let set = builder(&Schema::ecs(), rule).seed(7).build().unwrap();
    let mut findings = Findings::default();
    let mut first = None;
    for at in 0..130_000_i64 {
        let event = Event::new(Timestamp::from_micros(at * 1_000))
            .with(field::USER_NAME, format!("user-{at}"))
            .with(field::SOURCE_IP, IpAddr::from([192, 0, 2, 1]));
        set.detect(&event, &mut findings);
        if first.is_none() && !findings.found().is_empty() {
            first = Some(at);
        }
    }
    // Three standard errors.
    assert!(first.is_some_and(|at| (87_000..113_000).contains(&at)), "{first:?}");
}
