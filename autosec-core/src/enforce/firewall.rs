use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;

use super::EnforceError;

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
///
/// What a firewall cannot do is made up for where it can be: times by [`Enforcer::maintain`](super::Enforcer::maintain),
/// large calls by batches. Prefixes and IPv6 cannot: such blocks are [`Status::Unsupported`] there, and still in force on the
/// others. What it cannot hold for another reason, [`FirewallIntegration::obstacle`] says.
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
///
/// What is [`Unsupported`](Self::Unsupported) is given up on this firewall; what is [`Rejected`](Self::Rejected) is tried
/// again later, because a set that is full today may have room tomorrow.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Status {
    /// Not tried yet: other items of the call were objected to, the firewall may be asked no faster, or enough others were
    /// there first. It stays owed.
    Deferred,
    /// It is as asked for now (also where it already was).
    Done,
    /// The firewall has no room for it beside more important ones; it gets a place when there is one.
    Evicted,
    /// It would have been done: the firewall is only [observed](super::FirewallConfig::observe).
    Observed,
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
///
/// It is about the firewall as a whole, for a dashboard; whether a certain block is in force is the business of
/// [`FirewallIntegration::blocked`] and of reconciling.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Health {
    /// Whether blocks take effect now.
    pub enforcing: bool,
    /// In a sentence.
    pub detail: String,
}

/// A firewall that AutoSec can act on.
///
/// Calls are idempotent: blocking what is blocked refreshes its time, unblocking what is not blocked succeeds. An
/// integration touches only what AutoSec owns there. Dropping a future half-way leaves the firewall either as it was
/// or as asked for, item by item.
///
/// One call changes one firewall at a time: the enforcer never has two changes under way on the same one, but may call
/// `blocked` beside a change. Time limits are the enforcer's; an integration waits as long as it takes.
///
/// Neither its `Debug` nor the texts of its errors hold a secret: they end in logs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), autosec_core::enforce::EnforceError> {
/// use std::collections::BTreeMap;
/// use std::sync::Mutex;
///
/// use async_trait::async_trait;
/// use autosec_core::enforce::{
///     Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
/// };
/// use ipnet::IpNet;
///
/// /// A list that a reverse proxy reads: it knows no times.
/// #[derive(Debug, Default)]
/// struct DenyList(Mutex<BTreeMap<IpNet, String>>);
///
/// #[async_trait]
/// impl FirewallIntegration for DenyList {
///     fn name(&self) -> &str {
///         "deny-list"
///     }
///
///     fn capabilities(&self) -> Capabilities {
///         Capabilities {
///             native_ttl: false,
///             max_ttl: None,
///             prefixes: true,
///             ipv6: true,
///             batch: 1_000,
///             capacity: None,
///             atomic: true,
///         }
///     }
///
///     async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
///         let mut held = self.0.lock().unwrap();
///         let outcome = |block: &Block| {
///             held.insert(block.target, block.reason.clone());
///             Outcome { target: block.target, status: Status::Done }
///         };
///         Ok(blocks.iter().map(outcome).collect())
///     }
///
///     async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
///         let mut held = self.0.lock().unwrap();
///         let outcome = |target: &IpNet| {
///             held.remove(target);
///             Outcome { target: *target, status: Status::Done }
///         };
///         Ok(targets.iter().map(outcome).collect())
///     }
///
///     async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
///         let held = self.0.lock().unwrap();
///         let block = |(target, reason): (&IpNet, &String)| Block {
///             target: *target,
///             ttl: None,
///             reason: reason.clone(),
///         };
///         Ok(held.iter().map(block).collect())
///     }
///
///     async fn health(&self) -> Result<Health, EnforceError> {
///         Ok(Health { enforcing: true, detail: "the proxy reads the list every second".to_owned() })
///     }
/// }
///
/// let list = DenyList::default();
/// let block = Block { target: "203.0.113.7/32".parse().unwrap(), ttl: None, reason: "rule=scan".to_owned() };
/// let outcomes = list.block(&[block.clone()]).await?;
/// assert_eq!(outcomes[0].status, Status::Done);
/// assert_eq!(list.block(&[block.clone()]).await?, outcomes, "a call repeated changes nothing");
/// assert_eq!(list.blocked().await?, [block]);
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait FirewallIntegration: Debug + Send + Sync {
    /// Its name in reports, unique among the host's firewalls.
    fn name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Why it cannot hold `target`, now or later; `None` if it can. Such a block takes no place beside others, is put
    /// together from no others, and is [`Status::Unsupported`] without a call.
    ///
    /// By default it is what [`capabilities`](Self::capabilities) rules out. It is asked for every item, while locks are held:
    /// it answers at once, and always the same of the same target.
    fn obstacle(&self, target: IpNet) -> Option<String> {
        let capabilities = self.capabilities();
        let is_host = target.prefix_len() == target.max_prefix_len();
        if target.addr().is_ipv6() && !capabilities.ipv6 {
            Some("it takes no IPv6".to_owned())
        } else if !is_host && !capabilities.prefixes {
            Some("it takes single addresses only".to_owned())
        } else {
            None
        }
    }

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

    /// Completes when somebody else has changed what AutoSec holds there, where the firewall tells of such a thing;
    /// [`Enforcer::run`](super::Enforcer::run) waits for it and compares at once. By default it never completes.
    ///
    /// It is dropped and asked for again at any time, so an integration remembers by itself what it has not told yet.
    async fn drift(&self) {
        std::future::pending().await
    }
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

    fn obstacle(&self, target: IpNet) -> Option<String> {
        (**self).obstacle(target)
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

    async fn drift(&self) {
        (**self).drift().await;
    }
}
