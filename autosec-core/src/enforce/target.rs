//! One firewall and its debts.
//!
//! The central idea: a change is never *carried to* a firewall. A firewall is told *which items to look at*, and looks up
//! in the ledger what each of them should be when its turn comes. So calls may be repeated, overtaken, cut short or lost
//! without harm; the worst is that an item is still owed. That is why block, unblock, retry, expiry and reconciliation are
//! one function, [`Target::sync`].
//!
//! Items are owed from before the first call until the firewall has said that they are as they should be. A lock for each
//! firewall keeps its changes one after the other; no lock is held while another firewall is waited for.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

use super::patience::{pause, within};
use super::{
    Block, Capabilities, EnforceConfig, EnforceError, Entry, FirewallIntegration, FirewallReport, Ledger,
    Outcome, REASON_LIMIT, Status,
};
use crate::decision::Guard;
use crate::time::{Clock, Timestamp};

/// How many items of a batch may be rejected one by one before the rest waits for the next try.
const OBJECTIONS: usize = 32;

/// One firewall and what it still owes: brings the items it is told of to what the ledger says *at that moment*, so
/// that blocks and unblocks that race end in the ledger's state whatever their order.
#[derive(Debug)]
pub(super) struct Target {
    firewall: Arc<dyn FirewallIntegration>,
    /// One change at a time; never held by another firewall's work.
    gate: tokio::sync::Mutex<()>,
    /// Items that are not known to be as they should be, and when to try them next.
    owed: Mutex<BTreeMap<IpNet, Due>>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    failures: u32,
}

/// What a target needs to know of the rest.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) ledger: Ledger,
    pub(super) guard: Arc<Guard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: EnforceConfig,
}

impl Target {
    pub(super) fn new(firewall: Arc<dyn FirewallIntegration>) -> Self {
        Self { firewall, gate: tokio::sync::Mutex::default(), owed: Mutex::default() }
    }

    pub(super) fn firewall(&self) -> &dyn FirewallIntegration {
        &*self.firewall
    }

    /// Brings `items` to what the ledger says; tries transient failures again; what is left stays owed.
    pub(super) async fn sync(&self, items: &[IpNet], context: &Context) -> FirewallReport {
        // Owed before the first call: a future that is dropped half-way must not forget them.
        self.owe(items, context.clock.now());
        let mut result = self.attempt(items, context).await;
        let mut backoff = context.config.backoff;
        for _ in 1..context.config.attempts {
            match &result {
                Err(error) if error.is_transient() => {}
                _ => break,
            }
            pause(jitter(backoff)).await;
            backoff = backoff.saturating_mul(2);
            result = self.attempt(items, context).await;
        }
        self.settle(items, &result, context);
        let owed = self.owed();
        // Owed without a failure is owed only to be reminded of later: as it should be for now.
        let pending = items.iter().filter(|item| owed.get(item).is_some_and(|due| due.failures > 0)).count();
        FirewallReport { firewall: self.firewall.name().to_owned(), result, pending }
    }

    /// Compares what the firewall holds with the ledger and repairs the difference.
    pub(super) async fn reconcile(&self, context: &Context) -> FirewallReport {
        let failed = |error| FirewallReport {
            firewall: self.firewall.name().to_owned(),
            result: Err(error),
            pending: 0,
        };
        let held = match self.timed(context, self.firewall.blocked()).await {
            Ok(held) => held,
            Err(error) => return failed(error),
        };
        let now = context.clock.now();
        let mut desired = context.ledger.in_force(now);
        desired.retain(|entry| context.guard.permit(entry.target).is_ok());
        let items = difference(&held, &desired, now);
        self.sync(&items, context).await
    }

    /// Whether `item` is not known to be as it should be.
    pub(super) fn owes(&self, item: &IpNet) -> bool {
        self.owed().contains_key(item)
    }

    /// Items whose time to be tried again has come.
    pub(super) fn due(&self, now: Timestamp) -> Vec<IpNet> {
        self.owed().iter().filter(|(_, due)| due.at <= now).map(|(item, _)| *item).collect()
    }

    async fn attempt(&self, items: &[IpNet], context: &Context) -> Result<Vec<Outcome>, EnforceError> {
        let Some(_gate) = within(context.config.timeout, self.gate.lock()).await else {
            return Err(self.timeout(context.config.timeout));
        };
        let answer = self.apply(items, context).await;
        if !matches!(answer, Err(EnforceError::Lost { .. })) {
            return answer;
        }
        // Everything AutoSec had there is gone: put it all back, these items among it.
        let asked: HashSet<IpNet> = items.iter().copied().collect();
        let in_force = context.ledger.in_force(context.clock.now());
        let others = in_force.iter().map(|entry| entry.target).filter(|target| !asked.contains(target));
        let all: Vec<IpNet> = items.iter().copied().chain(others).collect();
        let outcomes = self.apply(&all, context).await?;
        Ok(outcomes.into_iter().filter(|outcome| asked.contains(&outcome.target)).collect())
    }

    /// One pass over `items` in batches; the guard is asked once more, as the very last step.
    async fn apply(&self, items: &[IpNet], context: &Context) -> Result<Vec<Outcome>, EnforceError> {
        let capabilities = self.firewall.capabilities();
        let now = context.clock.now();
        let (mut blocks, mut unblocks, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            let entry =
                context.ledger.entry(item, now).filter(|entry| context.guard.permit(entry.target).is_ok());
            // Neither in force nor allowed to be: whatever the caller had in mind, it has to go.
            let Some(entry) = entry else {
                unblocks.push(*item);
                continue;
            };
            if let Some(why) = unsupported(&capabilities, *item) {
                outcomes.push(Outcome { target: *item, status: Status::Unsupported(why.to_owned()) });
                continue;
            }
            let left = entry.until.since(now);
            let ttl = capabilities
                .native_ttl
                .then(|| capabilities.max_ttl.map_or(left, |longest| left.min(longest)));
            blocks.push(Block { target: *item, ttl, reason: printable(&entry.reason) });
        }
        let batch = capabilities.batch.max(1);
        for chunk in unblocks.chunks(batch) {
            outcomes.extend(self.timed(context, self.firewall.unblock(chunk)).await?);
        }
        for chunk in blocks.chunks(batch) {
            self.block(chunk.to_vec(), &mut outcomes, context).await?;
        }
        Ok(outcomes)
    }

