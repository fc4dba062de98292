//! Rules: a small expression language, counting over windows of event time, and a [`RuleSet`] that looks at events.
//!
//! # The expression language
//!
//! | form | meaning |
//! |---|---|
//! | `a and b`, `a or b`, `not a`, `(a)` | also `&&`, `\|\|`, `!`; `not` binds strongest, `or` weakest |
//! | `field == value`, `!=`, `<`, `<=`, `>`, `>=` | also `eq`, `ne`, `lt`, `le`, `gt`, `ge`; order needs a number |
//! | `field in { v w }` | texts, integers and ranges (`1..1024`, both ends included), addresses and prefixes |
//! | `field in $list` | a [`List`] the host has given a name |
//! | `field contains "x"`, `starts_with`, `ends_with` | with a set, `field contains { "x" "y" }`: any of them |
//! | `field matches r"…"` | a regular expression, anywhere in the text |
//! | `exists(field)`, `field` | the event holds the field; a boolean field is true |
//! | `lower(field) …` | the comparison ignores the case of ASCII letters (`matches`: of all letters) |
//!
//! Texts stand in double quotes with the escapes `\"`, `\\`, `\n`, `\r`, `\t`, `\xHH` and `\u{…}`, or raw as `r"…"`
//! and `r#"…"#`. A test of a field that the event lacks, or that holds a value of another kind, is false: also with
//! `!=`, so that `user.name != "root"` needs a user, and `not user.name == "root"` does not. A list passes a test when
//! any of its values does.
//!
//! By example:
//!
//! ```
//! use std::net::IpAddr;
//!
//! use autosec_core::event::{Event, Schema, Value, field};
//! use autosec_core::finding::{Detector, Findings};
//! use autosec_core::measure::Severity;
//! use autosec_core::rule::{Rule, RuleSet};
//! use autosec_core::time::Timestamp;
//!
//! let event = Event::new(Timestamp::EPOCH)
//!     .with(field::SOURCE_IP, "203.0.113.7".parse::<IpAddr>().unwrap())
//!     .with(field::SOURCE_PORT, 4711_i64)
//!     .with(field::URL_PATH, "/Shop/../../etc/passwd")
//!     .with(field::TAGS, Value::List(vec!["vpn".into(), "mobile".into()]));
//! let holds = |when: &str| {
//!     let rules = RuleSet::builder(&Schema::ecs()).rule(Rule::new("one", Severity::Low, when)).build().unwrap();
//!     let mut findings = Findings::default();
//!     rules.detect(&event, &mut findings);
//!     !findings.found().is_empty()
//! };
//! assert!(holds(r#"source.ip in { 203.0.113.0/24 2001:db8::/32 }"#));
//! assert!(holds(r#"source.port in { 22 1024..65535 }"#));
//! assert!(holds(r#"url.path contains { "/../" "%2e%2e" } and not url.path starts_with "/static/""#));
//! assert!(!holds(r#"url.path starts_with "/shop""#), "texts are compared as they are");
//! assert!(holds(r#"lower(url.path) starts_with "/shop""#));
//! assert!(holds(r#"url.path matches r"/etc/(passwd|shadow)$""#));
//!
//! // A field that the event lacks passes no test, so both of these are false, and `not` makes one true.
//! assert!(!holds(r#"user.name == "root""#) && !holds(r#"user.name != "root""#));
//! assert!(holds(r#"not user.name == "root""#) && holds("not exists(user.name)"));
//!
//! // One value of a list is enough, also for `!=`.
//! assert!(holds(r#"tags == "vpn""#) && holds(r#"tags != "vpn""#) && !holds(r#"not tags == "vpn""#));
//! ```
//!
//! # What a rule says beyond its expression
//! A rule without `count` and `distinct` gives a finding for each event that satisfies its expression. With one of them it
//! counts such events, or different values of a field in them, for each key (the values of the `by` fields) in a window
//! of event time, and gives a finding when there are enough.
//!
//! A window moves by slots, sixteenths of its length, that begin at the same points in time for every key, every shard
//! and every replay. With `within: 160s` a slot is ten seconds long, and an event at 14:02:11 is counted in the window
//! that began at 13:59:40 and ends with 14:02:20. In each stretch of sixteen slots (an *epoch*) a key gives at most one
//! finding, so that an attack that goes on gives one a window and not one an event. Epochs are absolute too: an attack
//! that straddles the end of one may give two findings soon after each other.
//!
//! Order does not matter within the [lateness](RuleSetBuilder::lateness), 10 s by default: an event that arrives late
//! completes the same windows as if it had come in time. Beyond it, the event is not counted and a
//! [fault](crate::finding::FaultKind::Late) says so.
//!
//! The finding is about the rule's `subject`: the field it names, else the first field of `by`, else `source.ip`.
//! Addresses give [`Entity::Address`](crate::entity::Entity) (an IPv6 address its /64), fields below `user` give
//! users, `host.…` hosts. What the finding quotes as evidence is the fields the expression reads.
//!
//! # From text to findings
//! [`RuleSet::builder`] takes YAML, JSON or [`Rule`] values; [`RuleSetBuilder::build`] either gives a set in which
//! everything is resolved, or all that is wrong with all rules at once ([`RuleErrors`]), each with a stable
//! [code](CODES), a place and a help line. A set never changes. To change rules, build another; its windows begin empty.
//!
//! A rule is looked at only for events that can match it at all: each rule waits for something that an event must have
//! for it, as rare as can be: one of a few values of a field, a text within a value, an address. All that rules wait for is
//! found by looking at each value of an event once. So an event costs what it is long and what it matches, and hardly
//! more with many rules than with few: 3,754 Sigma rules take 10 µs for an event of 3.7 KB, 10,000 filters of
//! one line 0.35 µs for a request of eleven fields (2026-11-22, 2-core x86-64 VM under other load).
//!
//! # Limits
//! Limits, each with a diagnostic of its own: 64 KiB an expression, nested 64 deep, 10,000 members a set, 1 MiB a
//! compiled regular expression, 10,000 rules a set, 1 MiB a source.
//!
//! # Sigma
//!
//! [`RuleSetBuilder::sigma`] reads detection rules of Sigma 2.1 with all of its modifiers. Where the specification leaves
//! room, or other engines differ:
//!
//! - `field: null` is true of an event without the field, and `field: ''` of an empty value alone.
//! - A keyword is looked for within every value of the event, whatever its field.
//! - Texts are compared without regard to case unless `cased` or `re` says otherwise. A number stands for its text and the
//!   other way round; one written like `0x10` for both `16` and `0x10`.
//! - A list in an event passes if any of its values does, with `all` any of them for each.
//! - `neq` needs the field to be there; the comparisons need a value that is a number.
//! - `re` is looked for anywhere in the value; `\w`, `\d`, `\s` and `\b` are about ASCII. Look-around is refused.
//! - `fieldref` ignores the case of ASCII letters alone, other texts that of all letters.
//! - Parts of times (`hour`, `year` …) are taken from texts like `2026-11-22T14:53:03Z` as they are written.
//! - The logsource is read but not held against events. A `timeframe`, which means nothing without an aggregation, is
//!   passed over.

mod lang;
mod list;
mod model;
mod plan;
mod run;
mod set;
mod sigma;
mod starter;
mod state;

pub use lang::diagnostic::Diagnostic;
pub use lang::issue::CODES;
pub(crate) use lang::issue::Code;
pub(crate) use lang::yaml;
pub use list::List;
pub use model::{Count, Distinct, Mode, Rule};
pub use run::tally::RuleStats;
pub use set::{RuleErrors, RuleSet, RuleSetBuilder};
pub use sigma::{LogSource, SigmaRule, SigmaStatus};
pub use starter::STARTER;
