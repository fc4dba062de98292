use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Assessment, BehaviorAnalyzer};
use crate::behavior::baseline::seconds;
use crate::behavior::signal::{Calibration, Group, Nats, Opinion};
use crate::finding::Finding;
use crate::measure::Confidence;
use crate::sketch::BoundedMap;
use crate::time::Timestamp;

/// Subjects of whom opinions are remembered.
const SUBJECTS: usize = 10_000;
/// Findings that an opinion can be about: the latest ones.
const FINDINGS: usize = 1_024;

/// The subject of a finding, its time, and the bits of its confidence: by these it is known again when somebody judges it, and
/// two of one microsecond are hardly ever taken for each other.
type About = (u64, Timestamp, u64);

/// What analysts said of findings, by subject.
#[derive(Debug)]
pub(super) struct Feedback {
    calibrations: Mutex<BoundedMap<u64, Calibration>>,
    /// There is a calibration: until then no event asks for the lock.
    any: AtomicBool,
    findings: Mutex<BoundedMap<About, Assessment>>,
}

impl Feedback {
    pub(super) fn new() -> Self {
        Self {
            calibrations: Mutex::new(BoundedMap::new(SUBJECTS)),
            any: AtomicBool::new(false),
            findings: Mutex::new(BoundedMap::new(FINDINGS)),
        }
    }

    /// What opinions about a subject have moved.
    pub(super) fn offsets(&self, subject: u64, now: Timestamp) -> [Nats; Group::ALL.len()] {
        let none = [Nats::ZERO; Group::ALL.len()];
        if !self.any.load(Ordering::Relaxed) {
            return none;
        }
        lock(&self.calibrations).get(&subject).map_or(none, |calibration| calibration.offsets(now))
    }

    /// Remembers what a finding was made of.
    pub(super) fn found(&self, assessment: &Assessment) {
        let key = about(assessment.subject, assessment.time, assessment.confidence());
        *lock(&self.findings).entry(key, assessment.time, || *assessment) = *assessment;
    }

    /// What opinions have moved, by subject.
    pub(super) fn calibrations(&self) -> Vec<(u64, Calibration)> {
        let calibrations = lock(&self.calibrations);
        let mut all: Vec<(u64, Calibration)> =
            calibrations.iter().map(|(subject, calibration)| (*subject, *calibration)).collect();
        all.sort_unstable_by_key(|(subject, _)| *subject);
        all
    }

    /// Adds what opinions about subjects have moved elsewhere.
    pub(super) fn add(&self, others: &[(u64, Calibration)]) {
        let mut calibrations = lock(&self.calibrations);
        for (subject, other) in others {
            let (_, at) = other.parts();
            let calibration = calibrations.entry(*subject, at, Calibration::default);
            *calibration = calibration.merge(*other);
            self.any.store(true, Ordering::Relaxed);
        }
    }

    /// Forgets opinions, and the findings that they could be about.
    pub(super) fn clear(&self) {
        lock(&self.calibrations).clear();
        lock(&self.findings).clear();
        self.any.store(false, Ordering::Relaxed);
    }

    fn learn(&self, about: &Assessment, opinion: Opinion) {
        let mut calibrations = lock(&self.calibrations);
        let calibration = calibrations.entry(about.subject, about.time, Calibration::default);
        calibration.learn(about.combined(), opinion, about.time);
        self.any.store(true, Ordering::Relaxed);
    }
}

impl BehaviorAnalyzer {
    /// Takes in what an analyst says of a finding of this analyzer; false if it is too long ago: the latest 1,024
    /// are remembered.
    ///
    /// A dismissed finding makes the groups of signals that spoke for an attacker count less for this subject, a confirmed one
    /// more: by at most [`Calibration::MOST`], fading with [`Calibration::HALF_LIFE`], shown as contributions of their
    /// own. A confirmed one also drops what still waits in quarantine ([`BehaviorAnalyzer::compromised`]), and what succeeds
    /// from where it came is not learned, as after a [failed challenge](BehaviorAnalyzer::resolve).
    pub fn judge(&self, finding: &Finding, opinion: Opinion) -> bool {
        let subject = self.reader.entity(&finding.subject, &self.aliases);
        let about =
            lock(&self.feedback.findings).get(&about(subject, finding.time, finding.confidence)).copied();
        let Some(about) = about else { return false };
        self.feedback.learn(&about, opinion);
        if opinion == Opinion::Confirmed {
            self.compromised(&finding.subject);
            self.doubt(about.subject, about.prefix, seconds(about.time));
        }
        true
    }
}

fn about(subject: u64, time: Timestamp, confidence: Confidence) -> About {
    (subject, time, confidence.value().to_bits())
}

/// A panic elsewhere leaves at worst one opinion unlearned.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
