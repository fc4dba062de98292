use std::io;
use std::path::PathBuf;

use crate::plugin::interface::{Crash, Failure};
use crate::plugin::manifest::one_line;

/// Why a library is not taken as a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be opened, or is no plugin of a binary interface that this host speaks.
    #[error("{0}")]
    Refused(String),
    /// The process for it cannot be started.
    #[error("the runner `{}` cannot be started: {source}: the host names the program `autosec-plugin-runner`", runner.display())]
    Runner {
        /// Of the program.
        runner: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It could not say what it is.
    #[error("the plugin cannot describe itself: {0}")]
    Silent(#[from] Crash),
}

/// Why a plugin is not configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It refuses the configuration, and says why.
    #[error("the plugin refuses its configuration: {}", one_line(&.0.message, 240))]
    Refused(Failure),
    /// It cannot be opened, though it once could.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It did not come to its end.
    #[error(transparent)]
    Crashed(#[from] Crash),
}

impl From<StartError> for Crash {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Crashed(crash) => crash,
            other => Self::Gone(other.to_string()),
        }
    }
}
