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
