//! Runs native firewall plugins of AutoSec: opens a library, believes nothing of it, and calls it, on a thread of the host or
//! in the process that this crate's program is.
//!
//! It is the lower half of `autosec_integrations::plugin::native`, apart from it for two reasons: what the compiler cannot
//! check of native plugins is here, in one file, and the program that holds an isolated plugin is small.

pub mod abi;
mod fault;
mod image;
mod library;
pub mod message;
mod serve;

pub use fault::{Fault, OpenError};
pub use library::{Answer, Host, Instance, Library, layout};
pub use serve::{Port, serve};
