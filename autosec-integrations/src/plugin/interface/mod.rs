//! What crosses a plugin's border, as the types of `autosec:firewall@0.1.0`.
//!
//! The records are frozen: neither fields nor cases are added, and their order is the order of the bytes that native plugins
//! read. `wit/firewall.wit` is the text they follow, a test compares the two.

#[cfg(feature = "native")]
pub(crate) mod bytes;
mod guest;
mod record;
mod services;
mod transport;
#[cfg(any(feature = "native", feature = "wasm"))]
pub(in crate::plugin) mod waiting;

pub use guest::{Crash, Guest};
pub use record::{
    Context, Effect, Entry, Extra, Failure, FailureKind, Features, Health, HealthState, Limits, Metadata,
    Outcome, Page, PrefixLengths,
};
pub use services::{KvError, Level, Services};
pub use transport::{Command, CommandResult, Header, HttpRequest, HttpResponse, TransportError};
