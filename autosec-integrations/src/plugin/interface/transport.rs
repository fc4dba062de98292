use serde::{Deserialize, Serialize};
#[cfg(feature = "wasm")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// A header of HTTP.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request that a plugin makes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct HttpRequest {
    /// The method, in upper case.
    pub method: String,
    /// Absolute, without user or password.
    pub url: String,
    /// In order.
    pub headers: Vec<Header>,
    /// The whole body.
    #[cfg_attr(feature = "native", serde(with = "super::bytes"))]
    pub body: Vec<u8>,
    /// How long it may take, in milliseconds; never longer than the call.
    #[cfg_attr(feature = "wasm", component(name = "timeout-ms"))]
    pub timeout_ms: Option<u32>,
    /// The secrets to fill in, by the names that the manifest declares.
    pub secrets: Vec<String>,
}

/// What a server answered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// In order.
    pub headers: Vec<Header>,
    /// The whole body.
    #[cfg_attr(feature = "native", serde(with = "super::bytes"))]
    pub body: Vec<u8>,
}

/// A program to run on the host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct Command {
    /// An absolute path.
    pub program: String,
    /// Its arguments, one by one; there is no shell.
    pub args: Vec<String>,
    /// What it reads.
    #[cfg_attr(feature = "native", serde(with = "super::bytes"))]
    pub stdin: Vec<u8>,
    /// How long it may take, in milliseconds; never longer than the call.
    #[cfg_attr(feature = "wasm", component(name = "timeout-ms"))]
    pub timeout_ms: Option<u32>,
}

/// What became of a program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(record))]
pub struct CommandResult {
    /// Its exit status; -1 if a signal ended it.
    #[cfg_attr(feature = "wasm", component(name = "exit-code"))]
    pub exit_code: i32,
    /// What it wrote.
    #[cfg_attr(feature = "native", serde(with = "super::bytes"))]
    pub stdout: Vec<u8>,
    /// What it complained of.
    #[cfg_attr(feature = "native", serde(with = "super::bytes"))]
    pub stderr: Vec<u8>,
}

/// Why a call outwards did not succeed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "wasm", derive(ComponentType, Lift, Lower), component(variant))]
pub enum TransportError {
    /// Not asked for in the manifest, or not granted by the host; the text says which.
    #[cfg_attr(feature = "wasm", component(name = "denied"))]
    Denied(String),
    /// It took too long.
    #[cfg_attr(feature = "wasm", component(name = "timeout"))]
    Timeout,
    /// The name has no address.
    #[cfg_attr(feature = "wasm", component(name = "dns"))]
    Dns(String),
    /// The server could not be reached.
    #[cfg_attr(feature = "wasm", component(name = "connect"))]
    Connect(String),
    /// The server could not be trusted.
    #[cfg_attr(feature = "wasm", component(name = "tls"))]
    Tls(String),
    /// The exchange broke off.
    #[cfg_attr(feature = "wasm", component(name = "protocol"))]
    Protocol(String),
    /// The answer is larger than this many bytes.
    #[cfg_attr(feature = "wasm", component(name = "too-large"))]
    TooLarge(u64),
    /// The host has no such way.
    #[cfg_attr(feature = "wasm", component(name = "unsupported"))]
    Unsupported,
}
