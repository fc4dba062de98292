//! Firewalls that third parties write, loaded from folders: only in wheels that were built for that.

#[cfg(not(any(feature = "native", feature = "wasm")))]
mod absent;
mod class;
mod grant;
#[cfg(any(feature = "native", feature = "wasm"))]
mod home;
#[cfg(any(feature = "native", feature = "wasm"))]
mod loaded;

#[cfg(not(any(feature = "native", feature = "wasm")))]
use absent::Loaded;
#[cfg(any(feature = "native", feature = "wasm"))]
use loaded::Loaded;

pub(crate) use class::PluginFirewall;
