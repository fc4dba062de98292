//! One firewall: its queue, its breaker, its rate, and what it was given.
//!
//! The central idea: a change is never *carried to* a firewall. A firewall is told *which items to look at*, and looks up
//! in the ledger what each of them should be when its turn comes. So calls may be repeated, overtaken, cut short or lost
//! without harm; the worst is that an item is still owed. That is why block, unblock, retry, expiry and reconciliation are
//! one function, [`Target::work`].
//!
//! Items are owed from before the first call until the firewall has said that they are as they should be. A lock for each
//! firewall keeps its changes one after the other; no lock is held while another firewall is waited for. Who gets the lock
//! takes along what others wait for: many changes at the same time are one call.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use ipnet::IpNet;

use super::breaker::Breaker;
use super::choice::Choice;
use super::config::Pace;
use super::debt::Debts;
use super::patience::{Jitter, pause, within};
use super::rate::Bucket;
use super::status::Tally;
use super::{
    Circuit, DeadLetter, EnforceConfig, EnforceError, FirewallIntegration, FirewallReport, FirewallStatus,
    Health, Ledger, Outcome, Status,
};
use crate::decision::Guard;
use crate::observe::{Observer, Record};
use crate::time::{Clock, Timer, Timestamp};

/// One firewall and what it still owes: brings the items it is told of to what the ledger says *at that moment*, so
/// that blocks and unblocks that race end in the ledger's state whatever their order.
pub(super) struct Target {
    pub(super) firewall: Arc<dyn FirewallIntegration>,
    pub(super) pace: Pace,
    /// One change at a time; never held by another firewall's work.
    gate: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// By name: what an integration shows of itself, and whether a key is in it, is not known here.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("firewall", &self.name()).finish_non_exhaustive()
    }
}

/// Locked for moments only, never across a call.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) debts: Debts,
    pub(super) choice: Choice,
    pub(super) bucket: Bucket,
    breaker: Breaker,
    tally: Tally,
}

/// What a target needs to know of the rest.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) ledger: Ledger,
    pub(super) guard: Arc<Guard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) timer: Arc<dyn Timer>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) jitter: Jitter,
    pub(super) config: EnforceConfig,
}

pub(super) type Answer = Result<Vec<Outcome>, EnforceError>;

impl Target {
    pub(super) fn new(firewall: Arc<dyn FirewallIntegration>, config: &EnforceConfig) -> Self {
        let pace = config.pace(firewall.name());
        Self { firewall, pace, gate: tokio::sync::Mutex::default(), state: Mutex::default() }
    }

    pub(super) fn name(&self) -> &str {
        self.firewall.name()
    }

    /// Brings `items` to what the ledger says, whatever they were owed before.
    pub(super) async fn sync(&self, items: &[IpNet], context: &Context) -> FirewallReport {
        // Owed before the first call: a future that is dropped half-way must not forget them.
        self.owe(items, context);
        self.work(items, self.pace.attempts, context).await
    }

    /// Brings items that are owed to what the ledger says; tries transient failures again; what is left stays owed.
    pub(super) async fn work(&self, items: &[IpNet], attempts: u32, context: &Context) -> FirewallReport {
        if context.guard.is_dry_run() {
            return self.report(items, Ok(Vec::new()));
        }
        let mut result = self.attempt(items, context).await;
        let mut backoff = self.pace.backoff;
        for _ in 1..attempts {
            match &result {
                Err(error) if error.is_transient() => {}
                _ => break,
            }
            pause(&*context.timer, context.jitter.up_to(backoff)).await;
            backoff = backoff.saturating_mul(2).min(self.pace.longest_pause);
            result = self.attempt(items, context).await;
        }
        self.report(items, result)
    }

