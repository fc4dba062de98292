use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use ipnet::IpNet;

use super::patience::Jitter;
use super::target::{Context, Target};
use super::{
    Bulk, Change, EnforceConfig, Enforcement, Entry, FirewallIntegration, FirewallReport, Idle, Ledger,
    LedgerError, Require,
};
use crate::decision::{Decision, Guard, LONGEST_BLOCK};
use crate::entity::{Entity, printable};
use crate::net::canonical_network;
use crate::observe::{Observer, Record};
use crate::sketch::BoundedMap;
use crate::store::Store;
use crate::time::{Clock, Timer, Timestamp, TokioTimer};

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
/// It runs no thread: the host drives it, either by one task of its own that awaits [`Enforcer::run`], or by calling
/// [`Enforcer::reconcile`] at start and [`Enforcer::maintain`] every second or so.
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
    pub(super) context: Context,
    pub(super) targets: Vec<Target>,
    /// When the firewalls were last asked to block a target.
    asked: Mutex<BoundedMap<IpNet, Timestamp>>,
}

impl Enforcer {
    /// An enforcer over `firewalls` with the ledger that `store` holds, on tokio's timer where there is one.
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
        let ledger = Ledger::open(store, config.capacity, clock.now())?.when_full(config.when_full);
        let (jitter, timer) = (Jitter::new(config.seed), Arc::new(TokioTimer::new()));
        let targets = firewalls.into_iter().map(|firewall| Target::new(firewall, &config)).collect();
        let context = Context { ledger, guard, clock, timer, observer, jitter, config };
        Ok(Self { context, targets, asked: Mutex::new(BoundedMap::new(ASKED)) })
    }

    /// The same on another timer.
    #[must_use]
    pub fn with_timer(mut self, timer: Arc<dyn Timer>) -> Self {
        self.context.timer = timer;
        self
    }

    /// Puts a decision in force on every firewall, from now for its duration (at most a year). Safe to call twice.
    ///
    /// It returns when as many firewalls as [required](EnforceConfig::require) have answered; the others have it in their
    /// queues. One about a target that has been in force for more than a few seconds is a sign that a firewall lets
    /// it through all the same: then the firewalls are asked anew, and one that has lost its state gets everything back.
    pub async fn enforce(&self, decision: &Decision) -> Enforcement {
        let Bulk { mut apart, together } = self.enforce_all(std::slice::from_ref(decision)).await;
        apart.pop().map_or(together, |(_, apart)| apart)
    }

    /// Puts many decisions in force together: the ledger is written once, and each firewall is called once a batch.
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
    /// let edge = MemoryFirewall::new("edge");
    /// let engine = Engine::builder().firewall(edge.clone()).build()?;
    /// let (time, hour) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(3600));
    /// let block = |subject| Decision::new(Entity::address(subject), Action::Block, time, hour);
    /// let feed = [[203, 0, 113, 7].into(), [127, 0, 0, 1].into(), [203, 0, 113, 8].into()].map(block);
    ///
    /// let bulk = engine.enforcer().enforce_all(&feed).await;
    /// assert_eq!(bulk.together.to_string(), "`edge`: 2 done");
    /// let (place, why) = &bulk.apart[0];
    /// assert!(*place == 1 && why.to_string().contains("loopback address space"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn enforce_all(&self, decisions: &[Decision]) -> Bulk {
        let now = self.context.clock.now();
        let (mut apart, mut entries, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (place, decision) in decisions.iter().enumerate() {
            match self.entry(decision, now) {
                Ok(entry) => {
                    entries.push(entry);
                    places.push(place);
                }
                Err(why) => apart.push((place, why)),
            }
        }
        let together = self.put_in_force(entries, &places, &mut apart, now).await;
        apart.sort_by_key(|(place, _)| *place);
        Bulk { apart, together }
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
            Ok(targets) => Enforcement::Fanned {
                reports: self.fan(&targets, "unblock", Require::All).await,
                unwritten: None,
            },
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
        Enforcement::Fanned { reports: self.fan(&targets, "unblock", Require::All).await, unwritten }
    }

    /// What is to be in force now.
    pub fn in_force(&self) -> Vec<Entry> {
        self.context.ledger.in_force(self.context.clock.now())
    }

    /// The firewalls' names, in the order they were added.
    pub fn firewall_names(&self) -> Vec<String> {
        self.targets.iter().map(|target| target.name().to_owned()).collect()
    }
}

impl Enforcer {
    /// The entry that a decision comes to; or why no firewall is to be asked.
    pub(super) fn entry(&self, decision: &Decision, now: Timestamp) -> Result<Entry, Enforcement> {
        let Some(target) = decision.subject.network().filter(|_| decision.action.is_enforced()) else {
            return Err(Enforcement::Nothing(Idle::NotForFirewalls));
        };
        let target = canonical_network(target);
        self.context.guard.permit(target).map_err(Enforcement::Refused)?;
        if self.targets.is_empty() {
            return Err(Enforcement::Nothing(Idle::NoFirewall));
        }
        if decision.dry_run || self.context.guard.is_dry_run() {
            return Err(self.would(Change::Block, vec![target]));
        }
        let duration = decision.duration.clamp(SHORTEST, LONGEST_BLOCK);
        let until = now + duration;
        if self.holds_long_enough(&target, until, now) {
            return Err(Enforcement::Nothing(Idle::InForce));
        }
        let reason = format!("rule={};id={}", printable(&decision.scenario), printable(&decision.id));
        let priority = priority(decision);
        Ok(Entry { target, until, duration, decision: Arc::clone(&decision.id), reason, priority })
    }

