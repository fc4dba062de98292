use std::sync::Arc;

use wasmtime::component::Linker;

use super::bindings::PluginPre;
use super::code::Compiler;
use super::crash::text;
use super::instance::Instance;
use super::state::State;
use super::ticker::Ticker;
use super::unserved::Unserved;
use super::{LoadError, WasmLimits, WasmPlugin, WasmRuntimeConfig, check, engine, imports};
use crate::plugin::interface::Crash;

/// Compiles plugins and runs them: one a host.
///
/// It keeps a thread that measures time, which ends with the runtime and all that was loaded by it. Clones are the same
/// runtime. Everything asynchronous here needs tokio with its timer.
#[derive(Clone, Debug)]
pub struct WasmRuntime(Arc<Inner>);

struct Inner {
    compiler: Compiler,
    linker: Linker<State>,
    ticker: Arc<Ticker>,
}

impl WasmRuntime {
    /// Reserves the addresses of the pool, and starts the thread: about 2 ms.
    ///
    /// # Errors
    /// The machine does not let it.
    pub fn new(config: WasmRuntimeConfig) -> Result<Self, LoadError> {
        let failed = |error: wasmtime::Error| LoadError::Engine(text(&error));
        let engine = engine::engine(&config).map_err(failed)?;
        let linker = imports::linker(&engine).map_err(failed)?;
        let ticker = Ticker::start(engine.clone()).map_err(|error| LoadError::Engine(error.to_string()))?;
        let compiler = Compiler::new(engine, config);
        Ok(Self(Arc::new(Inner { compiler, linker, ticker: Arc::new(ticker) })))
    }

    /// Compiles a component, or takes it from the cache; checks that it is a firewall plugin; asks it what it is.
    ///
    /// Compiling takes 50 to 100 ms for 100 KB, on a thread of its own; from the cache it is below a millisecond.
    /// `limits` bound the plugin while it describes itself, and are what [`WasmPlugin::configure`] takes by default.
    ///
    /// # Errors
    /// The file is too large, no component, damaged, of another world or another version; or it cannot describe itself.
    pub async fn load(
        &self,
        wasm: impl Into<Arc<[u8]>>,
        limits: &WasmLimits,
    ) -> Result<WasmPlugin, LoadError> {
        let component = self.0.compiler.component(wasm.into()).await?;
        check::world(&component)?;
        let shape = |error: wasmtime::Error| LoadError::Shape(text(&error));
        let pre = PluginPre::new(self.0.linker.instantiate_pre(&component).map_err(shape)?).map_err(shape)?;
        let peak = Arc::default();
        let state = State::new(Arc::new(Unserved), limits, Arc::clone(&peak));
        let instance = Instance::fresh(&pre, state, limits.start).await.map_err(|crash| match crash {
            // The types of what it exports are held against ours when the first instance is made.
            Crash::Protocol(why) => LoadError::Shape(why),
            other => LoadError::Silent(other),
        })?;
        let description = instance.description().await.map_err(LoadError::Silent)?;
        Ok(WasmPlugin::new(pre, Arc::clone(&self.0.ticker), limits.clone(), peak, description))
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Inner").field("compiler", &self.compiler).finish_non_exhaustive()
    }
}
