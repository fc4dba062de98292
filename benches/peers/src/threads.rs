//! Two threads on one rule set beside one thread, each doing the same amount. Wall time; nothing is pinned. Two threads
//! with a rule set each say how much the machine had to give at that time.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Count, Rule, RuleSet};
use autosec_core::time::Timestamp;

use crate::bar::{self, Asks, bar};
use crate::clock::turns;
use crate::random::Random;

/// Events a thread and run.
const EVENTS: usize = 500_000;
/// Addresses a thread sees; no other thread sees them.
const ADDRESSES: u8 = 200;
const ROUNDS: usize = 11;

/// What two threads do in the time of one, as a multiple; also the least that a machine with two free cores gives.
const ASKED: f64 = 1.7;

pub(crate) fn run() {
    let (first, second) = (rules(), rules());
    let turns = turns(
        ROUNDS,
        [&mut || wall(&[&first]), &mut || wall(&[&first, &first]), &mut || wall(&[&first, &second])],
    );
    let [one, two, apart] = [0, 1, 2].map(|side| turns.median(side) / EVENTS as f64 * 1e9);
    println!(
        "one thread: {one:.0} ns of wall time an event; two threads: {two:.0} ns for two events, {apart:.0} ns with a rule set each"
    );
    let [shared, free] = [1, 2].map(|side| 2.0 * turns.ratio(0, side));
    if free < ASKED {
        let why = format!(
            "measured {shared:.2}, but two threads with a rule set each got {free:.2} out of this machine"
        );
        return bar::skipped("rules/two-threads", why);
    }
    bar("rules/two-threads", shared, "ratio", Asks::AtLeast(ASKED));
}

/// A rule that counts, and twenty without state, most of which look at every event.
fn rules() -> RuleSet {
    let login = r#"event.action == "login" and event.outcome == "failure""#;
    let mut count = Rule::new("logins", Severity::High, login);
    let by = vec!["source.ip".to_owned()];
    count.count = Some(Count { by, within: Duration::from_secs(600), at_least: 1_000_000 });
    let schema = Schema::ecs();
    let builder = (0..20).fold(RuleSet::builder(&schema).rule(count), |builder, at| {
        let when = match at % 2 {
            0 => format!(r#"user.name == "service{at}" and source.ip in {{ 192.0.2.{at} }}"#),
            _ => format!(r#"lower(user.name) contains "admin{at}""#),
        };
        builder.rule(Rule::new(format!("stateless-{at}"), Severity::Low, when))
    });
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// Wall seconds until a thread for each of these sets has done its events.
fn wall(rules: &[&RuleSet]) -> f64 {
    let mut work: Vec<_> = (0..).zip(rules).map(|(thread, rules)| (*rules, events(thread))).collect();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for (rules, events) in &mut work {
            scope.spawn(|| each(rules, events));
        }
    });
    begin.elapsed().as_secs_f64()
}

fn each(rules: &RuleSet, events: &mut [Event<'_>]) {
    let mut micros = 1_800_000_000_000_000;
    for _ in 0..EVENTS / events.len() {
        for event in &mut *events {
            micros += 1_000;
            event.set_time(Timestamp::from_micros(micros));
            let mut findings = Findings::default();
            rules.detect(event, &mut findings);
            black_box(findings);
        }
    }
}

fn events(thread: u8) -> Vec<Event<'static>> {
    let mut random = Random::new(u64::from(thread));
    let login = |address| {
        Event::new(Timestamp::EPOCH)
            .with(field::EVENT_ACTION, "login")
            .with(field::EVENT_OUTCOME, "failure")
            .with(field::SOURCE_IP, IpAddr::V4(Ipv4Addr::new(10, 0, thread, address)))
            .with(field::USER_NAME, format!("user{:02}", random.below(50)))
    };
    (0..ADDRESSES).map(login).collect()
}
