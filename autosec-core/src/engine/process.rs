use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ipnet::IpNet;

use super::judge::Moment;
use super::{EngineBuilder, Verdict};
use crate::decision::{Allowlist, Decision, Guard, Policy};
use crate::enforce::{EnforceError, Enforcement, Enforcer, Entry, FirewallReport, Health};
use crate::enrich::Enricher;
use crate::entity::Entity;
use crate::event::{Event, FieldMask, field};
use crate::finding::{Detector, Fault, FaultKind, Findings};
use crate::observe::{Observer, Record};
use crate::score::Scorer;
use crate::time::{Clock, Timestamp};

/// How far ahead of the last look at the clock an event may be without a further look: a live stream asks once a second.
const SLACK: Duration = Duration::from_secs(1);

/// Detection and response in one value: share it between threads, hand it events, enforce what it decides.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use autosec_core::enforce::MemoryFirewall;
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, field};
/// use autosec_core::time::Timestamp;
///
/// let engine = Engine::builder().firewall(MemoryFirewall::new("memory")).build().unwrap();
/// let event = Event::new(Timestamp::from_secs(1_700_000_000)).with(field::EVENT_ACTION, "ssh_login");
/// let verdict = engine.process(event);
/// assert!(verdict.is_quiet());
/// for decision in verdict.decisions() {
///     engine.enforce(decision).await;
/// }
/// # });
/// ```
///
/// With a rule and somebody who breaks it:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::net::IpAddr;
///
/// use autosec_core::enforce::MemoryFirewall;
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, Schema, field};
/// use autosec_core::rule::RuleSet;
/// use autosec_core::time::Timestamp;
///
/// let rules = RuleSet::builder(&Schema::ecs()).starter().build()?;
/// let edge = MemoryFirewall::new("edge");
/// let engine = Engine::builder().detector(rules).firewall(edge.clone()).build()?;
/// let source: IpAddr = "203.0.113.7".parse()?;
/// for second in 0..5 {
///     let event = Event::new(Timestamp::from_secs(1_700_000_000 + second))
///         .with(field::EVENT_ACTION, "ssh_login")
///         .with(field::EVENT_OUTCOME, "failure")
///         .with(field::USER_NAME, "root")
///         .with(field::SOURCE_IP, source);
///     for decision in engine.process(event).decisions() {
///         engine.enforce(decision).await;
///     }
/// }
/// assert!(edge.drops(source));
/// assert_eq!(engine.in_force().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// An engine holds all its state by itself: two engines in one process know nothing of each other. The host's own scorer,
/// policy and observer run on the caller's thread; a panic in one of them, unlike one in a detector, reaches the caller.
#[derive(Debug)]
pub struct Engine {
    /// Each with the fields that somebody wants of it.
    pub(super) enrichers: Vec<(Arc<dyn Enricher>, FieldMask)>,
    pub(super) detectors: Vec<Arc<dyn Detector>>,
    pub(super) fields: FieldMask,
    pub(super) scorer: Arc<dyn Scorer>,
    pub(super) policy: Arc<dyn Policy>,
    pub(super) guard: Arc<Guard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) max_ahead: Duration,
    /// Up to what time an event asks for no further look at the clock: that of the last look and [`SLACK`], in
    /// microseconds.
    pub(super) horizon: AtomicI64,
    pub(super) enforcer: Enforcer,
}

