//! What a plugin is made of: the one place that tells kinds apart.

use std::sync::Arc;

use super::error::LoadError;
use crate::plugin::interface::{Guest, Metadata, Services};
use crate::plugin::manifest::{Artifact, Limits, PluginKind};
#[cfg(feature = "native")]
use crate::plugin::native::{self, NativePlugin};
use crate::plugin::registry::ConfigureError;
#[cfg(feature = "wasm")]
use crate::plugin::wasm::{self, WasmPlugin};

/// What this host runs plugins with.
#[derive(Clone, Debug, Default)]
pub(super) struct Runtimes {
    #[cfg(feature = "wasm")]
    pub(super) wasm: Option<wasm::WasmRuntime>,
    /// Where a library runs, and the folder of this process's own that it is copied to before.
    #[cfg(feature = "native")]
    pub(super) native: Option<(native::Runs, std::path::PathBuf)>,
}

/// Code that was loaded.
#[derive(Debug)]
pub(super) enum Body {
    #[cfg(feature = "wasm")]
    Wasm(WasmPlugin),
    #[cfg(feature = "native")]
    Native(Box<NativePlugin>),
}

impl Runtimes {
    pub(super) async fn load(&self, artifact: Arc<Artifact>, limits: &Limits) -> Result<Body, LoadError> {
        match artifact.manifest().kind {
            PluginKind::Wasm => self.load_wasm(&artifact, limits).await,
            PluginKind::Native => self.load_native(artifact, limits).await,
        }
    }

    /// What plugins of this kind are called in lists.
    pub(super) fn kind(&self, kind: PluginKind) -> &'static str {
        match kind {
            PluginKind::Wasm => "wasm",
            #[cfg(feature = "native")]
            PluginKind::Native if matches!(self.native, Some((native::Runs::Isolated(_), _))) => "isolated",
            PluginKind::Native => "native",
        }
    }

    #[cfg(feature = "wasm")]
    async fn load_wasm(&self, artifact: &Artifact, limits: &Limits) -> Result<Body, LoadError> {
        let kind = "WebAssembly";
        let runtime = self.wasm.as_ref().ok_or(LoadError::Kind { kind, why: "give the loader a runtime" })?;
        Ok(Body::Wasm(runtime.load(artifact.bytes(), &wasm_limits(limits)).await?))
    }

    #[cfg(not(feature = "wasm"))]
    async fn load_wasm(&self, _artifact: &Artifact, _limits: &Limits) -> Result<Body, LoadError> {
        Err(LoadError::Kind { kind: "WebAssembly", why: "the feature `wasm` is off" })
    }

    #[cfg(all(feature = "native", unix))]
    async fn load_native(&self, artifact: Arc<Artifact>, limits: &Limits) -> Result<Body, LoadError> {
        let why = "give the loader a place to run them";
        let (runs, folder) = self.native.clone().ok_or(LoadError::Kind { kind: "native", why })?;
        let runs = match runs {
            native::Runs::Isolated(mut isolation) => {
                // Addresses, of which an instance reserves more than it uses.
                isolation.memory = isolation.memory.max(limits.memory);
                native::Runs::Isolated(isolation)
            }
            runs => runs,
        };
        let path = super::folder::blocking(move || artifact.place(&folder)).await?;
        let plugin = NativePlugin::load(&path, runs, native_limits(limits)).await?;
        Ok(Body::Native(Box::new(plugin)))
    }

    #[cfg(not(all(feature = "native", unix)))]
    async fn load_native(&self, _artifact: Arc<Artifact>, _limits: &Limits) -> Result<Body, LoadError> {
        Err(LoadError::Kind { kind: "native", why: "the feature `native` is off, or this is no Unix" })
    }
}

impl Body {
    pub(super) fn metadata(&self) -> &Metadata {
        match self {
            #[cfg(feature = "wasm")]
            Self::Wasm(plugin) => plugin.metadata(),
            #[cfg(feature = "native")]
            Self::Native(plugin) => plugin.metadata(),
        }
    }

    pub(super) fn config_schema(&self) -> &str {
        match self {
            #[cfg(feature = "wasm")]
            Self::Wasm(plugin) => plugin.config_schema(),
            #[cfg(feature = "native")]
            Self::Native(plugin) => plugin.config_schema(),
        }
    }

    pub(super) fn memory_peak(&self) -> Option<u64> {
        match self {
            #[cfg(feature = "wasm")]
            Self::Wasm(plugin) => u64::try_from(plugin.memory_peak()).ok(),
            #[cfg(feature = "native")]
            Self::Native(plugin) => plugin.memory_peak(),
        }
    }

    pub(super) async fn configure(
        &self,
        config: &str,
        services: Arc<dyn Services>,
    ) -> Result<Arc<dyn Guest>, ConfigureError> {
        match self {
            #[cfg(feature = "wasm")]
            Self::Wasm(plugin) => match plugin.configure(config, services).await {
                Ok(guest) => Ok(Arc::new(guest)),
                Err(wasm::StartError::Refused(failure)) => Err(ConfigureError::Refused(failure)),
                Err(wasm::StartError::Crashed(crash)) => Err(ConfigureError::Crash(crash)),
            },
            #[cfg(feature = "native")]
            Self::Native(plugin) => match plugin.configure(config, services).await {
                Ok(guest) => Ok(Arc::new(guest)),
                Err(native::StartError::Refused(failure)) => Err(ConfigureError::Refused(failure)),
                Err(native::StartError::Crashed(crash)) => Err(ConfigureError::Crash(crash)),
                Err(other) => Err(ConfigureError::Host(other.to_string())),
            },
        }
    }
}

/// Calls of the host of any kind; each kind has a limit of its own in the gate.
fn host_calls(limits: &Limits) -> u32 {
    let counted = [limits.http_calls, limits.commands, limits.keys, limits.log_lines];
    counted.into_iter().fold(1_000, u32::saturating_add)
}

/// A body crosses the border beside the rest of a request.
fn answer(limits: &Limits) -> usize {
    usize::try_from(limits.body.saturating_mul(2)).unwrap_or(usize::MAX).max(4 << 20)
}

#[cfg(feature = "wasm")]
fn wasm_limits(limits: &Limits) -> wasm::WasmLimits {
    let memory = usize::try_from(limits.memory).unwrap_or(usize::MAX);
    let (host_calls, answer) = (host_calls(limits), answer(limits));
    wasm::WasmLimits { memory, host_calls, answer, ..wasm::WasmLimits::default() }
}

#[cfg(all(feature = "native", unix))]
fn native_limits(limits: &Limits) -> native::NativeLimits {
    let (host_calls, answer) = (host_calls(limits), answer(limits));
    native::NativeLimits { host_calls, answer, ..native::NativeLimits::default() }
}
