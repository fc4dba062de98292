//! What somebody could try who has an account, a clock of his own or much time: each test asserts what a defender wants.

use std::net::IpAddr;
use std::time::Duration;

use autosec_core::behavior::signal::{Kind, Opinion, Source};
use autosec_core::behavior::{Aliases, BehaviorAnalyzer, Challenge, Feature};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Finding, Findings};
use autosec_core::measure::RiskScore;
use autosec_core::time::Timestamp;

use crate::support::logins::{self, DAY, START, analyzer_with};

/// A login whose place is known to 20 km, at a time of its own.
fn at(user: &str, time: i64) -> Event<'_> {
    login(user, time - START)
}

/// A login from home, whose place is known to 20 km.
fn login(user: &str, second: i64) -> Event<'_> {
    logins::login(user, second).with(field::SOURCE_GEO_ACCURACY_RADIUS, 20.0)
}

fn afar(user: &str, second: i64) -> Event<'_> {
    logins::from_afar(user, second).with(field::SOURCE_GEO_ACCURACY_RADIUS, 20.0)
}

fn other_network(user: &str, second: i64) -> Event<'_> {
    login(user, second)
        .with(field::SOURCE_IP, "192.0.2.9".parse::<IpAddr>().unwrap())
        .with(field::SOURCE_AS_NUMBER, 64_501_i64)
}

fn see(analyzer: &BehaviorAnalyzer, event: &Event<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    analyzer.detect(event, &mut findings);
    findings.into_parts().0
}

fn month(analyzer: &BehaviorAnalyzer) -> i64 {
    for day in 0..30 {
        for (n, user) in (0..).zip(["ann", "bob", "cid", "dan", "eli"]) {
            see(analyzer, &login(user, day * DAY + 60 * n));
        }
    }
    29 * DAY
}

fn adds(analyzer: &BehaviorAnalyzer, event: &Event<'_>, kind: Kind) -> f64 {
    let assessment = analyzer.score(event).unwrap();
    let found = assessment.combined().contributions().find_map(|part| match part.source {
        Source::Signal(signal) if signal.kind() == kind => Some(signal.llr().value()),
        _ => None,
    });
    found.unwrap_or(0.0)
}

#[test]
fn one_event_of_1970_leaves_everyone_as_they_were() {
    let analyzer = analyzer_with(|_| {});
    let last = month(&analyzer);
    let says = || {
        (
            adds(&analyzer, &login("zoe", last + 600), Kind::Season),
            adds(&analyzer, &other_network("ann", last + 600), Kind::Network),
            adds(&analyzer, &login("zoe", last + 600), Kind::Network),
        )
    };
    let before = says();
    see(&analyzer, &at("mallory", 5));
    let after = says();
    assert_eq!(before, after);
}

#[test]
fn one_event_of_2100_leaves_a_baseline_as_it_was() {
    let analyzer = analyzer_with(|_| {});
    let last = month(&analyzer);
    see(&analyzer, &at("ann", 4_102_444_800));
    for day in 0..20 {
        see(&analyzer, &login("ann", last + day * DAY));
    }
    assert!(
        analyzer.baseline(&Entity::User("ann".into())).unwrap().distinct(Feature::Network) > 0,
        "it learns again"
    );
    let usual = analyzer.score(&login("ann", last + 21 * DAY)).unwrap();
    assert!(usual.confidence().value() > 0.2, "it has a history again");
    let strange = analyzer.score(&afar("ann", last + 20 * DAY)).unwrap();
    assert!(strange.risk().value() > 0.5, "{strange}");
}

#[test]
fn a_terabyte_from_home_is_found_where_others_live_elsewhere() {
    let analyzer = analyzer_with(|_| {});
    for day in 0..60 {
        see(&analyzer, &login("ann", day * DAY).with(field::SOURCE_BYTES, 20_000 + 100 * day));
        for n in 0..20_i64 {
            let name = format!("u{n}");
            let address = IpAddr::from([203, 0, u8::try_from(n + 1).unwrap(), 7]);
            see(
                &analyzer,
                &afar(&name, day * DAY + n)
                    .with(field::SOURCE_IP, address)
                    .with(field::SOURCE_AS_NUMBER, 65_000 + n),
            );
        }
    }
    let exfil = login("ann", 60 * DAY).with(field::SOURCE_BYTES, 1_000_000_000_000_i64);
    let assessment = analyzer.score(&exfil).unwrap();
    assert!(assessment.risk().value() >= 0.3, "{assessment}");
}

