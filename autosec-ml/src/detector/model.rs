use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use autosec_core::event::{Event, FieldMask};
use autosec_core::finding::{Analytic, AnalyticKind, Detector, Evidence, Finding, Findings};
use autosec_core::measure::{Confidence, Severity};

use super::builder::Settings;
use super::reason::reasons;
use super::{DetectorError, ModelDetectorBuilder, Reservoir, Threshold, Trained};
use crate::feature::{FeatureExtractor, Sighted};

/// Rows of no more columns are made without memory from the heap.
const NARROW: usize = 64;

/// A model that looks at events.
///
/// An event becomes a row, and a row whose score passes the threshold a finding about the row's entity. The finding is as
/// severe as its chance is low, as sure as the row is complete, and names the columns that contributed most.
///
/// The model can be replaced while events are looked at: an event is scored by one model, the old or the new one, and
/// none waits. What the extractor remembers stays.
#[derive(Debug)]
pub struct ModelDetector {
    pub(super) analytic: Arc<Analytic>,
    pub(super) extractor: FeatureExtractor,
    pub(super) settings: Settings,
    pub(super) current: ArcSwapOption<Trained>,
    pub(super) collected: Option<Mutex<Reservoir>>,
}

impl ModelDetector {
    /// A detector with this stable id and this name for people, whose rows this extractor makes.
    pub fn builder(
        id: impl Into<Arc<str>>,
        name: impl Into<Arc<str>>,
        extractor: FeatureExtractor,
    ) -> ModelDetectorBuilder {
        ModelDetectorBuilder::new(Analytic::new(AnalyticKind::Learning, id, name), extractor)
    }

    /// Scores with `trained` from the next event on; returns what it did with until now.
    ///
    /// # Errors
    /// When the model has another number of columns, or when the threshold is a chance and there is no calibration, or one
    /// that cannot tell so low a chance; then nothing changes.
    pub fn replace(&self, trained: Trained) -> Result<Option<Arc<Trained>>, DetectorError> {
        let (model, rows) = (trained.model.columns(), self.extractor.columns());
        if model != rows {
            return Err(DetectorError::Columns { model, rows });
        }
        if let Threshold::Chance(bound) = self.settings.threshold {
            let least = trained.p_value(f64::MAX).ok_or(DetectorError::Uncalibrated)?;
            if least > bound {
                return Err(DetectorError::Coarse { least, bound });
            }
        }
        Ok(self.current.swap(Some(Arc::new(trained))))
    }

    /// The model it scores with, if it has one.
    pub fn current(&self) -> Option<Arc<Trained>> {
        self.current.load_full()
    }

    /// What makes its rows.
    pub fn extractor(&self) -> &FeatureExtractor {
        &self.extractor
    }

    /// A copy of the rows that were kept, if any were to be.
    pub fn collected(&self) -> Option<Reservoir> {
        let collected = self.collected.as_ref()?;
        Some(collected.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn look(&self, event: &Event<'_>, row: &mut [f64]) -> Option<Finding> {
        let sighted = self.extractor.extract(event, row)?;
        let current = self.current.load();
        let found = current.as_ref().and_then(|trained| self.judge(trained, event, row, sighted));
        // Who is not known yet looks unusual by that alone, and would make it usual: calibrated with such rows, a forest found
        // none of 40 rows of an attack, and 37 without them (2026-11-22, tests/features/detector.rs).
        let known = sighted.earlier >= self.settings.learning;
        if found.is_none()
            && known
            && let Some(collected) = &self.collected
        {
            collected.lock().unwrap_or_else(PoisonError::into_inner).offer(row);
        }
        found
    }

    fn judge(&self, trained: &Trained, event: &Event<'_>, row: &[f64], sighted: Sighted) -> Option<Finding> {
        let settings = &self.settings;
        let score = trained.model.score(row);
        let chance = trained.p_value(score);
        let passed = match settings.threshold {
            Threshold::Chance(bound) => chance.is_some_and(|chance| chance <= bound),
            Threshold::Score(bound) => score >= bound,
        };
        let subject = if passed { self.extractor.subject(event)? } else { return None };
        let told = match chance {
            Some(chance) => format!("{score:.4}, of which the chance is {chance:.2e}"),
            None => format!("{score:.4}"),
        };
        let schema = self.extractor.schema();
        let mut evidence = vec![Evidence::field(format!("{} score", trained.model.name()), &told)];
        evidence.extend(reasons(&trained.model.contributions(row), row, schema, settings.reasons));
        let present = row.iter().filter(|value| !value.is_nan()).count() as f64 / row.len().max(1) as f64;
        let finding =
            Finding::new(Arc::clone(&self.analytic), subject, event.time(), settings.severity_at(chance))
                .with_confidence(Confidence::clamped(settings.confidence.value() * present))
                .with_evidence(evidence);
        let shadow = settings.shadow || sighted.earlier < settings.learning;
        Some(if shadow { finding.as_shadow() } else { finding })
    }
}

impl Detector for ModelDetector {
    /// The id of what it finds.
    fn name(&self) -> &str {
        let Analytic { id, .. } = &*self.analytic;
        id
    }

    fn fields(&self) -> FieldMask {
        self.extractor.fields().clone()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let columns = self.extractor.columns();
        let (mut narrow, mut wide) = ([f64::NAN; NARROW], Vec::new());
        let row = match narrow.get_mut(..columns) {
            Some(row) => row,
            None => {
                wide.resize(columns, f64::NAN);
                wide.as_mut_slice()
            }
        };
        if let Some(found) = self.look(event, row) {
            findings.push(found);
        }
    }
}

impl Settings {
    /// One step more for each factor of ten below a threshold that is a chance.
    fn severity_at(&self, chance: Option<f64>) -> Severity {
        let Threshold::Chance(bound) = self.threshold else { return self.severity };
        let steps = libm::log10(bound / chance.unwrap_or(1.0).max(f64::MIN_POSITIVE)).max(0.0);
        let scale =
            [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let graver = scale.into_iter().filter(|step| *step > self.severity && *step <= self.gravest);
        (1_u8..)
            .zip(graver)
            .take_while(|(step, _)| f64::from(*step) <= steps + 1e-9)
            .last()
            .map_or(self.severity, |(_, severity)| severity)
    }
}
