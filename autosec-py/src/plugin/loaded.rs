use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::{Block, EnforceConfig, FirewallIntegration, Status};
use autosec_core::net;
use autosec_integrations::plugin::firewall::Plan;
use autosec_integrations::plugin::loader::PluginLoader;
use autosec_integrations::plugin::manifest::{Grant, Manifest, SignatureError, Signer, Verifier};
#[cfg(feature = "native")]
use autosec_integrations::plugin::native::{Isolation, Runs};
use autosec_integrations::plugin::registry::{PluginRegistry, Settings};
#[cfg(feature = "wasm")]
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use ipnet::IpNet;
use pyo3::prelude::*;
use serde_json::{Value, json};

use super::class::Asked;
use super::grant::Granted;
use super::home::Home;
use crate::enforce::run;
use crate::error;
use crate::extend::PyClient;
use crate::log::Log;

/// The largest manifest and the largest file of a grant, in bytes.
const LARGEST: u64 = 1 << 20;

/// A plugin uses one instance of its code, and more while it is replaced.
#[cfg(feature = "wasm")]
const INSTANCES: u32 = 8;

/// How long a block is that is only thought of.
const PLANNED: Duration = Duration::from_secs(3_600);

/// A plugin that was loaded and configured, alone in a registry of its own.
#[derive(Debug)]
pub(super) struct Loaded {
    name: String,
    plugins: PluginRegistry,
    firewall: Arc<dyn FirewallIntegration>,
    loader: PluginLoader,
    log: Log,
}

/// Whom the host trusts, as the loader takes it.
#[derive(Debug)]
struct Trusting(Arc<dyn Verifier>);

impl Verifier for Trusting {
    fn verify(&self, manifest: &[u8], signature: Option<&[u8]>) -> Result<Signer, SignatureError> {
        self.0.verify(manifest, signature)
    }
}

