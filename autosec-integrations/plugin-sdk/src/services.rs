//! What a plugin may ask of its host. Everything is held against what the manifest asks for and the host grants.

use crate::bindings::autosec::firewall::{host, kv, transport};
use crate::{Command, CommandResult, HttpRequest, HttpResponse, KvError, Level, TransportError};

/// Sends a request and waits for the whole answer.
///
/// # Errors
/// It was denied, or the exchange failed.
pub fn http(request: &HttpRequest) -> Result<HttpResponse, TransportError> {
    transport::http(request)
}

/// Runs a program of the host.
///
/// # Errors
/// It was denied, or the program could not be run.
pub fn exec(command: &Command) -> Result<CommandResult, TransportError> {
    transport::exec(command)
}

/// Types lines into a session on a device that the host has logged into; one answer a line.
///
/// # Errors
/// It was denied, or the session failed.
pub fn session_exec(
    session: &str,
    lines: &[String],
    timeout_ms: Option<u32>,
) -> Result<Vec<String>, TransportError> {
    transport::session_exec(session, lines, timeout_ms)
}

/// Writes a line into the host's log.
pub fn log(level: Level, message: &str) {
    host::log(level, message);
}

/// Milliseconds since 1970, by the host's clock.
pub fn now_ms() -> u64 {
    host::now_ms()
}

/// A number nobody can foresee.
pub fn random_u64() -> u64 {
    host::random_u64()
}

/// A value that was set by [`kv_set`].
///
/// # Errors
/// The store is not there.
pub fn kv_get(key: &str) -> Result<Option<Vec<u8>>, KvError> {
    kv::get(key)
}

/// Sets a value that outlasts the instance.
///
/// # Errors
/// A limit is reached, or the store is not there.
pub fn kv_set(key: &str, value: &[u8]) -> Result<(), KvError> {
    kv::set(key, value)
}

/// Forgets a value.
///
/// # Errors
/// The store is not there.
pub fn kv_delete(key: &str) -> Result<(), KvError> {
    kv::delete(key)
}
