//! Cisco ASA, by its command line over any [`Shell`](crate::transport::Shell) or by its HTTPS interface over any
//! [`HttpClient`](crate::transport::HttpClient).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io;
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use autosec_core::enforce::FirewallIntegration;
//! use autosec_integrations::firewall::asa::{Asa, AsaConfig, AsaMode, ShunOwner};
//! use autosec_integrations::secret::FixedSecrets;
//! use autosec_integrations::transport::{Shell, Terminal};
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};
//!
//! /// A device that knows one command. `SshShell` (feature `ssh`) leads to real ones.
//! #[derive(Debug)]
//! struct Canned;
//!
//! #[async_trait]
//! impl Shell for Canned {
//!     async fn open(&self) -> io::Result<Box<dyn Terminal>> {
//!         let (terminal, device) = duplex(4096);
//!         tokio::spawn(async move {
//!             let (typed, mut screen) = split(device);
//!             let mut typed = BufReader::new(typed).lines();
//!             screen.write_all(b"Type help or '?'.\r\nciscoasa# ").await?;
//!             while let Some(line) = typed.next_line().await? {
//!                 let answer = if line == "show shun" { "Shun 203.0.113.7 0.0.0.0 0 0\r\n" } else { "" };
//!                 screen.write_all(format!("{line}\r\n{answer}ciscoasa# ").as_bytes()).await?;
//!             }
//!             io::Result::Ok(())
//!         });
//!         Ok(Box::new(terminal))
//!     }
//! }
//!
//! let mode = AsaMode::Shun { owner: ShunOwner::AutoSec };
//! let config = AsaConfig { mode, ..AsaConfig::default() };
//! let asa = Asa::over_shell(Arc::new(Canned), Arc::new(FixedSecrets::default()), config)?;
//! let blocked = asa.blocked().await?;
//! assert_eq!(blocked[0].target.to_string(), "203.0.113.7/32");
//! # Ok(())
//! # }
//! ```
//!
//! # Two modes
//! | | an object group (default) | a shun |
//! |---|---|---|
//! | blocks | hosts and prefixes, IPv4 and IPv6 | single IPv4 addresses |
//! | where | where an access list denies the group | every interface, without any rule |
//! | whose | the group is AutoSec's alone | the device keeps no owner, and one shun an address: see [`ShunOwner`] |
//! | the other unit of a pair | has the group as well | does not know of it |
//! | a reload | loses it, unless [saved](AsaSave) | loses it |
//! | live connections | are cleared right after the change | are cut by the shun, and cleared right after |
//!
//! Neither knows times, so the [enforcer](autosec_core::enforce) takes blocks off. What was lost is noticed by the next call
//! that blocks or by the next comparison, whichever comes first, and put back.
//!
//! A shun that somebody else put on an address ends with AutoSec's block of the same address. Where that matters, use an
//! object group.
//!
//! # What an administrator sets up
//! For an object group, once. The word `autosec` in the description makes the group AutoSec's: one without it is never
//! touched, not even read back. The one member that nobody is behind keeps the group from becoming empty, which a group in
//! use must not be. The deny has to stand before what permits.
//! ```text
//! object-group network AUTOSEC_BLOCK
//!  description autosec owns this group
//!  network-object host 192.0.2.254
//! access-list outside_in line 1 extended deny ip object-group AUTOSEC_BLOCK any
//! access-group outside_in in interface outside
//! no call-home reporting anonymous
//! write memory
//! ```
//! A new device asks in `configure terminal` whether it may report errors, until somebody has answered: the line about
//! `call-home` is the answer no. No question is answered here.
//!
//! A group that is missing is made with its description and that member; the access list never is.
//!
//! For SSH: a user with privilege 15, or one with less and the password of `enable`; `ssh version 2`; the host key of the
//! device, by `ssh-keyscan` from a place where nobody can stand in between.
//! ```text
//! username autosec password ******** privilege 15
//! aaa authentication ssh console LOCAL
//! ssh 192.0.2.50 255.255.255.255 inside
//! ```
//! For HTTPS: a user with privilege 15, and the client's name that may use Basic authentication, `ASDM`, which is allowed by
//! default.
//! ```text
//! username autosec password ******** privilege 15
//! aaa authentication http console LOCAL
//! http server enable
//! http 192.0.2.50 255.255.255.255 inside
//! ```
//! Of a failover pair always the active unit's address, which moves with the role: the standby unit is recognised, and
//! nothing is changed there. A security context is a device of its own.
//!
//! A login alone can take seconds on a small device: give this firewall a longer
//! [`timeout`](autosec_core::enforce::FirewallConfig::timeout), such as 30 s.
//!
//! # What happens in a call
//! A session is opened for each call and closed after it: a device has few of them (five, as a rule), ends idle ones, and one
//! that is cut costs one call. Changes that wait become one call. The group or the shuns are listed first, so that only
//! what is missing is sent, and a second time if anything was answered that is not known to be good: then what the device
//! holds decides, item by item. A line is typed only when the device asks for one, and is made of fixed words, a checked
//! name and addresses; nothing that a device shows is ever sent back. Over HTTPS commands go into the path of a `GET`,
//! several at once, and configuration into the body of a `POST`.
//!
//! # What a failure says
//! | device | answer |
//! |---|---|
//! | cannot be reached, or breaks off | `Transport`: tried again |
//! | shows another host key, or knows no algorithm in common | `Absent` |
//! | refuses a password, a command, this client (400, 401, 403) | `Forbidden` |
//! | lacks the HTTPS interface (404) | `Absent` |
//! | is configured by somebody else, has enough to do (429, 503) | `Busy` |
//! | lacks what was in force | `Lost`: everything is put back |
//! | is the standby unit, or the group is somebody else's | `Rejected` |
//! | asks a person something (`[confirm]`, `(y/n)`) | `Rejected`, with the question |
//! | has no room, refuses a member | the item is `Rejected`, with its words |
//!
//! # What is known, and how
//! Nothing here was tried on a real device: it is tested against our simulator, which is written from documents. From the
//! vendor's documentation: `shun` and its life, object groups and that one in use is not emptied, `clear conn`, that there is
//! an HTTPS interface and which clients it takes. From published programs that work with devices: its paths and the body of a
//! configuration, statuses 400 and 401, the texts for a member that is there already, is not there, or is the last one,
//! `Shun … successful`, what `write memory` shows, prompts and paging.
//!
//! Not confirmed: that a shun takes no IPv6, how an IPv6 host is listed in a group (both forms are read), what `clear conn`
//! and `no shun` answer, what `/admin/config` answers, the texts for want of memory and for somebody else configuring. None of
//! these answers is relied on: one that is not known leads to a second listing.
//!
//! # Limits
//! - `names` on the device lists some addresses by name. Those are not recognised as blocks; write `no names`.
//! - Old versions may not clear connections by a range or of IPv6: then those of a blocked prefix live until they end.
//! - A custom `prompt` may hold letters, digits and `-._/`; one with the failover state is lost in the moment of a failover,
//!   and the call is tried again.
//! - A terminal takes one line at a time: the 20 blocks of a call are some 50 round trips, 3 s where one takes 60 ms. What a
//!   call that ran out of time achieved is kept, ten blocks at a time, and the next goes on from there. HTTPS takes them in
//!   a handful of requests.

mod adapter;
mod answer;
mod command;
mod config;
mod link;
mod means;
mod screen;
mod session;
mod trouble;
mod web;

pub use adapter::Asa;
pub use config::{AsaConfig, AsaMode, AsaSave, ShunOwner};
pub use web::AsaWeb;
