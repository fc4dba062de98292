//! docs

mod adapter;
mod config;
mod entry;
mod error;
mod family;
mod outcomes;
mod request;
mod rule;
mod session;
mod sets;

pub use adapter::Ipset;
pub use config::IpsetConfig;
