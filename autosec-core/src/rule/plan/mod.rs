//! From a checked condition to what runs: predicates with prepared literals, and the gates that say which rules an event
//! can match at all.

pub(super) mod gate;
mod glob;
mod lower;
pub(super) mod predicate;
mod search;
mod spelling;
mod text;
