//! Addresses and prefixes: canonical forms, special ranges and the set of addresses a rule or an allowlist names.

mod address;
mod set;

pub use address::{NetworkError, canonical, canonical_network, client, display, network, special_range};
pub use set::AddressSet;
