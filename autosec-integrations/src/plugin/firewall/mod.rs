//! A configured plugin as a [`FirewallIntegration`](autosec_core::enforce::FirewallIntegration).
//!
//! The enforcer asks, the plugin answers, and what stands between them does what neither should have to:
//!
//! | what | how |
//! |---|---|
//! | more items than a call takes | several calls; after a crash smaller ones, until the item that causes it stands alone |
//! | a device that wants pauses | a short pause is waited for, a longer one is [`EnforceError::Busy`] |
//! | a failure of one item | a [`Status`] of that item |
//! | a failure of the whole call, said of each item | an [`EnforceError`]; beside items that went well, the others stay owed |
//! | a crash | an error of this firewall alone; the ledger still says what is to be in force |
//! | a listing without end, or with a cursor that comes back | an error |
//! | a device without expiry | the enforcer ends blocks |
//! | a device that cannot list | what it was given within the last hour counts as held |
//!
//! [`EnforceError`]: autosec_core::enforce::EnforceError
//! [`EnforceError::Busy`]: autosec_core::enforce::EnforceError::Busy
//! [`Status`]: autosec_core::enforce::Status

mod adapter;
mod ability;
mod answer;
mod batch;
mod entry;
mod fault;
mod listing;
mod pace;
mod recall;

pub use ability::MetadataError;
pub(super) use ability::{capabilities, check, obstacle};
pub use adapter::{DEADLINE, Plan, PluginFirewall};
