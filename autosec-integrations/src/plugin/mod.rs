//! Firewall plugins: integrations that third parties write.
//!
//! A plugin is one file and a manifest. What crosses its border is the interface `autosec:firewall` (`wit/firewall.wit`),
//! the same for a WebAssembly component and for a native library.

pub mod firewall;
pub mod gate;
pub mod interface;
#[cfg(any(feature = "native", feature = "wasm"))]
pub mod loader;
pub mod manifest;
#[cfg(feature = "native")]
pub mod native;
pub mod registry;
#[cfg(feature = "wasm")]
pub mod wasm;
