use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::behavior::signal::{Calibration, Nats, Opinion};
use crate::event::{FieldId, Value, field};
use crate::finding::{Action, AnalyticKind, Detector, Evidence, FaultKind, Finding, Findings};
use crate::measure::Severity;
use crate::time::Timestamp;

const START: i64 = 1_780_000_000;
const DAY: i64 = 86_400;

fn analyzer() -> BehaviorAnalyzer {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut BehaviorConfig)) -> BehaviorAnalyzer {
    let mut config = BehaviorConfig { seed: Some(7), crowd_bytes: 1 << 20, ..BehaviorConfig::default() };
    change(&mut config);
    BehaviorAnalyzer::builder().config(config).build().unwrap()
}

/// A login from home.
fn login(user: &str, second: i64) -> Event<'_> {
    Event::new(Timestamp::from_secs(START + second))
        .with(field::USER_NAME, user)
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "success")
        .with(field::SOURCE_IP, "198.51.100.20".parse::<IpAddr>().unwrap())
        .with(field::SOURCE_AS_NUMBER, 3320_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "DE")
        .with(field::SOURCE_GEO_LOCATION_LAT, 52.52)
        .with(field::SOURCE_GEO_LOCATION_LON, 13.41)
        .with(field::SOURCE_GEO_ACCURACY_RADIUS, 20.0)
        .with(field::USER_AGENT_NAME, "Firefox")
        .with(field::USER_AGENT_OS_NAME, "Linux")
}

/// A login from the other side of the world.
fn from_afar(user: &str, second: i64) -> Event<'_> {
    login(user, second)
        .with(field::SOURCE_IP, "203.0.113.77".parse::<IpAddr>().unwrap())
        .with(field::SOURCE_AS_NUMBER, 64_500_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "NZ")
        .with(field::SOURCE_GEO_LOCATION_LAT, -36.85)
        .with(field::SOURCE_GEO_LOCATION_LON, 174.76)
        .with(field::USER_AGENT_NAME, "Chrome")
        .with(field::USER_AGENT_OS_NAME, "Windows")
}

fn see(analyzer: &BehaviorAnalyzer, event: &Event<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    analyzer.detect(event, &mut findings);
    findings.into_parts().0
}

/// A month of logins of `ann`, and of a few others.
fn month(analyzer: &BehaviorAnalyzer) -> i64 {
    for day in 0..30 {
        for (at, user) in ["ann", "bob", "cid", "dan", "eli"].into_iter().enumerate() {
            let found = see(analyzer, &login(user, day * DAY + 60 * at as i64));
            assert_eq!(found, [], "day {day}");
        }
    }
    29 * DAY
}

fn sum(finding: &Finding) -> f64 {
    let parts = finding.evidence.iter().map(|evidence| match evidence {
        Evidence::Contribution { adds, .. } => *adds,
        other => panic!("{other}"),
    });
    parts.sum()
}

#[test]
fn a_stranger_with_the_password_is_found_and_explained() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    let event = from_afar("ann", last + 1200);
    let assessment = analyzer.score(&event).unwrap();
    let [finding] = see(&analyzer, &event).try_into().unwrap();
    assert_eq!(finding.subject, Entity::User("ann".into()));
    assert_eq!(finding.analytic.kind, AnalyticKind::Behavioral);
    assert_eq!(finding.response.unwrap().action, Action::Challenge);
    assert!(finding.severity >= Severity::High, "{assessment}");
    assert_eq!(sum(&finding).to_bits(), assessment.log_odds().to_bits(), "to the last bit");
    let text = assessment.to_string();
    assert!(text.contains("travel: ") && text.contains("km/h"), "{text}");
}

