//! Acting on decisions: the [`FirewallIntegration`] seam.

mod firewall;
mod memory;

pub use firewall::{
    Block, Capabilities, Change, EnforceError, FirewallIntegration, Health, Outcome, REASON_LIMIT, Status,
};
pub use memory::MemoryFirewall;
