use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::observe::Observer;

use crate::plugin::firewall::DEADLINE;
use crate::plugin::interface::{Crash, Failure, Guest, Metadata};
use crate::plugin::manifest::one_line;

/// How much of a plugin's words an error shows, in characters.
const WORDS_LIMIT: usize = 240;

/// A plugin that was loaded, and can be configured any number of times.
///
/// Whatever it is made of: what a folder holds is loaded as one, and a host may bring its own.
#[async_trait]
pub trait Module: Debug + Send + Sync {
    /// Which plugin it is, and what it may do.
    fn about(&self) -> &About;

    /// What the plugin says of itself.
    fn metadata(&self) -> &Metadata;

    /// The JSON Schema of its configuration.
    fn config_schema(&self) -> &str;

    /// Makes a running plugin for the firewall called `name` of a configuration that fits the schema. What it is denied is
    /// told to `observer`.
    ///
    /// # Errors
    /// The plugin refuses the configuration, or did not come to its end.
    async fn configure(
        &self,
        name: &str,
        config_json: &str,
        observer: Arc<dyn Observer>,
    ) -> Result<Configured, ConfigureError>;

    /// The most memory that an instance of it has taken so far, in bytes, where that is known.
    fn memory_peak(&self) -> Option<u64> {
        None
    }
}

/// A plugin that runs.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The plugin.
    pub guest: Arc<dyn Guest>,
    /// How long a call of it may take.
    pub deadline: Duration,
}

impl Configured {
    /// A plugin whose calls may take [`DEADLINE`].
    pub fn new(guest: Arc<dyn Guest>) -> Self {
        Self { guest, deadline: DEADLINE }
    }
}

/// Which plugin a [`Module`] is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct About {
    /// Its id: what its metadata has to name as well.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it is made of, in a word: `wasm`, `native`, `isolated`.
    pub kind: String,
    /// Where it was loaded from, if from a folder.
    pub folder: Option<PathBuf>,
    /// Who signed it, if anybody did.
    pub signer: Option<String>,
    /// What it asks for, one line each.
    pub asked: Vec<String>,
    /// What of that it was granted, one line each.
    pub granted: Vec<String>,
}

/// Why a plugin does not run with a configuration.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// The plugin refuses it.
    #[error("the plugin refuses it: {}", one_line(&.0.message, WORDS_LIMIT))]
    Refused(Failure),
    /// The plugin did not come to its end.
    #[error(transparent)]
    Crash(#[from] Crash),
    /// The host cannot give the plugin what it needs with it.
    #[error("{0}")]
    Host(String),
}
