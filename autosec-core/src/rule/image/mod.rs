//! Rule sets as bytes: what a [`RuleSet`](super::RuleSet) is built from once YAML is read and expressions are checked.
//!
//! ```text
//! file  = "AutoSecR", version u32, length of the body u64, checksum of the body 16 bytes, body
//! body  = fields, rules, sigma                        each begins with its length
//! ```
//!
//! `bytes` reads and writes numbers and texts; `condition` knows conditions; `file` the whole. Nothing that is read is
//! believed: lengths are held against what is left, nesting has a limit, and what cannot be is an [`ImageError`].
//! `kept` is a condition as a built set keeps it for later questions: the same bytes, a tenth of the tree's memory.

mod bytes;
mod condition;
mod error;
mod file;
pub(super) mod kept;

pub use error::ImageError;
pub(super) use file::{Image, Stored, write};
