use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;

/// The longest reason handed to a firewall, in bytes.
pub const REASON_LIMIT: usize = 120;

/// One thing a firewall is asked to drop, or says it drops.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The address or prefix; a prefix means every address in it.
    pub target: IpNet,
    /// How much longer; `None` is until unblocked.
    pub ttl: Option<Duration>,
    /// Why, for whoever reads the firewall's own listing: printable ASCII, at most [`REASON_LIMIT`] bytes. Empty
    /// where the firewall keeps no comments.
    pub reason: String,
}

/// What a firewall can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capabilities {
    /// Whether it forgets a block by itself when its time is over.
    pub native_ttl: bool,
    /// The longest time it can hold by itself.
    pub max_ttl: Option<Duration>,
    /// Whether it takes prefixes, or only single addresses.
    pub prefixes: bool,
    /// Whether it takes IPv6.
    pub ipv6: bool,
    /// The most items it takes in one call.
    pub batch: usize,
    /// The most blocks it holds, where that is known.
    pub capacity: Option<usize>,
    /// Whether a call takes effect as a whole or not at all.
    pub atomic: bool,
}

/// What became of one item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The item.
    pub target: IpNet,
    /// What became of it.
    pub status: Status,
}

/// What became of one item of a call that as a whole was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// It is as asked for now (also where it already was).
    Done,
    /// This firewall cannot hold such an item, now or later.
    Unsupported(String),
    /// The firewall refused the item.
    Rejected(String),
}

/// What is being changed on a firewall.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Start dropping.
    Block,
    /// Stop dropping.
    Unblock,
    /// Read back what is dropped.
    Read,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Change::Block => "block",
            Change::Unblock => "unblock",
            Change::Read => "read back",
        })
    }
}

/// How a firewall is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Health {
    /// Whether blocks take effect now.
    pub enforcing: bool,
    /// In a sentence.
    pub detail: String,
}

/// A call to a firewall that as a whole did not succeed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnforceError {
    /// It is not there, or this machine has no support for it.
    #[error("firewall `{firewall}` is not available: {reason}")]
    Absent {
        /// The firewall's name.
        firewall: String,
        /// What is missing, and what to do.
        reason: String,
    },
    /// The host lacks the rights.
    #[error("firewall `{firewall}` needs more rights: {reason}")]
    Forbidden {
        /// The firewall's name.
        firewall: String,
        /// Which right, and how to give it.
        reason: String,
    },
    /// What AutoSec had put there is gone: everything must be put back.
    #[error("firewall `{firewall}` has lost its state: {reason}")]
    Lost {
        /// The firewall's name.
        firewall: String,
        /// What is gone.
        reason: String,
    },
    /// It did not answer in time.
    #[error("firewall `{firewall}` did not answer within {after:?}")]
    Timeout {
        /// The firewall's name.
        firewall: String,
        /// The time it was given.
        after: Duration,
    },
    /// It could not be reached, or the exchange broke off.
    #[error("firewall `{firewall}` could not be reached: {reason}")]
    Transport {
        /// The firewall's name.
        firewall: String,
        /// What happened.
        reason: String,
    },
    /// It answered, and refused the whole change.
    #[error("firewall `{firewall}` rejected the change{}: {reason}", item(.target))]
    Rejected {
        /// The firewall's name.
        firewall: String,
        /// The item it objects to, where it says so.
        target: Option<IpNet>,
        /// Its words.
        reason: String,
    },
}

fn item(target: &Option<IpNet>) -> String {
    target.map_or_else(String::new, |target| format!(" at `{target}`"))
}

impl EnforceError {
    /// Whether trying the same again later can succeed without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Timeout { .. } | Self::Transport { .. })
    }
}

/// A firewall that AutoSec can act on.
///
/// Calls are idempotent: blocking what is blocked refreshes its time, unblocking what is not blocked succeeds. An
/// integration touches only what AutoSec owns there. Dropping a future half-way leaves the firewall either as it was
/// or as asked for, item by item.
#[async_trait]
pub trait FirewallIntegration: Debug + Send + Sync {
    /// Its name in reports, unique among the host's firewalls.
    fn name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Starts dropping; one outcome an item, in order.
    ///
    /// # Errors
    /// The call as a whole failed; nothing may be assumed of the items.
    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError>;

    /// Stops dropping; one outcome an item, in order.
    ///
    /// # Errors
    /// The call as a whole failed; nothing may be assumed of the items.
    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError>;

    /// Everything AutoSec drops there now, with the time left; empty if it has no state there at all.
    ///
    /// # Errors
    /// It could not be read back.
    async fn blocked(&self) -> Result<Vec<Block>, EnforceError>;

    /// Whether blocks take effect now.
    ///
    /// # Errors
    /// It could not be asked.
    async fn health(&self) -> Result<Health, EnforceError>;
}

/// A shared firewall is a firewall, so that a host can keep a handle to what it gives away.
#[async_trait]
impl<F: FirewallIntegration + ?Sized> FirewallIntegration for Arc<F> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        (**self).block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        (**self).unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        (**self).blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        (**self).health().await
    }
}