#[test]
fn what_was_not_proved_teaches_nothing() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    let before = analyzer.baseline(&Entity::User("ann".into())).unwrap();
    let event = from_afar("ann", last + 1200);
    assert_eq!(see(&analyzer, &event).len(), 1);
    let after = analyzer.baseline(&Entity::User("ann".into())).unwrap();
    assert_eq!(after.learned(), before.learned());
    assert_eq!(after.distinct(Feature::Network), 1);
    let failed = login("ann", last + 60).with(field::EVENT_OUTCOME, "failure");
    see(&analyzer, &failed);
    analyzer.resolve(&event, Challenge::Failed);
    assert_eq!(analyzer.baseline(&Entity::User("ann".into())).unwrap().learned(), before.learned());
    analyzer.resolve(&event, Challenge::Passed);
    assert_eq!(analyzer.baseline(&Entity::User("ann".into())).unwrap().learned(), before.learned() + 1);
    let again = analyzer.score(&from_afar("ann", last + 1300)).unwrap();
    assert!(again.risk() < analyzer.config.challenge, "known at once: {again}");
}

#[test]
fn failures_of_strangers_cost_nothing() {
    let analyzer = analyzer();
    for user in 0..2_000 {
        let name = format!("nobody{user}");
        see(&analyzer, &login(&name, user).with(field::EVENT_OUTCOME, "failure"));
    }
    assert_eq!(analyzer.entities(), 0);
}

#[test]
fn a_client_that_tries_many_users_is_found_and_tells_against_a_success() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    let address: IpAddr = "203.0.113.9".parse().unwrap();
    let names: Vec<String> = (0..60).map(|user| format!("user{user}")).collect();
    let mut found = Vec::new();
    let before = analyzer.score(&login("bob", last + 900).with(field::SOURCE_IP, address)).unwrap();
    for (second, name) in names.iter().enumerate() {
        let attempt = login(name, last + 600 + second as i64)
            .with(field::SOURCE_IP, address)
            .with(field::EVENT_OUTCOME, "failure");
        found.extend(see(&analyzer, &attempt));
    }
    assert!(found.iter().any(|finding| finding.subject == Entity::address(address)), "{found:?}");
    let after = analyzer.score(&login("bob", last + 900).with(field::SOURCE_IP, address)).unwrap();
    assert!(after.log_odds() > before.log_odds() + 2.0, "{before}\n{after}");
}

#[test]
fn learning_never_asks_for_more_than_a_challenge() {
    let analyzer = with(|config| config.prior = 0.4);
    let mut seen = 0;
    for (at, second) in (0..9).map(|at| (at, at * 600)) {
        let event = if at % 2 == 0 { login("new", second) } else { from_afar("new", second) };
        for finding in see(&analyzer, &event) {
            seen += 1;
            assert!(finding.severity <= Severity::Low, "{finding:?}");
            assert!(finding.response.is_none_or(|response| response.action <= Action::Challenge));
        }
        assert!(analyzer.score(&event).unwrap().is_learning());
    }
    assert!(seen > 0, "it is tried");
    let late = with(|config| config.learning_time = std::time::Duration::from_secs(3600));
    see(&late, &login("new", 0));
    assert!(late.score(&login("new", 60)).unwrap().is_learning());
    assert!(!late.score(&login("new", 3600)).unwrap().is_learning());
}

#[test]
fn opinions_move_what_is_said_within_bounds() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    let risk = || analyzer.score(&from_afar("ann", last + 1200)).unwrap().log_odds();
    let before = risk();
    let [finding] = see(&analyzer, &from_afar("ann", last + 1200)).try_into().unwrap();
    for _ in 0..50 {
        assert!(analyzer.judge(&finding, Opinion::Dismissed));
    }
    let dismissed = risk();
    let most = Calibration::MOST.value() * 5.0;
    assert!(dismissed < before && before - dismissed <= most, "{before} {dismissed}");
    let text = analyzer.score(&from_afar("ann", last + 1200)).unwrap().to_string();
    assert!(text.contains("feedback on network: what analysts said"), "{text}");
    let key = analyzer.reader.entity(&finding.subject, &analyzer.aliases);
    let offset = || analyzer.feedback.offsets(key, finding.time)[0];
    let low = offset();
    assert!(low < Nats::ZERO && low >= -Calibration::MOST);
    assert!(analyzer.judge(&finding, Opinion::Confirmed));
    assert!(offset() > low);
    let elsewhere = Finding { subject: Entity::User("bob".into()), ..finding };
    assert!(!analyzer.judge(&elsewhere, Opinion::Dismissed), "there was no such finding");
}

