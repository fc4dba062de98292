//! Keeping what is in force in force: expiry, further tries, comparison, and letting go.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, join, join_all, select};

use super::choice;
use super::patience::pause;
use super::target::Target;
use super::{
    Change, DeadLetter, EnforceError, Enforcement, Enforcer, Entry, FirewallPlan, FirewallReport,
    FirewallStatus, Health, Idle,
};
use crate::decision::{Decision, LONGEST_BLOCK};
use crate::net::canonical_network;
use crate::time::Timestamp;

/// How often `run` looks whether something is due.
const TICK: Duration = Duration::from_millis(500);
/// How long it waits after a sign of drift before it compares.
const FLOCK: Duration = Duration::from_millis(50);

impl Enforcer {
    /// Lets go of what has ended, tries again what is due, and compares again what could not be compared. Call it every
    /// second or so, or await [`run`](Enforcer::run) instead.
    ///
    /// It returns when the last firewall that had something to do has answered, so one that hangs holds it up for
    /// the time limit of a call, until its circuit opens. Calls may overlap.
    pub async fn maintain(&self) -> Vec<FirewallReport> {
        self.expire();
        let work = self.targets.iter().map(|target| target.maintain(&self.context));
        let reports: Vec<FirewallReport> = join_all(work).await.into_iter().flatten().collect();
        self.note(&reports, "maintain");
        reports
    }

    /// Drives everything for as long as it is awaited: compares every firewall with the ledger now, then
    /// [regularly](super::EnforceConfig::reconcile_every) and whenever one [tells](super::FirewallIntegration::drift) that
    /// somebody changed it; lets go of what has ended, and tries again what is due. Each firewall is served by itself, so
    /// one that hangs holds up nothing of another.
    ///
    /// A host that can spawns a task for it. It never returns, except at once where the executor has no
    /// [timer](crate::time::Timer). It may be dropped at any time, and runs beside every other call.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    ///
    /// use autosec_core::enforce::MemoryFirewall;
    /// use autosec_core::engine::Engine;
    ///
    /// let engine = Arc::new(Engine::builder().firewall(MemoryFirewall::new("edge")).build()?);
    /// let keeper = Arc::clone(&engine);
    /// let keeping = tokio::spawn(async move { keeper.enforcer().run().await });
    /// // … process events, enforce decisions …
    /// keeping.abort();
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(&self) {
        self.adopt_if_new().await;
        let expiry = async {
            while pause(&*self.context.timer, TICK).await {
                self.expire();
            }
        };
        join(expiry, join_all(self.targets.iter().map(|target| self.keep(target)))).await;
    }

    /// Compares every firewall with the ledger and repairs the difference: what is missing or has no effect is put back,
    /// what nobody asked for any more is taken away, and only what AutoSec owns is touched. What fails is tried again by
    /// [`maintain`](Enforcer::maintain). Call it at start, every minute or so, and when a firewall may have been changed
    /// behind AutoSec's back.
    ///
    /// A ledger that nothing was ever written to (a store in memory after a restart) takes over what the firewalls hold
    /// of an earlier run, as long as that has an end. Too large a loss is held back, as
    /// [`SyncGuard`](super::SyncGuard) says.
    pub async fn reconcile(&self) -> Vec<FirewallReport> {
        self.compare(false).await
    }

    /// The same, whatever the difference: for the person who has looked at [`plan`](Enforcer::plan) and agrees.
    pub async fn reconcile_anyway(&self) -> Vec<FirewallReport> {
        self.compare(true).await
    }

    /// What reconciling would do to each firewall if these decisions were in force too. Firewalls are read, and nothing
    /// is changed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use autosec_core::decision::Decision;
    /// use autosec_core::enforce::MemoryFirewall;
    /// use autosec_core::engine::Engine;
    /// use autosec_core::entity::Entity;
    /// use autosec_core::finding::Action;
    /// use autosec_core::time::Timestamp;
    ///
    /// let engine = Engine::builder().firewall(MemoryFirewall::new("edge")).build()?;
    /// let (attacker, hour) = (Entity::address("203.0.113.7".parse()?), Duration::from_secs(3600));
    /// let decision = Decision::new(attacker, Action::Block, Timestamp::from_secs(1_700_000_000), hour);
    /// let plans = engine.enforcer().plan(&[decision]).await;
    /// assert_eq!(plans[0].as_ref().unwrap().to_string(), "`edge` holds 0: + 203.0.113.7/32");
    /// assert!(engine.in_force().is_empty(), "it was only a plan");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of a firewall that could not be read back.
    pub async fn plan(&self, decisions: &[Decision]) -> Vec<Result<FirewallPlan, EnforceError>> {
        let now = self.context.clock.now();
        let entries = decisions.iter().filter_map(|decision| self.entry(decision, now).ok());
        let more = choice::by_target(entries);
        join_all(self.targets.iter().map(|target| target.plan(&more, &self.context))).await
    }

