//! Firewalls AutoSec acts on, each a [`FirewallIntegration`](autosec_core::enforce::FirewallIntegration).
//!
//! A host adds as many as it has; decisions go to all of them at the same time, and one that fails delays none of the
//! others. What is to be in force, for how long, retries and time limits are the
//! [enforcer](autosec_core::enforce)'s; an integration says what its device can do and carries out one call.
//!
//! Each passes [`conformance`](crate::conformance).
//!
//! | firewall | where | native expiry | prefixes | IPv6 |
//! |---|---|---|---|---|
//! | `nftables::Nftables` | this Linux machine, its forwarded traffic and its containers | yes | yes | yes |
//! | `ipset::Ipset` | the same, on machines whose firewall is iptables | yes | yes | yes |
//! | `dynamic_list::DynamicList` | every firewall that fetches a list of addresses by itself | yes | yes | yes |
//! | `asa::Asa` | a Cisco ASA, over SSH or HTTPS | no | with an object group | with an object group |
//! | `panos::PanOs` | what a Palo Alto Networks firewall lets through | yes, 30 days | of IPv4 | yes |
//! | `haproxy::Haproxy` (Unix) | what a HAProxy on this machine serves | no | yes | yes |
//! | `nginx::Nginx` | what an nginx on this machine serves | no | yes | yes |

use autosec_core::enforce::{Outcome, Status};
use ipnet::IpNet;

pub mod asa;
pub mod dynamic_list;
#[cfg(unix)]
pub mod haproxy;
#[cfg(target_os = "linux")]
pub mod ipset;
#[cfg(target_os = "linux")]
mod netlink;
pub mod nginx;
#[cfg(target_os = "linux")]
pub mod nftables;
mod origin;
pub mod panos;

/// The answer to a call in which every item went well.
fn done(targets: impl Iterator<Item = IpNet>) -> Vec<Outcome> {
    targets.map(|target| Outcome { target, status: Status::Done }).collect()
}