#[test]
fn an_old_event_does_not_end_learning() {
    let analyzer = analyzer_with(|_| {});
    see(&analyzer, &login("ann", 0));
    assert!(analyzer.score(&login("ann", 60)).unwrap().is_learning());
    see(&analyzer, &at("ann", 5));
    assert!(analyzer.score(&login("ann", 60)).unwrap().is_learning());
}

#[test]
fn back_dated_events_gain_no_more_than_the_cap() {
    let back = |shift: i64| {
        let analyzer = analyzer_with(|_| {});
        let last = month(&analyzer);
        for second in 0..40 {
            see(&analyzer, &other_network("ann", last + 3600 + 60 * second - shift));
        }
        adds(&analyzer, &other_network("ann", last + DAY), Kind::Network)
    };
    let (now, old) = (back(0), back(3 * DAY));
    assert!(old > now - 1.0, "on time {now}, back-dated {old}");
}

#[test]
fn short_half_lives_do_not_wrap() {
    let analyzer = analyzer_with(|config| config.half_life = Duration::from_secs(3600));
    for n in 0..50 {
        see(&analyzer, &login("ann", n * 60));
    }
    let fresh = adds(&analyzer, &login("bob", 4000), Kind::Season);
    let later = adds(&analyzer, &login("bob", 200 * 3600), Kind::Season);
    let week = adds(&analyzer, &login("bob", 168 * 3600), Kind::Season);
    assert!(later.abs() < 0.5 && week.abs() < 0.5, "nothing is left: {fresh} {later} {week}");
}

#[test]
fn a_group_is_not_taught_by_one_event_without_quarantine() {
    let analyzer = analyzer_with(|_| {});
    let of_group = |event: Event<'static>| event.with(field::USER_GROUP_NAME, "finance");
    for day in 0..30 {
        see(&analyzer, &of_group(login("ann", day * DAY)));
        see(&analyzer, &of_group(login("bob", day * DAY + 60)));
        for n in 0..40_i64 {
            let name = format!("u{n}");
            see(&analyzer, &login(&name, day * DAY + n));
        }
    }
    let before = adds(&analyzer, &of_group(other_network("ann", 29 * DAY + 3600)), Kind::Network);
    see(&analyzer, &of_group(other_network("ann", 29 * DAY + 3600)));
    let after = adds(&analyzer, &of_group(other_network("ann", 29 * DAY + 3660)), Kind::Network);
    assert!(after > before - 1.0, "before {before}, a minute after one event {after}");
}

#[test]
fn a_route_is_not_known_by_ones_own_unsettled_events() {
    let analyzer = analyzer_with(|_| {});
    let of_group = |event: Event<'static>| event.with(field::USER_GROUP_NAME, "finance");
    for day in 0..30 {
        see(&analyzer, &of_group(login("ann", day * DAY)));
    }
    let last = 29 * DAY;
    let abroad = |second| {
        of_group(other_network("ann", second))
            .with(field::SOURCE_GEO_LOCATION_LAT, 40.0)
            .with(field::SOURCE_GEO_LOCATION_LON, -3.7)
    };
    for n in 0..3 {
        see(&analyzer, &abroad(last + 18_000 * (2 * n + 1)));
        see(&analyzer, &of_group(login("ann", last + 18_000 * (2 * n + 2))));
    }
    let travel = adds(&analyzer, &abroad(last + 18_000 * 6 + 300), Kind::Travel);
    assert!(travel > 4.0, "{travel}");
}

#[test]
fn capitals_do_not_make_a_stranger() {
    let analyzer = analyzer_with(|_| {});
    let last = month(&analyzer);
    let risk = |name| analyzer.score(&afar(name, last + 1200)).unwrap().risk().value();
    assert!(risk("ANN") > 0.5, "ann {} ANN {}", risk("ann"), risk("ANN"));
}

