//! The Linux firewall by iptables and ipset: one rule an address family over a set that is spoken to over netlink.
//!
//! It is for machines whose firewall is iptables, legacy or on top of nftables: what AutoSec does then stands in the
//! listings that their administrators read. Where that is no reason, [`nftables`](super::nftables) is the better choice:
//! it needs no program, changes many blocks in one transaction, notices at once when somebody removes what it put
//! there, and knows its table by a mark that nothing can empty.
//!
//! # What stands in the kernel
//! Two sets and two rules, made by the first block. By the programs they would be
//! ```text
//! ipset create autosec_v4 hash:net family inet maxelem 1000001 timeout 0 comment
//! ipset add autosec_v4 255.255.255.255 nomatch timeout 0 comment autosec
//! ipset create autosec_v6 hash:net family inet6 maxelem 1000001 timeout 0 comment
//! ipset add autosec_v6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff nomatch timeout 0 comment autosec
//! iptables  -w 2 -t raw -I PREROUTING ! -i lo -m set --match-set autosec_v4 src -m comment --comment autosec -j DROP
//! ip6tables -w 2 -t raw -I PREROUTING ! -i lo -m set --match-set autosec_v6 src -m comment --comment autosec -j DROP
//! ```
//! and a block then
//! ```text
//! ipset add -exist autosec_v4 203.0.113.0/24 timeout 3600 comment autosec:rule=ssh-bf
//! ```
//! A set of kind `hash:net` holds hosts and prefixes of any length together. Each is an entry of its own with its own time
//! and reason, whatever it overlaps; putting one in takes the same time however many are there (9 µs when 100,000 are,
//! on a 2-core x86-64 VM with Linux 6.18, 2026-11-22), and a packet costs one look-up for each prefix length in use.
//!
//! The rule stands in table raw, not in mangle, because raw comes before connection tracking: an attack that is dropped
//! there fills no connection table. Its chain PREROUTING sees traffic to the host, to forwarded networks and to containers,
//! which rules in INPUT do not. What the host sends to itself (interface `lo`) is spared, so that a block of one of its own
//! addresses cuts no local service. Rules that somebody puts before ours and that accept a packet win.
//!
//! # Whose set it is
//! The entry at the end of the address space marks a set as ours; it never matches, and no packet comes from there. A set of
//! our name without it is taken over only if it is of our kind and nothing is in it; else nothing is touched, and every
//! call is [`Rejected`](autosec_core::enforce::EnforceError::Rejected). A rule is ours if it is word for word the one above.
//!
//! # A change
//! is a message of at most 1,000 entries, and **not atomic**: the kernel applies entries one after the other up to the first
//! that it refuses. That one is reported by itself, and those behind it are sent again, so each item has its own outcome. A
//! call that breaks off half-way leaves some items done; calls are idempotent, so the enforcer sends them again.
//!
//! # When somebody removes it
//! | what | noticed |
//! |---|---|
//! | a set was destroyed or emptied | by the next `block` that concerns it |
//! | the rule is gone, and no other rule uses the set | by a `block`, at most a second later |
//! | the rule is gone, but another rule uses the set | by `health`, which a comparison asks for |
//! | single entries are gone or were added | by a comparison |
//!
//! `block` then answers [`Lost`](autosec_core::enforce::EnforceError::Lost) once; the call after that makes everything anew,
//! and the enforcer puts every block back. The kernel tells nobody of such a change, so without a block or a comparison it
//! is not noticed. Entries that somebody else puts into our sets are in force, are listed, and go with the next
//! comparison.
//!
//! # Limits
//! - Times are whole seconds up to 24.8 days. The kernel would cut a longer one without a word, so it is cut here, and the
//!   enforcer, which is told the longest, renews the block in time.
//! - No set holds a prefix of length 0; block its two halves.
//! - A set's size is fixed when it is made, and the kernel counts by parts of its table: it may take a few percent more. A
//!   full set refuses new entries one by one ([`Status::Rejected`](autosec_core::enforce::Status::Rejected)), and
//!   renews those it has.
//! - Comments need Linux 3.14.
//! - It drops by source address only, connections that are established too. Nothing is written to a configuration
//!   file: after a restart of the machine the enforcer's reconciliation puts everything back.
//! - A machine with both kinds of `iptables` has two sets of rules. The rule is put in by the program that is configured,
//!   and looked for there.
//!
//! # Rights
//! `CAP_NET_ADMIN` in the network namespace; legacy `iptables` also `CAP_NET_RAW`, and to write its lock file
//! (`/run/xtables.lock`).
//!
//! # What a failure says
//! | cause | answer | what to do |
//! |---|---|---|
//! | no such right | `Forbidden` | give the process the capabilities above |
//! | no ipset, no `iptables`, no table raw, no match `set` | `Absent` | install or load it; for IPv6 also `ipv6: Some(false)` |
//! | others hold iptables' lock | `Busy` | nothing: it is tried again |
//! | a set, or the rule, is gone | `Lost` | nothing: the enforcer puts everything back |
//! | no answer in time | `Timeout` | nothing: whether it was applied is not known, and calls are idempotent |
//! | a name is taken | `Rejected` | give AutoSec another `set` name |

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
