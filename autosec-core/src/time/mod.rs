//! Event time and wall clock: [`Timestamp`], [`Clock`] and durations as people write them.

mod clock;
pub mod human;
mod timestamp;

pub use clock::{Clock, ManualClock, SystemClock};
pub use timestamp::{Timestamp, TimestampError};