#[test]
fn a_terabyte_from_home_is_found() {
    let analyzer = analyzer_with(|_| {});
    for day in 0..60 {
        see(&analyzer, &login("ann", day * DAY).with(field::SOURCE_BYTES, 20_000 + 100 * day));
    }
    let exfil = login("ann", 60 * DAY).with(field::SOURCE_BYTES, 1_000_000_000_000_i64);
    let assessment = analyzer.score(&exfil).unwrap();
    assert!(assessment.risk().value() >= 0.3, "{assessment}");
}

#[test]
fn a_flood_does_not_teach_a_level() {
    let analyzer = analyzer_with(|_| {});
    for day in 0..60 {
        see(&analyzer, &login("ann", day * DAY).with(field::SOURCE_BYTES, 20_000 + 100 * day));
    }
    let llr = || {
        adds(
            &analyzer,
            &login("ann", 60 * DAY + 9000).with(field::SOURCE_BYTES, 1_000_000_000_i64),
            Kind::Level,
        )
    };
    let before = llr();
    for n in 0..600 {
        see(&analyzer, &login("ann", 60 * DAY + 10 * n).with(field::SOURCE_BYTES, 1_000_000_000_i64));
    }
    let after = llr();
    assert!(after > before - 2.0, "before {before}, 100 minutes later {after}");
}

#[test]
fn a_passed_challenge_counts_once() {
    let rate = |challenged: bool| {
        let analyzer = analyzer_with(|_| {});
        let last = month(&analyzer);
        for n in 0..12 {
            let event = afar("ann", last + 1200 + n);
            if challenged {
                see(&analyzer, &event);
            }
            analyzer.resolve(&event, Challenge::Passed);
        }
        adds(&analyzer, &login("ann", last + 1300), Kind::Rate)
    };
    assert!((rate(true) - rate(false)).abs() < 0.2, "{} {}", rate(true), rate(false));
}

#[test]
fn capitals_make_another_where_the_host_says_so() {
    let analyzer = BehaviorAnalyzer::builder().seed(7).aliases(Aliases::new().with_case()).build().unwrap();
    for day in 0..12 {
        see(&analyzer, &login("ann", day * DAY));
        see(&analyzer, &login("Ann", day * DAY + 60));
    }
    assert_eq!(analyzer.entities(), 2);
}

#[test]
fn a_group_learns_what_quarantine_let_through() {
    let analyzer = analyzer_with(|_| {});
    let of_group = |event: Event<'static>| event.with(field::USER_GROUP_NAME, "finance");
    for day in 0..30 {
        for (n, user) in (0..).zip(["ann", "bob", "cid"]) {
            see(&analyzer, &of_group(login(user, day * DAY + 60 * n)));
        }
        for n in 0..20_i64 {
            let name = format!("u{n}");
            see(&analyzer, &login(&name, day * DAY + n));
        }
    }
    let odds = |day: i64| adds(&analyzer, &of_group(other_network("ann", day * DAY + 3600)), Kind::Network);
    let before = odds(30);
    for day in 30..33 {
        see(&analyzer, &of_group(other_network("bob", day * DAY)));
        assert!(day > 31 || odds(day) > before - 0.5, "day {day}");
    }
    assert!(odds(33) < before - 0.5, "{before} before, {} now", odds(33));
}

#[test]
fn who_walks_into_the_future_goes_alone() {
    let analyzer = analyzer_with(|_| {});
    let last = month(&analyzer);
    let before = adds(&analyzer, &other_network("ann", last + 7200), Kind::Network);
    for step in 0..60 {
        see(&analyzer, &login("mallory", last + step * 20 * DAY));
        see(&analyzer, &login("bob", last + 60 * step));
    }
    let after = adds(&analyzer, &other_network("ann", last + 7200), Kind::Network);
    assert!((before - after).abs() < 0.5, "{before} {after}");
    let bob = analyzer.baseline(&Entity::User("bob".into())).unwrap();
    assert!(bob.last_learned() <= Timestamp::from_secs(START + last + 3600));
}

/// Logins of ann every third day of a month from another network and from home, at a host that challenges nobody.
fn returns(analyzer: &BehaviorAnalyzer, from: i64) -> usize {
    for day in (from..from + 30).step_by(3) {
        see(analyzer, &login("ann", day * DAY));
        see(analyzer, &other_network("ann", day * DAY + 7200));
    }
    analyzer.baseline(&Entity::User("ann".into())).unwrap().distinct(Feature::Prefix)
}