#[test]
fn a_confirmed_takeover_drops_what_waits() {
    let analyzer = with(|config| {
        config.challenge = crate::measure::RiskScore::ONE;
        config.prior = 0.0005;
    });
    let last = month(&analyzer);
    let [finding] = see(&analyzer, &from_afar("ann", last + 1200)).try_into().unwrap();
    let distinct = || {
        let baseline = analyzer.baseline(&Entity::User("ann".into())).unwrap();
        baseline.distinct(Feature::Prefix)
    };
    assert_eq!(distinct(), 2, "it was not challenged, so it was learned");
    assert!(analyzer.judge(&finding, Opinion::Confirmed));
    assert_eq!(distinct(), 1);
}

#[test]
fn aliases_are_one_entity() {
    let aliases =
        Aliases::new().with_domain("CORP", "corp.example").with_link("S-1-5-21-7", "ann@corp.example");
    let analyzer = BehaviorAnalyzer::builder().aliases(aliases).seed(7).build().unwrap();
    for (at, name) in ["CORP\\Ann", "ann@corp.example", "ANN@corp"].into_iter().enumerate() {
        see(&analyzer, &login(name, at as i64 * DAY));
    }
    let by_id = login("", 3 * DAY).with(field::USER_ID, "S-1-5-21-7");
    see(&analyzer, &by_id);
    see(&analyzer, &login("LAB\\ann", 4 * DAY));
    assert_eq!(analyzer.entities(), 2);
    assert_eq!(analyzer.baseline(&Entity::User("corp\\ANN".into())).unwrap().learned(), 4);
}

#[test]
fn peers_make_new_things_less_strange() {
    let analyzer = analyzer();
    for day in 0..30 {
        for user in 0..20 {
            let (name, abroad) = (format!("user{user}"), (1..5).contains(&user));
            let event = if abroad { from_afar(&name, day * DAY + user) } else { login(&name, day * DAY) };
            let group = if user < 5 { "traders" } else { "others" };
            see(&analyzer, &event.with(field::USER_GROUP_NAME, group));
        }
    }
    let odds = |group: &'static str| {
        let event = from_afar("user0", 31 * DAY).with(field::USER_GROUP_NAME, group);
        analyzer.score(&event).unwrap().log_odds()
    };
    assert!(odds("traders") < odds("nobody else"), "{} {}", odds("traders"), odds("nobody else"));
}

#[test]
fn a_budget_holds_against_a_flood_and_says_what_it_gave_up() {
    let analyzer = with(|config| config.baseline_bytes = 1 << 19);
    let mut faults = 0;
    for round in 0..12 {
        see(&analyzer, &login("faithful", round * DAY));
    }
    for user in 0..8_000 {
        let mut findings = Findings::default();
        analyzer.detect(&login(&format!("user{user}"), 12 * DAY + user), &mut findings);
        faults += findings.faults().iter().filter(|fault| fault.kind == FaultKind::Evicted).count();
    }
    assert!(analyzer.baselines.bytes() <= 1 << 19);
    assert!(analyzer.evicted() > 2_000);
    assert!((1..40).contains(&faults), "{faults}");
    assert!(analyzer.baseline(&Entity::User("faithful".into())).is_some(), "it is known well");
}

