//! The plugins of `examples/plugins`, as components and as native libraries, behind the real gate, against simulators.

mod cloudflare;
mod equal;
mod fortigate;
mod golden;
mod library;
mod mikrotik;
mod moto;
mod opnsense;
mod panos;
mod prebuilt;
mod wafv2;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::plugin::firewall::PluginFirewall;
use autosec_integrations::plugin::gate::Gate;
use autosec_integrations::plugin::interface::{
    Context, Crash, Entry, Failure, Guest, Health, Metadata, Outcome as Told, Page, Services,
};
use autosec_integrations::plugin::manifest::{Capabilities, Excess, Grant, Manifest};
use autosec_integrations::plugin::native::{NativeLimits, NativePlugin, Runs};
use autosec_integrations::plugin::wasm::{WasmLimits, WasmPlugin, WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{Fingerprint, HttpsClient, HttpsConfig, Trust};
use ipnet::IpNet;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::support::web::{Identity, Site, Web};

/// What a plugin is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Made {
    Component,
    Library,
}

/// Which plugin, how it is configured, and its one secret.
#[derive(Clone, Debug)]
struct Setup {
    plugin: &'static str,
    /// The configuration; `url` is put in.
    config: Value,
    secret: &'static str,
    value: &'static str,
}

/// A device on the network, over TLS, with a certificate of its own making that is pinned.
struct Online {
    web: Web,
    client: Arc<HttpsClient>,
}

impl Online {
    async fn start(site: impl Site) -> Self {
        let identity = Identity::new("device");
        let web = Web::start(Arc::new(site), Some(identity.tls)).await;
        let trust = Trust::Pinned(vec![Fingerprint::of(&identity.certificate)]);
        let client = HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap();
        Self { web, client: Arc::new(client) }
    }

    /// The configuration for this device, and the gate that the plugin has to it.
    fn gate(&self, setup: &Setup) -> (Value, Arc<Gate>) {
        let mut config = setup.config.clone();
        config["url"] = self.web.url("https").into();
        let manifest = manifest(setup.plugin);
        let grant = Grant::as_asked(&manifest).with_networks(["127.0.0.1/32".parse().unwrap()]);
        let capabilities = Capabilities::new(&manifest, &[&grant], &config, Excess::Refuse).unwrap();
        let secrets = FixedSecrets::default().with(setup.secret, setup.value);
        let gate = Gate::builder(capabilities).client(self.client.clone()).secrets(Arc::new(secrets)).build();
        (config, Arc::new(gate))
    }

    /// The plugin, configured for this device.
    async fn guest(&self, made: Made, setup: &Setup) -> Arc<dyn Guest> {
        let (config, gate) = self.gate(setup);
        start(made, setup.plugin, &config, gate).await
    }

    /// The same as a firewall.
    async fn firewall(&self, made: Made, setup: &Setup) -> PluginFirewall {
        let guest = self.guest(made, setup).await;
        PluginFirewall::new(setup.plugin, guest).unwrap().with_deadline(Duration::from_secs(30))
    }

    /// The same without the time between two changes, which is the device's wish and would only make tests long.
    async fn hasty(&self, made: Made, setup: &Setup) -> PluginFirewall {
        let guest = self.guest(made, setup).await;
        let mut metadata = guest.metadata().clone();
        metadata.limits.min_interval_ms = 0;
        let hasty = Arc::new(Hasty { guest, metadata });
        PluginFirewall::new(setup.plugin, hasty).unwrap().with_deadline(Duration::from_secs(30))
    }
}

/// A plugin that may be asked at any time.
#[derive(Debug)]
struct Hasty {
    guest: Arc<dyn Guest>,
    metadata: Metadata,
}

type Results = Vec<Result<Told, Failure>>;

#[async_trait]
impl Guest for Hasty {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    async fn block(&self, context: &Context, entries: &[Entry]) -> Result<Results, Crash> {
        self.guest.block(context, entries).await
    }

    async fn unblock(&self, context: &Context, targets: &[String]) -> Result<Results, Crash> {
        self.guest.unblock(context, targets).await
    }

