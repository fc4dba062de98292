use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ipnet::IpNet;

use super::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status};
use crate::time::{Clock, SystemClock, Timestamp, human};

/// How many changes are kept unless the host says otherwise.
const ROOM: usize = 10_000;
/// So few changes are never looked through for those that are over.
const FEW: usize = 1_000;

/// A firewall that records what it is asked to do, in order, and does nothing: by itself, or in the place of a real one,
/// which it then only reads.
///
/// It answers as if it had done it: what was blocked is held until its time is over, so AutoSec goes about it just as it
/// would about the real one, with the same batches, rate, retries, renewals and comparisons. What the record shows is what
/// the device would be sent.
///
/// Four ways of not acting differ:
///
/// | way | what happens |
/// |---|---|
/// | [`GuardConfig::dry_run`](crate::decision::GuardConfig) | for all firewalls: decisions are reported, the ledger is not written, no firewall is asked |
/// | [`FirewallConfig::observe`](super::FirewallConfig::observe) | for one firewall beside others that act: reports and the observer say what differs from the ledger; nothing is remembered, so it is told again |
/// | [`Enforcer::plan`](super::Enforcer::plan) | once: how far a firewall is from the ledger now, and with some decisions more |
/// | `DryRun` | for one firewall, over time: every change it would be sent, with its time and in which call |
///
/// Clones share one record. It keeps the latest 10,000 changes, or as many as [`DryRun::with_room`] says, and counts the
/// others. Beside them it knows what it would hold, and of what the firewall below holds, what it would not: that is at most
/// twice as much as both, or 2,000. Its `Debug` shows nothing of the firewall it stands before.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use autosec_core::decision::Decision;
/// use autosec_core::enforce::{DryRun, MemoryFirewall, Would};
/// use autosec_core::engine::Engine;
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::Action;
/// use autosec_core::time::Timestamp;
///
/// let edge = MemoryFirewall::new("edge");
/// let dry = DryRun::over(edge.clone());
/// let engine = Engine::builder().firewall(dry.clone()).build()?;
/// let (time, hour) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(3600));
/// let attacker = Entity::address("203.0.113.7".parse()?);
/// assert!(engine.enforce(&Decision::new(attacker, Action::Block, time, hour)).await.is_complete());
///
/// assert!(!edge.drops("203.0.113.7".parse()?), "nothing was done");
/// assert!(matches!(dry.recorded()[0].would, Would::Block { .. }));
/// assert!(dry.to_string().starts_with("dry run of `edge`: 1 change in 1 call, nothing was done\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DryRun {
    name: String,
    over: Option<Arc<dyn FirewallIntegration>>,
    clock: Arc<dyn Clock>,
    room: usize,
    record: Arc<Mutex<Record>>,
}

/// One change that would have been made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// When, by the clock of the dry run.
    pub at: Timestamp,
    /// In which call, from 1: the changes of one call are one exchange with the device.
    pub call: u64,
    /// The address or prefix.
    pub target: IpNet,
    /// What would have been done about it.
    pub would: Would,
}

/// What a firewall would have been asked to do about a target.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Would {
    /// Drop it, or renew the time of one that is dropped.
    Block {
        /// For how long; `None` is until unblocked.
        ttl: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// Let it in, whether it was dropped or not.
    Unblock,
}

#[derive(Debug, Default)]
struct Record {
    kept: VecDeque<Recorded>,
    dropped: u64,
    calls: u64,
    /// What would be held, and `None` for what the firewall below still holds and would not.
    changed: BTreeMap<IpNet, Option<Held>>,
    /// How many of them were left when those that are over were last taken out.
    left: usize,
    /// What the firewall below held when it was last read.
    below: BTreeSet<IpNet>,
}

#[derive(Clone, Debug)]
struct Held {
    until: Option<Timestamp>,
    reason: String,
}

