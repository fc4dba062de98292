use std::fmt;
use std::path::Path;
use std::sync::Arc;

use autosec_plugin_runner::abi::operation;
use autosec_plugin_runner::message::Order;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::exchange::call;
use super::guest::NativeGuest;
use super::line::{Line, Source};
use super::session::library;
use super::{LoadError, NativeLimits, NativeSession, Runs, StartError};
use crate::plugin::interface::{
    Command, CommandResult, Crash, HttpRequest, HttpResponse, KvError, Level, Metadata, Services,
    TransportError,
};

/// A library that was opened, and has said what it is.
#[derive(Clone)]
pub struct NativePlugin(Arc<Described>);

struct Described {
    source: Source,
    metadata: Metadata,
    config_schema: String,
}

impl NativePlugin {
    /// Opens a library and asks what it is.
    ///
    /// This runs its code with all rights of this process or, isolated, of its user: whoever calls vouches for the file, by a
    /// signature at best. A library that was opened in this process stays in it for good, and one that replaces it needs a
    /// path of its own.
    ///
    /// # Errors
    /// It is no plugin of a binary interface that this host speaks, or does not describe itself in time.
    pub async fn load(path: &Path, runs: Runs, limits: NativeLimits) -> Result<Self, LoadError> {
        let unreachable =
            |error| LoadError::Refused(format!("`{}` cannot be found: {error}", path.display()));
        let path = std::path::absolute(path).map_err(unreachable)?;
        let source = Source { path, runs, limits, peak: Arc::default() };
        let start = source.limits.start;
        let described = timeout(start, describe(&source)).await;
        let (metadata, config_schema) = described.map_err(|_| Crash::Deadline(start))??;
        Ok(Self(Arc::new(Described { source, metadata, config_schema })))
    }

    /// What it says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The JSON Schema of its configuration, as a text nobody has looked at.
    pub fn config_schema(&self) -> &str {
        &self.0.config_schema
    }

    /// The most memory that a process of it has taken so far, in bytes; none where it runs in this process, whose memory nobody
    /// can tell apart, and on other systems than Linux.
    pub fn memory_peak(&self) -> Option<u64> {
        self.0.source.peak.most()
    }

    /// Starts and configures it; `config` is a JSON text.
    ///
    /// # Errors
    /// It refuses the configuration, or does not come to an end.
    pub async fn configure(
        &self,
        config: &str,
        services: Arc<dyn Services>,
    ) -> Result<NativeGuest, StartError> {
        NativeGuest::start(self.0.source.clone(), self.0.metadata.clone(), config, services).await
    }

    /// Opens the library for this thread and configures it there, wherever it was loaded; `config` is a JSON text. What the
    /// services wait for is waited for in `runtime`, of which this must be no thread.
    ///
    /// # Errors
    /// It refuses the configuration, or does not come to an end.
    pub fn session(
        &self,
        config: &str,
        services: Arc<dyn Services>,
        runtime: Handle,
    ) -> Result<NativeSession, StartError> {
        let Source { path, limits, .. } = &self.0.source;
        NativeSession::start(&library(path, limits)?, config, services, runtime, limits.clone())
    }
}

impl fmt::Debug for NativePlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativePlugin")
            .field("name", &self.0.metadata.name)
            .field("path", &self.0.source.path)
            .field("runs", &self.0.source.runs)
            .finish_non_exhaustive()
    }
}

async fn describe(source: &Source) -> Result<(Metadata, String), LoadError> {
    let mut line = Line::open(source).await?;
    let order = |operation| Order::Ask { operation, arguments: Vec::new() };
    let metadata = call(&mut line, order(operation::DESCRIBE), &Nothing, &source.limits).await?;
    let schema = call(&mut line, order(operation::CONFIG_SCHEMA), &Nothing, &source.limits).await?;
    Ok((metadata, schema))
}

/// For a plugin that only describes itself: it gets nothing.
#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl Services for Nothing {
    async fn http(&self, _: HttpRequest) -> Result<HttpResponse, TransportError> {
        Err(TransportError::Unsupported)
    }

    async fn exec(&self, _: Command) -> Result<CommandResult, TransportError> {
        Err(TransportError::Unsupported)
    }

    async fn session_exec(
        &self,
        _: &str,
        _: Vec<String>,
        _: Option<u32>,
    ) -> Result<Vec<String>, TransportError> {
        Err(TransportError::Unsupported)
    }

    fn log(&self, _: Level, _: &str) {}

    fn now_ms(&self) -> u64 {
        0
    }

    fn random_u64(&self) -> u64 {
        0
    }

    async fn kv_get(&self, _: &str) -> Result<Option<Vec<u8>>, KvError> {
        Err(nothing())
    }

    async fn kv_set(&self, _: &str, _: Vec<u8>) -> Result<(), KvError> {
        Err(nothing())
    }

    async fn kv_delete(&self, _: &str) -> Result<(), KvError> {
        Err(nothing())
    }
}

fn nothing() -> KvError {
    KvError::Unavailable("it is not configured".to_owned())
}
