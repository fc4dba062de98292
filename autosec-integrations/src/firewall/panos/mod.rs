//! Palo Alto Networks firewalls: what is blocked carries a tag, and a rule drops what carries it.
//!
//! Tags are given and taken over the User-ID part of the XML API. That needs no commit: it takes effect within
//! seconds, and never publishes what an administrator has half finished.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use autosec_core::enforce::{Block, FirewallIntegration, Status};
//! use autosec_integrations::firewall::panos::{PanOs, PanOsConfig, registered_limit};
//! use autosec_integrations::secret::FixedSecrets;
//! use autosec_integrations::transport::HttpClient;
//! use http::{Request, Response};
//!
//! /// In the place of a firewall; a program takes `transport::HttpsClient`, of the feature `https`.
//! #[derive(Debug)]
//! struct Agrees;
//!
//! #[async_trait]
//! impl HttpClient for Agrees {
//!     async fn send(&self, _request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
//!         Ok(Response::new(b"<response status=\"success\"><result/></response>".to_vec()))
//!     }
//! }
//!
//! let config = PanOsConfig { capacity: registered_limit("PA-850"), ..PanOsConfig::new("https://fw.example") };
//! let secrets = FixedSecrets::default().with("pan-os-key", "LUFRPT1");
//! let firewall = PanOs::new(config, Arc::new(Agrees), Arc::new(secrets))?;
//!
//! let target = "203.0.113.7/32".parse()?;
//! let block = Block { target, ttl: Some(Duration::from_secs(3600)), reason: "rule=scan".to_owned() };
//! assert_eq!(firewall.block(&[block]).await?[0].status, Status::Done);
//! # Ok(())
//! # }
//! ```
//!
//! # What stands in the firewall
//! The administrator sets up once, and commits:
//! ```text
//! set address-group autosec-blocked dynamic filter "'autosec-block'"
//! set rulebase security rules autosec-in from any to any source autosec-blocked destination any application any service any action drop
//! ```
//! with the rule at the top, and one with the group as destination beside it if hosts within are not to answer either. Then an
//! *admin role* that allows, of the XML API, *User-ID Agent* and *Operational Requests* and nothing else, a user of that
//! role for AutoSec alone, and the user's API key in the secret `pan-os-key`; or its password, see [`Credentials`].
//! Management interfaces have a certificate of their own making: pin it, or give the firewall one from your authority.
//!
//! The tag is AutoSec's: what carries it counts as blocked by us, and is let go when the ledger does not know it.
//! Other tags of the same address are never touched.
//!
//! # What it can hold
//! | | |
//! |---|---|
//! | hosts | IPv4 and IPv6 |
//! | prefixes | IPv4, from PAN-OS 10; a prefix counts as one address. Those of IPv6 are `Unsupported`: rules decide on IPv6 /64 unless told otherwise, so set [`ipv6_prefix(128)`] in the rule set, or IPv6 is not blocked here |
//! | times | whole seconds, rounded up, from PAN-OS 9; 30 days at most, which the enforcer renews |
//! | reasons | none: there is no room for a comment beside a tag |
//! | how many | 1,000 to 500,000 by model, shared with all that registers addresses: [`registered_limit`] |
//!
//! # A change
//! is one request for up to [`batch`](PanOsConfig::batch) addresses. PAN-OS leaves an address alone that has the tag
//! already, its time included; such ones lose the tag and get it anew in a second message, so that no moment lies
//! between. Where one entry is wrong the others are done all the same: those that PAN-OS names are left out, else the
//! halves are tried, within 48 requests.
//!
//! # What a failure says
//! HTTP 200 may hold an error, and one code stands for several of them, so the words are looked at first.
//!
//! | PAN-OS | answer | what to do |
//! |---|---|---|
//! | unreachable, cut off, unreadable, code 2–5, 11, 21, HTTP 408, 421, 425, 5xx | `Transport` | nothing: it is tried again |
//! | a commit, an install or a sync in progress, a lock | `Busy` for 30 s | nothing |
//! | HTTP 429, 503 | `Busy` for as long as `Retry-After` says in seconds, else 10 s | nothing |
//! | code 403 or 22: a key that is not known, or not any more | the secret is asked for once more, then `Forbidden` | renew the secret |
//! | code 16, "not authorized" | `Forbidden` | give the role its rights |
//! | code 15, "passive" | `Absent`: it is the passive one of a pair; [`health`] says so too | give the URL of the active one, or one that follows it |
//! | code 7, 13, no API at the URL, another HTTP 3xx or 4xx, another certificate, no right to connect | `Absent` | mend vsys, serial number, URL, pin or what stands in front |
//! | the secret cannot be had now | `Transport`; `Forbidden` if there is none or it may not be read | |
//! | another code, HTTP 413 | `Rejected` as a whole, with its words | |
//! | an entry, "already exists", "does not exist" | `Done` | |
//! | an entry, other words, such as for want of room | `Rejected` for that one, with its words | |
//!
//! # How sure this is
//! It has been tried against our simulator, which is written from the vendor's documentation and from what public programs for
//! this API expect, not on PAN-OS. Two things are documented nowhere we know of. In
//! which order a message's two sections are heard, the code does not rely on: one of the addresses is looked up afterwards,
//! and the tags are given again if it lacks its own. Whether listings hold times, and which, it has to assume, because
//! public programs disagree: a time that is listed is read as the time *left*. Where there is none, the time left is unknown,
//! and the enforcer takes the block for right. If a firewall lists the time that was *given* instead, every comparison finds
//! all tags wrong that are older than some seconds and gives them anew: nothing is let in, and each comparison costs
//! two to three requests a batch. Not verified: whether a persistent tag keeps its time over
//! a restart (if not, the next reconciliation lets it go), whether an address inherits tags in listings from a prefix that
//! covers it, and the words for want of room.
//!
//! [`ipv6_prefix(128)`]: autosec_core::rule::RuleSetBuilder::ipv6_prefix
//! [`health`]: autosec_core::enforce::FirewallIntegration::health

mod adapter;
mod answer;
mod api;
mod config;
mod fault;
mod message;
mod model;
mod settle;
mod xml;

pub use adapter::PanOs;
pub use config::{Credentials, PanOsConfig};
pub use model::registered_limit;
