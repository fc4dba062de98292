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
