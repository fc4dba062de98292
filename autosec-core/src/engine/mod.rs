//! The whole: an [`Engine`] takes events, gives a [`Verdict`] for each, and enforces what was decided.
//!
//! A host that does not want to think about stages needs this module, [`event`](crate::event), [`rule`](crate::rule) and a
//! firewall, and no other:
//!
//! 1. Build rules and other detectors, then an [`Engine`] by [`Engine::builder`]. Every other part has a default.
//! 2. Give readers [`Engine::fields`], so that they fill only what somebody reads.
//! 3. Call [`Engine::reconcile`] once, then [`Engine::process`] for each event, from as many threads as there are.
//! 4. Hand the decisions of each [`Verdict`] to [`Engine::enforce`], and call [`Engine::maintain`] every second or so.
//!
//! `process` is synchronous, takes `&self`, waits for nothing but short locks and cannot fail. `enforce` is asynchronous,
//! because firewalls are slow. The two are apart so that a host may put a person, a queue or a policy of its own between
//! them.
//!
//! Settings that an operator keeps in a file are an [`EngineConfig`]; parts that a programmer chooses are methods of the
//! [`EngineBuilder`].

mod builder;
mod config;

mod explain;
mod process;
mod verdict;

pub use builder::{BuildError, EngineBuilder};
pub use config::{Allowed, EngineConfig, SettingError};
pub use explain::Explanation;
pub use process::Engine;
pub use verdict::{Assessment, Verdict};
