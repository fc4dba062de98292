//! Indicators by the million: [`IndicatorIndex`] holds a [`Snapshot`] of segments that never change, [`Update`] makes the
//! next one.
//!
//! `packed` is an indicator as bytes, `about` what many share, `segment` the records that came together and their tables,
//! `build` makes one.

mod about;
mod batch;
mod build;
mod bytes;
mod limits;
mod live;
mod packed;
mod report;
mod segment;
mod snapshot;
mod spaces;
mod update;

pub(crate) use batch::{Batch, Places};
pub use limits::IndexLimits;
pub use live::IndicatorIndex;
pub(crate) use packed::{Part, Parts, Record, anchor, value_of};
pub use report::{Refusal, UpdateReport};
pub(crate) use segment::Asked;
pub(crate) use snapshot::Found;
pub use snapshot::Snapshot;
pub(crate) use spaces::Spaces;
pub use update::Update;