impl Held {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl DryRun {
    /// One that stands before nothing: it can do everything, and holds nothing at first.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            over: None,
            clock: Arc::new(SystemClock),
            room: ROOM,
            record: Arc::default(),
        }
    }

    /// One in the place of `firewall`, with its name and capabilities: what that holds is read, and never changed.
    pub fn over(firewall: impl FirewallIntegration + 'static) -> Self {
        let name = firewall.name().to_owned();
        Self { over: Some(Arc::new(firewall)), ..Self::new(name) }
    }

    /// The same on a clock of the host's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same, keeping so many changes, the latest.
    #[must_use]
    pub fn with_room(self, changes: usize) -> Self {
        Self { room: changes, ..self }
    }

    /// What would have been done, the earliest first.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.record().kept.iter().cloned().collect()
    }

    /// How many earlier changes are no longer kept.
    pub fn dropped(&self) -> u64 {
        self.record().dropped
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records one call. What the firewall could not hold is said, and not recorded.
    fn call(&self, items: impl Iterator<Item = (IpNet, Would)>) -> Vec<Outcome> {
        let now = self.clock.now();
        let record = &mut *self.record();
        record.calls += 1;
        let mut outcomes = Vec::new();
        for (target, would) in items {
            let status = match (self.obstacle(target), &would) {
                (Some(why), Would::Block { .. }) => Status::Unsupported(why),
                _ => {
                    record.change(target, &would, now, self.over.is_some());
                    let call = record.calls;
                    record.keep(Recorded { at: now, call, target, would }, self.room);
                    Status::Done
                }
            };
            outcomes.push(Outcome { target, status });
        }
        outcomes
    }
}

#[async_trait]
impl FirewallIntegration for DryRun {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.over.as_ref().map_or(
            Capabilities {
                native_ttl: true,
                max_ttl: None,
                prefixes: true,
                ipv6: true,
                batch: usize::MAX,
                capacity: None,
                atomic: true,
            },
            |below| below.capabilities(),
        )
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        self.over.as_ref().and_then(|below| below.obstacle(target))
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        Ok(self.call(blocks.iter().map(|block| {
            let would = Would::Block { ttl: block.ttl, reason: block.reason.clone() };
            (block.target, would)
        })))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        Ok(self.call(targets.iter().map(|target| (*target, Would::Unblock))))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let below = match &self.over {
            Some(below) => below.blocked().await?,
            None => Vec::new(),
        };
        Ok(self.record().as_if(below, self.clock.now()))
    }

    /// It says that it enforces, or everything would be sent anew at each comparison. An error is that of the firewall
    /// below.
    async fn health(&self) -> Result<Health, EnforceError> {
        let below = match &self.over {
            Some(below) => format!("; below it: {}", below.health().await?.detail),
            None => String::new(),
        };
        let changes = self.record().changes();
        Ok(Health { enforcing: true, detail: format!("a dry run, {changes} recorded and none made{below}") })
    }

    async fn drift(&self) {
        match &self.over {
            Some(below) => below.drift().await,
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DryRun").field("name", &self.name).field("room", &self.room).finish_non_exhaustive()
    }
}

/// The plan that came of it, a line for each change.
impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.record();
        let calls = if record.calls == 1 { "call" } else { "calls" };
        writeln!(
            f,
            "dry run of `{}`: {} in {} {calls}, nothing was done",
            self.name,
            record.changes(),
            record.calls
        )?;
        if record.dropped > 0 {
            writeln!(f, "the earliest {} are no longer kept", record.dropped)?;
        }
        record.kept.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} call {}: ", self.at, self.call)?;
        match &self.would {
            Would::Unblock => write!(f, "- {}", self.target),
            Would::Block { ttl, reason } => {
                write!(f, "+ {}", self.target)?;
                match ttl {
                    Some(ttl) => write!(f, " for {}", human::format(*ttl))?,
                    None => f.write_str(" until unblocked")?,
                }
                if reason.is_empty() { Ok(()) } else { write!(f, " ({reason})") }
            }
        }
    }
}