fn unchallenged() -> BehaviorAnalyzer {
    analyzer_with(|config| (config.report, config.challenge) = (RiskScore::clamped(0.02), RiskScore::ONE))
}

#[test]
fn who_failed_a_challenge_is_not_learned_by_coming_back() {
    let analyzer = unchallenged();
    let last = month(&analyzer);
    analyzer.resolve(&other_network("ann", last + 3600), Challenge::Failed);
    assert_eq!(returns(&analyzer, 30), 1);
    let mut again = unchallenged();
    again.restore(&analyzer.snapshot()).unwrap();
    assert_eq!(returns(&again, 60), 1, "it is in snapshots");
    assert_eq!(returns(&again, 120), 2, "and not for ever");
}

#[test]
fn where_a_takeover_was_confirmed_nothing_is_learned() {
    let analyzer = unchallenged();
    let last = month(&analyzer);
    let found = see(&analyzer, &other_network("ann", last + 3600));
    assert!(analyzer.judge(&found[0], Opinion::Confirmed));
    assert_eq!(returns(&analyzer, 31), 1);
    let told = unchallenged();
    let last = month(&told);
    see(&told, &other_network("ann", last + 3600));
    assert!(told.compromised(&Entity::User("ann".into())));
    assert_eq!(returns(&told, 31), 1, "also where only the account is known");
}

#[test]
fn who_mistypes_once_is_learned_as_before() {
    let analyzer = unchallenged();
    let last = month(&analyzer);
    let abroad = other_network("ann", last + 3600);
    analyzer.resolve(&abroad, Challenge::Failed);
    analyzer.resolve(&abroad, Challenge::Passed);
    assert_eq!(returns(&analyzer, 30), 2, "proved a moment later");

    let at_home = unchallenged();
    let last = month(&at_home);
    let learned =
        |analyzer: &BehaviorAnalyzer| analyzer.baseline(&Entity::User("ann".into())).unwrap().learned();
    at_home.resolve(&login("ann", last + 3600), Challenge::Failed);
    see(&at_home, &login("ann", last + 3700));
    assert_eq!(learned(&at_home), 31, "where one is known nothing is doubted");

    let newcomer = unchallenged();
    see(&newcomer, &login("ann", 0));
    newcomer.resolve(&login("ann", 60), Challenge::Failed);
    see(&newcomer, &login("ann", 120));
    assert_eq!(learned(&newcomer), 2, "nor where a newcomer began");
}

/// Were everyone's values rare beside those of one account, somebody in the victim's country with the victim's browser would pass
/// for the victim.
#[test]
fn one_account_does_not_outweigh_everyone() {
    let flood: [fn(i64) -> Event<'static>; 3] = [
        |n| afar("mallory", 30 * DAY + n % DAY),
        // Dated anywhere in a month.
        |n| afar("mallory", n * 7_919 % (30 * DAY)),
        // With more addresses than a baseline keeps.
        |n| {
            let [_, .., high, low] = n.to_be_bytes();
            afar("mallory", 30 * DAY + n % DAY)
                .with(field::SOURCE_IP, IpAddr::from([203, 0, high, low]))
                .with(field::SOURCE_AS_NUMBER, 65_000 + n % 40)
        },
    ];
    for (kind, flood) in flood.into_iter().enumerate() {
        let analyzer = analyzer_with(|_| {});
        let last = month(&analyzer);
        let (nearby, season) = (other_network("ann", last + 7200), login("ann", last + 14 * 3600));
        let says = || {
            [(&nearby, Kind::Network), (&nearby, Kind::Software), (&season, Kind::Season)]
                .map(|(event, kind)| adds(&analyzer, event, kind))
        };
        let before = says();
        (0..20_000).for_each(|n| _ = see(&analyzer, &flood(n)));
        let after = says();
        let moved =
            before.iter().zip(after).map(|(before, after)| (before - after).abs()).fold(0.0, f64::max);
        // It is one of six, and at all hours.
        assert!(moved < 1.2, "{kind}: {before:?} before, {after:?} after");
    }
}
