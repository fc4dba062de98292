//! The components that are checked in, as a host has them: a folder, a registry, an engine, a device.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::Decision;
use autosec_core::enforce::EnforceConfig;
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::plugin::loader::PluginLoader;
use autosec_integrations::plugin::manifest::{Grant, Manifest, Unsigned};
use autosec_integrations::plugin::registry::{PluginRegistry, PluginState, RegistryError, Settings};
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::secret::FixedSecrets;
use autosec_integrations::transport::{Fingerprint, HttpsClient, HttpsConfig, Trust};

use super::simulators::cloudflare::{ACCOUNT, Cloudflare, LIST, TOKEN};
use crate::support::web::{Identity, Web};

fn prebuilt() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/plugins/prebuilt")
}

fn loader() -> PluginLoader {
    let config = WasmRuntimeConfig { instances: 16, ..WasmRuntimeConfig::default() };
    PluginLoader::new(Unsigned).wasm(WasmRuntime::new(config).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_component_that_is_checked_in_is_loaded() {
    let plugins = PluginRegistry::new(Settings::default());
    let loaded = loader().load_all(&prebuilt(), &plugins).await.unwrap();
    assert!(!loaded.is_empty());
    for plugin in plugins.list() {
        assert_eq!(plugin.state, PluginState::Unconfigured, "{plugin}");
        assert!(!plugin.about.asked.is_empty() && plugin.about.granted.is_empty(), "{plugin:?}");
        // A word for a setting of each would be a fault of its schema.
        let refused = plugins.configure(&plugin.name, "[]").await.unwrap_err();
        assert!(matches!(refused, RegistryError::Configuration { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_of_the_engine_reaches_the_device_of_a_vendor() {
    let device = Cloudflare::new();
    let identity = Identity::new("device");
    let web = Web::start(Arc::new(device.clone()), Some(identity.tls)).await;
    let trust = Trust::Pinned(vec![Fingerprint::of(&identity.certificate)]);
    let client = HttpsClient::new(HttpsConfig { trust, ..HttpsConfig::default() }).unwrap();
    let text = std::fs::read_to_string(prebuilt().join("cloudflare/plugin.toml")).unwrap();
    let grant = Grant::as_asked(&Manifest::parse("plugin.toml", &text).unwrap());
    let loader = loader()
        .client(Arc::new(client))
        .secrets(Arc::new(FixedSecrets::default().with("cloudflare-token", TOKEN)))
        .secrets_for("other", Arc::new(FixedSecrets::default().with("cloudflare-token", "of-nobody")))
        .grant("cloudflare", grant.with_networks(["127.0.0.1/32".parse().unwrap()]));

    let plugins = PluginRegistry::new(Settings::default());
    let module = loader.load(&prebuilt().join("cloudflare")).await.unwrap();
    plugins.add("edge", Arc::clone(&module)).unwrap();
    let config = serde_json::json!({"account": ACCOUNT, "list": LIST, "url": web.url("https")}).to_string();
    plugins.configure("edge", &config).await.unwrap();
    let mut builder = Engine::builder().enforcement(plugins.timeouts(EnforceConfig::default()));
    for firewall in plugins.firewalls() {
        builder = builder.firewall(firewall);
    }
    let engine = builder.build().unwrap();
    let (attacker, hour) = (Entity::address("203.0.113.7".parse().unwrap()), Duration::from_secs(3_600));
    let decision = Decision::new(attacker, Action::Block, SystemClock.now(), hour);
    let enforcement = engine.enforce(&decision).await;
    assert!(enforcement.is_complete(), "{enforcement}");
    let held: Vec<String> = device.state().items.values().map(|item| item.ip.clone()).collect();
    assert_eq!(held, ["203.0.113.7"]);

    let health = plugins.health().await.remove(0).health.unwrap();
    assert!(health.enforcing, "{health:?}");
    let metrics = plugins.metrics().remove(0);
    assert_eq!((metrics.crashes, metrics.denials), (0, 0), "{metrics:?}");
    let shown = format!("{engine:?} {plugins:?} {metrics:?} {:?}", plugins.list());
    assert!(!shown.contains(TOKEN), "a secret is in nobody's `Debug`");

    plugins.add("other", module).unwrap();
    plugins.configure("other", &config).await.unwrap();
    let mut health = plugins.health().await;
    assert!(health.remove(0).health.unwrap().enforcing, "the key of one configuration is still its own");
    let other = health.remove(0).health;
    assert!(
        !other.as_ref().is_ok_and(|health| health.enforcing),
        "the other one's key is nobody's: {other:?}"
    );
}
