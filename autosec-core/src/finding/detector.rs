use std::fmt::Debug;
use std::sync::Arc;

use super::{Fault, Finding};
use crate::event::{Event, FieldMask};

/// Something that looks at events: a rule set, an indicator index, a baseline, a model.
///
/// `detect` is called from many threads at once, must not block, and cannot fail: what goes wrong is a [`Fault`]
/// beside the findings of the others.
///
/// Look at the event's own time and never at a clock, and keep state behind `&self` bounded
/// (see [`sketch`](crate::sketch)). A panic is caught by the engine and becomes a fault; state behind a lock should
/// therefore stay usable when the lock is poisoned.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::engine::Engine;
/// use autosec_core::entity::Entity;
/// use autosec_core::event::{Event, FieldMask, field};
/// use autosec_core::finding::{Analytic, AnalyticKind, Detector, Evidence, Finding, Findings};
/// use autosec_core::measure::{Confidence, Severity};
/// use autosec_core::time::Timestamp;
///
/// /// Finds logins of an account that nobody should use: a honeypot user.
/// #[derive(Debug)]
/// struct Decoy(Arc<Analytic>);
///
/// impl Detector for Decoy {
///     fn name(&self) -> &str {
///         "decoy"
///     }
///
///     fn fields(&self) -> FieldMask {
///         [field::USER_NAME, field::SOURCE_IP].into_iter().collect()
///     }
///
///     fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
///         let (Some("backup2"), Some(source)) = (event.text(field::USER_NAME), event.address(field::SOURCE_IP))
///         else {
///             return;
///         };
///         let finding = Finding::new(Arc::clone(&self.0), Entity::address(source), event.time(), Severity::Critical)
///             .with_confidence(Confidence::ONE)
///             .with_evidence([Evidence::field("user.name", "backup2")]);
///         findings.push(finding);
///     }
/// }
///
/// let analytic = Analytic::new(AnalyticKind::Indicator, "decoy-user", "Decoy account used").with_tags(["attack.t1078"]);
/// let engine = Engine::builder().detector(Decoy(Arc::new(analytic))).build()?;
/// let event = Event::new(Timestamp::from_secs(1_700_000_000))
///     .with(field::USER_NAME, "backup2")
///     .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>()?);
/// let verdict = engine.process(event);
/// assert_eq!(verdict.risk().to_string(), "0.90");
/// assert_eq!(verdict.decision().unwrap().subject.to_string(), "203.0.113.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Detector: Debug + Send + Sync {
    /// Its name in faults and metrics, such as `rules`.
    fn name(&self) -> &str;

    /// The fields it reads: readers fill only these.
    ///
    /// Asked once, when the engine is built. A field that is read but not named here is absent from events of readers that
    /// fill only what is wanted.
    fn fields(&self) -> FieldMask;

    /// Adds what it finds in `event` to `findings`.
    fn detect(&self, event: &Event<'_>, findings: &mut Findings);
}

impl<T: Detector + ?Sized> Detector for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn fields(&self) -> FieldMask {
        (**self).fields()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        (**self).detect(event, findings);
    }
}

/// The buffer that detectors fill; owned by the caller, empty and without heap memory when nothing is found.
///
/// ```
/// use autosec_core::finding::{Fault, FaultKind, Findings};
///
/// let mut findings = Findings::default();
/// findings.fault(Fault::new(FaultKind::Detector, "geo", "the database is older than a year"));
/// assert!(findings.found().is_empty());
/// assert_eq!(findings.faults()[0].to_string(), "detector: `geo`: the database is older than a year");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    faults: Vec<Fault>,
}

impl Findings {
    /// Adds a finding; its subject is brought to its one form.
    pub fn push(&mut self, mut finding: Finding) {
        finding.subject = finding.subject.canonical();
        if self.found.is_empty() {
            // Most events of which something is found have one or two findings, and verdicts may be kept for long.
            self.found.reserve_exact(2);
        }
        self.found.push(finding);
    }

    /// Adds a fault.
    pub fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The findings, in the order they were added.
    pub fn found(&self) -> &[Finding] {
        &self.found
    }

    /// The faults, in the order they were added.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Takes both apart.
    pub fn into_parts(self) -> (Vec<Finding>, Vec<Fault>) {
        (self.found, self.faults)
    }
}