    /// Lets go of everything AutoSec owns, in the ledger and on every firewall; the allowlist stays. It goes ahead where
    /// the ledger cannot be written, which the answer then says. What a firewall cannot let go of now, it owes.
    pub async fn release_all(&self) -> Enforcement {
        if self.context.guard.is_dry_run() {
            return self.would(Change::Unblock, self.context.ledger.targets(|_| true));
        }
        if self.targets.is_empty() {
            return Enforcement::Nothing(Idle::NoFirewall);
        }
        let (known, unwritten) = self.context.ledger.abandon();
        let reports = join_all(self.targets.iter().map(|target| target.release(&known, &self.context))).await;
        self.note(&reports, "release");
        Enforcement::Fanned { reports, unwritten }
    }

    /// Blocks that firewalls rejected so often that they are no longer tried.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.targets.iter().flat_map(Target::dead_letters).collect()
    }

    /// Tries everything once more that was put aside: one report for each firewall that had something put aside.
    pub async fn replay(&self) -> Vec<FirewallReport> {
        let work = self.targets.iter().map(|target| async {
            let items: Vec<_> = target.dead_letters().iter().map(|letter| letter.target).collect();
            if items.is_empty() { None } else { Some(target.sync(&items, &self.context).await) }
        });
        let reports: Vec<FirewallReport> = join_all(work).await.into_iter().flatten().collect();
        self.note(&reports, "replay");
        reports
    }

    /// Somebody changed the firewall of this name, or may have: it is compared at the next
    /// [`maintain`](Enforcer::maintain). Says whether there is one of that name.
    pub fn drifted(&self, firewall: &str) -> bool {
        let named = self.targets.iter().filter(|target| target.name() == firewall);
        named.map(|target| target.owe_reconciliation(&self.context)).count() > 0
    }

    /// How each firewall says it is, in the order they were added.
    pub async fn health(&self) -> Vec<(String, Result<Health, EnforceError>)> {
        let each = self
            .targets
            .iter()
            .map(|target| async { (target.name().to_owned(), target.health(&self.context).await) });
        join_all(each).await
    }

    /// How AutoSec gets on with each firewall, in the order they were added; asks none of them.
    pub fn status(&self) -> Vec<FirewallStatus> {
        self.targets.iter().map(|target| target.status(&self.context)).collect()
    }
}

impl Enforcer {
    /// Drops what has ended from the ledger; firewalls that do not know when something ends owe it.
    fn expire(&self) {
        let ended = self.context.ledger.expire(self.context.clock.now());
        if !ended.is_empty() {
            let owing = self.targets.iter().filter(|target| !target.ends_by_itself());
            owing.for_each(|target| target.owe(&ended, &self.context));
        }
    }

    async fn compare(&self, anyway: bool) -> Vec<FirewallReport> {
        self.context.guard.look_around();
        self.adopt_if_new().await;
        let work = self.targets.iter().map(|target| target.reconcile(anyway, &self.context));
        let reports = join_all(work).await;
        self.note(&reports, "reconcile");
        reports
    }

    /// Serves one firewall for as long as there is a timer.
    async fn keep(&self, target: &Target) {
        let mut compared: Option<Timestamp> = None;
        loop {
            let now = self.context.clock.now();
            let every = self.context.config.reconcile_every;
            // A clock that was set back says nothing about when it was.
            let is_fresh = compared.is_some_and(|at| at <= now && now.since(at) < every);
            let report = if is_fresh {
                target.maintain(&self.context).await.map(|report| (report, "maintain"))
            } else {
                compared = Some(now);
                self.context.guard.look_around();
                Some((target.reconcile(false, &self.context).await, "reconcile"))
            };
            if let Some((report, change)) = report {
                self.note(&[report], change);
            }
            let Some(tick) = self.context.timer.sleep(TICK) else { return };
            let drift = AssertUnwindSafe(target.firewall.drift()).catch_unwind();
            match select(tick, pin!(drift)).await {
                Either::Left(_) => {}
                Either::Right((Ok(()), _)) => {
                    target.owe_reconciliation(&self.context);
                    // Changes come in flocks.
                    pause(&*self.context.timer, FLOCK).await;
                }
                Either::Right((Err(_panic), tick)) => tick.await,
            }
        }
    }

    /// Takes blocks of an earlier run over into a ledger that nothing was ever written to.
    async fn adopt_if_new(&self) {
        if !self.context.ledger.is_new() || self.context.guard.is_dry_run() {
            return;
        }
        let held = join_all(self.targets.iter().map(|target| target.blocked(&self.context))).await;
        let now = self.context.clock.now();
        let mut entries = Vec::new();
        for block in held.into_iter().flatten().flatten() {
            let Some(left) = block.ttl else { continue };
            let (duration, reason) = (left.min(LONGEST_BLOCK), block.reason);
            let (target, decision) = (canonical_network(block.target), Arc::from("earlier run"));
            if self.context.guard.permit(target).is_ok() {
                let (until, priority) = (now + duration, 0);
                entries.push(Entry { target, until, duration, decision, reason, priority });
            }
        }
        // A ledger that cannot be written takes over nothing; what is held then counts as unexplained.
        let _unwritten = self.context.ledger.block_all(entries, now);
    }
}
