use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::time::human;

/// A test that stands in the rule it is about; [`RuleSet::test`](crate::rule::RuleSet::test) runs it.
///
/// The rule is put to the events by itself, with empty windows, with the exceptions and the lists of its set, and as if it
/// were enforced.
///
/// ```
/// use autosec_core::event::Schema;
/// use autosec_core::rule::RuleSet;
///
/// let rules = RuleSet::builder(&Schema::ecs()).source("ssh.yaml", r#"
/// - id: ssh-brute-force
///   name: SSH brute force
///   severity: high
///   when: event.action == "ssh_login" and event.outcome == "failure"
///   count: { by: [source.ip], within: 10m, at_least: 5 }
///   tests:
///   - name: five failures
///     each: { event.action: ssh_login, event.outcome: failure, source.ip: 203.0.113.7 }   # what all events hold
///     events:
///     - { user.name: "user{n}", repeat: 5, every: 10s }    # {n} is the number of the repetition, from 1
///     expect: { findings: 1, subject: 203.0.113.7 }        # or match, or no_match
///   - name: a success between them
///     each: { event.action: ssh_login, source.ip: 203.0.113.7 }
///     events:
///     - { event.outcome: failure, repeat: 4 }
///     - { event.outcome: success, after: 1m }              # later than the event before
///     expect: no_match
/// "#).build()?;
/// let report = rules.test();
/// assert!(report.passed(), "{report}");
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// Fields that every event holds unless it says otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, Value>,
    /// The events, at least one and at most 100,000 with their repetitions.
    pub events: Vec<TestEvent>,
    /// What is to come of them.
    pub expect: Expectation,
}

/// An event of a test, or several that are alike.
///
/// Fields are written by their dotted names; values are read as from JSON. Time begins at 1970-01-01T00:00:00Z, where the
/// windows of every rule begin too, so that events closer together than a window fall into one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TestEvent {
    /// The time since the beginning of the test. Not together with `after`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "human::option")]
    pub at: Option<Duration>,
    /// The time since the event before, 0 if neither is said.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "human::option")]
    pub after: Option<Duration>,
    /// How often it happens, once if absent. Then `{n}` in texts stands for the number of the repetition, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// The time between repetitions, 1 s if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "human::option")]
    pub every: Option<Duration>,
    /// Its fields.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Value>,
}

/// What is to come of a test's events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expectation {
    /// At least one finding: `match`.
    Match,
    /// No finding: `no_match`.
    NoMatch,
    /// `{ findings: 1, subject: 203.0.113.7 }`
    Exactly {
        /// How many findings, at least one if absent.
        findings: Option<u32>,
        /// The subject of each of them.
        subject: Option<String>,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Exactly {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    findings: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Expectation::Match => serializer.serialize_str("match"),
            Expectation::NoMatch => serializer.serialize_str("no_match"),
            Expectation::Exactly { findings, subject } => {
                Exactly { findings: *findings, subject: subject.clone() }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Expectation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`match`, `no_match` or `{ findings: 1 }`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Expectation, E> {
        match word {
            "match" => Ok(Expectation::Match),
            "no_match" => Ok(Expectation::NoMatch),
            other => Err(E::unknown_variant(other, &["match", "no_match"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expectation, A::Error> {
        let Exactly { findings, subject } = Exactly::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Expectation::Exactly { findings, subject })
    }
}
