//! A rule set: read, checked and compiled as a whole, or refused with everything that is wrong with it.
//!
//! `build` reads the sources and compiles rule by rule; `verify` checks one rule by itself and gathers all that is wrong
//! (`state` in what it remembers); `place` finds where in the source an issue belongs, and is asked only when there is one; `rules` is the result,
//! and `chain` how what one rule finds reaches others.

mod build;
mod builder;
mod chain;
mod errors;
mod keep;
mod place;
mod rules;
mod sigma;
mod state;
mod verify;

pub use builder::RuleSetBuilder;
pub use errors::RuleErrors;
pub use keep::Restored;
pub use rules::RuleSet;
