//! Acting on decisions: the [`FirewallIntegration`] seam, the [`Ledger`] of what is to be in force, and the
//! [`Enforcer`] that brings every firewall to it.

mod config;
mod enforcer;
mod firewall;
mod ledger;
mod memory;
mod outcome;
mod patience;
mod target;

pub use config::EnforceConfig;
pub use enforcer::Enforcer;
pub use firewall::{
    Block, Capabilities, Change, EnforceError, FirewallIntegration, Health, Outcome, REASON_LIMIT, Status,
};
pub use ledger::{Entry, Ledger, LedgerError};
pub use memory::MemoryFirewall;
pub use outcome::{Enforcement, FirewallReport};
