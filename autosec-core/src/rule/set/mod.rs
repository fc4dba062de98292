//! A rule set: read, checked and compiled, or refused with everything that is wrong with it.
//!
//! `source` takes texts apart and `read` reads rules from the parts; `verify` checks one rule by itself and gathers all that
//! is wrong (with `simple` and `trial`); `build` compiles rule by rule and `exempt` applies exceptions; `load` does all of it
//! in order. `place` finds where in the source an issue belongs, and is asked only when there is one; `rules` is the
//! result, whose inline tests `report` runs.

mod build;
mod builder;
mod errors;
mod exempt;
mod load;
mod place;
mod read;
mod report;
mod rules;
mod sigma;
mod simple;
mod source;
mod trial;
mod verify;

pub use builder::RuleSetBuilder;
pub use errors::RuleErrors;
pub use load::Loaded;
pub use report::{TestFailure, TestReport};
pub use rules::RuleSet;
