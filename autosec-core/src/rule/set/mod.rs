//! A rule set: read, checked and compiled as a whole, or refused with everything that is wrong with it.
//!
//! `build` reads the sources and compiles rule by rule; `verify` checks one rule by itself and gathers all that is wrong;
//! `place` finds where in the source an issue belongs, and is asked only when there is one; `rules` is the result.

mod build;
mod builder;
mod definition;
mod errors;
mod explain;
mod live;
mod place;
mod reload;
mod rules;
mod sigma;
mod verify;

pub use builder::RuleSetBuilder;
pub(super) use definition::Definition;
pub use errors::RuleErrors;
pub use live::LiveRules;
pub(super) use reload::extends;
pub use reload::{ReloadError, Reloaded};
pub use rules::RuleSet;
