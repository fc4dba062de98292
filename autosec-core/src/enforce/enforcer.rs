use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use ipnet::IpNet;

use super::target::{Context, Target};
use super::{
    Change, EnforceConfig, EnforceError, Enforcement, Entry, FirewallIntegration, FirewallReport, Health,
    Idle, Ledger, LedgerError,
};
use crate::decision::{Decision, Guard, LONGEST_BLOCK};
use crate::entity::{Entity, printable};
use crate::net::canonical_network;
use crate::observe::{Observer, Record};
use crate::sketch::BoundedMap;
use crate::store::Store;
use crate::time::{Clock, Timestamp};

/// No block is shorter: a firewall that counts in seconds would take it for none, or for one without an end.
const SHORTEST: Duration = Duration::from_secs(1);
/// For how long the firewalls' word that they hold a block is taken without asking again.
const TRUST: Duration = Duration::from_secs(5);
/// How many targets are remembered for that.
const ASKED: usize = 10_000;
/// A renewal shorter than a tenth of what is left is not worth a call to every firewall.
const RENEWAL: f64 = 1.1;

/// Brings every firewall to what the ledger says, each at its own pace: one that hangs or fails delays no other.
///
/// It runs no thread and no timer: the host calls [`Enforcer::reconcile`] at start and [`Enforcer::maintain`] every
/// second or so.
///
/// An [`Engine`](crate::engine::Engine) owns one. By itself it serves a host that makes its decisions elsewhere:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use autosec_core::decision::{Allowlist, Decision, Guard, GuardConfig};
/// use autosec_core::enforce::{EnforceConfig, Enforcer, MemoryFirewall};
/// use autosec_core::entity::Entity;
/// use autosec_core::finding::Action;
/// use autosec_core::observe::Silent;
/// use autosec_core::store::MemoryStore;
/// use autosec_core::time::{SystemClock, Timestamp};
///
/// let edge = MemoryFirewall::new("edge");
/// let enforcer = Enforcer::open(
///     vec![Arc::new(edge.clone())],
///     Arc::new(Guard::new(GuardConfig::default(), Allowlist::new())),
///     Arc::new(MemoryStore::new()),
///     Arc::new(SystemClock),
///     Arc::new(Silent),
///     EnforceConfig::default(),
/// )?;
/// let attacker = Entity::address("203.0.113.7".parse()?);
/// let (time, hour) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(3600));
/// let decision = Decision::new(attacker, Action::Block, time, hour).with_scenario("manual");
/// assert!(enforcer.enforce(&decision).await.is_complete());
/// assert!(edge.drops("203.0.113.7".parse()?));
/// assert!(enforcer.in_force()[0].reason.starts_with("rule=manual;id="));
///
/// assert!(enforcer.allow(decision.subject.clone(), "a customer after all").await.is_complete());
/// assert!(!edge.drops("203.0.113.7".parse()?));
/// let again = enforcer.enforce(&decision).await;
/// assert_eq!(again.to_string(), "held back: the allowlist holds `203.0.113.7` (a customer after all)");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Enforcer {
    context: Context,
    targets: Vec<Target>,
    observer: Arc<dyn Observer>,
    /// When the firewalls were last asked to block a target.
    asked: Mutex<BoundedMap<IpNet, Timestamp>>,
}

impl Enforcer {
    /// An enforcer over `firewalls` with the ledger that `store` holds.
    ///
    /// # Errors
    /// The ledger cannot be read back.
    pub fn open(
        firewalls: Vec<Arc<dyn FirewallIntegration>>,
        guard: Arc<Guard>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
        config: EnforceConfig,
    ) -> Result<Self, LedgerError> {
        let ledger = Ledger::open(store, config.capacity, clock.now())?;
        let context = Context { ledger, guard, clock, config };
        let targets = firewalls.into_iter().map(Target::new).collect();
        Ok(Self { context, targets, observer, asked: Mutex::new(BoundedMap::new(ASKED)) })
    }

