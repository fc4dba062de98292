//! What is usual for whom: baselines of entities, and an analyzer that weighs events against them.

pub mod signal;

mod feature;
mod bytes;
mod baseline;
mod baselines;
mod crowd;
mod sources;
mod aliases;
mod peers;
mod observation;
mod snapshot;
mod config;
mod analyzer;

pub use aliases::Aliases;
pub use analyzer::{Assessment, BehaviorAnalyzer, BehaviorBuilder, Challenge};
pub use baseline::{Ageing, Baseline};
pub use config::{BehaviorConfig, BehaviorSettingError};
pub use feature::Feature;
pub use peers::{NamedGroups, PeerGroups};
pub use snapshot::BaselineSnapshotError;
