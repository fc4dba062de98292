//! The Linux firewall nftables, spoken to over netlink.

mod adapter;
mod batch;
mod config;
mod declare;
mod element;
mod error;
mod read;
mod ruleset;
mod session;
mod slot;
mod socket;
mod wire;

pub use adapter::Nftables;
pub use config::NftablesConfig;
