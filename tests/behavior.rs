//! What is usual for whom: from events to verdicts, through the public API alone.

use std::sync::Arc;

use autosec_core::behavior::{BehaviorAnalyzer, Challenge};
use autosec_core::engine::{Engine, Verdict};
use autosec_core::entity::Entity;
use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::{Action, Detector, Evidence, Findings};

use crate::support::logins::{DAY, analyzer_with, from_afar, login};

/// An engine that saw a month of logins of four users, the analyzer in it, and the second of the last login.
fn after_a_month() -> (Engine, Arc<BehaviorAnalyzer>, i64) {
    let analyzer = Arc::new(analyzer_with(|_| {}));
    let engine = Engine::builder().detector(Arc::clone(&analyzer)).build().unwrap();
    for day in 0..30 {
        for (at, user) in ["ann", "bob", "cid", "dan"].into_iter().enumerate() {
            let verdict = engine.process(login(user, day * DAY + 60 * at as i64));
            assert!(verdict.is_quiet(), "{}", verdict.explain());
        }
    }
    (engine, analyzer, 29 * DAY)
}

fn action(verdict: &Verdict) -> Option<Action> {
    verdict.decision().map(|decision| decision.action)
}

#[test]
fn a_stranger_is_challenged_and_never_blocked_for_being_one() {
    let (engine, _, last) = after_a_month();
    for attempt in 0..20 {
        let verdict = engine.process(from_afar("ann", last + 1200 + attempt));
        let decision = verdict.decision().unwrap();
        assert_eq!(decision.subject, Entity::User("ann".into()));
        assert_eq!(decision.action, if attempt == 0 { Action::Challenge } else { decision.action });
    }
    let verdict = engine.process(login("bob", last + 1200));
    assert_eq!(action(&verdict), None, "another user is as before");
}

#[test]
fn the_explanation_adds_up() {
    let (engine, analyzer, last) = after_a_month();
    let event = from_afar("ann", last + 1200);
    let stated = analyzer.score(&event).unwrap().log_odds();
    let mut findings = Findings::default();
    analyzer.detect(&event, &mut findings);
    let parts = findings.found()[0].evidence.iter().map(|evidence| match evidence {
        Evidence::Contribution { adds, .. } => *adds,
        other => panic!("{other}"),
    });
    assert_eq!(parts.sum::<f64>().to_bits(), stated.to_bits());
    let text = engine.process(event).explain().to_string();
    for expected in ["travel", "network", "software", "prior"] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn newcomers_are_at_most_challenged() {
    let engine = Engine::builder().detector(analyzer_with(|_| {})).build().unwrap();
    for at in 0..9 {
        let event = if at % 2 == 0 { login("new", at * 60) } else { from_afar("new", at * 60) };
        let verdict = engine.process(event);
        assert!(action(&verdict) <= Some(Action::Challenge), "{}", verdict.explain());
    }
}

#[test]
fn who_passes_a_challenge_is_known_from_then_on() {
    let (engine, analyzer, last) = after_a_month();
    let first = from_afar("ann", last + 9 * 3600);
    let before = analyzer.score(&first).unwrap().log_odds();
    engine.process(first.clone());
    analyzer.resolve(&first, Challenge::Passed);
    let after = analyzer.score(&from_afar("ann", last + 10 * 3600)).unwrap().log_odds();
    assert!(after < before - 3.0, "{before} {after}");
}

#[test]
fn reads_what_it_needs_from_json() {
    let schema = Schema::ecs();
    let analyzer = analyzer_with(|_| {});
    let reader = JsonReader::new(&schema, &analyzer.fields());
    let line = r#"{"@timestamp":"2026-11-22T14:02:11Z","user":{"name":"ann","domain":"CORP"},"source":{"ip":"198.51.100.20",
        "as":{"number":3320},"geo":{"location":{"lat":52.5,"lon":13.4}}},"event":{"outcome":"success","action":"login"}}"#;
    let mut findings = Findings::default();
    analyzer.detect(&reader.read(line.as_bytes()).unwrap(), &mut findings);
    let baseline = analyzer.baseline(&Entity::User("ann@corp".into())).unwrap();
    assert_eq!(baseline.learned(), 1);
    assert!(baseline.bytes() < 256);
}

#[test]
fn threads_share_one_analyzer() {
    let analyzer = analyzer_with(|_| {});
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let analyzer = &analyzer;
            scope.spawn(move || {
                for at in 0..300 {
                    let user = format!("user{}", (at + thread) % 7);
                    analyzer.detect(&login(&user, at * 3600), &mut Findings::default());
                }
            });
        }
    });
    let users = (0..7).map(|user| Entity::User(format!("user{user}").into()));
    let learned: u32 = users.map(|user| analyzer.baseline(&user).unwrap().learned()).sum();
    assert_eq!(learned, 1200, "no event was lost");
}
