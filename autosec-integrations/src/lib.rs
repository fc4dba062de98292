//! Log readers and firewall integrations for AutoSec.

pub mod firewall;
pub mod log;
