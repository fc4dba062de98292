//! Plugins that are WebAssembly components: they reach nothing but what [`Services`](super::interface::Services) gives them,
//! and nothing they do harms the host or another plugin.
//!
//! A [`WasmRuntime`] compiles and checks a file once, as a [`WasmPlugin`]; configured it is a [`WasmGuest`]. Each guest has
//! memory of its own, a deadline a call, and bounds on all it may take; one that breaks off is replaced by a fresh one. A host
//! with threads of its own may take a [`WasmSession`] instead, which is called like any function.

mod bindings;
mod cache;
mod check;
mod code;
mod crash;
mod engine;
mod error;
mod guest;
mod imports;
mod instance;
mod limits;
mod plugin;
mod runtime;
mod session;
mod state;
mod ticker;
mod unserved;
mod waited;

pub use cache::{Cache, CacheError};
pub use error::{LoadError, StartError};
pub use guest::WasmGuest;
pub use limits::{WasmLimits, WasmRuntimeConfig};
pub use plugin::WasmPlugin;
pub use runtime::WasmRuntime;
pub use session::WasmSession;
