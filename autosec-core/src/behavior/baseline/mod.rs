//! What is known of one entity: a [`Baseline`], and how it ages.
//!
//! `entry` is one value with its mass, `entries` all of them, `doubt` where somebody failed to prove who they are, `tally` a rate, `place` where somebody was, `ageing` how all of it fades; `learn`
//! adds an event, `merge` another baseline, `view` answers what a signal asks, `pack` turns a baseline into the bytes it is
//! kept as and back.

mod ageing;
mod doubt;
mod entries;
mod entry;
mod learn;
mod merge;
mod pack;
mod place;
mod record;
mod tally;
mod view;
#[cfg(test)]
mod tests;

pub use ageing::Ageing;
pub(in crate::behavior) use ageing::{UNIT, seconds};
pub(in crate::behavior) use learn::{Gained, Lesson, kept};
pub(in crate::behavior) use pack::{OVERHEAD, room};
pub(in crate::behavior) use place::{Place, spread};
pub use record::Baseline;
pub(in crate::behavior) use record::Settling;
pub(in crate::behavior) use view::{Counts, View};
