//! Rows from events, models that take columns one by one, and models that look at events.

mod detector;
mod extractor;
mod models;
mod oracle;

use autosec_core::event::{Event, field};
use autosec_core::time::Timestamp;

/// 2023-11-13, a Monday, 08:00 UTC.
pub const MORNING: i64 = 1_699_862_400;

/// Numbers that look random and are the same everywhere, from 0 to 1.
pub fn fractions(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    })
    .skip(8)
}

/// A login, `seconds` after the morning began.
pub fn login<'a>(seconds: i64, user: &'a str, source: &str, outcome: &'a str) -> Event<'a> {
    Event::new(Timestamp::from_secs(MORNING + seconds))
        .with(field::EVENT_CATEGORY, "authentication")
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, outcome)
        .with(field::USER_NAME, user)
        .with(field::SOURCE_IP, source.parse::<std::net::IpAddr>().unwrap())
}
