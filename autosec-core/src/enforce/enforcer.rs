use std::sync::Arc;

use futures_util::future::join_all;
use ipnet::IpNet;

use super::target::{Context, Target};
use super::{EnforceConfig, Enforcement, Entry, FirewallIntegration, FirewallReport, Ledger, LedgerError};
use crate::decision::{Decision, Guard};
use crate::entity::Entity;
use crate::observe::{Observer, Record};
use crate::store::Store;
use crate::time::{Clock, Timestamp};

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
/// use autosec_core::measure::RiskScore;
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
/// let decision = Decision {
///     id: "ticket-4711".into(),
///     subject: Entity::address("203.0.113.7".parse()?),
///     action: Action::Block,
///     duration: Duration::from_secs(3600),
///     time: Timestamp::from_secs(1_700_000_000),
///     risk: RiskScore::ONE,
///     scenario: "manual".into(),
///     reasons: Vec::new(),
///     strikes: 0,
///     dry_run: false,
/// };
/// assert!(enforcer.enforce(&decision).await.is_complete());
/// assert!(edge.drops("203.0.113.7".parse()?));
/// assert_eq!(enforcer.in_force()[0].reason, "rule=manual;id=ticket-4711");
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
        Ok(Self { context, targets: firewalls.into_iter().map(Target::new).collect(), observer })
    }

    /// Puts a decision in force on every firewall, from now for its duration. Safe to call twice.
    pub async fn enforce(&self, decision: &Decision) -> Enforcement {
        let Some(target) = decision.subject.network().filter(|_| decision.action.is_enforced()) else {
            return Enforcement::Nothing { why: "only blocks of addresses are enforced by firewalls" };
        };
        if let Err(refusal) = self.context.guard.permit(target) {
            return Enforcement::Refused(refusal);
        }
        if self.targets.is_empty() {
            return Enforcement::Nothing { why: "the host has no firewall" };
        }
        if decision.dry_run || self.context.guard.is_dry_run() {
            return Enforcement::DryRun { target, firewalls: self.firewall_names() };
        }
        let now = self.context.clock.now();
        let until = now + decision.duration;
        if self.holds_long_enough(&target, until, now) {
            return Enforcement::Nothing { why: "it is already in force for about as long" };
        }
        let reason = format!("rule={};id={}", decision.scenario, decision.id);
        let entry = Entry { target: target.trunc(), until, decision: Arc::clone(&decision.id), reason };
        match self.context.ledger.block(entry) {
            Ok(entry) => Enforcement::Fanned { reports: self.sync(&[entry.target], "block").await },
            Err(error) => Enforcement::Failed(error),
        }
    }

    /// Takes every block that overlaps `network` back, on every firewall.
    pub async fn unblock(&self, network: IpNet) -> Enforcement {
        let overlaps = |held: &IpNet| held.contains(&network) || network.contains(held);
        match self.context.ledger.unblock(overlaps) {
            Ok(targets) if targets.is_empty() => Enforcement::Nothing { why: "nothing of it is blocked" },
            Ok(targets) => Enforcement::Fanned { reports: self.sync(&targets, "unblock").await },
            Err(error) => Enforcement::Failed(error),
        }
    }

    /// Puts `entity` on the allowlist and takes every block that overlaps it back. From the moment this returns, and
    /// whatever runs beside it, no firewall holds such a block, but for those whose report says it is pending.
    pub async fn allow(&self, entity: Entity, name: &str) -> Enforcement {
        let network = entity.network();
        // First: a block that is on its way is stopped by the guard's last look, one that has arrived by the unblock below.
        self.context.guard.allowlist().insert(entity, name);
        match network {
            Some(network) => self.unblock(network).await,
            None => Enforcement::Nothing { why: "firewalls hold addresses only" },
        }
    }

    /// Lets go of what has ended and tries again what is due. Call it every second or so.
    pub async fn maintain(&self) -> Vec<FirewallReport> {
        let now = self.context.clock.now();
        let ended = self.context.ledger.expire(now);
        let work = self.targets.iter().filter_map(|target| {
            let mut items = target.due(now);
            if !target.firewall().capabilities().native_ttl {
                // Those it owes are in `due`, or wait for their pause to pass.
                items.extend(ended.iter().filter(|item| !target.owes(item)));
            }
            (!items.is_empty()).then_some(async move { target.sync(&items, &self.context).await })
        });
        let reports = join_all(work).await;
        self.note(&reports, "maintain");
        reports
    }

    /// Compares every firewall with the ledger and repairs the difference: what is missing is put back, what nobody
    /// asked for any more is taken away, and only what AutoSec owns is touched. Call it at start, and when a firewall
    /// may have been changed behind its back.
    pub async fn reconcile(&self) -> Vec<FirewallReport> {
        let reports = join_all(self.targets.iter().map(|target| target.reconcile(&self.context))).await;
        self.note(&reports, "reconcile");
        reports
    }

    /// What is to be in force now.
    pub fn in_force(&self) -> Vec<Entry> {
        self.context.ledger.in_force(self.context.clock.now())
    }

    /// The firewalls' names, in the order they were added.
    pub fn firewall_names(&self) -> Vec<String> {
        self.targets.iter().map(|target| target.firewall().name().to_owned()).collect()
    }

    fn holds_long_enough(&self, target: &IpNet, until: Timestamp, now: Timestamp) -> bool {
        let is_owed = || self.targets.iter().any(|firewall| firewall.owes(target));
        self.context.ledger.entry(target, now).is_some_and(|held| {
            until.since(now).as_secs_f64() <= held.until.since(now).as_secs_f64() * RENEWAL && !is_owed()
        })
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
            self.observer.note(now, &Record::Enforced { firewall, change, applied, failed });
        }
    }
}
