//! What an analyzer knows survives being written down: what it learned, what analysts said, which clients failed. Files of
//! every version are read, and whatever is damaged is refused.

use std::net::IpAddr;

use autosec_core::behavior::signal::{Calibration, Opinion};
use autosec_core::behavior::{BaselineSnapshotError, BehaviorAnalyzer};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, field};
use autosec_core::finding::{Detector, Finding, Findings};

use crate::support::logins::{DAY, analyzer_with, from_afar, login};

const LAST: i64 = 29 * DAY;

fn analyzer() -> BehaviorAnalyzer {
    analyzer_with(|config| config.crowd_bytes = 4096)
}

/// An analyzer that saw a month of logins, a stranger whom an analyst dismissed, and a client that tries many users.
fn after_a_month() -> BehaviorAnalyzer {
    let analyzer = analyzer();
    for day in 0..30 {
        for (n, user) in (0..).zip(["ann", "bob", "cid", "dan"]) {
            see(&analyzer, &login(user, day * DAY + 60 * n));
        }
    }
    let found = see(&analyzer, &from_afar("ann", LAST + 1_200));
    assert!(analyzer.judge(&found[0], Opinion::Dismissed));
    (0..40).for_each(|n| _ = see(&analyzer, &sprayed(&format!("user{n}"), LAST + 1_300)));
    analyzer
}

fn see(analyzer: &BehaviorAnalyzer, event: &Event<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    analyzer.detect(event, &mut findings);
    findings.into_parts().0
}

fn sprayed(user: &str, second: i64) -> Event<'_> {
    let address: IpAddr = "203.0.113.9".parse().unwrap();
    login(user, second).with(field::SOURCE_IP, address).with(field::EVENT_OUTCOME, "failure")
}

fn restored(bytes: &[u8]) -> BehaviorAnalyzer {
    let mut analyzer = analyzer();
    analyzer.restore(bytes).unwrap();
    analyzer
}

#[test]
fn opinions_and_clients_are_remembered() {
    let analyzer = after_a_month();
    let again = restored(&analyzer.snapshot());
    assert_eq!(again.snapshot(), analyzer.snapshot());
    let stranger = from_afar("ann", LAST + 1_500);
    let [before, after] = [&analyzer, &again].map(|analyzer| analyzer.score(&stranger).unwrap());
    assert!(before.to_string().contains("what analysts said"), "{before}");
    assert_eq!(after.to_string(), before.to_string());
    assert_eq!(after.log_odds().to_bits(), before.log_odds().to_bits());
    // One more failure, and the client is found by what it did before.
    let [before, after] = [&analyzer, &again].map(|analyzer| see(analyzer, &sprayed("zoe", LAST + 1_400)));
    assert!(after.iter().any(|finding| matches!(finding.subject, Entity::Address(_))), "{after:?}");
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
}

#[test]
fn opinions_and_clients_of_two_processes_add_up() {
    let (one, two) = (after_a_month(), analyzer());
    (40..80).for_each(|n| _ = see(&two, &sprayed(&format!("user{n}"), LAST + 1_300)));
    let alone = see(&one, &sprayed("zoe", LAST + 1_400));
    one.merge(&two.snapshot()).unwrap();
    let both = see(&one, &sprayed("zoe", LAST + 1_400));
    let users = |found: &[Finding]| format!("{:?}", found.last().map(|finding| &finding.evidence));
    assert_ne!(users(&alone), users(&both), "more users");
    two.merge(&one.snapshot()).unwrap();
    let stranger = two.score(&from_afar("ann", LAST + 1_500)).unwrap();
    assert!(stranger.to_string().contains("what analysts said"), "{stranger}");
    // However often the same is added, an opinion is worth no more than the most.
    (0..50).for_each(|_| two.merge(&one.snapshot()).unwrap());
    let offset = |analyzer: &BehaviorAnalyzer| {
        let parts = analyzer.score(&from_afar("ann", LAST + 1_500)).unwrap();
        parts
            .combined()
            .contributions()
            .filter(|part| part.name().starts_with("feedback"))
            .map(|part| part.adds.value())
            .fold(0.0, f64::min)
    };
    assert!(offset(&two) >= -Calibration::MOST.value());
}

#[test]
fn files_of_every_version_are_read() {
    let files = [3, 4].map(|version| (version, format!("tests/data/behavior/snapshot-{version}.bin")));
    for (version, path) in files {
        let bytes = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
        let analyzer = restored(&bytes);
        assert_eq!(analyzer.entities(), 4, "{path}");
        assert_eq!(analyzer.baseline(&Entity::User("ann".into())).unwrap().learned(), 30, "{path}");
        let stranger = analyzer.score(&from_afar("ann", LAST + 1_500)).unwrap();
        assert!(stranger.log_odds() > 3.0, "{path}: {stranger}");
        let is_newest = version == 4;
        assert_eq!(analyzer.snapshot() == bytes, is_newest, "{path}");
        assert_eq!(stranger.to_string().contains("what analysts said"), is_newest, "{path}");
        // It goes on from there, in the present.
        assert!(see(&analyzer, &login("ann", 30 * DAY)).is_empty());
        assert_eq!(analyzer.baseline(&Entity::User("ann".into())).unwrap().learned(), 31, "{path}");
    }
}

#[test]
fn what_is_damaged_is_refused() {
    let bytes = after_a_month().snapshot();
    let mut analyzer = after_a_month();
    let before = analyzer.snapshot();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let refused = analyzer.restore(&damaged).unwrap_err();
        let expected = match at {
            0..16 => BaselineSnapshotError::Foreign,
            16 => BaselineSnapshotError::Version { version: 4 ^ 0x10 },
            _ => BaselineSnapshotError::Damaged,
        };
        assert_eq!(refused, expected, "byte {at}");
        assert!(analyzer.restore(&bytes[..at]).is_err_and(|refused| refused != BaselineSnapshotError::Seed));
    }
    let later = analyzer.merge(b"AutoSec\0behavior\x05").unwrap_err();
    assert_eq!(later.to_string(), "the snapshot has version 5, and versions 3 and 4 are known");
    assert_eq!(analyzer.snapshot(), before, "nothing was changed");
}
