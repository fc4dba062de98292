//! A rule set: read, checked and compiled as a whole, or refused with everything that is wrong with it.

mod build;
mod builder;
mod errors;
mod place;
mod rules;
mod sigma;
mod verify;

pub use builder::RuleSetBuilder;
pub use errors::RuleErrors;
pub use rules::RuleSet;
