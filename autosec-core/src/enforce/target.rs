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
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use ipnet::IpNet;

use super::debt::Debts;
use super::patience::{pause, within};
use super::{
    Block, Capabilities, EnforceConfig, EnforceError, Entry, FirewallIntegration, FirewallReport, Health,
    Ledger, Outcome, REASON_LIMIT, Status,
};
use crate::decision::Guard;
use crate::net::canonical_network;
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
    debts: Mutex<Debts>,
}

/// What a target needs to know of the rest.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) ledger: Ledger,
    pub(super) guard: Arc<Guard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: EnforceConfig,
}

type Answer = Result<Vec<Outcome>, EnforceError>;

impl Target {
    pub(super) fn new(firewall: Arc<dyn FirewallIntegration>) -> Self {
        Self { firewall, gate: tokio::sync::Mutex::default(), debts: Mutex::default() }
    }

    pub(super) fn firewall(&self) -> &dyn FirewallIntegration {
        &*self.firewall
    }

    /// Brings `items` to what the ledger says; tries transient failures again; what is left stays owed.
    pub(super) async fn sync(&self, items: &[IpNet], context: &Context) -> FirewallReport {
        if context.guard.is_dry_run() {
            return self.report(items, Ok(Vec::new()));
        }
        // Owed before the first call: a future that is dropped half-way must not forget them.
        self.owe(items, context);
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
        if result.is_err() {
            let now = context.clock.now();
            let mut debts = self.debts();
            items.iter().for_each(|item| debts.postpone(*item, now, &context.config));
        }
        self.report(items, result)
    }

    /// Compares what the firewall holds with the ledger and repairs the difference; stays owed if that fails.
    pub(super) async fn reconcile(&self, context: &Context) -> FirewallReport {
        if context.guard.is_dry_run() {
            return self.report(&[], Ok(Vec::new()));
        }
        self.debts().owe_reconciliation(context.clock.now());
        let report = match self.wrong(context).await {
            Ok(items) => self.sync(&items, context).await,
            Err(error) => self.report(&[], Err(error)),
        };
        let now = context.clock.now();
        self.debts().reconciled(report.result.is_ok(), now, &context.config);
        report
    }

    /// What the firewall holds now.
    pub(super) async fn blocked(&self, context: &Context) -> Result<Vec<Block>, EnforceError> {
        self.timed(context, self.firewall.blocked()).await
    }

    /// How the firewall is.
    pub(super) async fn health(&self, context: &Context) -> Result<Health, EnforceError> {
        self.timed(context, self.firewall.health()).await
    }

    /// Whether `item` is not known to be as it should be, or cannot be held at all.
    pub(super) fn owes(&self, item: &IpNet) -> bool {
        unsupported(&self.firewall.capabilities(), *item).is_some() || self.debts().owes(item)
    }

    /// Items whose time to be tried again has come.
    pub(super) fn due(&self, now: Timestamp) -> Vec<IpNet> {
        self.debts().due(now, self.firewall.capabilities().native_ttl)
    }

    /// Whether everything is to be compared now.
    pub(super) fn reconciliation_is_due(&self, now: Timestamp) -> bool {
        self.debts().reconciliation_is_due(now)
    }

    /// Items that the firewall does not hold as the ledger says. One that does not enforce holds none of them.
    async fn wrong(&self, context: &Context) -> Result<Vec<IpNet>, EnforceError> {
        let held = self.blocked(context).await?;
        let health = self.health(context).await?;
        let now = context.clock.now();
        let mut desired = context.ledger.in_force(now);
        desired.retain(|entry| context.guard.permit(entry.target).is_ok());
        Ok(difference(&held, &desired, health.enforcing, now))
    }

    /// One try, alone on this firewall; what it did is settled before another may begin.
    async fn attempt(&self, items: &[IpNet], context: &Context) -> Answer {
        let Some(_gate) = within(context.config.timeout, self.gate.lock()).await else {
            return Err(self.timeout(context.config.timeout));
        };
        let answer = self.apply(items, context).await;
        if !matches!(answer, Err(EnforceError::Lost { .. })) {
            return answer;
        }
        // Everything AutoSec had there is gone: put it all back, these items among it. All of it is owed until it is.
        let asked: HashSet<IpNet> = items.iter().copied().collect();
        let in_force = context.ledger.in_force(context.clock.now());
        let others = in_force.iter().map(|entry| entry.target).filter(|target| !asked.contains(target));
        let all: Vec<IpNet> = items.iter().copied().chain(others).collect();
        self.debts().owe_reconciliation(context.clock.now());
        let outcomes = self.apply(&all, context).await?;
        self.debts().reconciled(true, context.clock.now(), &context.config);
        Ok(outcomes.into_iter().filter(|outcome| asked.contains(&outcome.target)).collect())
    }

    /// One pass over `items` in batches; the guard is asked once more, as the very last step.
    async fn apply(&self, items: &[IpNet], context: &Context) -> Answer {
        // Before the ledger is read: what changes there from now on is owed with a later version.
        let version = self.debts().version();
        let (blocks, unblocks, mut outcomes) = self.sort_out(items, context);
        let batch = self.firewall.capabilities().batch.max(1);
        let answered: Result<(), EnforceError> = async {
            for chunk in unblocks.chunks(batch) {
                let answer = self.timed(context, self.firewall.unblock(chunk)).await?;
                outcomes.extend(complete(chunk.iter().copied(), answer));
            }
            for chunk in blocks.chunks(batch) {
                self.block(chunk.to_vec(), &mut outcomes, context).await?;
            }
            Ok(())
        }
        .await;
        self.settle(&outcomes, version, context);
        answered.map(|()| outcomes)
    }