impl Engine {
    /// A builder with every default in place.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The fields that the detectors, the enrichers and the engine itself read: readers need to fill only these.
    ///
    /// ```
    /// use autosec_core::engine::Engine;
    /// use autosec_core::event::{JsonReader, Schema, field};
    /// use autosec_core::rule::RuleSet;
    ///
    /// let schema = Schema::ecs();
    /// let rules = RuleSet::builder(&schema).starter().build()?;
    /// let engine = Engine::builder().detector(rules).build()?;
    /// let reader = JsonReader::new(&schema, engine.fields());
    /// let event = reader.read(br#"{"@timestamp":"2026-11-22T14:02:11Z","url.path":"/","cloud.region":"eu"}"#)?;
    /// assert_eq!(event.text(field::URL_PATH), Some("/"));
    /// assert_eq!(event.text(field::CLOUD_REGION), None, "no rule reads it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fields(&self) -> &FieldMask {
        &self.fields
    }

    /// What must never be blocked. What is added to it counts at once but lifts no block; [`Engine::allow`] does both.
    pub fn allowlist(&self) -> &Allowlist {
        self.guard.allowlist()
    }

    /// Looks at one event. Synchronous, infallible, from any number of threads; a detector, scorer or policy that panics
    /// is a fault in the verdict and stops none of the others.
    pub fn process(&self, mut event: Event<'_>) -> Verdict {
        self.process_in_place(&mut event)
    }

    /// [`Engine::process`] of an event that stays where it is, some 700 bytes that need not be copied. Afterwards it is as the
    /// detectors saw it: with what the enrichers filled, and with its time as of now if it claimed to be of the future.
    pub fn process_in_place(&self, event: &mut Event<'_>) -> Verdict {
        let mut findings = Findings::default();
        let host = self.rein_in(event, &mut findings);
        if let Some(client) = event.address(field::SOURCE_IP) {
            self.guard.saw_client(client, host);
        }
        self.enrich(event, &mut findings);
        for detector in &self.detectors {
            // A detector's state is behind locks that shrug off poisoning, so a panic leaves nothing half-done to see.
            if catch_unwind(AssertUnwindSafe(|| detector.detect(event, &mut findings))).is_err() {
                findings.fault(panicked(&**detector));
            }
        }
        let (found, mut faults) = findings.into_parts();
        faults.iter().for_each(|fault| self.observer.note(event.time(), &Record::Faulted(fault)));
        let moment = Moment { event: event.time(), host };
        let assessments = if found.is_empty() { Vec::new() } else { self.assess(found, moment, &mut faults) };
        Verdict { time: event.time(), assessments, faults }
    }

    /// Puts a decision in force on every firewall, from now for its duration. Safe to call twice.
    ///
    /// Time limits and pauses between tries need a [timer](crate::time::Timer): tokio's, where there is one, or the one the
    /// host gave the builder. Without one there are none.
    ///
    /// Nothing is an error here: the [`Enforcement`] says for each firewall what became of it, and what will be tried again.
    /// It may be called from any task, also for several decisions at the same time.
    pub async fn enforce(&self, decision: &Decision) -> Enforcement {
        self.enforcer.enforce(decision).await
    }

    /// Takes every block that overlaps `network` back, on every firewall.
    ///
    /// The decision that caused it is not undone: risk and strikes stay, and a further finding may block the address again.
    pub async fn unblock(&self, network: IpNet) -> Enforcement {
        self.enforcer.unblock(network).await
    }

    /// Puts `entity` on the allowlist under `name` and takes every block that overlaps it back.
    ///
    /// This is the way to correct a wrong block: [`Engine::unblock`] alone lifts it, and the next finding puts it back. The
    /// entry lasts as long as the engine; what must last longer belongs into the host's configuration.
    pub async fn allow(&self, entity: Entity, name: &str) -> Enforcement {
        self.enforcer.allow(entity, name).await
    }

    /// Brings every firewall to the ledger: call it at start, every minute or so, and when a firewall may have been changed
    /// by others.
    ///
    /// It reads back every firewall, which may take a while on some, so it is not for every second.
    pub async fn reconcile(&self) -> Vec<FirewallReport> {
        self.enforcer.reconcile().await
    }

    /// Lets go of what has ended and tries again what failed: call it every second or so.
    ///
    /// The reports are of firewalls that had something to do; most of the time there are none. Calls that overlap are safe.
    pub async fn maintain(&self) -> Vec<FirewallReport> {
        self.enforcer.maintain().await
    }

    /// How each firewall is, in the order they were added.
    pub async fn health(&self) -> Vec<(String, Result<Health, EnforceError>)> {
        self.enforcer.health().await
    }

    /// What brings the firewalls to what was decided: for all that goes beyond enforcing one decision, such as many at
    /// once, a plan before anything is done, a trial that ends unless confirmed, dead letters, and letting go of
    /// everything.
    pub fn enforcer(&self) -> &Enforcer {
        &self.enforcer
    }

    /// What is to be in force on the firewalls now.
    ///
    /// This is what the ledger wants. What a firewall holds may differ while an item is pending.
    pub fn in_force(&self) -> Vec<Entry> {
        self.enforcer.in_force()
    }

    fn enrich(&self, event: &mut Event<'_>, findings: &mut Findings) {
        if self.enrichers.is_empty() {
            return;
        }
        let mut faults = Vec::new();
        for (enricher, wanted) in &self.enrichers {
            // What a panic leaves is an event with some of the fields.
            if catch_unwind(AssertUnwindSafe(|| enricher.enrich(event, wanted, &mut faults))).is_err() {
                let detail = "the enricher panicked; the event may lack what it would have filled";
                faults.push(Fault::new(FaultKind::Enricher, enricher.name(), detail));
            }
        }
        faults.into_iter().for_each(|fault| findings.fault(fault));
    }

    /// An event from too far in the future would hold its subject's windows there; it is moved to now and reported.
    /// Returns the time for the guard: the event's, but hardly later than the host's clock.
    fn rein_in(&self, event: &mut Event<'_>, findings: &mut Findings) -> Timestamp {
        // Most events are older than some earlier look at the clock: asking it each time cost 3 % of a line's way.
        if event.time().as_micros() <= self.horizon.load(Ordering::Relaxed) {
            return event.time();
        }
        let now = self.clock.now();
        let horizon = now + SLACK.min(self.max_ahead);
        self.horizon.store(horizon.as_micros(), Ordering::Relaxed);
        if event.time() > now + self.max_ahead {
            let detail = format!("the event claims to be of {}, taken as of now", event.time());
            findings.fault(Fault::new(FaultKind::ImplausibleTime, "engine", detail));
            event.set_time(now);
        }
        event.time().min(horizon)
    }
}

fn panicked(detector: &dyn Detector) -> Fault {
    let detail = "the detector panicked; what it would have found after that is lost";
    Fault::new(FaultKind::Detector, detector.name(), detail)
}
