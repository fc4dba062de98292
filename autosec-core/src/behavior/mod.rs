//! What is usual for whom: baselines of entities, and an analyzer that weighs events against them.

mod baseline;
mod bytes;
mod feature;

pub use baseline::{Ageing, Baseline};
pub use feature::Feature;