#[test]
fn snapshots_are_the_same_state_and_refuse_damage() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    let bytes = analyzer.snapshot();
    assert_eq!(bytes, analyzer.snapshot());
    let mut other = BehaviorAnalyzer::builder()
        .config(BehaviorConfig { crowd_bytes: 1 << 20, ..BehaviorConfig::default() })
        .build()
        .unwrap();
    use crate::behavior::BaselineSnapshotError as Refused;
    assert_eq!(other.merge(&bytes), Err(Refused::Seed));
    other.restore(&bytes).unwrap();
    let odds =
        |analyzer: &BehaviorAnalyzer| analyzer.score(&from_afar("ann", last + 900)).unwrap().log_odds();
    assert_eq!(odds(&other).to_bits(), odds(&analyzer).to_bits());
    assert_eq!(other.snapshot(), bytes);
    other.merge(&bytes).unwrap();
    assert_eq!(other.baseline(&Entity::User("ann".into())).unwrap().learned(), 60);

    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    assert_eq!(other.restore(&damaged), Err(Refused::Damaged));
    assert_eq!(other.restore(&bytes[..bytes.len() / 2]), Err(Refused::Damaged));
    assert_eq!(other.restore(b"AutoSec\0behavior\x07"), Err(Refused::Version { version: 7 }));
    assert_eq!(other.restore(b"else"), Err(Refused::Foreign));
    assert_eq!(
        with(|config| config.crowd_bytes = 4096).restore(&bytes).unwrap_err().to_string().split(' ').next(),
        Some("the")
    );
    let mut slower = with(|config| config.half_life *= 2);
    assert_eq!(slower.restore(&bytes), Err(Refused::Ageing));
    assert_eq!(other.baseline(&Entity::User("ann".into())).unwrap().learned(), 60, "nothing was changed");
}

#[test]
fn a_replay_is_the_same_to_the_bit() {
    let run = || {
        let analyzer = analyzer();
        let last = month(&analyzer);
        let found = see(&analyzer, &from_afar("ann", last + 1200));
        (format!("{found:?}"), analyzer.snapshot())
    };
    assert_eq!(run(), run());
}

#[test]
fn late_and_absurd_times_are_defined() {
    let analyzer = analyzer();
    let last = month(&analyzer);
    for time in [Timestamp::MIN, Timestamp::EPOCH, Timestamp::from_secs(START - 9 * DAY)] {
        let mut event = login("ann", 0);
        event.set_time(time);
        see(&analyzer, &event);
        assert!(analyzer.score(&event).unwrap().log_odds().is_finite());
    }
    assert!(analyzer.score(&login("ann", last + 600)).unwrap().risk().value() < 0.05, "it knows as before");
    let mut end = login("ann", 0);
    end.set_time(Timestamp::MAX);
    see(&analyzer, &end);
    assert!(analyzer.score(&login("ann", last + 600)).unwrap().log_odds().is_finite());
}

/// Fields with values of the kinds and sizes that strangers send.
fn odd_value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Float(f64::NAN)),
        Just(Value::Float(f64::INFINITY)),
        Just(Value::Integer(i64::MIN)),
        Just(Value::Integer(i64::MAX)),
        Just(Value::List(Vec::new())),
        any::<f64>().prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
        any::<IpAddr>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn survives_any_event(
        events in prop::collection::vec(
            (any::<i64>(), prop::collection::vec((0usize..40, odd_value()), 0..12)), 1..12,
        ),
    ) {
        let fields: Vec<FieldId> = {
            let mask = crate::behavior::gathered::fields();
            crate::event::Schema::ecs().fields().map(|(id, ..)| id).filter(|id| mask.contains(*id)).collect()
        };
        let small = |config: &mut BehaviorConfig| (config.prior, config.crowd_bytes) = (0.3, 1 << 14);
        let analyzer = with(small);
        for (micros, values) in events {
            let mut event = login("ann", 0);
            event.set_time(Timestamp::from_micros(micros));
            for (at, value) in values {
                event.set(fields[at % fields.len()], value);
            }
            if let Some(assessment) = analyzer.score(&event) {
                let parts = assessment.combined();
                let sum: f64 = parts.contributions().map(|part| part.adds.value()).sum();
                prop_assert_eq!((sum + parts.prior().value()).to_bits(), assessment.log_odds().to_bits());
            }
            see(&analyzer, &event);
            analyzer.resolve(&event, Challenge::Passed);
        }
        let snapshot = analyzer.snapshot();
        let merged = with(small).merge(&snapshot);
        prop_assert_eq!(merged, Ok(()));
    }
}
