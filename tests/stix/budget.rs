//! Patterns that take the reference many seconds, and observations that refer to each other in circles.

use std::time::Instant;

use autosec_core::intel::pattern::{MatchLimits, Matcher, Observation, Pattern, Version};
use autosec_core::time::Timestamp;
use serde_json::json;

fn people(count: i64) -> Vec<Observation> {
    let person = |age| {
        Observation::at(Timestamp::from_secs(1_097_531_098 + age))
            .with("0", json!({"type": "person", "name": "alice", "age": age}))
    };
    (0..count).map(person).collect()
}

fn matcher(text: &str) -> Matcher {
    Matcher::new(&Pattern::parse_as(text, Version::V20).unwrap()).unwrap()
}

/// Whether there is a match, and that it was found out quickly. The bench holds the time; a debug build on a busy machine
/// is given much more of it.
fn decided(text: &str, observations: &[Observation]) -> bool {
    let matcher = matcher(text);
    let begin = Instant::now();
    let found =
        matcher.find(observations, &MatchLimits::default()).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    assert!(begin.elapsed().as_secs() < 5, "{text} took {:?}", begin.elapsed());
    found.is_some()
}

#[test]
fn combinations_are_decided() {
    let people = people(20);
    for (text, matched) in [
        ("[person:age < 20] REPEATS 5 TIMES REPEATS 4 TIMES", true),
        ("[person:age < 20] REPEATS 5 TIMES REPEATS 5 TIMES", false),
        ("([person:age < 20] FOLLOWEDBY [person:age > 5]) REPEATS 10 TIMES", true),
        ("([person:age < 20] FOLLOWEDBY [person:age > 5]) REPEATS 11 TIMES", false),
        ("([person:age > 9] FOLLOWEDBY [person:age < 14]) REPEATS 2 TIMES", true),
        ("([person:age > 9] FOLLOWEDBY [person:age < 14]) REPEATS 3 TIMES", false),
        ("([person:age < 10] AND [person:age < 10] AND [person:age >= 0]) REPEATS 6 TIMES", false),
        (
            "([person:age >= 0] FOLLOWEDBY [person:age >= 0] FOLLOWEDBY [person:age >= 0]) REPEATS 6 TIMES",
            true,
        ),
        ("([person:age >= 0] REPEATS 5 TIMES WITHIN 4 SECONDS) REPEATS 4 TIMES", true),
        ("[person:age >= 0] REPEATS 6 TIMES WITHIN 4 SECONDS", false),
        (
            "([person:age = 3] OR [person:age = 4] OR ([person:age = 5] AND [person:age = 6])) REPEATS 3 TIMES",
            true,
        ),
        (
            "([person:age = 3] OR [person:age = 4] OR ([person:age = 5] AND [person:age = 6])) REPEATS 4 TIMES",
            false,
        ),
    ] {
        assert_eq!(decided(text, &people), matched, "{text}");
    }
}

#[test]
fn windows_over_many_observations_are_decided() {
    let people = people(500);
    assert!(!decided("[person:age >= 0] REPEATS 12 TIMES WITHIN 10 SECONDS", &people));
    assert!(decided("[person:age >= 0] REPEATS 11 TIMES WITHIN 10 SECONDS", &people));
    assert!(!decided("[person:age > 250] FOLLOWEDBY [person:age < 250]", &people));
}

#[test]
fn what_is_too_hard_is_no_answer() {
    let limits = MatchLimits { steps: 100, ..MatchLimits::default() };
    let hard = matcher(
        "([person:age >= 0] FOLLOWEDBY [person:age < 9] FOLLOWEDBY [person:age < 5]) REPEATS 6 TIMES",
    );
    assert!(hard.find(&people(20), &limits).unwrap_err().is_undecided());
}

#[test]
fn circles_of_references_end() {
    let ids: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let circle = ids.iter().fold(Observation::at(Timestamp::EPOCH), |observation, id| {
        observation.with(id, json!({"type": "a", "all_refs": ids, "next_ref": id, "n": 1}))
    });
    let path = "all_refs[*].".repeat(20);
    assert!(decided(&format!("[a:{path}n = 1]"), std::slice::from_ref(&circle)));
    assert!(!decided(
        &format!("[a:{path}n = 2 AND a:next_ref.next_ref.next_ref.n = 1]"),
        std::slice::from_ref(&circle)
    ));
    let few = MatchLimits { path_values: 10, ..MatchLimits::default() };
    let asked = matcher("[a:all_refs[*].n = 1]").find(std::slice::from_ref(&circle), &few);
    assert!(asked.unwrap_err().is_undecided());
}

#[test]
fn patterns_are_bounded() {
    let code = |text: &str| Pattern::parse(text).unwrap_err().code();
    assert_eq!(code(&format!("[a:b = '{}']", "x".repeat(1 << 20))), "P007");
    assert_eq!(code(&format!("{}[a:b = 1]{}", "(".repeat(100), ")".repeat(100))), "P008");
    assert_eq!(code(&format!("[{}a:b = 1{}]", "(".repeat(100_000), ")".repeat(100_000))), "P008");
    assert_eq!(code(&format!("[a:b IN ({}1)]", "1,".repeat(10_001))), "P009");
    assert_eq!(code(&format!("[{}a:b = 1]", "a:b = 1 OR ".repeat(10_001))), "P009");
    assert_eq!(code(&format!("[a:b{} = 1]", ".c".repeat(100))), "P009");
    assert_eq!(code(&format!("([a:b = 1]){}", " WITHIN 5 SECONDS".repeat(9))), "P009");
    assert!(Pattern::parse(&vec!["[a:b = 1]"; 9_000].join(" OR ")).is_ok());
}
