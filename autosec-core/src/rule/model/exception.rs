use serde::{Deserialize, Serialize};

use super::{moment, one_or_many};
use crate::time::Timestamp;

/// Events that do not count for a rule, said beside the rule and without rewriting it.
///
/// An event that satisfies `when` neither matches nor is counted: not by the rule's windows, and by no step of a
/// sequence. It goes for rules of Sigma as for native ones. In a file, exceptions stand beside the rules:
///
/// ```
/// use autosec_core::event::Schema;
/// use autosec_core::rule::{List, RuleSet};
///
/// let own = r#"
/// exceptions:
/// - rule: ssh-*                      # an id, several ids, or a part of ids with `*`; `"*"` is every rule
///   when: source.ip in $office       # an expression like that of a rule
///   reason: our own scanner          # for people; may be left out
///   expires: 2027-01-01              # may be left out; from then on the exception is none
/// "#;
/// let rules = RuleSet::builder(&Schema::ecs())
///     .starter()
///     .source("own.yaml", own)
///     .list("office", List::addresses(["192.0.2.0/24".parse()?]))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In code:
///
/// ```
/// use std::net::IpAddr;
///
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::finding::{Detector, Findings};
/// use autosec_core::measure::Severity;
/// use autosec_core::rule::{Exception, Rule, RuleSet};
/// use autosec_core::time::Timestamp;
///
/// let rules = RuleSet::builder(&Schema::ecs())
///     .rule(Rule::new("no-telnet", Severity::Medium, "destination.port == 23"))
///     .exception(Exception::new("no-telnet", "source.ip == 192.0.2.9").because("the museum's terminal"))
///     .build()?;
/// let mut findings = Findings::default();
/// for source in ["192.0.2.9", "192.0.2.10"] {
///     let flow = Event::new(Timestamp::EPOCH).with(field::DESTINATION_PORT, 23_i64);
///     rules.detect(&flow.with(field::SOURCE_IP, source.parse::<IpAddr>()?), &mut findings);
/// }
/// assert_eq!(findings.found().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The ids of the rules, one or several; `*` in them stands for anything. Each must be the id of some rule.
    #[serde(with = "one_or_many")]
    pub rule: Vec<String>,
    /// The expression that an event must satisfy to be left out.
    pub when: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Events from this time on are not left out any more; in event time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment")]
    pub expires: Option<Timestamp>,
}

impl Exception {
    /// Leaves out events that satisfy `when`, for the rule of this id or the rules of this pattern.
    pub fn new(rule: impl Into<String>, when: impl Into<String>) -> Self {
        Self { rule: vec![rule.into()], when: when.into(), reason: String::new(), expires: None }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    /// The same for events before this time only.
    #[must_use]
    pub fn until(self, expires: Timestamp) -> Self {
        Self { expires: Some(expires), ..self }
    }
}
