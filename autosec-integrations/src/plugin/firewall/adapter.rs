use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use autosec_core::time::{Clock, SystemClock};
use ipnet::IpNet;
use tokio::time::Instant;

use super::ability::{self, MetadataError};
use super::answer::{self, Settled};
use super::batch::{Answers, Batch};
use super::pace::Pace;
use super::recall::Recall;
use super::{fault, listing};
use crate::plugin::interface::{Context, Crash, Effect, Failure, Guest, HealthState, Metadata};

/// How long a plugin's call may take unless the host says otherwise: less than the enforcer's time limit, so that it is the
/// plugin that is ended and not the whole call.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// A pause of this length is waited for; for a longer one the enforcer is told when to come back.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many items in a row may be set aside; then it is the plugin that is broken.
const SUSPECTS: usize = 3;

/// A configured plugin as a firewall: it takes the enforcer's calls to the plugin, and the plugin's answers back.
///
/// It believes nothing that it can check: one answer an item, in bounds, no listing without end. Its `Debug` shows its name
/// only.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::enforce::FirewallIntegration;
/// use autosec_integrations::plugin::firewall::{MetadataError, PluginFirewall};
/// use autosec_integrations::plugin::interface::Guest;
///
/// fn install(guest: Arc<dyn Guest>) -> Result<impl FirewallIntegration, MetadataError> {
///     PluginFirewall::new("edge", guest)
/// }
/// ```
pub struct PluginFirewall {
    name: String,
    guest: Arc<dyn Guest>,
    capabilities: Capabilities,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    calls: AtomicU64,
    pace: Mutex<Pace>,
    /// Only for a device that cannot list.
    recall: Option<Mutex<Recall>>,
    unreadable: AtomicU64,
}

/// What a plugin says it would do about one item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The item.
    pub target: IpNet,
    /// [`Status::Observed`] if it would be done, [`Status::Done`] if there is nothing to do, else why it would not be done.
    pub status: Status,
    /// The plugin's words; empty if it says none.
    pub detail: String,
}

impl fmt::Debug for PluginFirewall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginFirewall").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PluginFirewall {
    /// The configured plugin under a name of the host's, unique among its firewalls.
    ///
    /// # Errors
    /// What the plugin says of itself cannot be meant.
    pub fn new(name: impl Into<String>, guest: Arc<dyn Guest>) -> Result<Self, MetadataError> {
        let metadata = guest.metadata();
        ability::check(metadata)?;
        let capabilities = ability::capabilities(metadata);
        let interval = Duration::from_millis(metadata.limits.min_interval_ms.into());
        let recall = (!metadata.features.listing).then(Mutex::default);
        Ok(Self {
            name: name.into(),
            guest,
            capabilities,
            deadline: DEADLINE,
            clock: Arc::new(SystemClock),
            calls: AtomicU64::new(0),
            pace: Mutex::new(Pace::new(capabilities.batch, interval)),
            recall,
            unreadable: AtomicU64::new(0),
        })
    }

    /// The same with another time limit of a call of the plugin; at least a millisecond, at most an hour.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        let deadline = deadline.clamp(Duration::from_millis(1), Duration::from_secs(3_600));
        Self { deadline, ..self }
    }

    /// The same on a clock of the host's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// What the plugin says of itself.
    pub fn metadata(&self) -> &Metadata {
        self.guest.metadata()
    }

    /// How long a call of the plugin may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How many entries of the latest listing could not be read, because their target is neither an address nor a prefix.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// What the plugin would do about blocks; nothing is done.
    ///
    /// # Errors
    /// The plugin has no dry run, failed, or did not come to its end.
    pub async fn plan_block(&self, blocks: &[Block]) -> Result<Vec<Plan>, EnforceError> {
        self.plan(Batch::Block(blocks)).await
    }

    /// What the plugin would do to let targets in again; nothing is done.
    ///
    /// # Errors
    /// The plugin has no dry run, failed, or did not come to its end.
    pub async fn plan_unblock(&self, targets: &[IpNet]) -> Result<Vec<Plan>, EnforceError> {
        self.plan(Batch::Unblock(targets)).await
    }
}

