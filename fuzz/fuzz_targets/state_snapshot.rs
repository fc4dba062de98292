//! Any bytes are a snapshot of what rules remember or are refused; rules go on with what is read, and write it down again.
//!
//! The checksum is put right first, or nothing but it would be tested; every eighth input is taken as it is.
#![no_main]

#[path = "support/change.rs"]
mod change;

use std::hash::Hasher;
use std::sync::LazyLock;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

use change::change;

/// One rule for each way to remember.
const RULES: &str = r#"
- { id: count, name: c, severity: low, when: exists(source.ip), count: { by: [source.ip], within: 1m, at_least: 9 } }
- { id: distinct, name: d, severity: low, when: exists(source.ip), distinct: { of: user.name, by: [source.ip], within: 1m, at_least: 5000 } }
- { id: sum, name: s, severity: low, when: exists(source.ip), sum: { of: source.port, by: [source.ip], within: 1m, at_least: 1e9 } }
- { id: avg, name: a, severity: low, when: exists(source.ip), avg: { of: source.port, by: [source.ip], within: 1m, below: 1 } }
- { id: quantile, name: q, severity: low, when: exists(source.ip), quantile: { of: source.port, q: 0.9, by: [source.ip], within: 1m, at_least: 1e9 } }
- { id: new, name: n, severity: low, when: exists(source.ip), new_value: { of: [user.name], by: [source.ip] } }
- id: order
  name: o
  severity: low
  when: exists(source.ip)
  sequence: { by: [source.ip], within: 1m, steps: [ { when: source.port < 9 }, { when: source.port > 60000, absent: true } ] }
- id: any
  name: y
  severity: low
  when: exists(source.ip)
  sequence: { by: [source.ip], within: 1m, ordered: false, steps: [ { when: source.port < 9 }, { when: source.port > 60000 } ] }
"#;

static SNAPSHOT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let rules = set();
    (0..200).for_each(|at| look(&rules, at));
    rules.snapshot()
});

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let bytes = match first % 8 {
        0 => rest.to_vec(),
        _ => changed(rest),
    };
    let rules = set();
    let read = if first % 2 == 0 { rules.restore(&bytes) } else { rules.merge(&bytes) };
    (200..260).for_each(|at| look(&rules, at));
    if read.is_ok() {
        let again = rules.snapshot();
        set().restore(&again).expect("what was written is read");
        rules.merge(&again).expect("and added");
        (260..280).for_each(|at| look(&rules, at));
    }
});

fn set() -> RuleSet {
    RuleSet::builder(&Schema::ecs()).seed(7).source("r", RULES).build().expect("the rules are right")
}

fn look(rules: &RuleSet, at: i64) {
    let user = format!("u{}", at % 50);
    let address: std::net::IpAddr = format!("203.0.113.{}", at % 7).parse().expect("an address");
    let event = Event::new(Timestamp::from_secs(1_700_000_000 + at))
        .with(field::SOURCE_IP, address)
        .with(field::SOURCE_PORT, (at * 7919) % 65_536)
        .with(field::USER_NAME, user.as_str());
    rules.detect(&event, &mut Findings::default());
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
