//! From a checked condition to what runs: predicates with prepared literals, and the gates that say which rules an event
//! can match at all.
//!
//! Everything here happens once, when a rule set is built, so that an event costs as little as it can:
//!
//! - `lower` prepares each test (searchers, automata, sorted ranges, hash tables) and sorts the parts of `and` and `or`
//!   by their cost, which changes no answer because tests have no effects;
//! - `gate` files rules by a value they need, so that most rules are never looked at;
//! - `predicate` is the result. It neither allocates nor fails, and recurses no deeper than the parser allowed.

pub(super) mod alone;
mod gate;
mod glob;
mod lower;
pub(super) mod predicate;
pub(super) mod program;
mod search;
mod spelling;
mod text;
