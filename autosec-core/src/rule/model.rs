//! What a rule says, as it is written: [`Rule`] and its parts. A rule file is a YAML (or JSON) list of rules.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::operator::{Average, NewValue, Quantile, Rate, Sequence, Sum};
use crate::finding::Response;
use crate::measure::{Confidence, Severity};
use crate::time::human;

/// A rule as it is written. Nothing in it is checked before a rule set is built from it.
///
/// ```
/// use autosec_core::rule::RuleSet;
/// use autosec_core::event::Schema;
///
/// let rules = "
/// - id: ssh-brute-force
///   name: SSH brute force
///   severity: high
///   tags: [attack.t1110]
///   when: event.action == \"ssh_login\" and event.outcome == \"failure\"
///   count: { by: [source.ip], within: 10m, at_least: 5 }
///   response: { action: block, for: 1h }
/// ";
/// let set = RuleSet::builder(&Schema::ecs()).source("ssh.yaml", rules).build()?;
/// assert_eq!(set.rules().count(), 1);
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
///
/// Every key a rule can have:
///
/// ```
/// # use autosec_core::{event::Schema, rule::RuleSet};
/// let rules = r#"
/// - id: admin-guessing               # required; unique in the set
///   name: Guessing of the admin page # required
///   description: >-
///     One address tries passwords of the admin page. Look whether one was right.
///   severity: high                   # required: informational, low, medium, high, critical
///   confidence: 0.9                  # 0.8 if absent
///   tags: [attack.t1110]
///   when: >-                         # required
///     event.action == "http_request" and url.path starts_with "/admin"
///     and http.response.status_code in { 401 403 }
///   count: { by: [source.ip], within: 5m, at_least: 10 }   # or another operator, or none
///   subject: source.ip               # the first field of `by` if absent
///   response: { action: block, for: 2h }                   # none if absent: the risk decides
///   mode: shadow                     # enforce if absent; off
/// "#;
/// let set = RuleSet::builder(&Schema::ecs()).source("admin.yaml", rules).build()?;
/// assert_eq!(set.rules().next().unwrap().confidence.value(), 0.9);
///
/// // Every operator there is besides `count`.
/// let operators = r#"
/// - { id: a, name: A, severity: low, when: exists(url.path), rate: { by: [source.ip], within: 1m, at_least: 20/s } }
/// - { id: b, name: B, severity: low, when: exists(url.path), distinct: { of: url.path, by: [source.ip], within: 1m, at_least: 50 } }
/// - { id: c, name: C, severity: low, when: exists(url.path), sum: { of: http.response.bytes, by: [source.ip], within: 1h, at_least: 1.0e+9 } }
/// - { id: d, name: D, severity: low, when: exists(url.path), avg: { of: http.response.bytes, by: [url.path], within: 1h, below: 10, samples: 50 } }
/// - { id: e, name: E, severity: low, when: exists(url.path), quantile: { of: http.response.bytes, q: 0.95, by: [url.path], within: 1h, at_least: 1.0e+6 }, subject: url.path }
/// - { id: f, name: F, severity: low, when: exists(source.ip), new_value: { of: [source.ip], by: [user.name], learn: 7d, forget: 90d } }
/// - id: g
///   name: G
///   severity: low
///   when: event.action == "login"
///   sequence:
///     by: [source.ip]
///     within: 5m
///     ordered: true                  # true if absent
///     steps:
///       - when: event.outcome == "failure"
///       - { when: event.outcome == "success", by: [source.ip] }   # `by` as above if absent
///       - { when: event.outcome == "unknown", absent: true }      # must not happen
/// "#;
/// let set = RuleSet::builder(&Schema::ecs()).source("operators.yaml", operators).build()?;
/// assert_eq!(set.rules().count(), 7);
/// # Ok::<(), autosec_core::rule::RuleErrors>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its stable id, in kebab case, at most 64 bytes: `ssh-brute-force`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it finds and what to do about it, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How bad it is if true.
    pub severity: Severity,
    /// How sure the rule is, 0..=1.
    #[serde(default = "Rule::default_confidence")]
    pub confidence: Confidence,
    /// Tags, ATT&CK techniques among them (`attack.t1110`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The expression an event must satisfy: `url.path contains "../" and not source.ip in $office`.
    pub when: String,
    /// Alarms when so many events fall into a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// Alarms when so many different values fall into a window. A rule has one such operator at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// Alarms when events come so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Alarms when numbers add up to enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<Sum>,
    /// Alarms when the average of numbers is high or low enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg: Option<Average>,
    /// Alarms when a quantile of numbers is high or low enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<Quantile>,
    /// Alarms when several things happen, in order or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    /// Alarms when a value was never seen before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_value: Option<NewValue>,
    /// The field that names whom a finding is about: by default the first field of `by`, else `source.ip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the rule asks for, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// Whether its findings count.
    #[serde(default)]
    pub mode: Mode,
}

