//! Parts of an engine that are written in Python, as the core knows them.
//!
//! What such a part raises is a typed failure of it, with the exception in one line; nothing of it reaches the engine
//! otherwise. Whoever calls them has let go of the interpreter or holds no lock.

use std::sync::Arc;

use pyo3::prelude::*;

mod detector;
mod firewall;
mod http;
mod part;
mod raised;
mod secret;
mod store;

pub(crate) use detector::{PyDetector, shown_value};
pub(crate) use firewall::PyFirewall;
pub(crate) use http::PyClient;
pub(crate) use part::Answer;
pub(crate) use secret::PySecrets;
pub(crate) use store::PyStore;

/// An object of a host, one reference however many hold it: so the garbage collector sees an engine and its parts that
/// hold each other for what they are.
pub(crate) type Held = Arc<Py<PyAny>>;

/// The module that holds the base classes and calls what is written in them.
const MODULE: &str = "autosec._extend";
