//! From a folder on a disk to a plugin that can be configured.
//!
//! ```
//! # async fn start(client: std::sync::Arc<dyn autosec_integrations::transport::HttpClient>)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//!
//! use autosec_core::engine::Engine;
//! use autosec_integrations::plugin::loader::PluginLoader;
//! use autosec_integrations::plugin::manifest::{Grant, MinisignVerifier, TrustedKey};
//! use autosec_integrations::plugin::registry::{PluginRegistry, Settings};
//! use autosec_integrations::plugin::wasm::{WasmRuntime, WasmRuntimeConfig};
//!
//! let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
//! let verifier = MinisignVerifier::new([TrustedKey::new("operations", key)?]);
//! let grant = Grant::parse("grants/fence.toml", "networks = ['10.20.0.0/16']")?;
//! let loader = PluginLoader::new(verifier)
//!     .wasm(WasmRuntime::new(WasmRuntimeConfig::default())?)
//!     .client(client)
//!     .grant("fence", grant);
//!
//! let plugins = PluginRegistry::new(Settings::default());
//! loader.load_all(Path::new("/etc/autosec/plugins"), &plugins).await?;
//! plugins.configure("fence", r#"{"host": "fence.example"}"#).await?;
//! let mut builder = Engine::builder();
//! for firewall in plugins.firewalls() {
//!     builder = builder.firewall(firewall);
//! }
//! let engine = builder.build()?;
//! # Ok(())
//! # }
//! ```
//!
//! What stands between a folder and a call, in this order: the files are looked at and read once, the signature of the
//! manifest is checked, then the hash of the file that the manifest pins, then that the version is none that the host does not
//! take any more; the code is compiled or opened and asked what it is.
//! A configuration fills in what the manifest asks for; what of it the host grants becomes the [gate](super::gate) of that one
//! plugin.

mod body;
mod error;
mod folder;
mod package;
mod plugins;
mod terms;
mod version;
mod ways;

pub use error::LoadError;
pub use plugins::{Loaded, PluginLoader};
