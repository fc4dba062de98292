//! TOC

mod block;
mod glob;
mod index;
mod intern;
mod lower;
mod need;
pub(super) mod predicate;
pub(super) mod program;
mod rarity;
mod required;
mod search;
pub(super) mod spelling;
mod test;
mod text;
mod waiting;
mod witness;
