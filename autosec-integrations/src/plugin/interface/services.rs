use std::fmt::Debug;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
#[cfg(feature = "wasm")]
use wasmtime::component::{ComponentType, Lift, Lower};

use super::{Command, CommandResult, Context, HttpRequest, HttpResponse, TransportError};

/// What a plugin may ask of its host, one method for each import of the interface.
///
/// A plugin's calls end nowhere else: what is granted and what is denied, what is counted and what is told is the business of
/// the one value behind this trait, whatever the plugin is made of.
#[async_trait]
pub trait Services: Debug + Send + Sync {
    /// A call into the plugin begins. Whoever runs the plugin says so right before each, while no other call of that
    /// instance runs: what is counted for one call starts anew, and nothing that the plugin asks for may outlast the call.
    fn begin(&self, _context: &Context) {}

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// It was denied, or the exchange failed.
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;

    /// Runs a program of the host.
    ///
    /// # Errors
    /// It was denied, or the program could not be run.
    async fn exec(&self, command: Command) -> Result<CommandResult, TransportError>;

    /// Types lines into a session on a device; one answer a line.
    ///
    /// # Errors
    /// It was denied, or the session failed.
    async fn session_exec(
        &self,
        session: &str,
        lines: Vec<String>,
        timeout_ms: Option<u32>,
    ) -> Result<Vec<String>, TransportError>;

    /// Takes a line for the host's log.
    fn log(&self, level: Level, message: &str);

    /// Milliseconds since 1970, by the host's clock.
    fn now_ms(&self) -> u64;

    /// A number nobody can foresee.
    fn random_u64(&self) -> u64;

    /// A value that was set.
    ///
    /// # Errors
    /// The store is not there.
    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;

    /// Sets a value.
    ///
    /// # Errors
    /// A limit is reached, or the store is not there.
    async fn kv_set(&self, key: &str, value: Vec<u8>) -> Result<(), KvError>;

    /// Forgets a value.
    ///
    /// # Errors
    /// The store is not there.
    async fn kv_delete(&self, key: &str) -> Result<(), KvError>;
}

/// How much a line of a log matters.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(enum))]
#[repr(u8)]
pub enum Level {
    /// Every step.
    #[cfg_attr(feature = "wasm", component(name = "trace"))]
    Trace,
    /// For whoever looks for a fault.
    #[cfg_attr(feature = "wasm", component(name = "debug"))]
    Debug,
    /// Worth knowing.
    #[cfg_attr(feature = "wasm", component(name = "info"))]
    Info,
    /// Something is odd.
    #[cfg_attr(feature = "wasm", component(name = "warn"))]
    Warn,
    /// Something failed.
    #[cfg_attr(feature = "wasm", component(name = "error"))]
    Error,
}

/// Why a value was not kept or not found.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(variant))]
pub enum KvError {
    /// A key or value is larger than this many bytes.
    #[cfg_attr(feature = "wasm", component(name = "too-large"))]
    TooLarge(u64),
    /// There are this many keys already.
    #[cfg_attr(feature = "wasm", component(name = "too-many"))]
    TooMany(u64),
    /// The store is not there.
    #[cfg_attr(feature = "wasm", component(name = "unavailable"))]
    Unavailable(String),
}