    /// Puts a decision in force on every firewall, from now for its duration (at most a year). Safe to call twice.
    ///
    /// One about a target that has been in force for more than a few seconds is a sign that a firewall lets it through
    /// all the same: then the firewalls are asked anew, and one that has lost its state gets everything back.
    pub async fn enforce(&self, decision: &Decision) -> Enforcement {
        let Some(target) = decision.subject.network().filter(|_| decision.action.is_enforced()) else {
            return Enforcement::Nothing(Idle::NotForFirewalls);
        };
        let target = canonical_network(target);
        if let Err(refusal) = self.context.guard.permit(target) {
            return Enforcement::Refused(refusal);
        }
        if self.targets.is_empty() {
            return Enforcement::Nothing(Idle::NoFirewall);
        }
        if decision.dry_run || self.context.guard.is_dry_run() {
            return self.would(Change::Block, vec![target]);
        }
        let now = self.context.clock.now();
        let duration = decision.duration.clamp(SHORTEST, LONGEST_BLOCK);
        let until = now + duration;
        if self.holds_long_enough(&target, until, now) {
            return Enforcement::Nothing(Idle::InForce);
        }
        let reason = format!("rule={};id={}", printable(&decision.scenario), printable(&decision.id));
        let entry = Entry { target, until, duration, decision: Arc::clone(&decision.id), reason };
        match self.context.ledger.block(entry, now) {
            Ok(entry) => {
                self.asked().entry(entry.target, now, || now).clone_from(&now);
                let reports = self.sync(&[entry.target], "block").await;
                Enforcement::Fanned { reports, unwritten: None }
            }
            Err(error) => Enforcement::Failed(error),
        }
    }

    /// Takes every block that overlaps `network` back, on every firewall.
    pub async fn unblock(&self, network: IpNet) -> Enforcement {
        let network = canonical_network(network);
        let overlaps = overlapping(network);
        if self.context.guard.is_dry_run() {
            return self.would(Change::Unblock, self.context.ledger.targets(overlaps));
        }
        match self.context.ledger.unblock(overlaps) {
            Ok(targets) if targets.is_empty() => Enforcement::Nothing(Idle::NotBlocked),
            Ok(targets) => {
                Enforcement::Fanned { reports: self.sync(&targets, "unblock").await, unwritten: None }
            }
            Err(error) => Enforcement::Failed(error),
        }
    }

    /// Puts `entity` on the allowlist and takes every block that overlaps it back. From the moment this returns, and
    /// whatever runs beside it, no firewall holds such a block, but for those whose report says it is pending: also when
    /// the ledger cannot be written, which the answer then says.
    ///
    /// The allowlist itself is the host's to keep: it begins anew with the process.
    pub async fn allow(&self, entity: Entity, name: &str) -> Enforcement {
        let network = entity.network();
        // First: a block that is on its way is stopped by the guard's last look, one that has arrived by the sync below.
        self.context.guard.allowlist().insert(entity, name);
        let Some(network) = network else { return Enforcement::Nothing(Idle::NotForFirewalls) };
        let targets = self.context.ledger.targets(overlapping(network));
        if self.context.guard.is_dry_run() {
            return self.would(Change::Unblock, targets);
        }
        let (targets, unwritten) = match self.context.ledger.unblock(overlapping(network)) {
            Ok(targets) => (targets, None),
            Err(error) => (targets, Some(error)),
        };
        if targets.is_empty() {
            return Enforcement::Nothing(Idle::NotBlocked);
        }
        Enforcement::Fanned { reports: self.sync(&targets, "unblock").await, unwritten }
    }

    /// Lets go of what has ended, tries again what is due, and compares again what could not be compared. Call it every
    /// second or so.
    pub async fn maintain(&self) -> Vec<FirewallReport> {
        let now = self.context.clock.now();
        let ended = self.context.ledger.expire(now);
        let work = self.targets.iter().filter_map(|target| {
            let mut items = target.due(now);
            if !target.firewall().capabilities().native_ttl {
                let known: HashSet<IpNet> = items.iter().copied().collect();
                items.extend(ended.iter().filter(|item| !known.contains(item)));
            }
            let compares = target.reconciliation_is_due(now);
            (compares || !items.is_empty()).then_some(async move {
                if compares {
                    target.reconcile(&self.context).await
                } else {
                    target.sync(&items, &self.context).await
                }
            })
        });
        let reports = join_all(work).await;
        self.note(&reports, "maintain");
        reports
    }

