//! Write a firewall plugin for AutoSec once: it runs sandboxed as WebAssembly and as a native library.
//!
//! A plugin is a type that implements [`Firewall`], and one line: [`export!`].

#[doc(hidden)]
pub mod bindings;
mod exchange;
mod export;
mod firewall;
#[cfg(not(target_family = "wasm"))]
pub mod host;
#[cfg(not(target_family = "wasm"))]
pub mod native;
#[cfg(not(target_family = "wasm"))]
mod operation;
mod services;
#[cfg(all(feature = "testing", not(target_family = "wasm")))]
pub mod testing;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;

pub use bindings::autosec::firewall::transport::{
    Command, CommandResult, Header, HttpRequest, HttpResponse, TransportError,
};
pub use bindings::autosec::firewall::types::{
    Context, Effect, Entry, Failure, FailureKind, Features, Health, HealthState, Limits, Metadata, Outcome,
    Page, PrefixLengths,
};
pub use bindings::autosec::firewall::{host::Level, kv::KvError};
pub use exchange::{origin, words};
pub use firewall::{Firewall, fail};
pub use services::{exec, http, kv_delete, kv_get, kv_set, log, now_ms, random_u64, session_exec};
