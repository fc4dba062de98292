//! Correlations: what each type finds, against an evaluator that looks at everything again for every event.

use std::collections::{BTreeMap, BTreeSet};

use autosec_core::event::{Event, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use proptest::prelude::*;

const WITHIN_MS: i64 = 16_000;
const SLOT_MS: i64 = 1_000;
const LATENESS_MS: i64 = 3_500;

/// Three rules that an event may satisfy together, and what correlates them.
pub const RULES: &str = "
title: A
name: a
logsource: {}
detection: { s: { a: 1 }, condition: s }
---
title: B
name: b
logsource: {}
detection: { s: { b: 1 }, condition: s }
---
title: C
name: c
logsource: {}
detection: { s: { c: 1 }, condition: s }
";

/// A correlation: what it is called, its YAML, its inputs and what it looks at.
struct Case {
    id: &'static str,
    rules: &'static [&'static str],
    rest: &'static str,
    look: Look,
    holds: fn(f64) -> bool,
}

#[derive(Clone, Copy)]
enum Look {
    Count,
    Distinct,
    Sum,
    Average,
    Percentile(f64),
    Together,
    Ordered,
}

const CASES: [Case; 15] = [
    Case {
        id: "count",
        rules: &["a", "b"],
        rest: "type: event_count, condition: { gte: 4 }",
        look: Look::Count,
        holds: |n| n >= 4.0,
    },
    Case {
        id: "range",
        rules: &["a"],
        rest: "type: event_count, condition: { gt: 1, lte: 3 }",
        look: Look::Count,
        holds: |n| n > 1.0 && n <= 3.0,
    },
    Case {
        id: "not-two",
        rules: &["b"],
        rest: "type: event_count, condition: { neq: 2, lt: 5 }",
        look: Look::Count,
        holds: |n| n != 2.0 && n < 5.0,
    },
    Case {
        id: "exactly",
        rules: &["c"],
        rest: "type: event_count, condition: { eq: 3 }",
        look: Look::Count,
        holds: |n| n == 3.0,
    },
    Case {
        id: "distinct",
        rules: &["a", "c"],
        rest: "type: value_count, condition: { field: value, gte: 4 }",
        look: Look::Distinct,
        holds: |n| n >= 4.0,
    },
    Case {
        id: "sum",
        rules: &["a"],
        rest: "type: value_sum, condition: { field: value, gte: 15 }",
        look: Look::Sum,
        holds: |n| n >= 15.0,
    },
    Case {
        id: "average",
        rules: &["a", "b"],
        rest: "type: value_avg, condition: { field: value, gt: 6.5 }",
        look: Look::Average,
        holds: |n| n > 6.5,
    },
    Case {
        id: "percentile",
        rules: &["b"],
        rest: "type: value_percentile, condition: { field: value, percentile: 75, gte: 8 }",
        look: Look::Percentile(0.75),
        holds: |n| n >= 8.0,
    },
    Case {
        id: "median",
        rules: &["c"],
        rest: "type: value_percentile, condition: { field: value, lt: 3 }",
        look: Look::Percentile(0.5),
        holds: |n| n < 3.0,
    },
    Case {
        id: "together",
        rules: &["a", "b", "c"],
        rest: "type: temporal",
        look: Look::Together,
        holds: |n| n >= 3.0,
    },
    Case {
        id: "two-of",
        rules: &["c", "b", "a"],
        rest: "type: temporal, condition: { gte: 2 }",
        look: Look::Together,
        holds: |n| n >= 2.0,
    },
    Case {
        id: "ordered",
        rules: &["a", "b", "c"],
        rest: "type: temporal_ordered",
        look: Look::Ordered,
        holds: |_| true,
    },
    // Of correlations, given before those they refer to.
    Case {
        id: "again",
        rules: &["count"],
        rest: "type: event_count, condition: { gte: 2 }",
        look: Look::Count,
        holds: |n| n >= 2.0,
    },
    Case {
        id: "after",
        rules: &["count", "c"],
        rest: "type: temporal_ordered",
        look: Look::Ordered,
        holds: |_| true,
    },
    Case {
        id: "above",
        rules: &["again", "together", "distinct"],
        rest: "type: temporal, condition: { gte: 2 }",
        look: Look::Together,
        holds: |n| n >= 2.0,
    },
];

