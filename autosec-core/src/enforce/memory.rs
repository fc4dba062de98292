use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ipnet::IpNet;

use super::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status};
use crate::time::{Clock, SystemClock, Timestamp};

/// A firewall in memory: for tests, for examples, and for hosts that drop traffic themselves by asking
/// [`MemoryFirewall::drops`].
///
/// Clones share what is held. Asking looks up one prefix of each length, however much is held, under a lock.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), autosec_core::enforce::EnforceError> {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use autosec_core::enforce::{Block, FirewallIntegration, MemoryFirewall};
/// use autosec_core::time::{ManualClock, Timestamp};
///
/// let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
/// let firewall = MemoryFirewall::with_clock("edge", clock.clone());
/// let target = "203.0.113.0/24".parse().unwrap();
/// firewall.block(&[Block { target, ttl: Some(Duration::from_secs(60)), reason: String::new() }]).await?;
/// assert!(firewall.drops("203.0.113.7".parse().unwrap()));
///
/// clock.advance(Duration::from_secs(60));
/// assert!(!firewall.drops("203.0.113.7".parse().unwrap()), "it ends by itself");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryFirewall {
    name: String,
    clock: Arc<dyn Clock>,
    held: Arc<Mutex<BTreeMap<IpNet, Held>>>,
}

#[derive(Clone, Debug)]
struct Held {
    until: Option<Timestamp>,
    reason: String,
}

impl MemoryFirewall {
    /// An empty firewall on the system's clock.
    pub fn new(name: impl Into<String>) -> Self {
        Self::with_clock(name, Arc::new(SystemClock))
    }

    /// An empty firewall on a clock of the host's.
    pub fn with_clock(name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { name: name.into(), clock, held: Arc::default() }
    }

    /// Whether traffic from `address` is dropped now.
    pub fn drops(&self, address: IpAddr) -> bool {
        let now = self.clock.now();
        let host = IpNet::from(address.to_canonical());
        let held = self.held();
        let mut covering = std::iter::successors(Some(host), IpNet::supernet);
        covering.any(|net| held.get(&net).is_some_and(|held| held.until.is_none_or(|until| until > now)))
    }

    /// Forgets everything, as a reload of a real firewall does.
    pub fn flush(&self) {
        self.held().clear();
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<IpNet, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl FirewallIntegration for MemoryFirewall {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: true,
            max_ttl: None,
            prefixes: true,
            ipv6: true,
            batch: usize::MAX,
            capacity: None,
            atomic: true,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let now = self.clock.now();
        let mut held = self.held();
        for block in blocks {
            let until = block.ttl.map(|ttl| now + ttl);
            held.insert(block.target.trunc(), Held { until, reason: block.reason.clone() });
        }
        Ok(blocks.iter().map(|block| Outcome { target: block.target, status: Status::Done }).collect())
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let mut held = self.held();
        for target in targets {
            held.remove(&target.trunc());
        }
        Ok(targets.iter().map(|target| Outcome { target: *target, status: Status::Done }).collect())
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let now = self.clock.now();
        let mut held = self.held();
        held.retain(|_, held| held.until.is_none_or(|until| until > now));
        let block = |(target, held): (&IpNet, &Held)| Block {
            target: *target,
            ttl: held.until.map(|until| until.since(now)),
            reason: held.reason.clone(),
        };
        Ok(held.iter().map(block).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        Ok(Health { enforcing: true, detail: format!("{} blocks in memory", self.held().len()) })
    }
}
