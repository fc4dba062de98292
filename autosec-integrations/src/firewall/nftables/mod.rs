//! The Linux firewall nftables, spoken to over netlink: no command is run, no library is bound, no code is unsafe.
//!
//! # What stands in the kernel
//! One table of AutoSec's own with one chain at hook prerouting, so that traffic to the host, to forwarded networks and
//! to containers is covered; and for each address family and prefix length in use one hash set with timeouts and one
//! rule. `nft list ruleset` shows it as
//! ```text
//! table inet autosec {
//!     comment "autosec"
//!     set v4_32 { type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 1h expires 59m comment "autosec:ssh" } }
//!     set v4_24 { type ipv4_addr; flags timeout; elements = { 203.0.113.0 timeout 1d expires 23h comment "autosec:scan" } }
//!     chain prerouting {
//!         type filter hook prerouting priority -310; policy accept;
//!         iifname "lo" accept
//!         ip saddr @v4_32 counter drop
//!         ip saddr & 255.255.255.0 @v4_24 counter drop
//!     }
//! }
//! ```
//! What the host sends to itself is let through, so that a block of one of its own addresses cuts no local service.
//!
//! The comment marks the table as ours. One of the same name without it is taken over only if nothing is in it but what
//! we would declare, which is how the table of an older kernel or an earlier version looks; else nothing in it is
//! touched, and every call is [`Rejected`](autosec_core::enforce::EnforceError::Rejected). So is one whose table
//! another process owns.
//!
//! # Why a set a prefix length
//! The kernel has interval sets, which hold hosts and prefixes together. They are not used, because
//! - they refuse a prefix that overlaps another one: with 10.1.0.0/16 in force, 10.0.0.0/8 is an error. Here each block
//!   is an element of its own with its own time and reason, whatever it overlaps; a block that runs out or is taken
//!   back leaves the others as they were;
//! - adding one takes time that grows with what is there: 77 ms when 100,000 are in force, against 6 µs here, for a
//!   host and for a prefix alike (2-core x86-64 VM, Linux 6.18, 2026-11-22);
//! - a range that reaches the end of the address space is written in a way of its own; a masked address is not.
//!
//! The price is a lookup a packet for each prefix length in use: over loopback (before it was let
//! through unasked), a packet that is let through took
//! 3.8 µs without a rule, 4.0 µs with one length and 6.1 µs with all 32 lengths of IPv4 in use (same machine). A list of
//! real blocks uses a handful.
//!
//! # A change
//! is one transaction of up to a million elements, applied as a whole or not at all, and no packet meets a part of it:
//! what is not declared yet (table, chain, sets, rules), then for each element its removal and its addition, which also
//! renews the time and the reason of one that is there.
//!
//! Each transaction names the generation of the ruleset it was made for. So one exchange tells whether anybody changed
//! the ruleset meanwhile; only then is our part read again, and where some of it is gone, `block` answers
//! [`Lost`](autosec_core::enforce::EnforceError::Lost) once, having applied nothing; the call after that declares
//! everything anew.
//!
//! # What others do
//! Ten times a second [`drift`](autosec_core::enforce::FirewallIntegration::drift) asks for that generation, and so finds
//! every commit that is not ours: a flush of the ruleset as well as one element taken out. Harm to the table, the chain, a
//! set or a rule is told of at once; what may have changed elements only, once in 5 s at most, because comparing
//! them costs more than a host should spend whose containers change rules all the time.
//!
//! # Rights
//! `CAP_NET_ADMIN` in the network namespace, whether by root, a service manager's ambient capabilities or a user namespace
//! of its own. Without it the first call answers [`Forbidden`](autosec_core::enforce::EnforceError::Forbidden).
//! Batches beyond the system's ceiling on send buffers (`net.core.wmem_max`) need the right on the host itself.
//!
//! # What a failure says
//! | kernel | answer | what to do |
//! |---|---|---|
//! | no such right | `Forbidden` | give the process `CAP_NET_ADMIN` |
//! | no netfilter, no nftables | `Absent` | load or build `nf_tables` |
//! | our table, chain or set is gone | `Lost` | nothing: the enforcer puts everything back |
//! | others kept changing the ruleset | `Transport` | nothing: it is tried again |
//! | no answer in time | `Timeout` | nothing: whether it was applied is not known, and calls are idempotent |
//! | the set is full, a name is taken | `Rejected` | raise `capacity`; give AutoSec a table of its own |
//!
//! # What it does not do
//! It drops by source address only, and only in the namespace it was opened in. Connections that are established are
//! dropped too, because the chain stands before connection tracking. Nothing is written to a configuration file: after a
//! restart of the machine the enforcer's reconciliation puts everything back.

mod adapter;
mod batch;
mod config;
mod declare;
mod drift;
mod element;
mod error;
mod read;
mod recognize;
mod ruleset;
mod session;
mod slot;

pub use adapter::Nftables;
pub use config::NftablesConfig;
