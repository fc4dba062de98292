//! The whole: an [`Engine`] takes events, gives a [`Verdict`] for each, and enforces what was decided.
//!
//! A host that does not want to think about stages needs this module, [`event`](crate::event), [`rule`](crate::rule) and a
//! firewall, and no other:
//!
//! 1. Build rules and other detectors, then an [`Engine`] by [`Engine::builder`]. Every other part has a default.
//! 2. Give readers [`Engine::fields`], so that they fill only what somebody reads.
//! 3. Call [`Engine::reconcile`] at start and every minute or so, and [`Engine::process`] for each event, from as many threads as there are.
//! 4. Hand the decisions of each [`Verdict`] to [`Engine::enforce`], and call [`Engine::maintain`] every second or so.
//!    Instead of `reconcile` and `maintain`, one task may await [`Enforcer::run`](crate::enforce::Enforcer::run).
//!
//! `process` is synchronous, takes `&self`, waits for nothing but short locks and cannot fail. `enforce` is asynchronous,
//! because firewalls are slow. The two are apart so that a host may put a person, a queue or a policy of its own between
//! them.
//!
//! Settings that an operator keeps in a file are an [`EngineConfig`]; parts that a programmer chooses are methods of the
//! [`EngineBuilder`].
//!
//! A whole host, but for where its lines come from:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use autosec_core::enforce::MemoryFirewall;
//! use autosec_core::engine::{Engine, EngineConfig};
//! use autosec_core::event::{JsonReader, Schema};
//! use autosec_core::rule::RuleSet;
//! use autosec_core::store::FileStore;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let schema = Schema::ecs();
//!     let config = std::fs::read_to_string("autosec.yaml")?;
//!     let engine = Engine::builder()
//!         .config(EngineConfig::parse("autosec.yaml", &config)?)
//!         .detector(RuleSet::builder(&schema).starter().build()?)
//!         .firewall(MemoryFirewall::new("edge"))
//!         .store(FileStore::open("/var/lib/autosec")?)
//!         .build()?;
//!     engine.reconcile().await;
//!
//!     let engine = Arc::new(engine);
//!     let keeper = Arc::clone(&engine);
//!     let timer = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//!     std::thread::spawn(move || {
//!         timer.block_on(async {
//!             loop {
//!                 tokio::time::sleep(Duration::from_secs(1)).await;
//!                 keeper.maintain().await;
//!             }
//!         })
//!     });
//!
//!     let reader = JsonReader::new(&schema, engine.fields());
//!     for line in std::io::stdin().lines() {
//!         let line = line?;
//!         let Ok(event) = reader.read(line.as_bytes()) else { continue };
//!         let verdict = engine.process(event);
//!         for decision in verdict.decisions() {
//!             println!("{}: {}", decision.subject, engine.enforce(decision).await);
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Maintaining has a thread of its own here because reading lines keeps the main one waiting. A host whose input is
//! asynchronous spawns a task instead.

mod builder;
mod config;
mod explain;
mod judge;
mod process;
mod verdict;

pub use builder::{BuildError, EngineBuilder};
pub use config::{Allowed, EngineConfig, SettingError};
pub use explain::Explanation;
pub use process::Engine;
pub use verdict::{Assessment, Verdict};
