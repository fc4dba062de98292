//! Loads one plugin folder as a host does, and shows what is in it: what the plugin says of itself, what it asks for, what it
//! would do, and with `--conformance` whether the device behind it does as it is told.
//!
//! ```text
//! cargo run -p autosec-integrations --features https,native,wasm --example try_plugin -- FOLDER CONFIG.json [--conformance]
//! ```
//!
//! It is for authors and their own devices: it asks for no signature, grants all that the manifest asks for, and lets the
//! plugin reach private networks. A secret `token` is read from the environment's `AUTOSEC_TOKEN`.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::Block;
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::plugin::loader::PluginLoader;
use autosec_integrations::plugin::manifest::{Grant, Manifest, Unsigned};
use autosec_integrations::plugin::native::Runs;
use autosec_integrations::plugin::registry::{PluginRegistry, Settings};
use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
use autosec_integrations::secret::EnvironmentSecrets;
use autosec_integrations::transport::{HttpsClient, HttpsConfig};

/// Where devices of a lab are.
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128"];

/// Addresses that nobody sends from.
const SAMPLES: [&str; 3] = ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::/48"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (flags, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let [folder, config] = &files[..] else {
        let _ = writeln!(io::stderr(), "usage: try_plugin FOLDER CONFIG.json [--conformance]");
        return ExitCode::FAILURE;
    };
    let conformance = flags.iter().any(|flag| flag == "--conformance");
    match report(Path::new(folder), Path::new(config), conformance).await {
        Ok((text, passed)) => {
            let told = io::stdout().write_all(text.as_bytes());
            if passed && told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is to be said of a plugin, and whether all is well with it.
async fn report(folder: &Path, config: &Path, conformance: bool) -> Result<(String, bool), Box<dyn Error>> {
    let path = folder.join("plugin.toml");
    let manifest = Manifest::parse(&path.to_string_lossy(), &std::fs::read_to_string(&path)?)?;
    let config = std::fs::read_to_string(config)?;
    let loader = loader(&manifest)?;
    let module = loader.load(folder).await?;
    let mut text = String::new();
    let metadata = module.metadata();
    writeln!(text, "{} {} for {}\n", metadata.name, metadata.version, metadata.vendor)?;
    writeln!(text, "It asks for")?;
    for line in &module.about().asked {
        writeln!(text, "  {line}")?;
    }

    let plugins = PluginRegistry::new(Settings::default());
    let id = manifest.id.as_str();
    plugins.add(id, module)?;
    plugins.configure(id, &config).await?;
    writeln!(text, "\nIt would do")?;
    let mut blocks = Vec::new();
    for target in SAMPLES {
        let reason = "try_plugin".to_owned();
        blocks.push(Block { target: target.parse()?, ttl: Some(Duration::from_secs(3_600)), reason });
    }
    for plan in plugins.plan(id, &blocks).await? {
        writeln!(text, "  {}: {} {}", plan.target, plan.status, plan.detail)?;
    }
    let mut passed = true;
    if conformance {
        let report = conformance::check(&*plugins.firewall(id)?, &Conformance::default()).await;
        passed = report.is_passed();
        writeln!(text, "\nIts promises\n{report}")?;
    }
    Ok((text, passed))
}

fn loader(manifest: &Manifest) -> Result<PluginLoader, Box<dyn Error>> {
    let private: Result<Vec<_>, _> = PRIVATE.iter().map(|network| network.parse()).collect();
    let grant = Grant::as_asked(manifest).with_networks(private?);
    let libraries = std::env::temp_dir().join(format!("autosec-try-{}", std::process::id()));
    Ok(PluginLoader::new(Unsigned)
        .wasm(WasmRuntime::new(WasmRuntimeConfig { instances: 8, ..WasmRuntimeConfig::default() })?)
        .native(Runs::InProcess, libraries)
        .client(Arc::new(HttpsClient::new(HttpsConfig::default())?))
        .secrets(Arc::new(EnvironmentSecrets::new("AUTOSEC_")))
        .grant(manifest.id.clone(), grant))
}
