//! What STIX patterns cost: `cargo bench --bench intel_pattern`.
//!
//! `--figures <pattern> <observed-data>` prints the seconds of CPU that a match and a compilation take, for
//! `benches/peers/python/run.py intel`, which sets them beside the standard's reference matcher in the same run.

mod support;

use std::hint::black_box;

use autosec_core::intel::pattern::{MatchLimits, Matcher, Observation, Pattern, Version};
use autosec_core::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use support::{Asks, bar};

const ROUNDS: usize = 101;

/// Patterns over twenty observations that all look alike, most of which have no match: to know that by trying takes
/// factorial time.
const COMBINATIONS: [&str; 7] = [
    "[person:age < 20] REPEATS 5 TIMES REPEATS 5 TIMES",
    "([person:age < 20] FOLLOWEDBY [person:age > 5]) REPEATS 10 TIMES",
    "([person:age < 20] FOLLOWEDBY [person:age > 5]) REPEATS 11 TIMES",
    "([person:age > 9] FOLLOWEDBY [person:age < 14]) REPEATS 3 TIMES",
    "([person:age >= 0] FOLLOWEDBY [person:age >= 0] FOLLOWEDBY [person:age >= 0]) REPEATS 6 TIMES",
    "([person:age >= 0] REPEATS 5 TIMES WITHIN 4 SECONDS) REPEATS 4 TIMES",
    "([person:age = 3] OR [person:age = 4] OR ([person:age = 5] AND [person:age = 6])) REPEATS 4 TIMES",
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--figures") {
        return figures(&arguments[at + 1], &arguments[at + 2]);
    }
    let people: Vec<Observation> = (0..20).map(person).collect();
    let slowest = COMBINATIONS.map(|text| {
        let matcher = Matcher::new(&Pattern::parse_as(text, Version::V20).unwrap()).unwrap();
        let seconds = median(20, || {
            black_box(matcher.find(black_box(&people), &MatchLimits::default()).unwrap());
        });
        println!("note intel/pattern-combinations {:.3} ms: {text}", seconds * 1e3);
        seconds
    });
    let slowest = slowest.into_iter().fold(0.0, f64::max);
    bar("intel/pattern-combinations", slowest * 1e3, "ms", Asks::AtMost(10.0));
}

fn person(age: i64) -> Observation {
    let at = Timestamp::from_secs(1_097_531_098 + age);
    Observation::at(at).with("0", json!({"type": "person", "name": "alice", "age": age}))
}

fn figures(pattern: &str, observed: &str) {
    let observation = Observation::read_v20(&serde_json::from_str(observed).unwrap()).unwrap();
    let observations = [observation];
    let matcher = Matcher::new(&Pattern::parse(pattern).unwrap()).unwrap();
    let limits = MatchLimits::default();
    assert!(matcher.find(&observations, &limits).unwrap().is_some());
    let find = median(10_000, || {
        black_box(matcher.find(black_box(&observations), &limits).unwrap());
    });
    let compile = median(1_000, || {
        black_box(Matcher::new(&Pattern::parse(black_box(pattern)).unwrap()).unwrap());
    });
    println!("{find} {compile}");
}

/// The median over rounds of the CPU time of one call, in seconds.
fn median(calls: u32, mut run: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = seconds();
            (0..calls).for_each(|_| run());
            (seconds() - begin) / f64::from(calls)
        })
        .collect();
    *rounds.select_nth_unstable_by(ROUNDS / 2, f64::total_cmp).1
}

/// CPU time of this thread.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