impl Loaded {
    pub(super) fn load(py: Python<'_>, asked: Asked) -> PyResult<Self> {
        let log = Log::default();
        let (folder, config) = (asked.folder.clone(), asked.config.clone());
        let client = PyClient::own(py, None)?;
        let made = run(py, async {
            let (id, loader) = loader(&asked, client)?;
            let name = asked.name.clone().unwrap_or(id);
            let module = loader.load(&folder).await.map_err(|wrong| error::chain(&wrong))?;
            let settings = Settings { observer: Arc::new(log.clone()), ..Settings::default() };
            let plugins = PluginRegistry::new(settings);
            plugins.add(&name, module).map_err(|wrong| error::chain(&wrong))?;
            plugins.configure(&name, &config).await.map_err(|wrong| error::chain(&wrong))?;
            let firewall = plugins.firewall(&name).map_err(|wrong| error::chain(&wrong))?;
            Ok((name, plugins, firewall, loader))
        });
        log.hand_over(py)?;
        let made: Result<_, String> = made?;
        let (name, plugins, firewall, loader) = made.map_err(|wrong| {
            error::config(py, format!("the plugin in `{}`: {wrong}", asked.folder.display()))
        })?;
        Ok(Self { name, plugins, firewall: Arc::new(Home::new(firewall)), loader, log })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn about(&self) -> Value {
        let Some(info) = self.plugins.list().into_iter().next() else { return Value::Null };
        let did = self.plugins.metrics().into_iter().next().unwrap_or_default();
        let about = info.about;
        json!({
            "id": about.id, "version": about.version, "kind": about.kind, "vendor": info.vendor,
            "signer": about.signer, "asked": about.asked, "granted": about.granted,
            "state": info.state.to_string(), "earlier": info.earlier,
            "calls": did.calls, "failures": did.failures, "crashes": did.crashes, "denials": did.denials,
            "last_crash": did.last_crash.map(|(_, words)| words),
        })
    }

    pub(super) fn configure(&self, py: Python<'_>, config: &str) -> PyResult<()> {
        self.doing(py, async {
            self.plugins.configure(&self.name, config).await.map_err(|wrong| error::chain(&wrong))
        })
    }

    pub(super) fn replace(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        self.doing(py, async {
            let module = self.loader.load(&folder).await.map_err(|wrong| error::chain(&wrong))?;
            self.plugins.replace(&self.name, module).await.map_err(|wrong| error::chain(&wrong))
        })
    }

    pub(super) fn plan(&self, py: Python<'_>, targets: Vec<IpNet>) -> PyResult<Value> {
        let block = |target| Block { target, ttl: Some(PLANNED), reason: "a plan".to_owned() };
        let blocks: Vec<Block> = targets.into_iter().map(block).collect();
        let planned = self.doing(py, async {
            self.plugins.plan(&self.name, &blocks).await.map_err(|wrong| error::chain(&wrong))
        })?;
        Ok(planned.iter().map(outcome).collect())
    }

    pub(super) fn firewall(&self) -> Arc<dyn FirewallIntegration> {
        Arc::clone(&self.firewall)
    }

    pub(super) fn timeouts(&self, config: EnforceConfig) -> EnforceConfig {
        self.plugins.timeouts(config)
    }

    pub(super) fn log(&self) -> Log {
        self.log.clone()
    }

    fn doing<T: Send>(
        &self,
        py: Python<'_>,
        work: impl Future<Output = Result<T, String>> + Send,
    ) -> PyResult<T> {
        let done = run(py, work)?;
        self.log.hand_over(py)?;
        done.map_err(|wrong| error::config(py, wrong))
    }
}

/// The id that the manifest says, and what loads the plugin.
fn loader(asked: &Asked, client: PyClient) -> Result<(String, PluginLoader), String> {
    let path = asked.folder.join("plugin.toml");
    let manifest =
        Manifest::parse(&path.to_string_lossy(), &read(&path)?).map_err(|wrong| wrong.to_string())?;
    let grant = match &asked.grant {
        Granted::Nothing => Grant::nothing(),
        Granted::AsAsked => Grant::as_asked(&manifest),
        Granted::File(path) => {
            Grant::parse(&path.to_string_lossy(), &read(path)?).map_err(|wrong| wrong.to_string())?
        }
        Granted::Text(text) => Grant::parse("grant", text).map_err(|wrong| wrong.to_string())?,
    };
    let loader = PluginLoader::new(Trusting(Arc::clone(&asked.verifier)))
        .grant(manifest.id.clone(), grant.with_networks(asked.networks.iter().copied()))
        .secrets(Arc::clone(&asked.secrets))
        .client(Arc::new(client));
    Ok((manifest.id, native(wasm(loader)?, asked)))
}

#[cfg(feature = "wasm")]
fn wasm(loader: PluginLoader) -> Result<PluginLoader, String> {
    let config = WasmRuntimeConfig { instances: INSTANCES, ..WasmRuntimeConfig::default() };
    Ok(loader.wasm(WasmRuntime::new(config).map_err(|wrong| error::chain(&wrong))?))
}

#[cfg(not(feature = "wasm"))]
#[expect(clippy::unnecessary_wraps, reason = "where there is a runtime, it may not start")]
fn wasm(loader: PluginLoader) -> Result<PluginLoader, String> {
    Ok(loader)
}

#[cfg(feature = "native")]
fn native(loader: PluginLoader, asked: &Asked) -> PluginLoader {
    let Some(libraries) = &asked.libraries else { return loader };
    let runner = asked.runner.as_ref();
    loader.native(runner.map_or(Runs::InProcess, |runner| Runs::Isolated(Isolation::new(runner))), libraries)
}

#[cfg(not(feature = "native"))]
fn native(loader: PluginLoader, _asked: &Asked) -> PluginLoader {
    loader
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.map(|_| text).map_err(|wrong| format!("`{}`: {wrong}", path.display()))
}

fn outcome(plan: &Plan) -> Value {
    let (status, why) = match &plan.status {
        Status::Observed => ("observed", plan.detail.as_str()),
        Status::Done => ("done", plan.detail.as_str()),
        Status::Unsupported(why) => ("unsupported", why.as_str()),
        Status::Rejected(why) => ("rejected", why.as_str()),
        _ => ("other", plan.detail.as_str()),
    };
    json!({ "target": net::display(plan.target), "status": status, "why": why })
}
