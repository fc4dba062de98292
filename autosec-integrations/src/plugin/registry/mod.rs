//! The plugins of a host: which there are, how each is configured, and how each fares.
//!
//! A [`PluginRegistry`] is a plain value of the host's. It holds [`Module`]s, each under a name of its own, and gives a firewall
//! for each to the engine. What stands behind that firewall may change while the engine works: a plugin is configured anew,
//! disabled, or replaced by another version, and calls that are under way end on what they began with.
//!
//! # What happens when something fails
//! | failure | consequence |
//! |---|---|
//! | a plugin cannot be loaded | it is listed with the reason; the others are loaded |
//! | a configuration does not fit the plugin's schema, or the plugin refuses it | it goes on as it was; every mistake is told with its place |
//! | a new version does not take the configuration of the old one | the old one goes on |
//! | a new version crashes in a row before it did anything well | the old one is put back |
//! | a plugin crashes so often in a row | it rests, longer each time, and its firewall is [busy](autosec_core::enforce::EnforceError::Busy) meanwhile |
//!
//! What it did is told to the host's [`Observer`](autosec_core::observe::Observer) and counted in [`PluginMetrics`].

mod edition;
mod error;
mod info;
mod metrics;
mod module;
mod plugins;
mod rest;
mod schema;
mod slot;
mod vitals;
mod watch;

pub use error::RegistryError;
pub use info::{PluginInfo, PluginState};
pub use metrics::{PluginMetrics, Times};
pub use module::{About, ConfigureError, Configured, Module};
pub use plugins::{PlanError, PluginHealth, PluginRegistry, Settings};
pub use rest::RestConfig;
pub use schema::{Mistake, SchemaError};
