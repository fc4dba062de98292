//! Sigma 2.1 detection rules: YAML to a tree with places, selections and the condition to the conditions of `lang`.
//! What rules mean is said at [`rule`](super).

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
