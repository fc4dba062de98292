//! What is usual for whom: baselines of entities, and an analyzer that weighs events against them.

mod aliases;
mod baseline;
mod baselines;
mod bytes;
mod config;
mod crowd;
mod feature;
mod freeman;
mod observation;
mod peers;
mod sources;

pub use aliases::Aliases;
pub use baseline::{Ageing, Baseline};
pub use feature::Feature;
pub use freeman::Freeman;
