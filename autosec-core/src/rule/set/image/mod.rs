//! Rule sets as bytes: all that a [`RuleSet`](super::RuleSet) is made of once YAML is read, expressions are checked and
//! references are bound.
//!
//! ```text
//! file  = "AutoSecR", version u32, length of the body u64, checksum of the body 16 bytes, body
//! body  = fields, written, rules                      each begins with its length
//! ```
//!
//! `file` knows the whole, `rule` one rule that is ready to run. What a rule says of itself is JSON, conditions are
//! [bytes of their own](crate::rule::image).

mod file;
mod rule;

pub(super) use file::{Image, Lists, write};
