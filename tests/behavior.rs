//! What is usual for whom: from events to findings, through the public API alone.

use std::net::IpAddr;

use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::time::Timestamp;

const START: i64 = 1_780_000_000;
const DAY: i64 = 86_400;

/// A login from home, on the day of this number.
fn login(user: &str, day: i64) -> Event<'_> {
    let address: IpAddr = "198.51.100.20".parse().unwrap();
    Event::new(Timestamp::from_secs(START + day * DAY))
        .with(field::USER_NAME, user)
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "success")
        .with(field::SOURCE_IP, address)
        .with(field::SOURCE_AS_NUMBER, 3320_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "DE")
        .with(field::SOURCE_GEO_CITY_NAME, "Berlin")
        .with(field::SOURCE_GEO_LOCATION_LAT, 52.52)
        .with(field::SOURCE_GEO_LOCATION_LON, 13.41)
        .with(field::SOURCE_GEO_ACCURACY_RADIUS, 20.0)
        .with(field::USER_AGENT_NAME, "Firefox")
        .with(field::USER_AGENT_OS_NAME, "Linux")
}

/// A login from the other side of the world, minutes after `day`.
fn from_afar(user: &str, day: i64) -> Event<'_> {
    let address: IpAddr = "203.0.113.77".parse().unwrap();
    login(user, day)
        .with(field::SOURCE_IP, address)
        .with(field::SOURCE_AS_NUMBER, 64_500_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "NZ")
        .with(field::SOURCE_GEO_CITY_NAME, "Auckland")
        .with(field::SOURCE_GEO_LOCATION_LAT, -36.85)
        .with(field::SOURCE_GEO_LOCATION_LON, 174.76)
        .with(field::USER_AGENT_NAME, "Chrome")
        .with(field::USER_AGENT_OS_NAME, "Windows")
}

fn analyzer() -> BehaviorAnalyzer {
    BehaviorAnalyzer::builder()
        .config(BehaviorConfig { seed: Some(7), ..BehaviorConfig::default() })
        .build()
        .unwrap()
}

#[test]
fn a_login_from_afar_stands_out() {
    let analyzer = analyzer();
    let users: Vec<String> = (0..40).map(|user| format!("user{user}")).collect();
    for day in 0..30 {
        for user in &users {
            let mut findings = Findings::default();
            analyzer.detect(&login(user, day), &mut findings);
            if day > 14 {
                assert!(findings.found().is_empty(), "{:?}", findings.found());
            }
        }
    }
    let usual = analyzer.score(&login("user3", 30)).unwrap();
    let unusual = analyzer.score(&from_afar("user3", 30)).unwrap();
    println!("{usual}\n{unusual}");
    assert!(usual.risk() < unusual.risk());
}
