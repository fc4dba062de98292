//! Rules: a small expression language, counting over windows of event time, and a [`RuleSet`] that looks at events.
//!
//! # The expression language
//!
//! | form | meaning |
//! |---|---|
//! | `a and b`, `a or b`, `not a`, `(a)` | also `&&`, `\|\|`, `!`; `not` binds strongest, `or` weakest |
//! | `field == value`, `!=`, `<`, `<=`, `>`, `>=` | also `eq`, `ne`, `lt`, `le`, `gt`, `ge`; order needs a number |
//! | `field in { v w }` | texts, integers and ranges (`1..1024`, both ends included), addresses and prefixes |
//! | `field in $list` | a [`List`] that has a name, whose members the host may replace |
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
//! A rule without an operator gives a finding for each event that satisfies its expression. With one it remembers such
//! events for each key (the values of the `by` fields), in event time, and gives a finding when there is enough:
//!
//! | operator | alarms when, within the window | what it holds of a key |
//! |---|---|---|
//! | [`count`](Count) | so many events fall into it | 4 bytes a slot |
//! | [`rate`](Rate) | events come so often: `20/s` | 4 bytes a slot |
//! | [`distinct`](Distinct) | so many different values do; above 1,024 within 4.4 % (one standard error) | 24 to 30 bytes a value, at most 1,288 |
//! | [`sum`](Sum), [`avg`](Average) | numbers add up to, or are on average, so much; exact to a millionth | 32 bytes a slot |
//! | [`quantile`](Quantile) | a quantile reaches so much, or stays below; exact | 20 bytes a slot |
//! | [`sequence`](Sequence) | steps happen in order or in any order, and others do not | 16 bytes an event, at most 64 |
//! | [`new_value`](NewValue) | a value comes that was never seen; one in four million is missed | 8 bytes a value, at most 1,024 |
//!
//! Every operator takes constant time an event and a bounded number of bytes a key, whoever floods it with what. All keys
//! together stay within [a number](RuleSetBuilder::keys_per_rule) and [bytes](RuleSetBuilder::memory).
//!
//! A window moves by slots, sixteenths of its length, that begin at the same points in time for every key, every shard
//! and every replay. With `within: 160s` a slot is ten seconds long, and an event at 14:02:11 is counted in the window
//! that began at 13:59:40 and ends with 14:02:20. In each stretch of sixteen slots (an *epoch*) a key gives at most one
//! finding, so that an attack that goes on gives one a window and not one an event. Epochs are absolute too: an attack
//! that straddles the end of one may give two findings soon after each other.
//!
//! Order does not matter within the [lateness](RuleSetBuilder::lateness), 10 s by default: an event that arrives late
//! completes the same windows as if it had come in time. Beyond it, the event is not counted and a
//! [fault](crate::finding::FaultKind::Late) says so. Thresholds that more events can undo again (an average, a quantile, a sum
//! of negative numbers, `below`) are judged as each event comes in; there the order of events within a window can matter.
//!
//! What rules remember can be [written down](RuleSet::snapshot) and taken up after a [restart](RuleSetBuilder::resume), by
//! [another shard](RuleSet::merge), or by [the next rule set](RuleSet::take_state_from).
//!
//! The finding is about the rule's `subject`: the field it names, else the first field of `by`, else `source.ip`.
//! Addresses give [`Entity::Address`](crate::entity::Entity) (an IPv6 address its /64), fields below `user` give
//! users, `host.…` hosts. What the finding quotes as evidence is the fields the expression reads.
//!
//! # From text to findings
//! [`RuleSet::builder`] takes YAML, JSON, TOML or [`Rule`] values; [`RuleSetBuilder::build`] either gives a set in which
//! everything is resolved, or all that is wrong with all rules at once ([`RuleErrors`]), each with a stable
//! [code](CODES), a place and a help line. [`RuleSetBuilder::build_lenient`] leaves out what is wrong instead. Rules of a
//! set never change, only the members of its [lists](RuleSet::replace_list) do. To change rules, build another set; what
//! unchanged rules remember can be taken over, that of others begins empty.
//!
//! Beside rules, a source or the host gives [exceptions](Exception), which take events away from rules, and lists. Tests
//! that [stand in rules](RuleTest) are run by [`RuleSet::test`].
//!
//! A rule is looked at only for events that can match it at all: each rule waits for something that an event must have
//! for it, as rare as can be: one of a few values of a field, a text within a value, an address. All that rules wait for is
//! found by looking at each value of an event once. So an event costs what it is long and what it matches, and hardly
//! more with many rules than with few: 3,754 Sigma rules take 10 µs for an event of 3.7 KB, 10,000 filters of
//! one line 0.35 µs for a request of eleven fields (2026-11-22, 2-core x86-64 VM under other load).
//!
//! # Asking about rules
//! - [`RuleSet::explain`]: why a rule matches an event, or why not, which tests would have to turn out otherwise, and how
//!   far its window is.
//! - [`Backtest`]: what rules would have found in a log, what each costs, and what other rules would find instead.
//! - [`LiveRules`]: rules that are replaced under load.
//! - [`RuleSet::image`]: the set as bytes, read back by [`RuleSetBuilder::image`].
//!
//! A rule in shadow mode is treated like any other by all of these, and each says that it is in shadow mode.
//!
//! # Limits
//! Limits, each with a diagnostic of its own: 64 KiB an expression, nested 64 deep, 10,000 members a set, 1 MiB a
//! compiled regular expression, 100,000 rules a set unless the host [says otherwise](RuleSetBuilder::rule_limit), 1 MiB,
//! 64 levels and 1,000,000 values a source (of Sigma 100,000), 100,000 events a test. Behind what is no YAML, reading goes on up to 16 times
//! a source.
//!
//! # Sigma
//!
//! [`RuleSetBuilder::sigma`] reads the rules, correlations and filters of Sigma 2.1. Where the specification leaves room,
//! or other engines differ:
//!
//! - `field: null` is true of an event without the field, and `field: ''` of an empty value alone.
//! - A keyword is looked for within every value of the event, whatever its field.
//! - Texts are compared without regard to case unless `cased` or `re` says otherwise. A number stands for its text and the
//!   other way round, as both are written: `5` is not `5.0`. One written like `0x10` stands for both `16` and `0x10`.
//! - A list in an event passes if any of its values does, with `all` any of them for each.
//! - `neq` needs the field to be there; the comparisons need a value that is a number.
//! - `re` is looked for anywhere in the value; `\w`, `\d`, `\s` and `\b` are about ASCII. Look-around is refused.
//! - `fieldref`, and a text of ASCII alone, ignore the case of ASCII letters alone, other texts that of all letters.
//! - Parts of times (`hour`, `year` …) are taken from texts like `2026-11-22T14:53:03Z` as they are written.
//! - The logsource is not held against events unless [`RuleSetBuilder::route_by_logsource`] asks for it. A `timeframe`, which
//!   means nothing without an aggregation, is passed over.
//! - [Pipelines](RuleSetBuilder::sigma_pipeline) may give a field several names. Any will do then, but `null` and
//!   `exists: false` ask that the event has none of them.
//!
//! **Correlations** count what the rules find that they refer to, by `id` or `name`, in whatever source of the set these stand (not in an image):
//! `event_count`, `value_count`, `value_sum`, `value_avg`, `value_percentile` (the median if it names none), `temporal` and
//! `temporal_ordered`. A rule may feed any number of correlations, and a correlation others: then the event that completed it
//! counts for them, at the time of its finding.
//!
//! - They look at windows as all [counting rules](RuleSet) do, but `temporal` and `temporal_ordered` as [sequences](Sequence):
//!   from the first to the last event at most the `timespan`, to the microsecond. Each gives one finding a key and sixteen
//!   slots. A `timespan` lasts from a second to 31 days; a month (`M`) is 30.44 days.
//! - An event that several of the rules find counts once. Of `temporal` it stands for all of them, of `temporal_ordered` for
//!   one.
//! - Comparisons in a `condition` hold together: `gt: 100` and `lte: 200` are a range. `temporal` without one asks for all of its
//!   rules, with one for so many different ones; `temporal_ordered` always asks for all.
//! - Without `group-by` all events are one group. An event that lacks a field of it is not counted, nor one without the
//!   value, or the number, that is asked for. A rule that an alias does not speak of has a field of the alias's name.
//! - Detections that correlations refer to give no findings of their own unless one of these says `generate: true`;
//!   correlations always do. A rule that is deprecated or unsupported feeds correlations, but finds nothing itself.
//! - A finding is about the field of `group-by` that comes first in the list at [`RuleSetBuilder::sigma`], else the first.
//!
//! **Filters** join their condition to those of the rules they name (`any` and `all` mean every rule), by `and`: what is to be
//! left out stands behind `not`. They pass over rules of another logsource, and correlations.