impl Case {
    fn yaml(&self) -> String {
        let rules = self.rules.join(", ");
        format!(
            "title: {id}\nid: {id}\nname: {id}\ncorrelation: {{ rules: [{rules}], group-by: [User], timespan: 16s, {rest} }}\n",
            id = self.id,
            rest = self.rest
        )
    }
}

fn rules() -> RuleSet {
    let schema = Schema::ecs();
    let builder =
        RuleSet::builder(&schema).lateness(std::time::Duration::from_millis(LATENESS_MS.unsigned_abs()));
    let builder = CASES.iter().rev().fold(builder, |builder, case| builder.sigma(case.id, case.yaml()));
    builder.sigma("rules.yml", RULES).build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// An event: when, of whom, which of the three rules it satisfies, and a number.
#[derive(Clone, Debug)]
struct Seen {
    ms: i64,
    user: u8,
    rules: u8,
    value: u8,
    /// By how much it is delayed on its way.
    delay: i64,
}

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    let one = (0i64..120, 0u8..2, 1u8..8, 0u8..10, 0..=LATENESS_MS);
    // Of different times, so that it is clear which of two comes first.
    prop::collection::btree_map(0i64..100_000, one, 0..40).prop_map(|seen| {
        let event = |(ms, (_, user, rules, value, delay))| Seen { ms, user, rules, value, delay };
        seen.into_iter().map(event).collect()
    })
}

/// What happened for a correlation, in the order in which it came: the event's place, time, user, inputs and number.
type Fed = (usize, i64, u8, u64, u8);
/// What a correlation found: the event's place, when, whose.
type Alarm = (usize, i64, u8);

/// Everything again for every event.
fn evaluate(case: &Case, fed: &[Fed]) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut alarmed: BTreeSet<(u8, i64)> = BTreeSet::new();
    for (at, (place, time, user, _, _)) in fed.iter().enumerate() {
        let so_far: Vec<&Fed> = fed[..=at].iter().filter(|other| other.2 == *user).collect();
        let times = match case.look {
            Look::Together | Look::Ordered => ends(case, &so_far),
            _ => windows(case, &so_far, *time),
        };
        for (slot, time) in times {
            if alarmed.insert((*user, slot.div_euclid(16))) {
                alarms.push((*place, time, *user));
            }
        }
    }
    alarms
}

/// The windows that an event at this time can have completed: their slots, and when.
fn windows(case: &Case, so_far: &[&Fed], time: i64) -> Vec<(i64, i64)> {
    let slot = |ms: i64| ms.div_euclid(SLOT_MS);
    let slots = slot(time)..slot(time) + 16;
    let filled = slots.filter(|wanted| so_far.iter().any(|fed| slot(fed.1) == *wanted));
    let reached = filled.filter(|last| {
        let inside = so_far.iter().filter(|fed| (last - 15..=*last).contains(&slot(fed.1)));
        let mut values: Vec<f64> = inside.map(|fed| f64::from(fed.4)).collect();
        values.sort_by(f64::total_cmp);
        let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
        (case.holds)(match case.look {
            Look::Count => count,
            Look::Sum => sum,
            Look::Average => sum / count,
            Look::Percentile(q) => values[(q * count).ceil() as usize - 1],
            _ => {
                values.dedup();
                values.len() as f64
            }
        })
    });
    reached.map(|slot| (slot, time.max(slot * SLOT_MS))).collect()
}

