use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use super::bindings::PluginPre;
use super::crash::text;
use super::instance::Instance;
use super::state::State;
use super::ticker::Ticker;
use super::{StartError, WasmGuest, WasmLimits, WasmSession, waited};
use crate::plugin::interface::{Crash, Metadata, Services};

/// A plugin that was compiled, checked and asked what it is; not configured yet. Clones share the code.
#[derive(Clone)]
pub struct WasmPlugin(Arc<Inner>);

struct Inner {
    pre: PluginPre<State>,
    /// Without it nothing would ever be late.
    _ticker: Arc<Ticker>,
    limits: WasmLimits,
    peak: Arc<AtomicUsize>,
    metadata: Metadata,
    schema: String,
}

impl WasmPlugin {
    pub(super) fn new(
        pre: PluginPre<State>,
        ticker: Arc<Ticker>,
        limits: WasmLimits,
        peak: Arc<AtomicUsize>,
        (metadata, schema): (Metadata, String),
    ) -> Self {
        Self(Arc::new(Inner { pre, _ticker: ticker, limits, peak, metadata, schema }))
    }

    /// What the plugin says of itself. Its words are its own: nothing of them was checked.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The JSON Schema of its configuration, as it gives it.
    pub fn config_schema(&self) -> &str {
        &self.0.schema
    }

    /// The most memory that an instance of it has taken so far, in bytes.
    pub fn memory_peak(&self) -> usize {
        self.0.peak.load(Ordering::Relaxed)
    }

    /// A running plugin with this configuration, a JSON text. All that it asks of the host goes to `services`.
    ///
    /// # Errors
    /// It refuses the configuration, or breaks off over it; or there is no place left in the pool.
    pub async fn configure(
        &self,
        config: impl Into<String>,
        services: Arc<dyn Services>,
    ) -> Result<WasmGuest, StartError> {
        WasmGuest::start(self.clone(), config.into(), services).await
    }

    /// The same for this thread, which a call then keeps until it ends. What the services wait for is waited for in `runtime`,
    /// of which this must be no thread.
    ///
    /// # Errors
    /// It refuses the configuration, or breaks off over it; or there is no place left in the pool.
    pub fn session(
        &self,
        config: impl Into<String>,
        services: Arc<dyn Services>,
        runtime: &Handle,
    ) -> Result<WasmSession, StartError> {
        let linked = waited::linker(self.0.pre.engine(), runtime)
            .and_then(|linker| linker.instantiate_pre(self.0.pre.instance_pre().component()))
            .and_then(PluginPre::new);
        let pre = linked.map_err(|error| Crash::Protocol(text(&error)))?;
        WasmSession::start(self.clone(), pre, config.into(), services)
    }

    pub(super) fn state(&self, services: Arc<dyn Services>) -> State {
        State::new(services, &self.0.limits, Arc::clone(&self.0.peak))
    }

    pub(super) async fn instance(
        &self,
        config: &str,
        services: Arc<dyn Services>,
        within: Duration,
    ) -> Result<Instance, StartError> {
        Instance::configured(&self.0.pre, self.state(services), config, within).await
    }

    pub(super) fn limits(&self) -> &WasmLimits {
        &self.0.limits
    }
}

impl std::fmt::Debug for WasmPlugin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Inner { metadata, limits, .. } = &*self.0;
        let mut shown = formatter.debug_struct("WasmPlugin");
        shown.field("metadata", metadata).field("limits", limits).finish_non_exhaustive()
    }
}