    async fn list_blocked(
        &self,
        context: &Context,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Result<Page, Failure>, Crash> {
        self.guest.list_blocked(context, cursor, limit).await
    }

    async fn check_health(&self, context: &Context) -> Result<Result<Health, Failure>, Crash> {
        self.guest.check_health(context).await
    }
}

fn plugins() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/plugins")
}

/// The components that are checked in, or others that were built since, for whoever wants these tried.
fn prebuilt() -> PathBuf {
    std::env::var_os("AUTOSEC_PREBUILT").map_or_else(|| plugins().join("prebuilt"), PathBuf::from)
}

fn manifest(plugin: &str) -> Manifest {
    let path = prebuilt().join(plugin).join("plugin.toml");
    Manifest::parse(plugin, &fs::read_to_string(path).unwrap()).unwrap()
}

async fn start(made: Made, plugin: &str, config: &Value, services: Arc<dyn Services>) -> Arc<dyn Guest> {
    match made {
        Made::Component => {
            Arc::new(component(plugin).await.configure(config.to_string(), services).await.unwrap())
        }
        Made::Library => {
            let path = library::built(plugin).await;
            let limits = NativeLimits { start: Duration::from_secs(60), ..NativeLimits::default() };
            let library = NativePlugin::load(&path, Runs::InProcess, limits).await.unwrap();
            Arc::new(library.configure(&config.to_string(), services).await.unwrap())
        }
    }
}

/// The prebuilt component, compiled once for all tests.
async fn component(plugin: &str) -> WasmPlugin {
    static RUNTIME: OnceLock<WasmRuntime> = OnceLock::new();
    static LOADED: Mutex<BTreeMap<String, WasmPlugin>> = Mutex::const_new(BTreeMap::new());
    let mut loaded = LOADED.lock().await;
    if let Some(found) = loaded.get(plugin) {
        return found.clone();
    }
    let config = WasmRuntimeConfig { compile: Duration::from_secs(300), ..WasmRuntimeConfig::default() };
    let runtime = RUNTIME.get_or_init(|| WasmRuntime::new(config).unwrap());
    let file = prebuilt().join(plugin).join(&manifest(plugin).file);
    let limits = WasmLimits { memory: 64 << 20, start: Duration::from_secs(60), ..WasmLimits::default() };
    let fresh = runtime.load(fs::read(file).unwrap(), &limits).await.unwrap();
    loaded.insert(plugin.to_owned(), fresh.clone());
    fresh
}

async fn assert_conforms(firewall: &dyn FirewallIntegration, beside: impl Fn() -> String + Send + Sync) {
    let how = Conformance { beside: Some(Box::new(beside)), largest_call: 300, ..Conformance::default() };
    let report = conformance::check(firewall, &how).await;
    assert!(report.is_passed(), "{report}");
}

/// A block for so many seconds; 0 is for ever.
fn block(target: &str, seconds: u64) -> Block {
    let ttl = Some(Duration::from_secs(seconds)).filter(|ttl| !ttl.is_zero());
    Block { target: target.parse().unwrap(), ttl, reason: "rule=test".to_owned() }
}

fn nets<const N: usize>(texts: [&str; N]) -> [IpNet; N] {
    texts.map(|text| text.parse().unwrap())
}

fn are_done(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| outcome.status == Status::Done)
}

/// What is blocked, in words: `192.0.2.1/32 60 s`.
async fn held(firewall: &dyn FirewallIntegration) -> Vec<String> {
    let left =
        |ttl: Option<Duration>| ttl.map_or("for ever".to_owned(), |ttl| format!("{} s", ttl.as_secs()));
    let mut blocked = firewall.blocked().await.unwrap();
    blocked.sort_by_key(|block| block.target);
    blocked.iter().map(|block| format!("{} {}", block.target, left(block.ttl))).collect()
}

/// How long a firewall wants to be left alone, in seconds.
fn busy(answer: Result<Vec<Outcome>, EnforceError>) -> Option<u64> {
    match answer {
        Err(EnforceError::Busy { after, .. }) => Some(after.as_secs()),
        other => panic!("{other:?}"),
    }
}
