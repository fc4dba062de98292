//! Loads firewall plugins, asks one what it would do, lets an engine block with it, and shows what becomes of a plugin that
//! asks for too much and of one that breaks off.
//!
//! `cargo run --example plugins --features plugins` runs the plugin that the tests drive, with a device of its own on this machine;
//! `-- FOLDER…` lists the plugins of other folders as well.

#[path = "support/plugins/device.rs"]
mod device;
#[path = "support/layout.rs"]
mod layout;
#[path = "support/plugins/report.rs"]
mod report;
#[path = "support/plugins/sample.rs"]
mod sample;

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::Decision;
use autosec_core::enforce::{Block, FirewallIntegration};
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::net;
use autosec_core::time::{Clock, SystemClock};
use autosec_integrations::plugin::loader::PluginLoader;
use autosec_integrations::plugin::manifest::Unsigned;
use autosec_integrations::plugin::registry::{PluginRegistry, Settings};
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::transport::{HttpsClient, HttpsConfig};
use device::Device;
use report::Report;
use sample::Sample;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let report = match run().await {
        Ok(report) => report,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", report.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

async fn run() -> Result<String, Box<dyn Error>> {
    let device = Device::start().await?;
    let sample = Sample::install()?;
    let loader = PluginLoader::new(Unsigned)
        .wasm(WasmRuntime::new(WasmRuntimeConfig { instances: 16, ..WasmRuntimeConfig::default() })?)
        .client(Arc::new(HttpsClient::new(HttpsConfig::default())?))
        .grant("fixture", sample::grant()?);
    let plugins = PluginRegistry::new(Settings::default());
    loader.load_all(sample.folder(), &plugins).await?;
    for folder in std::env::args_os().skip(1) {
        loader.load_all(Path::new(&folder), &plugins).await?;
    }
    plugins.configure("fixture", &format!(r#"{{"url": "{}"}}"#, device.url())).await?;

    let mut report = Report::default();
    report.plugins(&plugins);
    report.mistake(&plugins.configure("fixture", r#"{"url": 7}"#).await);
    let attacker = blocks("203.0.113.7", "rule=scan");
    report.plan(&plugins.plan("fixture", &attacker).await?);
    block(&plugins, &mut report).await?;
    misbehave(&plugins, &device, &mut report).await?;
    report.health(&plugins.health().await);
    report.metrics(&plugins.metrics());
    Ok(report.text())
}

/// The plugin's firewall in an engine, as any other.
async fn block(plugins: &PluginRegistry, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let mut builder = Engine::builder();
    for firewall in plugins.firewalls() {
        builder = builder.firewall(firewall);
    }
    let engine = builder.build()?;
    let (attacker, hour) = (Entity::address("203.0.113.7".parse()?), Duration::from_secs(3_600));
    let decision = Decision::new(attacker, Action::Block, SystemClock.now(), hour);
    report.enforced(&engine.enforce(&decision).await, &plugins.firewall("fixture")?.blocked().await?);
    Ok(())
}

/// The plugin does whatever the reason of a block tells it to do.
async fn misbehave(
    plugins: &PluginRegistry,
    device: &Device,
    report: &mut Report,
) -> Result<(), Box<dyn Error>> {
    let firewall = plugins.firewall("fixture")?;
    report.head("What it may reach");
    for request in [
        format!("{}/hello", device.url()),
        format!("{}/admin", device.url()),
        "http://192.0.2.1/hello".into(),
    ] {
        let answer = firewall.block(&blocks("203.0.113.8", &format!("http {request}"))).await;
        report.answer(&format!("GET {request}"), &answer);
    }
    report.asked(&device.asked());
    report.head("What becomes of a plugin that breaks off");
    for deed in ["panic boom", "overflow", "loop"] {
        let answer = firewall.block(&blocks("203.0.113.9", deed)).await;
        report.answer(deed, &answer);
        let next = firewall.block(&blocks("203.0.113.10", "rule=scan")).await;
        report.answer("  the next call", &next);
    }
    Ok(())
}

fn blocks(target: &str, reason: &str) -> Vec<Block> {
    let target = net::network(target).into_iter();
    target.map(|target| Block { target, ttl: None, reason: reason.to_owned() }).collect()
}
