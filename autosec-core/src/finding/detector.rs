use std::fmt::Debug;
use std::sync::Arc;

use super::{Fault, Finding};
use crate::event::{Event, FieldMask};

/// Something that looks at events: a rule set, an indicator index, a baseline, a model.
///
/// `detect` is called from many threads at once, must not block, and cannot fail: what goes wrong is a [`Fault`]
/// beside the findings of the others.
pub trait Detector: Debug + Send + Sync {
    /// Its name in faults and metrics, such as `rules`.
    fn name(&self) -> &str;

    /// The fields it reads: readers fill only these.
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
#[derive(Clone, Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    faults: Vec<Fault>,
}

impl Findings {
    /// Adds a finding; its subject is brought to its one form.
    pub fn push(&mut self, mut finding: Finding) {
        finding.subject = finding.subject.canonical();
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