    /// Tries what is due, if anything is; compares everything if that is.
    pub(super) async fn maintain(&self, context: &Context) -> Option<FirewallReport> {
        let now = context.clock.now();
        if matches!(self.state().breaker.circuit(now), Circuit::Open { .. }) {
            return None;
        }
        if self.state().debts.reconciliation_is_due(now) {
            return Some(self.reconcile(false, context).await);
        }
        let items = self.state().debts.due(now, self.ends_by_itself());
        if items.is_empty() && !self.is_behind(context) {
            return None;
        }
        Some(self.work(&items, 1, context).await)
    }

    /// Owes `items` from now on.
    pub(super) fn owe(&self, items: &[IpNet], context: &Context) {
        if context.guard.is_dry_run() {
            return;
        }
        let now = context.clock.now();
        let ends: Vec<_> =
            items.iter().map(|item| context.ledger.entry(item, now).map(|entry| entry.until)).collect();
        let debts = &mut self.state().debts;
        items.iter().zip(ends).for_each(|(item, until)| debts.owe(*item, until, now));
    }

    /// How the firewall says it is; asked whatever its circuit, and without consequence for it.
    pub(super) async fn health(&self, context: &Context) -> Result<Health, EnforceError> {
        self.timed(context, self.firewall.health()).await
    }

    /// Whether `item` is not known to be as it should be, or cannot be held at all.
    pub(super) fn owes(&self, item: &IpNet) -> bool {
        self.firewall.obstacle(*item).is_some() || self.state().debts.owes(item)
    }

    /// Whether what has ended is gone there without being asked for.
    pub(super) fn ends_by_itself(&self) -> bool {
        self.firewall.capabilities().native_ttl
    }

    pub(super) fn status(&self, context: &Context) -> FirewallStatus {
        let now = context.clock.now();
        let mut state = self.state();
        let (queued, dead) = state.debts.counts();
        FirewallStatus {
            firewall: self.name().to_owned(),
            observed: self.pace.observe,
            circuit: state.breaker.circuit(now),
            queued,
            dead,
            calls: state.tally.calls,
            failures: state.tally.failures,
            last_success: state.tally.last_success,
            last_failure: state.tally.last_failure.clone(),
        }
    }

