//! Logins, and what weighs them.

use std::net::IpAddr;

use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
use autosec_core::event::{Event, field};
use autosec_core::time::Timestamp;

/// Second 0 of what tests tell.
pub const START: i64 = 1_780_000_000;
pub const DAY: i64 = 86_400;

/// An analyzer that is the same in every run, with a change.
pub fn analyzer_with(change: impl FnOnce(&mut BehaviorConfig)) -> BehaviorAnalyzer {
    let mut config = BehaviorConfig { seed: Some(7), crowd_bytes: 1 << 20, ..BehaviorConfig::default() };
    change(&mut config);
    BehaviorAnalyzer::builder().config(config).build().unwrap()
}

/// A login from home.
pub fn login(user: &str, second: i64) -> Event<'_> {
    Event::new(Timestamp::from_secs(START + second))
        .with(field::USER_NAME, user)
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "success")
        .with(field::SOURCE_IP, "198.51.100.20".parse::<IpAddr>().unwrap())
        .with(field::SOURCE_AS_NUMBER, 3320_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "DE")
        .with(field::SOURCE_GEO_LOCATION_LAT, 52.52)
        .with(field::SOURCE_GEO_LOCATION_LON, 13.41)
        .with(field::USER_AGENT_NAME, "Firefox")
        .with(field::USER_AGENT_OS_NAME, "Linux")
}

/// A login from the other side of the world.
pub fn from_afar(user: &str, second: i64) -> Event<'_> {
    login(user, second)
        .with(field::SOURCE_IP, "203.0.113.77".parse::<IpAddr>().unwrap())
        .with(field::SOURCE_AS_NUMBER, 64_500_i64)
        .with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "NZ")
        .with(field::SOURCE_GEO_LOCATION_LAT, -36.85)
        .with(field::SOURCE_GEO_LOCATION_LON, 174.76)
        .with(field::USER_AGENT_NAME, "Chrome")
        .with(field::USER_AGENT_OS_NAME, "Windows")
}
