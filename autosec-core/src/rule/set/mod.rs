//! A rule set: read, checked and compiled, or refused with everything that is wrong with it.
//!
//! `source` takes texts apart and `read` reads rules from the parts; `verify` checks one rule by itself and gathers all that
//! is wrong (with `simple`, `state` and `trial`); `build` compiles rule by rule and `exempt` applies exceptions; `sigma` does
//! the same for Sigma; `load` does all of it in order. `place` finds where in the source an issue belongs, and is asked only
//! when there is one. `watch` asks the host, on the way, whether to go on.
//!
//! `rules` is the result, `chain` how what one rule finds reaches others. What can be done with a set stands by itself: its
//! inline tests are run by `report`, `definition` is what it knows of a rule for those who ask (`explain` among them), `keep`
//! writes down what rules remember, `keys` tells by what they count, `image` is the rules in bytes, and `live` puts one set in the place of another, as `reload` says.

mod build;
mod builder;
mod chain;
mod definition;
mod errors;
mod exempt;
mod explain;
mod image;
mod keep;
mod keys;
mod live;
mod load;
mod place;
mod read;
mod reload;
mod report;
mod rules;
mod sigma;
mod simple;
mod source;
mod state;
mod trial;
mod verify;
mod watch;

pub use builder::RuleSetBuilder;
pub(in crate::rule) use definition::Definition;
pub use errors::RuleErrors;
pub use keep::Restored;
pub use live::LiveRules;
pub use load::Loaded;
pub(in crate::rule) use reload::extends;
pub use reload::{ReloadError, Reloaded};
pub use report::{TestFailure, TestReport};
pub use rules::RuleSet;
