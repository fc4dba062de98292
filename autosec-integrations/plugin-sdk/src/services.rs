//! What a plugin may ask of its host. Everything is held against what the manifest asks for and the host grants.

#[cfg(target_family = "wasm")]
use crate::bindings::autosec::firewall::{host, kv, transport};
#[cfg(not(target_family = "wasm"))]
use crate::host::current;
use crate::{Command, CommandResult, HttpRequest, HttpResponse, KvError, Level, TransportError};

/// Sends a request and waits for the whole answer.
///
/// # Errors
/// It was denied, or the exchange failed.
pub fn http(request: &HttpRequest) -> Result<HttpResponse, TransportError> {
    ask!(transport::http or http(request))
}

/// Runs a program of the host.
///
/// # Errors
/// It was denied, or the program could not be run.
pub fn exec(command: &Command) -> Result<CommandResult, TransportError> {
    ask!(transport::exec or exec(command))
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
    ask!(transport::session_exec or session_exec(session, lines, timeout_ms))
}

/// Writes a line into the host's log.
pub fn log(level: Level, message: &str) {
    ask!(host::log or log(level, message));
}

/// Milliseconds since 1970, by the host's clock.
pub fn now_ms() -> u64 {
    ask!(host::now_ms or now_ms())
}

/// A number nobody can foresee.
pub fn random_u64() -> u64 {
    ask!(host::random_u64 or random_u64())
}

/// A value that was set by [`kv_set`].
///
/// # Errors
/// The store is not there.
pub fn kv_get(key: &str) -> Result<Option<Vec<u8>>, KvError> {
    ask!(kv::get or kv_get(key))
}

/// Sets a value that outlasts the instance.
///
/// # Errors
/// A limit is reached, or the store is not there.
pub fn kv_set(key: &str, value: &[u8]) -> Result<(), KvError> {
    ask!(kv::set or kv_set(key, value))
}

/// Forgets a value.
///
/// # Errors
/// The store is not there.
pub fn kv_delete(key: &str) -> Result<(), KvError> {
    ask!(kv::delete or kv_delete(key))
}

/// Calls the interface's function, which exists in WebAssembly alone, or else the thread's host.
macro_rules! ask {
    ($interface:ident :: $function:ident or $method:ident ( $($argument:expr),* )) => {{
        #[cfg(target_family = "wasm")]
        let answer = $interface::$function($($argument),*);
        #[cfg(not(target_family = "wasm"))]
        let answer = current().$method($($argument),*);
        answer
    }};
}
use ask;
