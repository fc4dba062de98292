//! Rules: [`RuleSet`] loads them, and [`source`] finds their files.

mod list;
mod options;
mod set;
mod source;

pub(crate) use set::RuleSet;
