//! Rules tried on a log: the report says what the rules did, the comparison what others would have done.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use autosec_core::event::{Event, JsonReader, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Backtest, BacktestReport, Count, Mode, ReloadError, Rule, RuleSet};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use crate::support::{address, golden};

const LOGIN: &str = r#"event.action == "login""#;

fn count(id: &str, at_least: u32) -> Rule {
    let count = Count { by: vec!["source.ip".into()], within: Duration::from_secs(160), at_least };
    Rule { name: format!("Rule {id}"), count: Some(count), ..Rule::new(id, Severity::High, LOGIN) }
}

fn set(rules: impl IntoIterator<Item = Rule>) -> RuleSet {
    let schema = Schema::ecs();
    rules.into_iter().fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule)).build().unwrap()
}

fn today() -> RuleSet {
    set([
        count("brute-force", 3),
        count("slow", 6),
        Rule { mode: Mode::Shadow, ..Rule::new("root-login", Severity::Low, r#"user.name == "root""#) },
        Rule::new("gone", Severity::Low, r#"user.name == "eve""#),
        Rule {
            subject: Some("host.name".into()),
            ..Rule::new("nameless", Severity::Low, r#"user.name == "eve""#)
        },
        Rule { mode: Mode::Off, ..Rule::new("off", Severity::Low, LOGIN) },
        Rule::new("quiet", Severity::Low, "source.port == 1"),
    ])
}

fn tomorrow() -> RuleSet {
    set([
        count("brute-force", 4),
        count("slow", 6),
        Rule::new("root-login", Severity::Low, r#"user.name == "root""#),
        Rule { mode: Mode::Shadow, ..Rule::new("new", Severity::Low, r#"user.name == "bob""#) },
    ])
}

/// Ten seconds apart: addresses 1 to 3 in turn, one of them at fewer times; every twelfth line is broken.
fn log() -> String {
    let users = ["root", "ann", "bob", "eve", "ann"];
    let lines = (0..36).map(|at: usize| {
        if at % 12 == 11 {
            return "{ broken\n".to_owned();
        }
        let (minute, second) = (at / 6, at % 6 * 10);
        let host = if at.is_multiple_of(9) { 3 } else { 1 + at % 2 };
        format!(
            "{{\"@timestamp\":\"2026-11-22T14:{minute:02}:{second:02}Z\",\"event.action\":\"login\",\
             \"source.ip\":\"203.0.113.{host}\",\"user.name\":\"{}\"}}\n",
            users[at % users.len()],
        )
    });
    lines.collect::<String>() + "\n   \n" + &"x".repeat(1 << 21)
}

fn run(backtest: Backtest<'_>, log: &str) -> BacktestReport {
    let mut backtest = backtest;
    let reader = JsonReader::new(backtest.schema(), &backtest.fields());
    backtest.json_lines(&reader, log.as_bytes()).unwrap();
    backtest.finish()
}

#[test]
fn reads_well() {
    let report = run(Backtest::new(&today()).against(&tomorrow()).unwrap().samples(2), &log());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/backtest.txt");
    assert_eq!(golden::differs(&golden, &format!("{report}\n")), None);
    let again = run(Backtest::new(&today()).against(&tomorrow()).unwrap().samples(2), &log());
    assert_eq!(report, again);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["rules"][2]["mode"], "shadow");
    assert_eq!(json["difference"]["added"], serde_json::json!(["new"]));
}

#[test]
fn begins_with_nothing_counted_and_changes_nothing() {
    let rules = today();
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let text = log();
    let mut findings = Findings::default();
    for event in text.lines().filter_map(|line| reader.read(line.as_bytes()).ok()) {
        rules.detect(&event, &mut findings);
    }
    let before: Vec<_> = rules.stats().collect();
    let report = run(Backtest::new(&rules), &text);
    assert_eq!(before, rules.stats().collect::<Vec<_>>());
    for (stats, rule) in before.iter().zip(report.rules.iter().filter(|rule| rule.mode != Mode::Off)) {
        assert_eq!((&stats.id, stats.matches, stats.findings), (&rule.id, rule.matches, rule.findings));
        assert_eq!(rule.subjects.iter().map(|(_, times)| times).sum::<u64>(), rule.findings);
    }
    assert_eq!(report.bytes, text.len() as u64);
    assert_eq!((report.events, report.unread), (33, 4));
}

#[test]
fn tells_how_far_it_is() {
    let mut told = Vec::new();
    let backtest =
        Backtest::new(&today()).progress(10, |progress| told.push((progress.events, progress.unread)));
    run(backtest, &log());
    assert_eq!(told, [(10, 0), (20, 1), (30, 2)]);
}

#[test]
fn measures_what_rules_cost() {
    let dear = Rule::new("dear", Severity::Low, r#"url.path matches r"(a|b|c)+[^x]{20}d+$""#);
    let cheap = Rule::new("cheap", Severity::Low, "source.port == 1");
    let off = Rule { mode: Mode::Off, ..Rule::new("off", Severity::Low, LOGIN) };
    let event = |second| {
        Event::new(Timestamp::from_secs(second))
            .with(field::SOURCE_PORT, 2_i64)
            .with(field::URL_PATH, "abcabcabc".repeat(200))
    };
    let report = Backtest::new(&set([dear, cheap, off])).profile(32).run((0..1_000).map(event));
    let costs: BTreeMap<&str, _> = report.rules.iter().map(|rule| (&*rule.id, rule.cost)).collect();
    let (dear, cheap) = (costs["dear"].unwrap(), costs["cheap"].unwrap());
    assert!(dear.nanoseconds > cheap.nanoseconds && cheap.nanoseconds > 0.0, "{dear:?} {cheap:?}");
    assert!((dear.share + cheap.share - 1.0).abs() < 1e-9 && (16..=32).contains(&dear.evaluations));
    assert_eq!(costs["off"], None);
    assert!(report.to_string().contains("the dearest rules, each by itself on"));
}

#[test]
fn refuses_rules_whose_events_would_be_others() {
    let sigma = |field: &str| {
        let rule = format!(
            "title: T\nlogsource: {{ product: x }}\ndetection:\n  s: {{ {field}: x }}\n  condition: s\n"
        );
        RuleSet::builder(&Schema::ecs()).sigma("x.yml", rule).build().unwrap()
    };
    let refused = Backtest::new(&sigma("A")).against(&sigma("B")).unwrap_err();
    assert_eq!(refused, ReloadError::Schema { name: "A".into() });
}

/// An input that fails after a line.
struct Failing(&'static [u8]);

impl io::Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(into) }
    }
}

#[test]
fn keeps_what_was_read_before_the_input_failed() {
    let rules = today();
    let mut backtest = Backtest::new(&rules);
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let line =
        b"{\"@timestamp\":\"2026-11-22T14:00:00Z\",\"user.name\":\"root\",\"source.ip\":\"192.0.2.1\"}\n";
    let input = io::BufReader::with_capacity(16, Failing(line));
    assert_eq!(backtest.json_lines(&reader, input).unwrap_err().to_string(), "gone");
    assert_eq!(backtest.finish().events, 1);
}

proptest! {
    /// Gained and lost are what one set found and the other did not, as if each had been run by itself.
    #[test]
    fn compares_like_two_runs(events in prop::collection::vec((0i64..600, 0u8..3, 0usize..4), 0..60)) {
        let events: Vec<_> = events.iter().map(|(second, host, user)| {
            Event::new(Timestamp::from_secs(*second))
                .with(field::EVENT_ACTION, "login")
                .with(field::USER_NAME, ["root", "ann", "bob", "eve"][*user])
                .with(field::SOURCE_IP, address(&format!("203.0.113.{host}")))
        }).collect();
        let found = |rules: RuleSet| {
            let mut findings = Findings::default();
            events.iter().for_each(|event| rules.detect(event, &mut findings));
            let mut count: BTreeMap<(String, String, Timestamp, bool), i64> = BTreeMap::new();
            for one in findings.found() {
                let key = (one.analytic.id.to_string(), one.subject.to_string(), one.time, one.shadow);
                *count.entry(key).or_default() += 1;
            }
            count
        };
        let mut balance = found(tomorrow());
        found(today()).into_iter().for_each(|(key, times)| *balance.entry(key).or_default() -= times);
        let gained: i64 = balance.values().filter(|times| **times > 0).sum();
        let lost: i64 = -balance.values().filter(|times| **times < 0).sum::<i64>();
        let report = Backtest::new(&today()).against(&tomorrow()).unwrap().samples(1_000).run(events.clone());
        let difference = report.difference.unwrap();
        // The same finding at two events: one set gives it at the first, the other at the second.
        prop_assert!(difference.gained.cast_signed() >= gained && difference.lost.cast_signed() >= lost);
        prop_assert_eq!(difference.gained.cast_signed() - difference.lost.cast_signed(), gained - lost);
    }
}
