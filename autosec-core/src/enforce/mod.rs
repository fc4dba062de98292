//! Acting on decisions: the [`FirewallIntegration`] seam, the [`Ledger`] of what is to be in force, and the
//! [`Enforcer`] that brings every firewall to it.
//!
//! # The life of a block
//! 1. [`Enforcer::enforce`] takes a decision to block an address, asks the guard again, and writes an [`Entry`] to the
//!    [`Ledger`]: who, until when, why. Only when the [store](crate::store) has acknowledged it does anything else happen.
//!    [`Enforcer::enforce_all`] does so for many with one write.
//! 2. Each firewall is then brought to what the ledger says *at that moment*, all at the same time, each with its own time
//!    limit. So a block and an unblock that race end in the ledger's state, whichever call comes last.
//! 3. Right before each call the guard is asked once more, for whatever firewall. What it refuses now is taken off the
//!    firewall instead.
//! 4. A firewall that forgets by itself is given the time left. From others the block is taken by
//!    [`Enforcer::maintain`] when its time is over. One that cannot hold a time so long is given what it can hold,
//!    and reminded halfway.
//! 5. [`Enforcer::unblock`], [`Enforcer::allow`] and [`Enforcer::release_all`] end it early, and
//!    [`Enforcer::reconcile`] repairs what others did to it.
//!
//! # Each firewall at its own pace
//! Every firewall has a queue of items it owes, a time limit, a rate, a circuit breaker and dead letters of its own
//! ([`EnforceConfig`], and [`FirewallConfig`] for what differs). One that hangs, fails or is slow delays no other.
//!
//! | setting | what it does |
//! |---|---|
//! | [`timeout`](EnforceConfig::timeout), [`attempts`](EnforceConfig::attempts), [`backoff`](EnforceConfig::backoff) | a call, and tries within one call to AutoSec, with exponential pauses and full jitter |
//! | [`rate`](EnforceConfig::rate) | so many calls and items in so much time; the rest waits in the queue |
//! | [`breaker`](EnforceConfig::breaker) | after failures in a row it is left alone, then tried with one call |
//! | [`rejections`](EnforceConfig::rejections) | an item rejected so often is a [`DeadLetter`]: told, kept, [replayed](Enforcer::replay) when asked |
//! | [`require`](EnforceConfig::require) | how many firewalls `enforce` waits for |
//! | [`observe`](FirewallConfig::observe) | nothing is changed there; reports and the observer say what would be |
//! | [`capacity`](FirewallConfig::capacity) | it is given the most important blocks only |
//! | [`aggregate`](FirewallConfig::aggregate) | neighbours that end at the same moment become one prefix |
//!
//! Changes that wait for the same firewall meanwhile become one call. [`Enforcer::status`] says how each firewall fares, and
//! the [`Observer`](crate::observe::Observer) is told when a circuit opens, an item is given up or a block is evicted.
//!
//! # Looking first
//! [`Enforcer::plan`] says what would change on each firewall; [`Enforcer::try_out`] blocks until confirmed, and reverts by
//! itself, though the process die. A comparison that would take most of a firewall's blocks off is held back
//! ([`SyncGuard`]).
//!
//! # What happens when something fails
//! | failure | consequence |
//! |---|---|
//! | the ledger cannot be written, or is full | nothing is touched: [`Enforcement::Failed`]; letting in goes ahead all the same |
//! | a firewall hangs, or cannot be reached | up to [`attempts`](EnforceConfig::attempts) tries with pauses, then it owes the items; after [failures in a row](BreakerConfig) it is left alone for a while |
//! | it wants to be asked [later](EnforceError::Busy) | it is |
//! | it has [lost](EnforceError::Lost) its state | everything in force is put back in the same call; if that fails, it owes a comparison of everything |
//! | what it holds has no effect (its rules are gone) | `reconcile` asks for its [health](FirewallIntegration::health) and sends everything again |
//! | it objects to items by name | those are owed, the others are sent again without them; after some rejections a block is a dead letter, while what is to be let in is tried for ever |
//! | its integration panics, or says nothing about an item | an [error](EnforceError::Broken) or a rejection of that firewall alone; it owes the items |
//! | it refuses a whole call, is absent, or lacks rights | no further try in this call; it owes the items |
//! | it cannot hold such an item at all | reported as [`Status::Unsupported`] when it is asked, not tried by itself |
//! | it could not be read back to be compared | it owes the comparison |
//! | the host drops the future half-way | the items are owed |
//! | the clock is set back | no block, pause or circuit lasts longer than it was meant to from then on |
//! | the clock is set forward | what ends by the new time ends, as if the time had passed |
//! | the process dies | the ledger is on disk; `reconcile` at the next start |
//!
//! What is owed is tried again by `maintain`, after pauses that double up to
//! [`longest_pause`](EnforceConfig::longest_pause). Until then reports count it as
//! [`pending`](FirewallReport::pending). None of it delays the other firewalls.
//!
//! # What the host calls, and when
//! The library runs no thread. The host
//!
//! - spawns one task that awaits [`Enforcer::run`], which does all of the following for as long as it is awaited; or
//! - calls `reconcile` once at start, before it hands in events, then every minute or so, and when it suspects that
//!   somebody changed a firewall; and
//! - calls `maintain` every second or so: expiry on firewalls without one of their own, further tries, and room in the
//!   ledger depend on it;
//! - calls `enforce` with each decision it agrees with, as often as it likes: the same decision twice is once.
//!
//! All of it through the [`Engine`](crate::engine::Engine), which owns an [enforcer](crate::engine::Engine::enforcer). Time
//! limits and pauses are waited for by the host's [`Timer`](crate::time::Timer), by default tokio's. Where there is none, as
//! on another executor, calls work but have no time limit.
//!
//! # Which firewall
//! [`MemoryFirewall`] for tests and for hosts that drop traffic themselves; [`DryRun`] to see what a firewall would be
//! sent; the integrations crate for real ones; an implementation of [`FirewallIntegration`] for any other.
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
mod dry_run;
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
pub use dry_run::{DryRun, Recorded, Would};
pub use enforcer::Enforcer;
pub use entry::Entry;
pub use error::EnforceError;
pub use firewall::{Block, Capabilities, Change, FirewallIntegration, Health, Outcome, REASON_LIMIT, Status};
pub use ledger::{Ledger, LedgerError};
pub use memory::MemoryFirewall;
pub use outcome::{Bulk, Enforcement, FirewallReport, Idle};
pub use status::{DeadLetter, FirewallStatus};
pub use trial::Trial;
