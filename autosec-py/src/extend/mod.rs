//! Parts of an engine that are written in Python, as the core knows them.
//!
//! What such a part raises is a typed failure of it, with the exception in one line; nothing of it reaches the engine
//! otherwise. Whoever calls them has let go of the interpreter or holds no lock.

mod detector;
mod firewall;
mod raised;
mod secret;
mod store;

pub(crate) use detector::{PyDetector, shown_value};
pub(crate) use firewall::PyFirewall;
pub(crate) use secret::PySecrets;
pub(crate) use store::PyStore;

/// The module that holds the base classes and calls what is written in them.
const MODULE: &str = "autosec._extend";
