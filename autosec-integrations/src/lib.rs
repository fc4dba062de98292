//! Log readers, threat feeds and firewall integrations for AutoSec.
//!
//! `autosec-core` knows events and decisions; this crate knows the outside world. On one end it turns the logs that hosts
//! write anyway into [events](autosec_core::event::Event), on the other it makes
//! [decisions](autosec_core::decision::Decision) take effect on the firewalls hosts have.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use autosec_core::enforce::MemoryFirewall;
//! use autosec_core::engine::Engine;
//! use autosec_core::event::Schema;
//! use autosec_core::rule::RuleSet;
//! use autosec_core::time::Timestamp;
//! use autosec_integrations::log::{Format, LogReader, Options};
//!
//! let log = "Nov 22 14:02:11 web1 sshd[42]: Failed password for root from 203.0.113.7 port 4711 ssh2\n".repeat(5);
//!
//! let edge = MemoryFirewall::new("edge");
//! let rules = RuleSet::builder(&Schema::ecs()).starter().build()?;
//! let engine = Engine::builder().detector(rules).firewall(edge.clone()).build()?;
//! let now = Timestamp::parse("2026-11-22T15:00:00Z")?;
//! let options = Options { fields: engine.fields().clone(), ..Options::new(now) };
//! let mut reader = LogReader::new(log.as_bytes(), Format::Auto, options);
//! while let Some(line) = reader.read()? {
//!     let Ok(event) = line else { continue };
//!     for decision in engine.process(event).decisions() {
//!         println!("{}", engine.enforce(decision).await);
//!     }
//! }
//! assert!(edge.drops("203.0.113.7".parse()?));
//! # Ok(())
//! # }
//! # let mut example = std::pin::pin!(example());
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # let std::task::Poll::Ready(ended) = example.as_mut().poll(&mut context) else { panic!("memory does not wait") };
//! # ended.unwrap();
//! ```
//!
//! # The modules
//! | module | what it is for |
//! |---|---|
//! | [`log`] | syslog (sshd, sudo, PAM), access logs of nginx and Apache, EVE JSON of Suricata |
//! | [`feed`] | threat feeds: lists, STIX bundles, prose, and when which is due |
//! | [`host`] | what this host lives by, for the guard: its addresses, gateways, resolvers, administrators |
//! | `firewall::nftables` (Linux only) | the kernel's firewall, spoken to over netlink |
//! | `firewall::ipset` (Linux only) | iptables with sets, the latter spoken to over netlink |
//! | `firewall::{haproxy, nginx}` | proxies on this machine that refuse clients |
//! | [`firewall::asa`] | Cisco ASA, over SSH or HTTPS |
//! | [`firewall::panos`] | Palo Alto Networks firewalls, by tags on addresses |
//! | [`firewall::dynamic_list`] | a list that firewalls fetch by themselves |
//! | [`conformance`] | a kit that tries any firewall integration |
//! | [`secret`] | where integrations get their passwords and keys from |
//! | [`transport`] | how integrations reach what they talk to, for hosts that want another way |
//!
//! The feature `https`, off by default, brings an HTTP client (`transport::HttpsClient`) for the firewalls that are spoken to
//! over HTTPS, and the feature `ssh` a shell (`transport::SshShell`) for those that are typed to; a host that has its own
//! implements [`transport::HttpClient`] and [`transport::Shell`] instead.
//!
//! # Principles
//! - **What strangers wrote is not believed.** A line of a log holds what an attacker chose beside what the server knows;
//!   readers take an address or a name only from where an attacker cannot have put it.
//! - **No byte sequence panics, and nothing is lost in silence.** What cannot be read is told with its line and reason.
//! - **Only our own is touched.** A firewall integration changes and lists what AutoSec put there, nothing else.
//! - **No shells, no unsafe code.** Where a program has to be run, it is given its arguments one by one.

pub mod conformance;
pub mod feed;
pub mod firewall;
pub mod host;
pub mod log;
pub mod plugin;
pub mod secret;
pub mod transport;
