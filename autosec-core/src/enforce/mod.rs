//! Acting on decisions: the [`FirewallIntegration`] seam, the [`Ledger`] of what is to be in force, and the
//! [`Enforcer`] that brings every firewall to it.
//!
//! # The life of a block
//! 1. [`Enforcer::enforce`] takes a decision to block an address, asks the guard again, and writes an [`Entry`] to the
//!    [`Ledger`]: who, until when, why. Only when the [store](crate::store) has acknowledged it does anything else happen.
//! 2. Each firewall is then brought to what the ledger says *at that moment*, all at the same time, each with its own time
//!    limit. So a block and an unblock that race end in the ledger's state, whichever call comes last.
//! 3. Right before the call the guard is asked once more. What it refuses now is taken off the firewall instead.
//! 4. A firewall that forgets by itself is given the time left. From others the block is taken by
//!    [`Enforcer::maintain`] when its time is over. One that cannot hold a time so long is given what it can hold,
//!    and reminded halfway.
//! 5. [`Enforcer::unblock`] and [`Enforcer::allow`] end it early, and [`Enforcer::reconcile`] repairs what others did to it.
//!
//! # What happens when something fails
//! | failure | consequence |
//! |---|---|
//! | the ledger cannot be written, or is full | nothing is touched: [`Enforcement::Failed`] |
//! | a firewall hangs, or cannot be reached | up to [`attempts`](EnforceConfig::attempts) tries with pauses, then it owes the items |
//! | it has [lost](EnforceError::Lost) its state | everything in force is put back in the same call; if that fails, it owes a comparison of everything |
//! | what it holds has no effect (its rules are gone) | `reconcile` asks for its [health](FirewallIntegration::health) and sends everything again |
//! | it objects to items by name | those are owed, the others are sent again without them |
//! | its integration panics, or says nothing about an item | an [error](EnforceError::Broken) or a rejection of that firewall alone; it owes the items |
//! | it refuses a whole call, is absent, or lacks rights | no further try in this call; it owes the items |
//! | it cannot hold such an item at all | reported as [`Status::Unsupported`] whenever it is asked, not tried by itself |
//! | it could not be read back to be compared | it owes the comparison |
//! | the host drops the future half-way | the items are owed |
//! | the process dies | the ledger is on disk; `reconcile` at the next start |
//!
//! What is owed is tried again by `maintain`, after pauses that double up to
//! [`longest_pause`](EnforceConfig::longest_pause). Until then reports count it as
//! [`pending`](FirewallReport::pending). None of it delays the other firewalls.
//!
//! # What the host calls, and when
//! The library runs no thread and no timer. The host
//!
//! - calls `reconcile` once at start, before it hands in events, then every minute or so, and when it suspects that
//!   somebody changed a firewall;
//! - calls `maintain` every second or so: expiry on firewalls without one of their own, further tries, and room in the
//!   ledger depend on it;
//! - calls `enforce` with each decision it agrees with, as often as it likes: the same decision twice is once.
//!
//! All of it through the [`Engine`](crate::engine::Engine), which owns an enforcer, on a tokio runtime with its timer
//! enabled. On another executor calls work but have no time limit.
//!
//! # Which firewall
//! [`MemoryFirewall`] for tests and for hosts that drop traffic themselves; the integrations crate for real ones; an
//! implementation of [`FirewallIntegration`] for any other.
//!
//! # After a crash
//! The ledger is read back when an engine is built, and reconciling brings a firewall that was reset meanwhile to it:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::net::IpAddr;
//!
//! use autosec_core::enforce::MemoryFirewall;
//! use autosec_core::engine::Engine;
//! use autosec_core::event::{Event, Schema, field};
//! use autosec_core::measure::{Confidence, Severity};
//! use autosec_core::rule::{Rule, RuleSet};
//! use autosec_core::store::FileStore;
//! use autosec_core::time::Timestamp;
//!
//! let directory = std::env::temp_dir().join(format!("autosec-crash-example-{}", std::process::id()));
//! let edge = MemoryFirewall::new("edge");
//! let start = || -> Result<Engine, Box<dyn std::error::Error>> {
//!     let when = r#"url.path contains "/../""#;
//!     let rule = Rule { confidence: Confidence::ONE, ..Rule::new("traversal", Severity::Critical, when) };
//!     let rules = RuleSet::builder(&Schema::ecs()).rule(rule).build()?;
//!     let store = FileStore::open(&directory)?;
//!     Ok(Engine::builder().detector(rules).firewall(edge.clone()).store(store).build()?)
//! };
//! let attacker: IpAddr = "203.0.113.7".parse()?;
//!
//! let engine = start()?;
//! let request = Event::new(Timestamp::from_secs(1_700_000_000)).with(field::URL_PATH, "/a/../b");
//! let verdict = engine.process(request.with(field::SOURCE_IP, attacker));
//! engine.enforce(verdict.decision().unwrap()).await;
//! assert!(edge.drops(attacker));
//!
//! drop(engine);
//! edge.flush();
//! let engine = start()?;
//! assert_eq!(engine.in_force().len(), 1, "the block is remembered");
//! engine.reconcile().await;
//! assert!(edge.drops(attacker), "and in force again");
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```

mod breaker;
mod choice;
mod compare;
mod config;
mod debt;
mod draft;
mod enforcer;
mod entry;
mod error;
mod firewall;
mod keeper;
mod ledger;
mod memory;
mod outcome;
mod pass;
mod patience;
mod rate;
mod repair;
mod status;
mod target;
mod trial;

pub use breaker::Circuit;
pub use compare::FirewallPlan;
pub use config::{BreakerConfig, EnforceConfig, FirewallConfig, Rate, Require, SyncGuard, WhenFull};
pub use enforcer::Enforcer;
pub use entry::Entry;
pub use error::EnforceError;
pub use firewall::{Block, Capabilities, Change, FirewallIntegration, Health, Outcome, REASON_LIMIT, Status};
pub use ledger::{Ledger, LedgerError};
pub use memory::MemoryFirewall;
pub use outcome::{Bulk, Enforcement, FirewallReport, Idle};
pub use status::{DeadLetter, FirewallStatus};
pub use trial::Trial;