/// When enough had happened within the timespan before.
fn ends(case: &Case, so_far: &[&Fed]) -> Vec<(i64, i64)> {
    let mut sorted: Vec<&Fed> = so_far.to_vec();
    sorted.sort_by_key(|fed| (fed.1, fed.3.trailing_zeros(), fed.3));
    let mut ended = Vec::new();
    for (at, last) in sorted.iter().enumerate() {
        let recent: Vec<u64> =
            sorted[..=at].iter().filter(|fed| last.1 - fed.1 <= WITHIN_MS).map(|fed| fed.3).collect();
        let is_end = match case.look {
            Look::Ordered => in_order(&recent, case.rules.len()),
            _ => (case.holds)(f64::from(recent.iter().fold(0, |all, one| all | one).count_ones())),
        };
        if is_end {
            ended.push((last.1.div_euclid(SLOT_MS), last.1));
        }
    }
    ended
}

/// Whether events satisfy the inputs one after the other, the last event the last input.
fn in_order(events: &[u64], inputs: usize) -> bool {
    let Some((last, before)) = events.split_last() else { return inputs == 0 };
    if last & (1 << (inputs - 1)) == 0 {
        return false;
    }
    inputs == 1 || (1..=before.len()).any(|end| in_order(&before[..end], inputs - 1))
}

/// What every correlation finds in these events, in this order: id, when, whose.
fn expected(events: &[Seen]) -> Vec<(String, i64, u8)> {
    let mut fired: BTreeMap<&str, Vec<Alarm>> = BTreeMap::new();
    for (bit, name) in ["a", "b", "c"].into_iter().enumerate() {
        let of = events.iter().enumerate().filter(|(_, event)| event.rules & (1 << bit) != 0);
        fired.insert(name, of.map(|(at, event)| (at, event.ms, event.user)).collect());
    }
    let mut found = Vec::new();
    for case in &CASES {
        let mut fed: BTreeMap<(usize, i64), Fed> = BTreeMap::new();
        for (input, name) in case.rules.iter().enumerate() {
            for (at, time, user) in &fired[name] {
                let one = fed.entry((*at, *time)).or_insert((*at, *time, *user, 0, events[*at].value));
                one.3 |= 1 << input;
            }
        }
        let alarms = evaluate(case, &fed.into_values().collect::<Vec<_>>());
        found.extend(alarms.iter().map(|(_, time, user)| (case.id.to_owned(), *time, *user)));
        fired.insert(case.id, alarms);
    }
    found.sort();
    found
}

/// The same by the library.
fn actual(rules: &RuleSet, events: &[Seen]) -> Vec<(String, i64, u8)> {
    let field = |name: &str| rules.schema().field(name).unwrap();
    let mut findings = Findings::default();
    for seen in events {
        let mut event = Event::new(Timestamp::from_micros(seen.ms * 1_000))
            .with(field("User"), format!("u{}", seen.user))
            .with(field("value"), seen.value.to_string());
        for (bit, name) in ["a", "b", "c"].into_iter().enumerate() {
            if seen.rules & (1 << bit) != 0 {
                event = event.with(field(name), "1");
            }
        }
        rules.detect(&event, &mut findings);
    }
    assert_eq!(findings.faults(), [], "nothing within the lateness is late");
    let found = findings.found().iter().map(|finding| {
        let user = finding.subject.to_string().trim_start_matches('u').parse().unwrap();
        (finding.analytic.id.to_string(), finding.time.as_micros() / 1_000, user)
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_type_finds_what_it_says(events in seen()) {
        prop_assert_eq!(actual(&rules(), &events), expected(&events));
        let mut delayed = events;
        delayed.sort_by_key(|event| event.ms + event.delay);
        prop_assert_eq!(actual(&rules(), &delayed), expected(&delayed));
    }
}

#[test]
fn every_case_is_met() {
    let events: Vec<Seen> = (0..400)
        .map(|n: i64| {
            let random = n.wrapping_mul(2_654_435_761).rem_euclid(1 << 20);
            let rules = u8::try_from(random % 7 + 1).unwrap();
            let value = u8::try_from(random / 7 % 10).unwrap();
            Seen { ms: n * 1_700 + random % 900, user: u8::try_from(n % 2).unwrap(), rules, value, delay: 0 }
        })
        .collect();
    let found = actual(&rules(), &events);
    assert_eq!(found, expected(&events));
    for case in &CASES {
        assert!(found.iter().any(|(id, _, _)| id == case.id), "{} never found anything", case.id);
    }
}