    /// What to block, what to unblock, and what this firewall cannot hold.
    fn sort_out(&self, items: &[IpNet], context: &Context) -> (Vec<Block>, Vec<IpNet>, Vec<Outcome>) {
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
            let left = entry.left(now);
            let ttl = capabilities
                .native_ttl
                .then(|| capabilities.max_ttl.map_or(left, |longest| left.min(longest)));
            blocks.push(Block { target: *item, ttl, reason: printable(&entry.reason) });
        }
        (blocks, unblocks, outcomes)
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
                    outcomes.extend(complete(blocks.iter().map(|block| block.target), answer?));
                    return Ok(());
                }
            };
            blocks.retain(|block| block.target != target);
            outcomes.push(Outcome { target, status: Status::Rejected(reason) });
            if blocks.is_empty() {
                return Ok(());
            }
        }
        // The next try has the rest to itself: those that were objected to wait longer.
        outcomes
            .extend(blocks.iter().map(|block| Outcome { target: block.target, status: Status::Deferred }));
        Ok(())
    }

    /// A call to the firewall: as long as it may take, and a panic is an error of this firewall alone.
    async fn timed<T>(
        &self,
        context: &Context,
        call: impl Future<Output = Result<T, EnforceError>>,
    ) -> Result<T, EnforceError> {
        let after = context.config.timeout;
        match within(after, AssertUnwindSafe(call).catch_unwind()).await {
            Some(Ok(answer)) => answer,
            Some(Err(_panic)) => Err(EnforceError::Broken { firewall: self.firewall.name().to_owned() }),
            None => Err(self.timeout(after)),
        }
    }

    fn timeout(&self, after: Duration) -> EnforceError {
        EnforceError::Timeout { firewall: self.firewall.name().to_owned(), after }
    }

    fn owe(&self, items: &[IpNet], context: &Context) {
        let now = context.clock.now();
        let ends: Vec<_> =
            items.iter().map(|item| context.ledger.entry(item, now).map(|entry| entry.until)).collect();
        let mut debts = self.debts();
        items.iter().zip(ends).for_each(|(item, until)| debts.owe(*item, until, now));
    }

    /// Strikes off what is as it should be; sets the next try of what is not, and of what must be re-armed.
    fn settle(&self, outcomes: &[Outcome], version: u64, context: &Context) {
        let now = context.clock.now();
        let rearm = self.firewall.capabilities().max_ttl;
        let mut debts = self.debts();
        for Outcome { target, status } in outcomes {
            let left = context.ledger.entry(target, now).map(|entry| entry.left(now));
            match (status, rearm) {
                (Status::Rejected(_), _) => debts.postpone(*target, now, &context.config),
                (Status::Deferred, _) => {}
                // Held for a part of its time only: due again while there is still half of that part left.
                (Status::Done, Some(longest)) if left.is_some_and(|left| left > longest) => {
                    debts.remind(*target, now + longest / 2);
                }
                (Status::Done | Status::Unsupported(_), _) => debts.strike(target, version),
            }
        }
    }

    fn report(&self, items: &[IpNet], result: Answer) -> FirewallReport {
        let debts = self.debts();
        // Owed without a failure is owed only to be reminded of later, or not tried yet.
        let deferred = |item: &IpNet| {
            let outcomes = result.as_ref().map_or(&[][..], Vec::as_slice);
            outcomes.iter().any(|outcome| outcome.target == *item && outcome.status == Status::Deferred)
        };
        let pending = items.iter().filter(|item| debts.has_failed(item) || deferred(item)).count();
        drop(debts);
        FirewallReport { firewall: self.firewall.name().to_owned(), result, pending }
    }

    fn debts(&self) -> MutexGuard<'_, Debts> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The outcomes of a call, with one for each item that the firewall said nothing about.
fn complete(items: impl Iterator<Item = IpNet>, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let answered: HashSet<IpNet> = outcomes.iter().map(|outcome| outcome.target).collect();
    let silence = || Status::Rejected("the firewall said nothing about it".to_owned());
    let missing = items.filter(|item| !answered.contains(item));
    outcomes.extend(missing.map(|target| Outcome { target, status: silence() }).collect::<Vec<_>>());
    outcomes
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

/// Items that the firewall lacks, holds too short or too long, or holds without reason; all of them where what it holds
/// has no effect.
fn difference(held: &[Block], desired: &[Entry], enforcing: bool, now: Timestamp) -> Vec<IpNet> {
    /// Clocks and transit may differ by this much before an end counts as wrong.
    const TOLERANCE: Duration = Duration::from_secs(5);

    let held: BTreeMap<IpNet, Option<Duration>> =
        held.iter().map(|block| (canonical_network(block.target), block.ttl)).collect();
    let is_right = |entry: &Entry| {
        let left = entry.left(now);
        let ttl = held.get(&entry.target);
        enforcing && ttl.is_some_and(|ttl| ttl.is_none_or(|ttl| ttl.abs_diff(left) <= TOLERANCE))
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