    /// Blocks a batch; an item that the firewall objects to by name is set aside and the others are sent again.
    async fn block(
        &self,
        mut blocks: Vec<Block>,
        outcomes: &mut Vec<Outcome>,
        context: &Context,
    ) -> Result<(), EnforceError> {
        for _ in 0..OBJECTIONS {
            let answer = self.timed(context, self.firewall.block(&blocks)).await;
            let (target, reason) = match answer {
                Err(EnforceError::Rejected { target: Some(target), reason, .. }) => (target, reason),
                answer => {
                    outcomes.extend(answer?);
                    return Ok(());
                }
            };
            blocks.retain(|block| block.target != target);
            outcomes.push(Outcome { target, status: Status::Rejected(reason) });
            if blocks.is_empty() {
                return Ok(());
            }
        }
        let rest = blocks.iter().map(|block| block.target);
        let status = Status::Rejected(format!("sent {OBJECTIONS} times with other items that were rejected"));
        outcomes.extend(rest.map(|target| Outcome { target, status: status.clone() }));
        Ok(())
    }

    async fn timed<T>(
        &self,
        context: &Context,
        call: impl Future<Output = Result<T, EnforceError>>,
    ) -> Result<T, EnforceError> {
        let after = context.config.timeout;
        within(after, call).await.unwrap_or_else(|| Err(self.timeout(after)))
    }

    fn timeout(&self, after: Duration) -> EnforceError {
        EnforceError::Timeout { firewall: self.firewall.name().to_owned(), after }
    }

    fn owe(&self, items: &[IpNet], now: Timestamp) {
        let mut owed = self.owed();
        for item in items {
            owed.entry(*item).or_insert(Due { at: now, failures: 0 });
        }
    }

    /// Strikes off what is as it should be; sets the next try of what is not, and of what must be re-armed.
    fn settle(&self, items: &[IpNet], result: &Result<Vec<Outcome>, EnforceError>, context: &Context) {
        let now = context.clock.now();
        let mut owed = self.owed();
        let Ok(outcomes) = result else {
            items.iter().for_each(|item| postpone(&mut owed, *item, now, &context.config));
            return;
        };
        let rearm = self.firewall.capabilities().max_ttl;
        for outcome in outcomes {
            let left = context.ledger.entry(&outcome.target, now).map(|entry| entry.until.since(now));
            match (&outcome.status, rearm) {
                (Status::Rejected(_), _) => postpone(&mut owed, outcome.target, now, &context.config),
                // Held for a part of its time only: due again while there is still half of that part left.
                (Status::Done, Some(longest)) if left.is_some_and(|left| left > longest) => {
                    owed.insert(outcome.target, Due { at: now + longest / 2, failures: 0 });
                }
                (Status::Done | Status::Unsupported(_), _) => {
                    owed.remove(&outcome.target);
                }
            }
        }
    }

    fn owed(&self) -> MutexGuard<'_, BTreeMap<IpNet, Due>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn postpone(owed: &mut BTreeMap<IpNet, Due>, item: IpNet, now: Timestamp, config: &EnforceConfig) {
    let due = owed.entry(item).or_insert(Due { at: now, failures: 0 });
    due.failures = due.failures.saturating_add(1);
    let pause = config.backoff.saturating_mul(2_u32.saturating_pow(due.failures)).min(config.longest_pause);
    due.at = now + pause;
}

/// What a firewall cannot hold, and why.
fn unsupported(capabilities: &Capabilities, item: IpNet) -> Option<&'static str> {
    let is_host = item.prefix_len() == item.max_prefix_len();
    if item.addr().is_ipv6() && !capabilities.ipv6 {
        Some("it takes no IPv6")
    } else if !is_host && !capabilities.prefixes {
        Some("it takes single addresses only")
    } else {
        None
    }
}

/// Items that the firewall lacks, holds too short or too long, or holds without reason.
fn difference(held: &[Block], desired: &[Entry], now: Timestamp) -> Vec<IpNet> {
    /// Clocks and transit may differ by this much before an end counts as wrong.
    const TOLERANCE: Duration = Duration::from_secs(5);

    let held: BTreeMap<IpNet, Option<Duration>> =
        held.iter().map(|block| (block.target, block.ttl)).collect();
    let is_right = |entry: &Entry| {
        let left = entry.until.since(now);
        held.get(&entry.target).is_some_and(|ttl| ttl.is_none_or(|ttl| ttl.abs_diff(left) <= TOLERANCE))
    };
    let wrong = desired.iter().filter(|entry| !is_right(entry)).map(|entry| entry.target);
    let extra = held.keys().filter(|item| desired.binary_search_by(|entry| entry.target.cmp(item)).is_err());
    wrong.chain(extra.copied()).collect()
}

/// A reason fit for any firewall's comment field.
fn printable(reason: &str) -> String {
    reason.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).take(REASON_LIMIT).collect()
}

/// Somewhere between nothing and `pause` ("full jitter"), so that many hosts do not come back at the same moment.
fn jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    pause.mul_f64(f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX))
}
