//! STIX patterns over events: what is found across several, when it counts, and that a flood stays bounded.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use autosec_core::engine::Engine;
use autosec_core::event::{Event, FieldId, field};
use autosec_core::finding::{AnalyticKind, Detector, Evidence, FaultKind, Finding, Findings};
use autosec_core::intel::pattern::{
    LivePatterns, MatchLimits, Pattern, PatternIndicator, PatternLimits, StreamLimits,
};
use autosec_core::intel::warninglist::{Warninglist, Warninglists};
use autosec_core::intel::{Decay, IndicatorIndex};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;

const NOON: i64 = 1_700_000_000;
const BREAK_IN: &str = "([user-account:account_login = 'root'] REPEATS 3 TIMES FOLLOWEDBY \
                        [process:name = 'nc' AND process:command_line LIKE '%-e%']) WITHIN 300 SECONDS";

fn said(id: &str, text: &str) -> PatternIndicator {
    let mut said = PatternIndicator::new("partner", id, Pattern::parse(text).unwrap()).unwrap();
    (said.about.confidence, said.about.severity) = (Confidence::clamped(0.8), Severity::High);
    said.about.techniques = Arc::from([Arc::from("T1059")]);
    said
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(NOON + second)
}

fn login(second: i64, user: &str) -> Event<'_> {
    Event::new(at(second)).with(field::USER_NAME, user).with(field::HOST_NAME, "web-1")
}

fn start<'a>(second: i64, name: &'a str, command: &'a str) -> Event<'a> {
    let event = Event::new(at(second)).with(field::HOST_NAME, "web-1");
    event.with(field::PROCESS_NAME, name).with(field::PROCESS_COMMAND_LINE, command)
}

fn named(second: i64, id: FieldId, value: &str) -> Event<'_> {
    Event::new(at(second)).with(id, value)
}

fn feed(patterns: &LivePatterns, event: &Event<'_>) -> Findings {
    let mut findings = Findings::default();
    patterns.detect(event, &mut findings);
    findings
}

fn count(patterns: &LivePatterns, event: &Event<'_>) -> usize {
    let findings = feed(patterns, event);
    assert_eq!(findings.faults(), []);
    findings.found().len()
}

#[test]
fn logins_and_a_process_are_found_through_the_engine() {
    let patterns = Arc::new(LivePatterns::default());
    assert_eq!(patterns.put([said("indicator--1", BREAK_IN)]).added, 1);
    let engine = Engine::builder().detector(Arc::clone(&patterns)).build().unwrap();
    for event in [login(0, "root"), login(10, "root"), login(11, "bob"), start(12, "nc", "nc -e sh")] {
        assert!(engine.process(event).is_quiet(), "two logins are not three");
    }
    // Late by less than is allowed: it counts at its own time.
    assert!(engine.process(start(100, "nc", "nc -l")).is_quiet());
    assert!(engine.process(login(95, "root")).is_quiet());
    let verdict = engine.process(start(101, "nc", "nc -e sh"));
    let found: Vec<&Finding> = verdict.findings().collect();
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.analytic.kind, &*found.analytic.id), (AnalyticKind::Indicator, "partner"));
    assert!(found.analytic.tags.iter().any(|tag| &**tag == "attack.t1059"));
    assert_eq!((found.subject.kind(), found.subject.to_string()), ("host", "web-1".to_owned()));
    assert_eq!((found.severity, found.time, found.confidence.value()), (Severity::High, at(101), 0.8));
    let [Evidence::Indicator { id, value, stated, left, .. }, Evidence::Sequence { what, within }] =
        found.evidence.as_slice()
    else {
        panic!("{:?}", found.evidence)
    };
    assert_eq!((&**id, &**value, *stated, *left), ("indicator--1", BREAK_IN, 0.8, 0.8));
    assert_eq!((&**what, *within), ("4 events", Duration::from_secs(101)));
    assert!(engine.process(start(102, "nc", "nc -e sh")).is_quiet(), "what made a match is used up");
}

#[test]
fn what_is_too_far_apart_or_too_late_is_no_match() {
    let patterns = LivePatterns::default();
    patterns.put([said("1", BREAK_IN)]);
    for event in [login(0, "root"), login(1, "root"), login(2, "root"), start(301, "nc", "nc -e sh")] {
        assert_eq!(count(&patterns, &event), 0);
    }
    let late = feed(&patterns, &start(290, "nc", "nc -e sh"));
    assert_eq!((late.found().len(), late.faults()[0].kind), (0, FaultKind::Late));
    assert!(feed(&patterns, &start(290, "nc", "nc -e sh")).faults().is_empty(), "told sparsely");
    assert_eq!(count(&patterns, &start(291, "nc", "nc -e sh")), 1, "10 seconds late is not too late");
}

