//! A list that firewalls fetch by themselves: an external dynamic list, threat feed, security intelligence feed or URL
//! table, as each vendor calls it.
//!
//! PAN-OS, FortiGate, Check Point, Sophos, Cisco Firepower, Juniper, pfSense, OPNsense and Zscaler all read a text of one
//! address or prefix a line from a web server. [`DynamicList`] is that text: blocks go in as into any other
//! firewall, and the host serves what [`DynamicList::serve`] gives, over HTTPS and to those it has authenticated.
//!
//! # What makes it safe to fetch
//! - Every line is an address or a prefix in its canonical form and nothing else. Malformed lines have crashed such
//!   devices; reasons, which may hold what strangers wrote, never get into it.
//! - It is cut to what the [`Consumer`] takes, most important first, by us and with a count of what was left out: devices cut
//!   it silently, the newest first.
//! - It is never empty without being meant so: [`DynamicList::serve`] gives nothing before the first block or unblock, because
//!   a device that fetched an empty list right after a restart would let everybody in, and one that gets an error keeps the
//!   last copy.
//! - An entity tag spares a device that asks every minute the text it already has.
//!
//! How soon a block takes effect is up to the device: PAN-OS looks every five minutes at best, FortiGate every minute.

mod consumer;
mod list;
mod text;

pub use consumer::Consumer;
pub use list::{DynamicList, Served};
