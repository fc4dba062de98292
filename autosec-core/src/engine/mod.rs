//! The whole: an [`Engine`] takes events, gives a [`Verdict`] for each, and enforces what was decided.

mod builder;
mod config;

mod explain;
mod judge;
mod process;
mod verdict;

pub use builder::{BuildError, EngineBuilder};
pub use config::{Allowed, EngineConfig, SettingError};
pub use explain::Explanation;
pub use process::Engine;
pub use verdict::{Assessment, Verdict};
