//! Conditions as bytes.
//!
//! `bytes` reads and writes numbers and texts; `condition` knows conditions; `kept` is a condition as a built set keeps it
//! for later questions: the same bytes, a tenth of the tree's memory. Nothing that is read is believed: lengths are held
//! against what is left, nesting has a limit, and what cannot be is an [`ImageError`]. The image of a whole set is written
//! and read by `set::image`.

pub(super) mod bytes;
pub(super) mod condition;
mod error;
pub(super) mod kept;

pub use error::ImageError;
