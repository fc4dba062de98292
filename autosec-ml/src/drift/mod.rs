//! Whether what comes in still is what a model was trained on.
//!
//! | what | answers |
//! |---|---|
//! | [`Deciles`] | by how much two sets of numbers differ: the population stability index |
//! | [`PageHinkley`] | when the mean of a series changed |
//! | [`DriftMonitor`] | both, over windows of event time, for every column of a model and for its scores |
//!
//! A model that drifted is to be trained anew, and what comes of that is best tried beside the old one:
//! [`champion`](crate::champion).

mod deciles;
mod monitor;
mod page_hinkley;
mod record;

pub use deciles::Deciles;
pub use monitor::{Drift, DriftError, DriftMonitor};
pub use page_hinkley::{Change, PageHinkley};
