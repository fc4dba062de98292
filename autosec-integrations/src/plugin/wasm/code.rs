use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::crash::text;
use super::{LoadError, WasmRuntimeConfig, check};

/// Turns files into code, one at a time and away from the threads that answer.
///
/// A compiler cannot be ended from outside. One that is over its time goes on to its end, alone: others wait for it, and
/// are over their own time if it takes too long.
#[derive(Debug)]
pub(super) struct Compiler {
    engine: Engine,
    config: WasmRuntimeConfig,
    turn: Arc<Semaphore>,
}

impl Compiler {
    pub(super) fn new(engine: Engine, config: WasmRuntimeConfig) -> Self {
        Self { engine, config, turn: Arc::new(Semaphore::new(1)) }
    }

    pub(super) async fn component(&self, wasm: Arc<[u8]>) -> Result<Component, LoadError> {
        let (size, limit) = (wasm.len(), self.config.file);
        if size > limit {
            return Err(LoadError::TooLarge { size, limit });
        }
        check::kind(&wasm)?;
        let end = Instant::now() + self.config.compile;
        let late = |_| LoadError::Slow(self.config.compile);
        let turn =
            tokio::time::timeout_at(end, Arc::clone(&self.turn).acquire_owned()).await.map_err(late)?;
        let (engine, cache) = (self.engine.clone(), self.config.cache.clone());
        let work = tokio::task::spawn_blocking(move || {
            let component = match cache {
                Some(cache) => cached(&engine, &cache, &wasm),
                None => compiled(&engine, &wasm),
            };
            drop(turn);
            component
        });
        let done = tokio::time::timeout_at(end, work).await.map_err(late)?;
        done.map_err(|_| LoadError::Invalid("the compiler broke off".to_owned()))?
    }
}

fn cached(engine: &Engine, cache: &super::Cache, wasm: &[u8]) -> Result<Component, LoadError> {
    if let Some(component) = cache.component(engine, wasm) {
        return Ok(component);
    }
    let component = compiled(engine, wasm)?;
    // A cache that cannot be written costs time at the next start, and nothing else.
    let _ = cache.keep(&component, wasm);
    Ok(component)
}

fn compiled(engine: &Engine, wasm: &[u8]) -> Result<Component, LoadError> {
    Component::from_binary(engine, wasm).map_err(|error| LoadError::Invalid(text(&error)))
}
