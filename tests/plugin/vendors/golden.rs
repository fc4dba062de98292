//! Plugins of 0.1.0, as they were built then: they load and work for as long as there is an interface 0.1.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::FirewallIntegration;
use autosec_integrations::plugin::firewall::PluginFirewall;
use autosec_integrations::plugin::interface::Guest;
use autosec_integrations::plugin::wasm::{WasmLimits, WasmRuntime, WasmRuntimeConfig};

use super::{Online, Setup, are_done, block, held, mikrotik, nets, opnsense};
use crate::plugin::simulators::mikrotik::MikroTik;
use crate::plugin::simulators::opnsense::OpnSense;
use crate::support::web::Site;

fn artefact(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/plugins/0.1.0").join(name)
}

async fn assert_works(guest: Arc<dyn Guest>) {
    assert_eq!(guest.metadata().version, "0.1.0");
    let firewall = PluginFirewall::new("golden", guest).unwrap().with_deadline(Duration::from_secs(30));
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 0), block("2001:db8::/48", 0)]).await.unwrap()));
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 for ever", "2001:db8::/48 for ever"]);
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32"])).await.unwrap()));
    assert_eq!(held(&firewall).await.len(), 1);
    assert!(firewall.health().await.unwrap().enforcing);
}

async fn assert_component_works(name: &str, setup: &Setup, site: impl Site) {
    let online = Online::start(site).await;
    let (config, gate) = online.gate(setup);
    let runtime = WasmRuntime::new(WasmRuntimeConfig {
        compile: Duration::from_secs(300),
        ..WasmRuntimeConfig::default()
    });
    let limits = WasmLimits { memory: 64 << 20, start: Duration::from_secs(60), ..WasmLimits::default() };
    let plugin = runtime.unwrap().load(fs::read(artefact(name)).unwrap(), &limits).await.unwrap();
    assert_works(Arc::new(plugin.configure(config.to_string(), gate).await.unwrap())).await;
}

#[tokio::test]
async fn a_component_of_rust_works() {
    assert_component_works("mikrotik.wasm", &mikrotik::setup(), MikroTik::new()).await;
}

#[tokio::test]
async fn a_component_of_javascript_works() {
    assert_component_works("opnsense.wasm", &opnsense::setup(), OpnSense::default()).await;
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[tokio::test]
async fn a_library_works() {
    use autosec_integrations::plugin::native::{NativeLimits, NativePlugin, Runs};

    let online = Online::start(MikroTik::new()).await;
    let (config, gate) = online.gate(&mikrotik::setup());
    let path = artefact("mikrotik-x86_64-linux-gnu.so");
    let limits = NativeLimits { start: Duration::from_secs(60), ..NativeLimits::default() };
    let plugin = NativePlugin::load(&path, Runs::InProcess, limits).await.unwrap();
    assert_works(Arc::new(plugin.configure(&config.to_string(), gate).await.unwrap())).await;
}
