//! Time stamps that are wrong: of the first event, of one in the middle, of a sender that is always wrong. One of them
//! neither wipes what was learned nor stops the learning.

use autosec_core::behavior::signal::{Kind, Source};
use autosec_core::behavior::{Baseline, BehaviorAnalyzer};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Findings};

use crate::support::logins::{DAY, START, analyzer_with, from_afar, login};

/// The first of January 2100 and of 1970, as seconds since the start of the tests.
const FUTURE: i64 = 4_102_444_800 - START;
const PAST: i64 = -START;

const USERS: [&str; 4] = ["ann", "bob", "cid", "dan"];

fn see(analyzer: &BehaviorAnalyzer, event: &Event<'_>) {
    analyzer.detect(event, &mut Findings::default());
}

/// The logins of a month, each user's at home.
fn month(analyzer: &BehaviorAnalyzer) {
    for day in 0..30 {
        (0..).zip(USERS).for_each(|(n, user)| see(analyzer, &login(user, day * DAY + 60 * n)));
    }
}

fn baseline(analyzer: &BehaviorAnalyzer, user: &str) -> Baseline {
    analyzer.baseline(&Entity::User(user.into())).unwrap()
}

/// What is said of a stranger in each user's name, and of a newcomer at home, who is judged by what everyone does.
fn says(analyzer: &BehaviorAnalyzer) -> Vec<f64> {
    let end = 29 * DAY + 1_200;
    let strangers = USERS.map(|user| analyzer.score(&from_afar(user, end)).unwrap().log_odds());
    let newcomer = analyzer.score(&login("zoe", end)).unwrap();
    let parts = newcomer.combined().contributions().map(|part| match part.source {
        Source::Signal(signal) if signal.kind() == Kind::Network => signal.llr().value(),
        _ => 0.0,
    });
    let newcomer = parts.sum();
    strangers.into_iter().chain([newcomer]).collect()
}

fn is_near(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| (left - right).abs() < 0.5)
}

#[test]
fn a_first_event_of_another_age_changes_little() {
    let clean = analyzer_with(|_| {});
    month(&clean);
    for wrong in [FUTURE, PAST, 400 * DAY, -400 * DAY] {
        for sender in ["mallory", "ann"] {
            for events in [1, 50] {
                let analyzer = analyzer_with(|_| {});
                (0..events).for_each(|n| see(&analyzer, &login(sender, wrong + n)));
                month(&analyzer);
                let (clean, found) = (says(&clean), says(&analyzer));
                assert!(is_near(&clean, &found), "{sender} {wrong} {events}: {clean:?} {found:?}");
                for user in USERS {
                    assert!(baseline(&analyzer, user).learned() >= 28, "{sender} {wrong}: {user}");
                    assert!(
                        baseline(&analyzer, user).last_learned().as_micros() / 1_000_000 < START + 30 * DAY
                    );
                }
            }
        }
    }
}

#[test]
fn a_host_of_one_user_is_mended_by_the_eighth_event() {
    for wrong in [FUTURE, PAST] {
        let analyzer = analyzer_with(|_| {});
        see(&analyzer, &login("ann", wrong));
        (0..30).for_each(|day| see(&analyzer, &login("ann", day * DAY)));
        let known = baseline(&analyzer, "ann");
        assert!(known.learned() >= 22, "{wrong}: {known:?}");
        assert!(!analyzer.score(&login("ann", 30 * DAY)).unwrap().is_learning());
        let stranger = analyzer.score(&from_afar("ann", 29 * DAY + 1_200)).unwrap();
        assert!(stranger.risk().value() > 0.5, "{wrong}: {stranger}");
    }
}

#[test]
fn a_wrong_sender_moves_nobody_else() {
    let clean = analyzer_with(|_| {});
    month(&clean);
    let said = says(&clean);
    // A mistake now and then, a burst of them, steps of a month and steps of a day.
    let steps: [fn(i64) -> i64; 4] =
        [|_| FUTURE, |n| FUTURE + n, |n| 29 * DAY + 30 * DAY * n, |n| 29 * DAY + DAY * n];
    for (at, step) in steps.into_iter().enumerate() {
        let analyzer = analyzer_with(|_| {});
        month(&analyzer);
        (0..200).for_each(|n| see(&analyzer, &login("mallory", step(n))));
        see(&analyzer, &login("ann", 29 * DAY + 600));
        let found = says(&analyzer);
        assert!(is_near(&said, &found), "{at}: {said:?} {found:?}");
        assert_eq!(baseline(&analyzer, "ann").learned(), 31);
    }
}

#[test]
fn who_comes_back_from_the_future_is_learned_again() {
    let analyzer = analyzer_with(|_| {});
    month(&analyzer);
    (0..20).for_each(|n| see(&analyzer, &login("eli", FUTURE + n)));
    for day in 29..60 {
        (0..)
            .zip(["ann", "eli"])
            .for_each(|(n, user)| see(&analyzer, &login(user, day * DAY + 600 + 60 * n)));
    }
    let known = baseline(&analyzer, "eli");
    assert!((20..40).contains(&known.learned()), "{known:?}");
    assert!(known.last_learned().as_micros() / 1_000_000 < START + 61 * DAY);
}

#[test]
fn failures_of_the_future_hide_none_of_today() {
    let found = |wrong: bool| {
        let analyzer = analyzer_with(|_| {});
        month(&analyzer);
        let failure = |user, second| login(user, second).with(field::EVENT_OUTCOME, "failure");
        if wrong {
            see(&analyzer, &failure("mallory", 29 * DAY + 80 * DAY));
        }
        let mut findings = Findings::default();
        let names: Vec<String> = (0..60).map(|user| format!("user{user}")).collect();
        for (second, name) in (0..).zip(&names) {
            analyzer.detect(&failure(name, 29 * DAY + 600 + second), &mut findings);
        }
        findings.found().len()
    };
    assert!(found(false) > 0);
    assert_eq!(found(true), found(false));
}

#[test]
fn replays_are_the_same_to_the_bit() {
    let run = || {
        let analyzer = analyzer_with(|_| {});
        see(&analyzer, &login("mallory", FUTURE));
        month(&analyzer);
        (0..9).for_each(|n| see(&analyzer, &login("mallory", FUTURE + n)));
        analyzer.snapshot()
    };
    assert_eq!(run(), run());
}
