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
//! | it has [lost](EnforceError::Lost) its state | everything in force is put back in the same call |
//! | it objects to one item by name | that item is owed, the others are sent again without it |
//! | it refuses a whole call, is absent, or lacks rights | no further try in this call; it owes the items |
//! | it cannot hold such an item at all | reported as [`Status::Unsupported`], not tried again |
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
//! - calls `reconcile` once at start, before it hands in events, and when it suspects that somebody changed a firewall;
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

mod config;
mod debt;
mod enforcer;
mod firewall;
mod ledger;
mod memory;
mod outcome;
mod patience;
mod target;

pub use config::EnforceConfig;
pub use enforcer::Enforcer;
pub use firewall::{
    Block, Capabilities, Change, EnforceError, FirewallIntegration, Health, Outcome, REASON_LIMIT, Status,
};
pub use ledger::{Entry, Ledger, LedgerError};
pub use memory::MemoryFirewall;
pub use outcome::{Enforcement, FirewallReport, Idle};