#[test]
fn the_subject_is_the_address_that_was_asked_for() {
    let patterns = LivePatterns::default();
    let subnet = "[network-traffic:dst_ref.value ISSUBSET '198.51.100.0/24'] REPEATS 2 TIMES";
    patterns.put([said("1", subnet), said("2", "[ipv4-addr:value LIKE '192.0.2.%'] REPEATS 2 TIMES")]);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let event = |second| {
        let event = Event::new(at(second)).with(field::HOST_NAME, "web-1");
        event
            .with(field::SOURCE_IP, address("192.0.2.1"))
            .with(field::DESTINATION_IP, address("198.51.100.9"))
    };
    assert_eq!(count(&patterns, &event(0)), 0);
    let findings = feed(&patterns, &event(1));
    let subjects: Vec<String> = findings.found().iter().map(|one| one.subject.to_string()).collect();
    assert_eq!(subjects, ["198.51.100.9", "192.0.2.1"]);
}

#[test]
fn a_value_on_a_warninglist_holds_a_match_back() {
    let list = |name: &str, member: &str| {
        let text = format!(r#"{{"name": "{name}", "type": "cidr", "list": ["{member}"]}}"#);
        Warninglist::read(text.as_bytes()).unwrap()
    };
    let index = IndicatorIndex::default();
    index.set_warninglists(Warninglists::new([
        list("Public resolvers", "192.0.2.8"),
        list("List of known Amazon AWS IP address ranges", "198.51.100.0/24"),
    ]));
    let held = |pattern: &str, address: &str| {
        let patterns = LivePatterns::default();
        patterns.set_warninglists(Arc::clone(&index.warninglists()));
        patterns.put([said("1", &format!("{pattern} REPEATS 2 TIMES"))]);
        let event =
            |second| Event::new(at(second)).with(field::DESTINATION_IP, address.parse::<IpAddr>().unwrap());
        assert_eq!(count(&patterns, &event(0)), 0);
        let findings = feed(&patterns, &event(1));
        let [found] = findings.found() else { panic!("{:?}", findings.found()) };
        let lists = found.evidence.iter().filter(|evidence| matches!(evidence, Evidence::Warninglist { .. }));
        (found.shadow, found.confidence.value(), lists.count())
    };
    let dst = |test: &str| format!("[network-traffic:dst_ref.value {test}]");
    assert_eq!(held(&dst("= '192.0.2.8'"), "192.0.2.8"), (true, 0.8, 1));
    assert_eq!(held(&dst("= '198.51.100.7'"), "198.51.100.7"), (false, 0.4, 1));
    assert_eq!(held(&dst("= '203.0.113.1'"), "203.0.113.1"), (false, 0.8, 0));
    assert_eq!(held(&dst("LIKE '192.0.2.%'"), "192.0.2.8"), (true, 0.8, 1), "what was seen is listed");
    assert_eq!(held(&dst("IN ('192.0.2.8', '203.0.113.1')"), "203.0.113.1"), (false, 0.8, 0));
    let either = "[network-traffic:dst_ref.value = '203.0.113.1' OR ipv4-addr:value = '192.0.2.8']";
    assert_eq!(held(either, "203.0.113.1"), (false, 0.8, 0), "it may be the one that is on no list");
    let both = "[ipv4-addr:value = '198.51.100.7' AND ipv4-addr:value ISSUBSET '198.51.100.0/25']";
    assert_eq!(held(both, "198.51.100.7"), (false, 0.4, 1), "each list is named once");
}

#[test]
fn an_indicator_counts_while_it_is_valid() {
    let patterns = LivePatterns::default();
    let twice = |id: &str| said(id, &format!("[process:name = '{id}'] REPEATS 2 TIMES WITHIN 100 SECONDS"));
    let (mut ends, mut decays, mut revoked) = (twice("ends"), twice("decays"), twice("revoked"));
    ends.about.valid_until = Some(at(50));
    decays.about.modified = Some(at(0));
    decays.about.decay = Decay::HalfLife { half_life: Duration::from_secs(50), threshold: 30.0 };
    revoked.about.modified = Some(at(0));
    patterns.put([ends, decays, revoked.clone()]);
    let process = |second, name| count(&patterns, &start(second, name, ""));
    assert_eq!((process(40, "ends"), process(50, "ends")), (0, 0), "its end is not in it");
    assert_eq!((process(45, "revoked"), patterns.len()), (0, 3));
    let held = patterns.held_bytes();
    let old = revoked.clone();
    (revoked.about.revoked, revoked.about.modified) = (true, Some(at(46)));
    assert_eq!(patterns.put([revoked]).changed, 1);
    assert!(patterns.held_bytes() < held && patterns.len() == 2);
    assert_eq!(process(46, "revoked"), 0);
    assert_eq!(patterns.replace("partner", [old, twice("decays")]).older, 2, "neither is newer");
    assert_eq!(patterns.len(), 1, "`ends` was not given");
    assert_eq!((process(47, "revoked"), process(48, "revoked")), (0, 0));
    assert_eq!(process(49, "decays"), 0);
    let found = feed(&patterns, &start(50, "decays", ""));
    assert!((found.found()[0].confidence.value() - 0.4).abs() < 1e-9, "half of it after a half-life");
    assert_eq!((process(130, "decays"), process(131, "decays")), (0, 0), "13 is below its threshold");
}

#[test]
fn of_many_patterns_only_the_right_ones_match() {
    let patterns = LivePatterns::default();
    let text = |n: usize| {
        format!("[user-account:account_login = 'u{n}'] FOLLOWEDBY [process:name = 'p{n}'] WITHIN 60 SECONDS")
    };
    let report = patterns.put((0..3_000).map(|n| said(&format!("i{n}"), &text(n))));
    assert_eq!((report.added, report.refused, patterns.len()), (3_000, 0, 3_000));
    for n in (0..3_000).step_by(100) {
        let second = i64::from(n);
        assert_eq!(count(&patterns, &login(second, &format!("u{n}"))), 0);
        assert_eq!(count(&patterns, &start(second + 1, &format!("p{}", n + 1), "")), 0);
        let findings = feed(&patterns, &start(second + 2, &format!("p{n}"), ""));
        let [found] = findings.found() else { panic!("{findings:?}") };
        assert!(matches!(&found.evidence[0], Evidence::Indicator { id, .. } if **id == format!("i{n}")));
    }
    let before = patterns.held_bytes();
    assert_eq!(count(&patterns, &login(3_000, "nobody")), 0);
    assert_eq!(patterns.held_bytes(), before);
}

#[test]
fn what_patterns_hold_stays_while_others_come_and_go() {
    let patterns = Arc::new(LivePatterns::default());
    patterns.put([said("kept", "[process:name = 'a'] REPEATS 200 TIMES")]);
    let (done, found) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if done.load(Ordering::Relaxed) && n > 20 {
                    break;
                }
                let other = said("other", &format!("[process:name = 'a'] REPEATS {} TIMES", 300 + n % 2));
                patterns.put([other, said("kept", "[process:name = 'a'] REPEATS 200 TIMES")]);
            }
        });
        let feeders: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..100 {
                        found.fetch_add(count(&patterns, &start(0, "a", "")), Ordering::Relaxed);
                    }
                })
            })
            .collect();
        feeders.into_iter().for_each(|feeder| feeder.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(found.load(Ordering::Relaxed), 1, "all 200 were counted, none twice");
    assert_eq!(patterns.replace("partner", []).removed, 2);
    assert_eq!((patterns.held_bytes(), patterns.is_empty()), (0, true), "what is gone holds nothing");
}

