//! The one way out of a plugin: what it asks of its host is held against its capabilities here, and nowhere else.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use autosec_integrations::plugin::gate::Gate;
//! use autosec_integrations::plugin::interface::{HttpRequest, Services, TransportError};
//! use autosec_integrations::plugin::manifest::{Capabilities, Excess, Grant, Manifest};
//! use autosec_integrations::transport::LocalCommands;
//! # let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
//!
//! let manifest = Manifest::parse("plugin.toml", &format!(r#"
//! [plugin]
//! id = "fence"
//! version = "1.2.0"
//! api = "autosec:firewall@0.1"
//! kind = "wasm"
//! file = "fence.wasm"
//! sha256 = "{sha256}"
//!
//! [[exec]]
//! program = "/usr/bin/printf"
//! args = ["%s", "{{ip}}"]
//! why = "says which address"
//! "#))?;
//! let grant = Grant::as_asked(&manifest);
//! let config = serde_json::json!({});
//! let capabilities = Capabilities::new(&manifest, &[&grant], &config, Excess::Refuse)?;
//! let gate = Gate::builder(capabilities).commands(Arc::new(LocalCommands)).build();
//!
//! let command = |argument: &str| autosec_integrations::plugin::interface::Command {
//!     program: "/usr/bin/printf".into(),
//!     args: vec!["%s".into(), argument.into()],
//!     stdin: Vec::new(),
//!     timeout_ms: None,
//! };
//! assert_eq!(gate.exec(command("192.0.2.7")).await.unwrap().stdout, b"192.0.2.7");
//! assert!(matches!(gate.exec(command("$(reboot)")).await, Err(TransportError::Denied(_))));
//! assert_eq!(gate.counts().denied, 1);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # What holds for a request
//! - Its URL has one reading: no user, fragment, double escapes, dots, empty segments, or numbers that are addresses in
//!   disguise. Its method, host, port and path are in the manifest and in every grant.
//! - Its name is resolved once, and **every** address is looked at; the connection goes to one that was, whatever the name
//!   resolves to by then. Loopback, private, link-local, metadata and other special addresses need a network in the grant.
//! - Headers that frame a request, authorise it, or stand for another method, path or client are the host's own.
//! - Redirects are not followed unless the manifest and every grant say so; each hop is a request of its own to all of this, and
//!   one to another origin carries no secrets and no cookies. None leads from `https` to `http`.
//! - Secrets stand in the slot that the manifest declares, for the hosts whose entry names them, over TLS only. Where an
//!   answer shows one, as it is or as JSON, in a URL or in base64, there are stars instead. A server that packs or cuts what
//!   it echoes in another way can still tell the plugin; the plugin is trusted with that server, though not with the secret.
//! - It ends with the call of the plugin that made it; its body and answer are bounded, and so are the requests of a call and
//!   of a minute.
//!
//! Programs are given their arguments one by one, without a shell; sessions are typed whole lines. Each denial is an event
//! ([`Record::Denied`](autosec_core::observe::Record::Denied)) with a reason; beyond 600 within a minute they are only counted.

mod address;
mod budget;
mod builder;
mod counts;
mod denial;
mod gatekeeper;
mod header;
mod http;
mod permit;
mod random;
mod secret;
mod session;
mod sigv4;
mod store;
mod target;

pub use builder::GateBuilder;
pub use counts::Counts;
pub use gatekeeper::Gate;
pub use random::{Random, SystemRandom};
pub use store::PluginStore;