    pub(super) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.state().debts.dead(self.name()).collect()
    }

    /// What is said of a change that is not waited for.
    pub(super) fn unfinished(&self, items: &[IpNet]) -> FirewallReport {
        let deferred = |item: &IpNet| Outcome { target: *item, status: Status::Deferred };
        self.report(items, Ok(items.iter().map(deferred).collect()))
    }

    pub(super) fn report(&self, items: &[IpNet], result: Answer) -> FirewallReport {
        let state = self.state();
        let pending = items.iter().filter(|item| state.debts.is_pending(item)).count();
        drop(state);
        FirewallReport { firewall: self.name().to_owned(), result, pending }
    }

    /// A call to the firewall that counts: for its breaker, and in its status.
    pub(super) async fn call<T>(
        &self,
        context: &Context,
        call: impl Future<Output = Result<T, EnforceError>>,
    ) -> Result<T, EnforceError> {
        let answer = self.timed(context, call).await;
        let now = context.clock.now();
        let error = answer.as_ref().err();
        let mut state = self.state();
        state.tally.count(error, now);
        let is_well = error.is_none_or(EnforceError::is_an_answer);
        let turns = if is_well { state.breaker.succeeded() } else { state.breaker.failed(now, &self.pace) };
        drop(state);
        if turns {
            let record = Record::Circuit { firewall: self.name(), open: !is_well };
            context.observer.note(now, &record);
        }
        answer
    }

    /// Refuses while the firewall is left alone.
    pub(super) fn admitted(&self, now: Timestamp) -> Result<(), EnforceError> {
        match self.state().breaker.circuit(now) {
            Circuit::Open { until } => Err(EnforceError::Resting { firewall: self.name().to_owned(), until }),
            Circuit::Closed | Circuit::HalfOpen => Ok(()),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target {
    /// One try, alone on this firewall; what it did is settled before another may begin.
    async fn attempt(&self, items: &[IpNet], context: &Context) -> Answer {
        self.admitted(context.clock.now())?;
        let Some(_gate) = within(&*context.timer, self.pace.timeout, self.gate.lock()).await else {
            return Err(self.timeout());
        };
        self.admitted(context.clock.now())?;
        let (all, settled) = self.gather(items, context);
        let mut answer = self.apply(&all, context).await;
        if let Err(EnforceError::Lost { .. }) = answer {
            answer = self.put_back(&all, context).await;
        }
        match answer {
            Ok(outcomes) => {
                let asked: HashSet<IpNet> = items.iter().copied().collect();
                Ok(settled.into_iter().chain(outcomes).filter(|one| asked.contains(&one.target)).collect())
            }
            Err(error) => {
                self.postpone(&all, &error, context);
                Err(error)
            }
        }
    }

    /// What is to be looked at now: of `items` those that nobody has seen to meanwhile, and what else is due.
    fn gather(&self, items: &[IpNet], context: &Context) -> (Vec<IpNet>, Vec<Outcome>) {
        let capabilities = self.firewall.capabilities();
        let (now, keeps_book) = (context.clock.now(), self.keeps_book());
        let debts = &mut self.state().debts;
        let due = debts.due(now, capabilities.native_ttl);
        let (mut all, mut settled) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            // Where there is a choice, that an item was seen to does not say that it is there.
            if keeps_book || debts.owes(item) {
                all.push(*item);
                continue;
            }
            let status = self.firewall.obstacle(*item).map_or(Status::Done, Status::Unsupported);
            settled.push(Outcome { target: *item, status });
        }
        let asked: HashSet<IpNet> = all.iter().copied().collect();
        let room = capabilities.batch.saturating_sub(all.len());
        all.extend(due.into_iter().filter(|item| !asked.contains(item)).take(room));
        (all, settled)
    }

    /// Everything AutoSec had there is gone: puts it all back, `items` among it. All of it is owed until it is.
    async fn put_back(&self, items: &[IpNet], context: &Context) -> Answer {
        let now = context.clock.now();
        let known: HashSet<IpNet> = items.iter().copied().collect();
        let in_force = context.ledger.in_force(now);
        let others = in_force.iter().map(|entry| entry.target).filter(|target| !known.contains(target));
        let all: Vec<IpNet> = {
            let mut state = self.state();
            state.debts.owe_reconciliation(now);
            state.choice.found(Default::default());
            items.iter().copied().chain(others.filter(|item| !state.debts.is_dead(item))).collect()
        };
        let outcomes = self.apply(&all, context).await?;
        self.state().debts.reconciled(true, context.clock.now(), &self.pace, &context.jitter);
        Ok(outcomes)
    }

    /// A call to the firewall: as long as it may take, and a panic is an error of this firewall alone.
    async fn timed<T>(
        &self,
        context: &Context,
        call: impl Future<Output = Result<T, EnforceError>>,
    ) -> Result<T, EnforceError> {
        match within(&*context.timer, self.pace.timeout, AssertUnwindSafe(call).catch_unwind()).await {
            Some(Ok(answer)) => answer,
            Some(Err(_panic)) => Err(EnforceError::Broken { firewall: self.name().to_owned() }),
            None => Err(self.timeout()),
        }
    }

    fn timeout(&self) -> EnforceError {
        EnforceError::Timeout { firewall: self.name().to_owned(), after: self.pace.timeout }
    }

    /// A call failed as a whole: what is still owed of `items` waits, longer each time.
    fn postpone(&self, items: &[IpNet], error: &EnforceError, context: &Context) {
        let now = context.clock.now();
        let debts = &mut self.state().debts;
        for item in items.iter().copied() {
            if !debts.is_pending(&item) {
                continue;
            }
            match error {
                EnforceError::Busy { after, .. } => debts.defer(item, now, *after),
                _ => debts.postpone(item, now, &self.pace, &context.jitter),
            }
        }
    }
}
