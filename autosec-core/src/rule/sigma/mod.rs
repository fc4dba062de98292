//! Sigma 2.1 detection rules: YAML to a tree with places, selections and the condition to the conditions of `lang`.
//!
//! What rules mean here, where other engines differ: `field: null` is true of an event without the field; a keyword is
//! looked for in every value of the event; texts are compared without regard to case unless `cased` or `re` says
//! otherwise; a number stands for its text and the other way round.

mod condition;
mod encode;
mod flavour;
mod item;
mod modifier;
mod node;
mod pattern;
mod rule;
mod selection;
mod shape;
mod translate;

pub use rule::{LogSource, SigmaRule, SigmaStatus};
pub(crate) use translate::{Translated, Translation};