impl Record {
    fn changes(&self) -> String {
        let count = self.dropped + self.kept.len() as u64;
        format!("{count} {}", if count == 1 { "change" } else { "changes" })
    }

    fn keep(&mut self, change: Recorded, room: usize) {
        self.kept.push_back(change);
        while self.kept.len() > room {
            self.kept.pop_front();
            self.dropped += 1;
        }
    }

    fn change(&mut self, target: IpNet, would: &Would, now: Timestamp, is_over_one: bool) {
        let target = target.trunc();
        match would {
            Would::Block { ttl, reason } => {
                let held = Held { until: ttl.map(|ttl| now + ttl), reason: reason.clone() };
                self.changed.insert(target, Some(held));
            }
            Would::Unblock if is_over_one => drop(self.changed.insert(target, None)),
            Would::Unblock => drop(self.changed.remove(&target)),
        }
        if self.changed.len() > 2 * self.left.max(FEW) {
            self.purge(now);
        }
    }

    /// Forgets what is over, without waiting for a comparison, which may never come or always fail. What the firewall
    /// below was not seen to hold need not be known to be let in; if it holds it after all, that is compared again.
    fn purge(&mut self, now: Timestamp) {
        let below = &self.below;
        self.changed.retain(|target, held| {
            held.as_ref().is_some_and(|held| !held.is_over(now)) || below.contains(target)
        });
        self.left = self.changed.len();
    }

    /// What would be held beside and instead of what `below` is.
    fn as_if(&mut self, below: Vec<Block>, now: Timestamp) -> Vec<Block> {
        let mut all: BTreeMap<IpNet, Block> =
            below.into_iter().map(|block| (block.target.trunc(), block)).collect();
        self.below = all.keys().copied().collect();
        self.changed.retain(|target, held| {
            if held.as_ref().is_some_and(|held| held.is_over(now)) {
                *held = None;
            }
            // What nobody holds need not be known to be let in.
            let is_below = all.remove(target).is_some();
            held.is_some() || is_below
        });
        let held = self.changed.iter().filter_map(|(target, held)| {
            let Held { until, reason } = held.as_ref()?;
            let ttl = until.map(|until| until.since(now));
            Some((*target, Block { target: *target, ttl, reason: reason.clone() }))
        });
        all.extend(held);
        all.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforce::MemoryFirewall;
    use crate::time::ManualClock;

    #[tokio::test]
    async fn what_is_over_is_forgotten_though_nobody_compares() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
        let below = MemoryFirewall::with_clock("edge", Arc::clone(&clock) as Arc<dyn Clock>);
        let lasting = Block { target: "192.0.2.7/32".parse().unwrap(), ttl: None, reason: String::new() };
        below.block(std::slice::from_ref(&lasting)).await.unwrap();
        for dry in [DryRun::new("edge"), DryRun::over(below)] {
            let dry = dry.with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
            dry.blocked().await.unwrap();
            dry.block(std::slice::from_ref(&lasting)).await.unwrap();
            dry.unblock(&[lasting.target]).await.unwrap();
            let mut most = 0;
            for number in 0..20_000_u32 {
                let target = IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from(number)));
                let ttl = Some(Duration::from_secs(60));
                let block = Block { target, ttl, reason: String::new() };
                dry.block(&[block]).await.unwrap();
                if number % 3 == 0 {
                    dry.unblock(&[target]).await.unwrap();
                }
                clock.advance(Duration::from_secs(1));
                most = most.max(dry.record().changed.len());
            }
            assert!((60..=2 * FEW).contains(&most), "{most}");
            let held = dry.blocked().await.unwrap();
            assert_eq!(held.len(), 39, "the latest minute but every third");
            assert!(held.iter().all(|block| block.target != lasting.target), "it would be let in still");
        }
    }
}