#[async_trait]
impl FirewallIntegration for PluginFirewall {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        ability::obstacle(self.metadata(), target)
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let outcomes = self.change(Batch::Block(blocks)).await?;
        if let Some(recall) = &self.recall {
            lock(recall).blocked(blocks, &outcomes, self.clock.now());
        }
        Ok(outcomes)
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let outcomes = self.change(Batch::Unblock(targets)).await?;
        if let Some(recall) = &self.recall {
            lock(recall).unblocked(&outcomes);
        }
        Ok(outcomes)
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        if let Some(recall) = &self.recall {
            return Ok(lock(recall).held(self.clock.now()));
        }
        let listing = listing::read(&*self.guest, &self.name, || self.context(false)).await?;
        self.unreadable.store(listing.unreadable as u64, Ordering::Relaxed);
        Ok(listing.blocks)
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let answered = self.guest.check_health(&self.context(false)).await;
        let health =
            answered.map_err(|crash| self.crashed(&crash))?.map_err(|failure| self.failed(&failure))?;
        let mut detail = fault::words(&health.detail);
        if health.state == HealthState::Degraded {
            detail.insert_str(0, "degraded: ");
        }
        if let Some(micros) = health.latency_us {
            detail.push_str(&format!(" ({:?})", Duration::from_micros(micros)));
        }
        let unreadable = self.unreadable();
        if unreadable > 0 {
            detail.push_str(&format!("; {unreadable} entries of its listing cannot be read"));
        }
        Ok(Health { enforcing: health.state != HealthState::Down, detail })
    }
}

impl PluginFirewall {
    /// Makes a change in as many calls as it takes. Items that went well are kept whatever happens to later calls, which then
    /// stay owed; a failure of the first call is the failure of all.
    ///
    /// A plugin that breaks off over one item by itself, and is well with the next, has a fault with that item: it is set
    /// aside, so that it does not stand in the way of the others. Several in a row are the fault of the plugin.
    async fn change(&self, batch: Batch<'_>) -> Result<Vec<Outcome>, EnforceError> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let (mut suspects, mut rest) = (Vec::new(), batch);
        while rest.len() > 0 {
            let (now, later) = rest.split(self.pace().width());
            match self.call(now).await {
                Ok(some) => {
                    outcomes.extend(suspects.drain(..).map(Suspect::blamed));
                    outcomes.extend(some);
                }
                Err(Broken::Over(suspect)) if suspects.len() < SUSPECTS => suspects.push(suspect),
                Err(broken) if outcomes.is_empty() => return Err(self.broken(broken)),
                Err(_) => {
                    outcomes.extend(deferred(suspects.drain(..).map(|suspect| suspect.target)));
                    outcomes.extend(deferred(rest.targets()));
                    break;
                }
            }
            rest = later;
        }
        let was_well = !outcomes.is_empty() || matches!(suspects.as_slice(), [only] if only.was_well);
        match suspects.pop() {
            Some(last) if !was_well => Err(self.crashed(&last.crash)),
            last => {
                outcomes.extend(suspects.into_iter().chain(last).map(Suspect::blamed));
                Ok(outcomes)
            }
        }
    }

    /// One call of the plugin, when it may be asked.
    async fn call(&self, batch: Batch<'_>) -> Result<Vec<Outcome>, Broken> {
        let wait = self.pace().wait(Instant::now());
        if wait > PATIENCE {
            let reason = "it was asked a moment ago".to_owned();
            return Err(Broken::Failed(EnforceError::Busy {
                firewall: self.name.clone(),
                after: wait,
                reason,
            }));
        }
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let mut under_way = UnderWay { pace: Some(&self.pace), batch };
        let answered = self.send(batch, false).await;
        under_way.pace = None;
        match answered {
            Ok(answers) => self.settle(batch, answers).map_err(Broken::Failed),
            Err(crash) => Err(self.suspect(batch, crash)),
        }
    }

    fn settle(&self, batch: Batch<'_>, answers: Answers) -> Result<Vec<Outcome>, EnforceError> {
        let (targets, now) = (batch.targets(), Instant::now());
        self.pace().answered(now);
        match answer::settle(&targets, batch.change(), answers) {
            Settled::Items(outcomes, wait) => {
                self.pace().rest(now, wait);
                Ok(outcomes)
            }
            Settled::Failed(failure) => Err(self.failed(&failure)),
        }
    }