impl Rule {
    /// A rule that is enforced, with a confidence of 0.8, without state or response.
    ///
    /// For rules that a program makes; those that people keep belong into files. Parts beyond the three are set by field:
    ///
    /// ```
    /// use autosec_core::event::Schema;
    /// use autosec_core::finding::{Action, Response};
    /// use autosec_core::measure::Severity;
    /// use autosec_core::rule::{Mode, Rule, RuleSet};
    ///
    /// let rule = Rule {
    ///     response: Some(Response::new(Action::Block)),
    ///     mode: Mode::Shadow,
    ///     ..Rule::new("no-telnet", Severity::Medium, "destination.port == 23")
    /// };
    /// let rules = RuleSet::builder(&Schema::ecs()).rule(rule).build()?;
    /// assert_eq!(rules.stats().count(), 1);
    /// # Ok::<(), autosec_core::rule::RuleErrors>(())
    /// ```
    pub fn new(id: impl Into<String>, severity: Severity, when: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            description: String::new(),
            severity,
            confidence: Self::default_confidence(),
            tags: Vec::new(),
            when: when.into(),
            count: None,
            distinct: None,
            rate: None,
            sum: None,
            avg: None,
            quantile: None,
            sequence: None,
            new_value: None,
            subject: None,
            response: None,
            mode: Mode::Enforce,
        }
    }

    fn default_confidence() -> Confidence {
        Confidence::clamped(0.8)
    }
}

/// Alarms when at least `at_least` events with the same values of `by` fall into a window of the length `within`.
///
/// `count: { by: [source.ip], within: 10m, at_least: 5 }` is "five in ten minutes from one address". Which events are
/// counted is the rule's `when`. See [the module](super) for how windows move.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The fields that tell keys apart, one to eight; an event without one of them is not counted. An IPv6 address
    /// stands for its client's prefix, a list for itself as a whole.
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// How many events it takes, at least one.
    pub at_least: u32,
}

/// Alarms when at least `at_least` different values of `of` fall into a window of the length `within`, among events
/// with the same values of `by`.
///
/// `distinct: { of: user.name, by: [source.ip], within: 10m, at_least: 5 }` is "one address tries five names": a spray, which
/// a count of events could not tell from one user's forgotten password. Turned around, `of: source.ip, by: [user.name]`
/// is "many addresses try one account".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    /// The field whose values are counted; an event without it is not counted. A list is one value.
    pub of: String,
    /// The fields that tell keys apart, one to eight; an event without one of them is not counted. An IPv6 address
    /// stands for its client's prefix, a list for itself as a whole.
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// How many different values it takes, 1 to 1,000,000. Up to 1,024 they are counted one by one; beyond, only every
    /// second, fourth … of the values there can be, so that 513 to 1,024 of those counted make up the threshold: what is
    /// counted is then off by 3.1 to 4.4 % (one standard error).
    pub at_least: u32,
}

/// Whether a rule's findings count.
///
/// A new rule starts as `shadow`: its findings appear in verdicts, metrics and [`RuleStats`](super::RuleStats), and once
/// they are what its author expects it is enforced. `off` keeps a rule in the file, checked, so that it still
/// builds on the day it is needed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Findings count.
    #[default]
    Enforce,
    /// Findings are reported and marked, but change neither risk nor decisions.
    Shadow,
    /// The rule is checked but never evaluated.
    Off,
}