    /// Compares every firewall with the ledger and repairs the difference: what is missing or has no effect is put back,
    /// what nobody asked for any more is taken away, and only what AutoSec owns is touched. What fails is tried again by
    /// [`maintain`](Enforcer::maintain). Call it at start, every minute or so, and when a firewall may have been changed
    /// behind AutoSec's back.
    ///
    /// A ledger that nothing was ever written to (a store in memory after a restart) takes over what the firewalls hold
    /// of an earlier run, as long as that has an end.
    pub async fn reconcile(&self) -> Vec<FirewallReport> {
        if self.context.ledger.is_new() && !self.context.guard.is_dry_run() {
            self.adopt().await;
        }
        let reports = join_all(self.targets.iter().map(|target| target.reconcile(&self.context))).await;
        self.note(&reports, "reconcile");
        reports
    }

    /// How each firewall is, in the order they were added.
    pub async fn health(&self) -> Vec<(String, Result<Health, EnforceError>)> {
        let each = self.targets.iter().map(|target| async {
            (target.firewall().name().to_owned(), target.health(&self.context).await)
        });
        join_all(each).await
    }

    /// What is to be in force now.
    pub fn in_force(&self) -> Vec<Entry> {
        self.context.ledger.in_force(self.context.clock.now())
    }

    /// The firewalls' names, in the order they were added.
    pub fn firewall_names(&self) -> Vec<String> {
        self.targets.iter().map(|target| target.firewall().name().to_owned()).collect()
    }

    /// Takes blocks of an earlier run over into an empty ledger.
    async fn adopt(&self) {
        let held = join_all(self.targets.iter().map(|target| target.blocked(&self.context))).await;
        let now = self.context.clock.now();
        for block in held.into_iter().flatten().flatten() {
            let Some(left) = block.ttl else { continue };
            let (duration, reason) = (left.min(LONGEST_BLOCK), block.reason);
            let (target, decision) = (canonical_network(block.target), Arc::from("earlier run"));
            let entry = Entry { target, until: now + duration, duration, decision, reason };
            if self.context.guard.permit(target).is_ok() && self.context.ledger.block(entry, now).is_err() {
                return;
            }
        }
    }

    fn would(&self, change: Change, targets: Vec<IpNet>) -> Enforcement {
        Enforcement::DryRun { change, targets, firewalls: self.firewall_names() }
    }

    fn holds_long_enough(&self, target: &IpNet, until: Timestamp, now: Timestamp) -> bool {
        let was_asked_lately = self.asked().get(target).is_some_and(|asked| now.since(*asked) < TRUST);
        let is_owed = || self.targets.iter().any(|firewall| firewall.owes(target));
        was_asked_lately
            && self.context.ledger.entry(target, now).is_some_and(|held| {
                until.since(now).as_secs_f64() <= held.left(now).as_secs_f64() * RENEWAL && !is_owed()
            })
    }

    fn asked(&self) -> MutexGuard<'_, BoundedMap<IpNet, Timestamp>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sync(&self, items: &[IpNet], change: &str) -> Vec<FirewallReport> {
        let reports = join_all(self.targets.iter().map(|target| target.sync(items, &self.context))).await;
        self.note(&reports, change);
        reports
    }

    fn note(&self, reports: &[FirewallReport], change: &str) {
        let now = self.context.clock.now();
        for report in reports {
            let (applied, failed) = report.tally();
            let firewall = &report.firewall;
            let error = report.result.as_ref().err().map(ToString::to_string);
            let error = error.as_deref();
            self.observer.note(now, &Record::Enforced { firewall, change, applied, failed, error });
        }
    }
}

/// Picks the targets that have an address in common with `network`.
fn overlapping(network: IpNet) -> impl Fn(&IpNet) -> bool + Copy {
    move |held| held.contains(&network) || network.contains(held)
}