    /// Writes entries down and brings the firewalls to them; `places` are theirs among what was asked for.
    pub(super) async fn put_in_force(
        &self,
        entries: Vec<Entry>,
        places: &[usize],
        apart: &mut Vec<(usize, Enforcement)>,
        now: Timestamp,
    ) -> Enforcement {
        if entries.is_empty() {
            return Enforcement::Fanned { reports: Vec::new(), unwritten: None };
        }
        let admission = match self.context.ledger.block_all(entries, now) {
            Ok(admission) => admission,
            Err(error) => return Enforcement::Failed(error),
        };
        let mut items = Vec::new();
        for (place, admitted) in places.iter().zip(admission.each) {
            match admitted {
                Ok(entry) => items.push(entry.target),
                Err(error) => apart.push((*place, Enforcement::Failed(error))),
            }
        }
        if !admission.evicted.is_empty() {
            let record = Record::Evicted { firewall: None, blocks: admission.evicted.len() };
            self.context.observer.note(now, &record);
        }
        {
            let mut asked = self.asked();
            items.iter().for_each(|item| *asked.entry(*item, now, || now) = now);
        }
        items.extend(admission.evicted);
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return Enforcement::Fanned { reports: Vec::new(), unwritten: None };
        }
        let reports = self.fan(&items, "block", self.context.config.require).await;
        Enforcement::Fanned { reports, unwritten: None }
    }

    pub(super) fn would(&self, change: Change, targets: Vec<IpNet>) -> Enforcement {
        Enforcement::DryRun { change, targets, firewalls: self.firewall_names() }
    }

    /// Brings every firewall to the ledger for these items; waits for as many as are required to have done it.
    pub(super) async fn fan(&self, items: &[IpNet], change: &str, require: Require) -> Vec<FirewallReport> {
        let needed = require.of(self.targets.iter().filter(|target| !target.pace.observe).count());
        let reports = match require {
            Require::All => {
                join_all(self.targets.iter().map(|target| target.sync(items, &self.context))).await
            }
            Require::Any | Require::Quorum(_) => self.race(items, needed).await,
        };
        self.note(&reports, change);
        reports
    }

    /// Waits for `needed` firewalls to have done it. What the others were doing is given up; they owe it.
    async fn race(&self, items: &[IpNet], needed: usize) -> Vec<FirewallReport> {
        self.targets.iter().for_each(|target| target.owe(items, &self.context));
        let each = self.targets.iter().enumerate().map(|(place, target)| async move {
            (place, target.work(items, target.pace.attempts, &self.context).await)
        });
        let mut running: FuturesUnordered<_> = each.collect();
        let mut reports: Vec<Option<FirewallReport>> = self.targets.iter().map(|_| None).collect();
        let mut done = 0;
        while done < needed
            && let Some((place, report)) = running.next().await
        {
            done += usize::from(report.is_done());
            if let Some(slot) = reports.get_mut(place) {
                *slot = Some(report);
            }
        }
        drop(running);
        let finished = reports.into_iter().zip(&self.targets);
        finished.map(|(report, target)| report.unwrap_or_else(|| target.unfinished(items))).collect()
    }

    pub(super) fn note(&self, reports: &[FirewallReport], change: &str) {
        let now = self.context.clock.now();
        for report in reports {
            let (applied, failed) = report.tally();
            let firewall = &report.firewall;
            let error = report.result.as_ref().err().map(ToString::to_string);
            let error = error.as_deref();
            self.context.observer.note(now, &Record::Enforced { firewall, change, applied, failed, error });
        }
    }

    fn holds_long_enough(&self, target: &IpNet, until: Timestamp, now: Timestamp) -> bool {
        // Asked in the future means that the clock was set back.
        let lately = |asked: &Timestamp| *asked <= now && now.since(*asked) < TRUST;
        let was_asked_lately = self.asked().get(target).is_some_and(lately);
        let is_owed = || self.targets.iter().any(|firewall| firewall.owes(target));
        was_asked_lately
            && self.context.ledger.entry(target, now).is_some_and(|held| {
                until.since(now).as_secs_f64() <= held.left(now).as_secs_f64() * RENEWAL && !is_owed()
            })
    }

    fn asked(&self) -> MutexGuard<'_, BoundedMap<IpNet, Timestamp>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Picks the targets that have an address in common with `network`.
fn overlapping(network: IpNet) -> impl Fn(&IpNet) -> bool + Copy {
    move |held| held.contains(&network) || network.contains(held)
}

/// The risk in percent.
fn priority(decision: &Decision) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a risk is between 0 and 1")]
    let percent = (decision.risk.value() * 100.0).round() as u8;
    percent
}
