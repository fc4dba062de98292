//! The isolation forest: what few random splits part from everything else is unusual.
//!
//! Each tree splits a sample of the rows at random until every row stands alone. Unusual rows do so after few splits, so
//! how deep a row ends, on average over all trees, tells how unusual it is (Liu, Ting and Zhou, "Isolation forest", ICDM
//! 2008). [`Mode`] says how a tree splits and where it stops.
//!
//! Values of any size are fine, large ids and times in nanoseconds included: each column is centred on its median before it
//! is rounded to 32 bits. What is missing (NaN) counts as the median of its column, in training and in scoring: it
//! makes a row neither more usual nor less. A host to which absence matters gives it a column of its own.
//!
//! No wiring to events here: a forest scores rows, and what fills them is the host's, or an analyser's, business.

mod attribution;
mod axis;
mod complete;
mod depth;
mod forest;
mod grow;
mod mixed;
mod node;
mod pooled;
mod record;
mod sample;
mod scale;
mod settings;
mod trees;

pub use attribution::Attribution;
pub use forest::IsolationForest;
pub(crate) use forest::score;
pub use settings::{FitError, ForestBuilder, Mode, Progress};