#[test]
fn a_flood_is_bounded_and_told_of_sparsely() {
    let stream = StreamLimits { observations: 50, ..StreamLimits::default() };
    let limits = PatternLimits { held: 16 << 10, stream, ..PatternLimits::default() };
    let patterns = LivePatterns::new(limits);
    patterns.put(
        (0..40).map(|n| {
            said(&format!("i{n}"), &format!("[process:name = 'a{}'] AND [url:value = 'u{n}']", n % 4))
        }),
    );
    patterns.put([said("small", "[user-account:account_login = 'eve'] FOLLOWEDBY [url:value = 'x']")]);
    assert_eq!(count(&patterns, &named(0, field::USER_NAME, "eve")), 0);
    let mut faults = 0;
    for second in 1..2_000 {
        let findings = feed(&patterns, &start(second, &format!("a{}", second % 4), ""));
        assert!(findings.faults().iter().all(|fault| fault.kind == FaultKind::Evicted));
        faults += findings.faults().len();
        assert!(patterns.held_bytes() <= 16 << 10, "{}", patterns.held_bytes());
    }
    assert!((1..100).contains(&faults), "{faults}");
    assert_eq!(count(&patterns, &named(2_000, field::URL_FULL, "x")), 1, "who holds little loses nothing");
}

#[test]
fn a_search_without_an_answer_is_a_fault() {
    let search = MatchLimits { steps: 1, ..MatchLimits::default() };
    let stream = StreamLimits { search, ..StreamLimits::default() };
    let patterns = LivePatterns::new(PatternLimits { stream, ..PatternLimits::default() });
    patterns.put([said("1", "([process:name = 'a'] FOLLOWEDBY [process:name = 'a']) REPEATS 2 TIMES")]);
    let told: Vec<usize> = (0..20).map(|s| feed(&patterns, &start(s, "a", "")).faults().len()).collect();
    assert_eq!(told.iter().sum::<usize>(), 1, "{told:?}");
}

#[test]
fn limits_refuse_what_is_too_much() {
    let patterns = LivePatterns::new(PatternLimits { patterns: 2, text: 60, ..PatternLimits::default() });
    let short = "[mutex:name = 'x']";
    let report = patterns.put([said("1", short), said("2", BREAK_IN), said("", short), said("3", short)]);
    assert_eq!((report.added, report.refused), (2, 2));
    assert_eq!(patterns.put([said("4", short)]).refused, 1);
    assert_eq!(patterns.put([said("1", short)]).changed, 1);
}
