//! Components: what they are loaded from, what they are called with, and that whatever they do stays with them.

mod cache;
mod calls;
mod contained;
mod loading;
mod made;
mod neighbour;
mod services;
mod session;
mod shapes;
mod siblings;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use autosec_integrations::plugin::interface::{Context, Crash, Entry, Failure, Guest, Outcome};
use autosec_integrations::plugin::wasm::{WasmGuest, WasmLimits, WasmPlugin, WasmRuntime, WasmRuntimeConfig};
use services::Recorded;

/// The prebuilt component of `examples/plugins/fixture`.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/plugins/fixture.wasm")
}

fn runtime() -> WasmRuntime {
    let config = WasmRuntimeConfig { instances: 32, ..WasmRuntimeConfig::default() };
    WasmRuntime::new(config).unwrap()
}

/// The fixture, compiled once for all tests.
fn plugin() -> WasmPlugin {
    static PLUGIN: OnceLock<WasmPlugin> = OnceLock::new();
    // On a thread of its own: a test that asks is inside a runtime already.
    let load = || std::thread::spawn(|| block_on(load(WasmLimits::default()))).join().unwrap();
    PLUGIN.get_or_init(load).clone()
}

async fn load(limits: WasmLimits) -> WasmPlugin {
    runtime().load(std::fs::read(fixture()).unwrap(), &limits).await.unwrap()
}

fn block_on<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The fixture as a running plugin, and what it asked of its host.
async fn guest() -> (Arc<WasmGuest>, Arc<Recorded>) {
    configured(&plugin(), "{}").await
}

async fn configured(plugin: &WasmPlugin, config: &str) -> (Arc<WasmGuest>, Arc<Recorded>) {
    let services = Arc::new(Recorded::default());
    let guest = plugin.configure(config, Arc::clone(&services) as Arc<_>).await.unwrap();
    (Arc::new(guest), services)
}

fn context(deadline_ms: u32) -> Context {
    Context { correlation_id: "test".to_owned(), deadline_ms, dry_run: false }
}

fn entry(target: &str, reason: &str) -> Entry {
    Entry {
        target: target.to_owned(),
        ttl_secs: Some(60),
        reason: reason.to_owned(),
        idempotency_key: format!("key of {target}"),
        extra: Vec::new(),
    }
}

/// What a deed came to, in its words. A deadline that nothing honest reaches, on a machine however busy.
async fn does(guest: &WasmGuest, deed: &str) -> Result<Result<Outcome, Failure>, Crash> {
    does_within(guest, deed, 20_000).await
}

async fn does_within(guest: &WasmGuest, deed: &str, ms: u32) -> Result<Result<Outcome, Failure>, Crash> {
    let answers = guest.block(&context(ms), &[entry("192.0.2.1", deed)]).await?;
    Ok(answers.into_iter().next().unwrap())
}

/// The same, of a deed that succeeds.
async fn says(guest: &WasmGuest, deed: &str) -> String {
    does(guest, deed).await.unwrap().unwrap().detail.unwrap()
}
