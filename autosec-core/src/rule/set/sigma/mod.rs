//! Sigma documents of all sources: read one by one, then bound to each other, then compiled.
//!
//! `read` reads and binds: `names` finds what references mean, `filters` joins filters to conditions, `correlations` finds
//! the fields and the order of correlations. `compile` makes rules of it that are ready
//! to run, each by `assemble`.

mod assemble;
mod compile;
mod correlations;
mod filters;
mod names;
mod read;

pub(super) use compile::compile;
pub(super) use read::{Given, is_search, read};
