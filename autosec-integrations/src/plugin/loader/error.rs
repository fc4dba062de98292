use std::io;
use std::path::PathBuf;

use crate::plugin::manifest::ArtifactError;
use crate::plugin::registry::RegistryError;

/// A plugin that is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The folder of plugins cannot be read, or holds more than 256 folders.
    #[error("the folder of plugins `{}` cannot be used: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its folder holds no plugin that may be loaded.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// It is older than this host takes, whoever signed it.
    #[error(
        "plugin `{id}` has version {version}, and this host takes none before {least}: install a later one"
    )]
    Older {
        /// The plugin's id.
        id: String,
        /// Its version.
        version: String,
        /// The earliest that is taken.
        least: String,
    },
    /// This host does not run plugins of its kind.
    #[error("it is a {kind} plugin, and this host runs none: {why}")]
    Kind {
        /// What it is made of.
        kind: &'static str,
        /// What is missing.
        why: &'static str,
    },
    /// It is no component that can be run.
    #[cfg(feature = "wasm")]
    #[error(transparent)]
    Wasm(#[from] crate::plugin::wasm::LoadError),
    /// It is no library that can be run.
    #[cfg(feature = "native")]
    #[error(transparent)]
    Native(#[from] crate::plugin::native::LoadError),
    /// The registry does not take it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}