    fn suspect(&self, batch: Batch<'_>, crash: Crash) -> Broken {
        let targets = batch.targets();
        let was_well = self.pace().crashed(&targets, Instant::now());
        match (targets.as_slice(), &crash) {
            ([target], Crash::Trap(_) | Crash::Limit(_) | Crash::Protocol(_)) => {
                Broken::Over(Suspect { target: *target, crash, was_well })
            }
            _ => Broken::Failed(self.crashed(&crash)),
        }
    }

    fn broken(&self, broken: Broken) -> EnforceError {
        match broken {
            Broken::Over(suspect) => self.crashed(&suspect.crash),
            Broken::Failed(error) => error,
        }
    }

    async fn plan(&self, batch: Batch<'_>) -> Result<Vec<Plan>, EnforceError> {
        if !self.metadata().features.dry_run {
            let reason = "the plugin has no dry run".to_owned();
            return Err(EnforceError::Rejected { firewall: self.name.clone(), target: None, reason });
        }
        let mut plans = Vec::with_capacity(batch.len());
        let mut rest = batch;
        while rest.len() > 0 {
            let (now, later) = rest.split(self.capabilities.batch);
            let answers = self.send(now, true).await.map_err(|crash| self.crashed(&crash))?;
            plans.extend(now.targets().into_iter().zip(answers).map(planned));
            rest = later;
        }
        Ok(plans)
    }

    async fn send(&self, batch: Batch<'_>, dry_run: bool) -> Result<Answers, Crash> {
        let context = self.context(dry_run);
        let how = (self.name.as_str(), self.capabilities.native_ttl);
        batch.send(&*self.guest, how, &context, self.clock.now()).await
    }

    fn context(&self, dry_run: bool) -> Context {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        Context {
            correlation_id: format!("{}-{:x}-{call}", self.name, self.clock.now().as_micros()),
            deadline_ms: u32::try_from(self.deadline.as_millis()).unwrap_or(u32::MAX),
            dry_run,
        }
    }

    fn failed(&self, failure: &Failure) -> EnforceError {
        fault::error(&self.name, failure)
    }

    fn crashed(&self, crash: &Crash) -> EnforceError {
        fault::crash(&self.name, crash)
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }
}

fn planned((target, answer): (IpNet, Result<crate::plugin::interface::Outcome, Failure>)) -> Plan {
    match answer {
        Ok(outcome) => {
            let status = match outcome.effect {
                Effect::Planned => Status::Observed,
                Effect::Already | Effect::Absent => Status::Done,
                // It was not to do anything.
                Effect::Applied => Status::Rejected("the plugin did what it was only to plan".to_owned()),
            };
            Plan { target, status, detail: outcome.detail.as_deref().map(fault::words).unwrap_or_default() }
        }
        Err(failure) => Plan { target, status: fault::status(&failure), detail: String::new() },
    }
}

/// A change that whoever asked may give up before its end: then it was too much, too.
struct UnderWay<'f> {
    pace: Option<&'f Mutex<Pace>>,
    batch: Batch<'f>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(pace) = self.pace {
            lock(pace).crashed(&self.batch.targets(), Instant::now());
        }
    }
}

/// Why a call of the plugin came to nothing.
enum Broken {
    /// It broke off over one item.
    Over(Suspect),
    /// Whatever the items are.
    Failed(EnforceError),
}

/// An item that the plugin broke off over when it had nothing else to do.
struct Suspect {
    target: IpNet,
    crash: Crash,
    /// The plugin is known to be well without it.
    was_well: bool,
}

impl Suspect {
    fn blamed(self) -> Outcome {
        Outcome { target: self.target, status: Status::Rejected(fault::words(&self.crash.to_string())) }
    }
}

fn deferred(targets: impl IntoIterator<Item = IpNet>) -> impl Iterator<Item = Outcome> {
    targets.into_iter().map(|target| Outcome { target, status: Status::Deferred })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
