//! Correlations: what each type finds, against an evaluator that looks at everything again for every event; and how they
//! are bound to rules.

use std::collections::{BTreeMap, BTreeSet};

use autosec_core::event::{Event, JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::{RuleSet, SigmaKind};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use super::found;

const WITHIN_MS: i64 = 16_000;
const SLOT_MS: i64 = 1_000;
const LATENESS_MS: i64 = 3_500;

/// Three rules that an event may satisfy together, and what correlates them.
const RULES: &str = "
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

fn set(sources: &[&str]) -> RuleSet {
    let schema = Schema::ecs();
    let builder =
        sources.iter().fold(RuleSet::builder(&schema), |builder, text| builder.sigma("test.yml", *text));
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// The ids of what is found in these events, a second apart.
fn ids(rules: &RuleSet, events: &[&str]) -> Vec<String> {
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let events = events.iter().zip(1_000..);
    events
        .flat_map(|(json, at)| {
            found(rules, &reader.read_at(json.as_bytes(), Timestamp::from_secs(at)).unwrap())
        })
        .collect()
}

fn correlation(id: &str, inside: &str) -> String {
    format!("title: {id}\nid: {id}\nname: {id}\ncorrelation: {{ timespan: 1m, {inside} }}\n")
}

#[test]
fn parts_give_findings_only_if_asked() {
    let events = [r#"{"a":1}"#, r#"{"a":1,"c":1}"#];
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[RULES]), &events), ["a", "a", "c"]);
    assert_eq!(ids(&set(&[RULES, &count]), &events), ["c", "count"]);
    let own = format!("{count}generate: true\n");
    assert_eq!(ids(&set(&[&own, RULES]), &events), ["a", "a", "c", "count"]);
    let inside = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }, generate: true");
    assert_eq!(ids(&set(&[&inside, RULES]), &events), ["a", "a", "c", "count"]);
    // One of two that refer to it is enough.
    let other = correlation("other", "type: event_count, rules: [a, c], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[&own, &other, RULES]), &events), ["a", "a", "count", "other"]);
    // A correlation gives its own in any case.
    let above = correlation("above", "type: temporal_ordered, rules: [count, b]");
    let events = [r#"{"a":1}"#, r#"{"a":1}"#, r#"{"b":1}"#];
    assert_eq!(ids(&set(&[&above, &count, RULES]), &events), ["count", "above"]);
}

#[test]
fn what_is_off_still_feeds() {
    let events = [r#"{"a":1}"#, r#"{"a":1}"#];
    let off = RULES.replace("name: a\n", "name: a\nstatus: deprecated\n");
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }, generate: true");
    assert_eq!(ids(&set(&[&off]), &events), Vec::<String>::new());
    assert_eq!(ids(&set(&[&off, &count]), &events), ["count"]);
    let none = format!("{count}status: unsupported\n");
    assert_eq!(ids(&set(&[RULES, &none]), &events), ["a", "a"]);
}

#[test]
fn rules_are_called_by_id_or_name() {
    let named = "title: T\nid: 0e95725d-7320-415d-80f7-004da920fc11\nname: by_name\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n";
    for reference in ["by_name", "0e95725d-7320-415d-80f7-004da920fc11"] {
        let count =
            correlation("count", &format!("type: event_count, rules: [{reference}], condition: {{ gt: 0 }}"));
        assert_eq!(ids(&set(&[&count, named]), &[r#"{"a":1}"#]), ["count"]);
    }
}

#[test]
fn without_group_by_all_events_are_one_group() {
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[RULES, &count]), &[r#"{"a":1,"User":"x"}"#, r#"{"a":1,"User":"y"}"#]), ["count"]);
    let by = correlation(
        "count",
        "type: event_count, rules: [a], group-by: [User, Computer], condition: { gte: 2 }",
    );
    let events = [
        r#"{"a":1,"User":"x","Computer":"p"}"#,
        r#"{"a":1,"User":"y","Computer":"p"}"#,
        r#"{"a":1,"User":"x","Computer":"q"}"#,
        r#"{"a":1,"User":"x"}"#,
    ];
    assert_eq!(ids(&set(&[RULES, &by]), &events), Vec::<String>::new());
    assert_eq!(ids(&set(&[RULES, &by]), &[events[0], events[1], events[0]]), ["count"]);
}

#[test]
fn aliases_bring_fields_together() {
    let inside = "type: temporal, rules: [a, b], group-by: [internal, remote], aliases: { internal: { a: destination.ip, b: source.ip }, remote: { a: source.ip, b: destination.ip } }";
    let rules = set(&[RULES, &correlation("both", inside)]);
    let error = r#"{"a":1,"source":{"ip":"203.0.113.1"},"destination":{"ip":"10.0.0.1"}}"#;
    let back = r#"{"b":1,"source":{"ip":"10.0.0.1"},"destination":{"ip":"203.0.113.1"}}"#;
    let same = r#"{"b":1,"source":{"ip":"203.0.113.1"},"destination":{"ip":"10.0.0.1"}}"#;
    assert_eq!(ids(&rules, &[error, same]), Vec::<String>::new());
    for (first, second) in [(error, back), (back, error)] {
        let rules = set(&[RULES, &correlation("both", inside)]);
        let reader = JsonReader::new(rules.schema(), &rules.fields());
        let mut findings = Findings::default();
        for (json, at) in [(first, 1), (second, 2)] {
            rules.detect(&reader.read_at(json.as_bytes(), Timestamp::from_secs(at)).unwrap(), &mut findings);
        }
        // Whichever completes it, it is about the same address.
        assert_eq!(findings.found()[0].subject.to_string(), "10.0.0.1");
    }
    // A rule that an alias says nothing about has a field of the alias's name; values have aliases, too.
    let inside = "type: value_count, rules: [a, b], group-by: [who], aliases: { who: { a: User }, what: { a: x, b: y } }, condition: { field: what, gte: 2 }";
    let rules = set(&[RULES, &correlation("values", inside)]);
    assert_eq!(ids(&rules, &[r#"{"a":1,"User":"e","x":"1"}"#, r#"{"b":1,"who":"e","y":"2"}"#]), ["values"]);
}

#[test]
fn several_fields_are_counted_together() {
    let inside = "type: value_count, rules: [a], condition: { field: [User, Image], gte: 3 }";
    let events = [
        r#"{"a":1,"User":"x","Image":"1"}"#,
        r#"{"a":1,"User":"x","Image":"2"}"#,
        r#"{"a":1,"User":"y","Image":"1"}"#,
    ];
    assert_eq!(ids(&set(&[RULES, &correlation("values", inside)]), &events), ["values"]);
    let again = [events[0], events[1], events[0], r#"{"a":1,"User":"y"}"#];
    assert_eq!(ids(&set(&[RULES, &correlation("values", inside)]), &again), Vec::<String>::new());
}

#[test]
fn what_a_correlation_says_about_itself_is_its_findings() {
    let text = "title: Many\nid: many\nstatus: stable\nlevel: critical\ntags: [attack.t1110]\nauthor: me\ncorrelation: { type: value_sum, rules: [a], group-by: [User], timespan: 1d, condition: { field: bytes, gt: 100 } }\n";
    let rules = set(&[RULES, text]);
    let read = rules.sigma_rules().find(|rule| rule.id == "many").unwrap();
    assert_eq!((read.kind, read.author.as_str()), (SigmaKind::Correlation, "me"));
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let mut findings = Findings::default();
    let json = br#"{"a":1,"User":"eve","bytes":101}"#;
    rules.detect(&reader.read_at(json, Timestamp::from_secs(1)).unwrap(), &mut findings);
    let [finding] = findings.found() else { panic!("{findings:?}") };
    assert_eq!((finding.severity.to_string().as_str(), finding.confidence.value()), ("critical", 0.8));
    assert_eq!((finding.analytic.name.as_ref(), finding.analytic.tags[0].as_ref()), ("Many", "attack.t1110"));
    assert_eq!(finding.subject.to_string(), "eve");
    let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(evidence.last().unwrap(), "sum of bytes is 101 within 1d (it takes more than 100)");
}

#[test]
fn filters_and_pipelines_reach_correlations() {
    let filter = "title: F\nlogsource: {}\nfilter: { rules: [a], selection: { User: admin }, condition: not selection }\n";
    let count =
        correlation("count", "type: event_count, rules: [a], group-by: [User], condition: { gte: 2 }");
    let pipeline = "name: P\ntransformations: [{ type: field_name_mapping, mapping: { User: user.name } }]\n";
    let schema = Schema::ecs();
    let builder = RuleSet::builder(&schema).sigma("c", count).sigma("f", filter).sigma("r", RULES);
    let rules = builder.sigma_pipeline("p", pipeline).build().unwrap();
    let event = |user: &str| format!(r#"{{"a":1,"user":{{"name":"{user}"}}}}"#);
    let (admin, eve, bob) = (event("admin"), event("eve"), event("bob"));
    assert_eq!(ids(&rules, &[&admin, &admin, &eve, &bob, &eve]), ["count"]);
}
