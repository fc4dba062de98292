//! Firewalls AutoSec acts on, each a [`FirewallIntegration`](autosec_core::enforce::FirewallIntegration).

#[cfg(target_os = "linux")]
pub mod nftables;
