//! The expression language of rules: text to tokens to a syntax tree, checked against a schema.
//!
//! The steps, each a module and each with an output of its own type, so that none can be left out:
//!
//! ```text
//! text ─ lexer ─► tokens ─ parse ─► Expr (ast) ─ check ─► Condition      rule::plan goes on from here
//! ```
//!
//! ```text
//! any   = all { ("or" | "||") all }
//! all   = unary { ("and" | "&&") unary }
//! unary = ("not" | "!") unary | "(" any ")" | test
//! test  = "exists" "(" field ")" | subject | subject operator
//! subject  = field | "lower" "(" field ")"
//! operator = comparison literal | "in" (list | literal | set) | ("contains" | "starts_with" | "ends_with") (text | set)
//!          | "matches" text
//! set   = "{" literal { [","] literal } "}"
//! ```
//!
//! The lexer and the parser stop at their first issue, because what follows a wrong token says little; the check goes on
//! and gathers all. An [`Issue`](issue::Issue) knows a place in its own text; only `rule::set` knows where that text
//! stands in a file.

pub(super) mod ast;
pub(super) mod check;
pub(super) mod condition;
pub(super) mod diagnostic;
pub(super) mod issue;
mod lexer;
pub(super) mod parse;
pub(super) mod simple;
pub(super) mod suggest;
pub(super) mod tree;
mod token;
pub(crate) mod yaml;
