//! How often values were seen with everyone, and with each peer group.
//!
//! `bucket` is a cache line of cells, `moment` the time they are read and added to at, `key` where a value is in the table, `table`
//! the table itself, and `glance` what it says of all values of an event.

mod bucket;
mod glance;
mod key;
mod moment;
mod table;

pub(super) use glance::{Glance, Shares};
pub(super) use key::Circle;
pub(super) use moment::Moment;
pub(super) use table::{Crowd, Share, Spot};