mod backtest;
mod explain;
mod image;
mod lang;
mod list;
mod model;
mod operator;
mod plan;
mod run;
mod set;
mod sigma;
mod starter;
mod state;

pub use backtest::{
    Backtest, BacktestReport, Cost, Difference, Moved, Progress, RuleDifference, RuleReport, Sample,
};
pub use explain::{Change, Clause, Explanation, Outcome, Says, Tested, WindowState};
pub use image::ImageError;
pub use lang::diagnostic::Diagnostic;
pub use lang::issue::CODES;
pub(crate) use lang::issue::Code;
pub(crate) use lang::yaml;
pub use list::{List, ListError};
pub use model::{Classic, Count, Distinct, Exception, Expectation, Mode, Rule, RuleTest, TestEvent};
pub use operator::{Average, Frequency, FrequencyError, NewValue, Quantile, Rate, Sequence, Step, Sum};
pub use run::tally::RuleStats;
pub use set::{
    LiveRules, Loaded, ReloadError, Reloaded, Restored, RuleErrors, RuleSet, RuleSetBuilder, TestFailure,
    TestReport,
};
pub use sigma::{
    LogSource, LogSourceRouting, SIGMA_TO_ECS, SIGMA_WINDOWS_AUDIT, SigmaKind, SigmaRule, SigmaStatus,
};
pub use starter::STARTER;
pub use state::snapshot::SnapshotError;
