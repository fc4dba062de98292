//! Any bytes are a snapshot of baselines or are refused; an analyzer goes on with what is read, and writes it down again.
//!
//! The checksum is put right first, or nothing but it would be tested; every eighth input is taken as it is.
#![no_main]

#[path = "support/change.rs"]
mod change;

use std::hash::Hasher;
use std::sync::LazyLock;

use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

use change::change;

static SNAPSHOT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let analyzer = analyzer();
    (0..200).for_each(|at| look(&analyzer, at));
    analyzer.snapshot()
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let bytes = match first % 8 {
        0 => rest.to_vec(),
        _ => changed(rest),
    };
    let mut analyzer = analyzer();
    let read = if first % 2 == 0 { analyzer.restore(&bytes) } else { analyzer.merge(&bytes) };
    (200..260).for_each(|at| look(&analyzer, at));
    if read.is_ok() {
        let again = analyzer.snapshot();
        analyzer.merge(&again).expect("what was written is read");
        analyzer.restore(&again).expect("and put in place");
        assert_eq!(analyzer.snapshot(), again);
    }
});

fn analyzer() -> BehaviorAnalyzer {
    let config = BehaviorConfig { seed: Some(7), crowd_bytes: 4096, ..BehaviorConfig::default() };
    BehaviorAnalyzer::builder().config(config).build().expect("the settings are right")
}

fn look(analyzer: &BehaviorAnalyzer, at: i64) {
    let user = format!("u{}", at % 9);
    let address: std::net::IpAddr = format!("203.0.113.{}", at % 7).parse().expect("an address");
    let event = Event::new(Timestamp::from_secs(1_700_000_000 + at * 40_000))
        .with(field::USER_NAME, user.as_str())
        .with(field::SOURCE_IP, address)
        .with(field::SOURCE_BYTES, at * 7919 % 65_536)
        .with(field::SOURCE_GEO_LOCATION_LAT, (at % 90) as f64)
        .with(field::SOURCE_GEO_LOCATION_LON, (at % 180) as f64)
        .with(field::EVENT_ACTION, ["login", "read", "write"][at as usize % 3])
        .with(field::EVENT_OUTCOME, if at % 11 == 0 { "failure" } else { "success" });
    analyzer.detect(&event, &mut Findings::default());
}

/// A real one with changes: a place and what stands there, again and again, under a checksum that is right.
fn changed(changes: &[u8]) -> Vec<u8> {
    let mut bytes = SNAPSHOT[..SNAPSHOT.len() - 8].to_vec();
    change(&mut bytes, HEAD, changes);
    let mut hasher = siphasher::sip::SipHasher13::new_with_keys(0, 0);
    hasher.write(&bytes);
    bytes.extend_from_slice(&hasher.finish().to_le_bytes());
    bytes
}

/// The name, the version and both halves of the seed.
const HEAD: usize = 33;
