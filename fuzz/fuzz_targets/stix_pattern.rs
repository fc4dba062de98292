//! Any text is a pattern or is refused with a code and a place; a pattern is asked, within limits, and never says yes for
//! want of time.
#![no_main]

use autosec_core::intel::pattern::{
    MatchLimits, Matcher, Observation, Pattern, PatternStream, StreamLimits, Version,
};
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    for version in [Version::V20, Version::V21] {
        let pattern = match Pattern::parse_as(text, version) {
            Ok(pattern) => pattern,
            Err(error) => {
                assert!(error.to_string().starts_with('P') && error.position().0 > 0);
                continue;
            }
        };
        let _ = pattern.plain();
        let Ok(matcher) = Matcher::new(&pattern) else { continue };
        let observations: Vec<Observation> = (0..6).map(observation).collect();
        let tight = MatchLimits { steps: 2_000, alternatives: 8, slots: 32, ..MatchLimits::default() };
        let loose = MatchLimits { steps: 200_000, alternatives: 64, slots: 256, ..MatchLimits::default() };
        if let (Ok(quick), Ok(slow)) =
            (matcher.find(&observations, &tight), matcher.find(&observations, &loose))
        {
            assert_eq!(quick.is_some(), slow.is_some(), "{text}");
        }
        let limits = StreamLimits { observations: 4, search: tight, ..StreamLimits::default() };
        let mut stream = PatternStream::new(matcher.into(), limits);
        for observation in &observations {
            let _ = stream.feed(observation);
            assert!(stream.held() <= 4);
        }
    }
});

/// The names that patterns of the seeds ask for.
fn observation(number: i64) -> Observation {
    let body = json!({
        "type": "a", "b": number, "c": "hello", "d": [1.5, true, null, "2026-11-22T14:02:11Z"], "e_hex": "6869",
        "f_bin": "aGk=", "g_ref": "1", "h_refs": ["0", "1"], "i": "198.51.100.7", "hashes": {"MD5": "x"},
    });
    let at = Timestamp::from_secs(number);
    Observation::between(at, at + std::time::Duration::from_secs(1))
        .times(u64::try_from(number % 3 + 1).unwrap_or(1))
        .with("0", body)
        .with("1", json!({"type": "a", "h_refs": ["0", "1"], "c": "e\u{301}"}))
}
