//! Rules: [`RuleSet`] loads them, [`LiveRules`] replaces them while events come in, and [`source`] finds their files.

mod list;
mod live;
mod load;
mod options;
mod set;
mod source;

pub(crate) use live::LiveRules;
pub(crate) use options::schema_with;
pub(crate) use set::RuleSet;
