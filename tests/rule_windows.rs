//! Counting over event time: any order of events within the lateness gives what the definition says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Count, Distinct, Rule, RuleSet};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

const SLOT_MS: i64 = 1_000;
const LATENESS_MS: i64 = 3_500;
const AT_LEAST: u32 = 4;

#[derive(Clone, Debug)]
struct Login {
    ms: i64,
    key: u8,
    user: u8,
    /// By how much it is delayed on its way.
    delay: i64,
}

fn login() -> impl Strategy<Value = Login> {
    let ms = prop_oneof![-20_000i64..40_000, 0i64..6_000];
    (ms, 0u8..3, 0u8..10, 0..=LATENESS_MS).prop_map(|(ms, key, user, delay)| Login { ms, key, user, delay })
}

fn rules() -> RuleSet {
    let (by, within) = (vec!["source.ip".to_owned()], Duration::from_secs(16));
    let rule = |id: &str| Rule::new(id, Severity::Low, "event.action == \"login\"");
    let count = Count { by: by.clone(), within, at_least: AT_LEAST };
    let distinct = Distinct { of: "user.name".into(), by, within, at_least: AT_LEAST };
    RuleSet::builder(&Schema::ecs())
        .rule(Rule { count: Some(count), ..rule("count") })
        .rule(Rule { distinct: Some(distinct), ..rule("distinct") })
        .lateness(Duration::from_millis(LATENESS_MS.unsigned_abs()))
        .build()
        .unwrap()
}

/// (rule, subject, epoch) of every finding, sorted; one that comes twice is there twice.
fn alarms(logins: &[Login]) -> Vec<(String, String, i64)> {
    let (set, mut findings) = (rules(), Findings::default());
    for login in logins {
        let event = Event::new(Timestamp::from_micros(login.ms * 1_000))
            .with(field::EVENT_ACTION, "login")
            .with(field::USER_NAME, format!("user-{}", login.user))
            .with(field::SOURCE_IP, IpAddr::from([192, 0, 2, login.key]));
        set.detect(&event, &mut findings);
    }
    assert_eq!(findings.faults(), [], "nothing within the lateness is late");
    let epoch = |time: Timestamp| time.as_micros().div_euclid(SLOT_MS * 1_000 * 16);
    let mut alarms: Vec<_> = findings
        .found()
        .iter()
        .map(|finding| (finding.analytic.id.to_string(), finding.subject.to_string(), epoch(finding.time)))
        .collect();
    alarms.sort();
    alarms
}

/// The same from the definition: all events at hand, every slot looked at.
fn oracle(logins: &[Login]) -> Vec<(String, String, i64)> {
    let mut by_key: BTreeMap<u8, Vec<(i64, u8)>> = BTreeMap::new();
    for login in logins {
        by_key.entry(login.key).or_default().push((login.ms.div_euclid(SLOT_MS), login.user));
    }
    let mut alarms = BTreeSet::new();
    for (key, events) in by_key {
        for (slot, _) in &events {
            let window: Vec<_> = events.iter().filter(|(at, _)| (slot - 15..=*slot).contains(at)).collect();
            let users: BTreeSet<_> = window.iter().map(|(_, user)| user).collect();
            for (rule, observed) in [("count", window.len()), ("distinct", users.len())] {
                if observed >= AT_LEAST as usize {
                    alarms.insert((rule.to_owned(), format!("192.0.2.{key}"), slot.div_euclid(16)));
                }
            }
        }
    }
    alarms.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_within_the_lateness_finds_the_same(logins in prop::collection::vec(login(), 0..60)) {
        let (mut sorted, mut delayed) = (logins.clone(), logins);
        sorted.sort_by_key(|login| login.ms);
        delayed.sort_by_key(|login| login.ms + login.delay);
        let truth = oracle(&sorted);
        prop_assert_eq!(alarms(&sorted), truth.clone());
        prop_assert_eq!(alarms(&delayed), truth);
    }
}
