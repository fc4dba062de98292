use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ipnet::IpNet;

use super::judge::Moment;
use super::{EngineBuilder, Verdict};
use crate::decision::{Allowlist, Decision, Guard, Policy};
use crate::enforce::{Enforcement, Enforcer, Entry, FirewallReport};
use crate::entity::Entity;
use crate::event::{Event, FieldMask, field};
use crate::finding::{Detector, Fault, FaultKind, Findings};
use crate::net::canonical_network;
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
#[derive(Debug)]
pub struct Engine {
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

    /// The fields that the detectors read: readers need to fill only these.
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
        let mut findings = Findings::default();
        let host = self.rein_in(&mut event, &mut findings);
        if let Some(client) = event.address(field::SOURCE_IP) {
            self.guard.saw_client(client, host);
        }
        for detector in &self.detectors {
            // A detector's state is behind locks that shrug off poisoning, so a panic leaves nothing half-done to see.
            if catch_unwind(AssertUnwindSafe(|| detector.detect(&event, &mut findings))).is_err() {
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
    /// Time limits and pauses between tries need tokio's timer; on another executor there are none. A tokio runtime
    /// must have its timer enabled.
    pub async fn enforce(&self, decision: &Decision) -> Enforcement {
        self.enforcer.enforce(decision).await
    }

    /// Takes every block that overlaps `network` back, on every firewall.
    pub async fn unblock(&self, network: IpNet) -> Enforcement {
        self.enforcer.unblock(canonical_network(network)).await
    }

    /// Puts `entity` on the allowlist under `name` and takes every block that overlaps it back.
    pub async fn allow(&self, entity: Entity, name: &str) -> Enforcement {
        self.enforcer.allow(entity, name).await
    }

    /// Brings every firewall to the ledger: call it at start and when a firewall may have been changed by others.
    pub async fn reconcile(&self) -> Vec<FirewallReport> {
        self.enforcer.reconcile().await
    }

    /// Lets go of what has ended and tries again what failed: call it every second or so.
    pub async fn maintain(&self) -> Vec<FirewallReport> {
        self.enforcer.maintain().await
    }

    /// What is to be in force on the firewalls now.
    pub fn in_force(&self) -> Vec<Entry> {
        self.enforcer.in_force()
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
