use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use autosec_core::finding::{Analytic, AnalyticKind};
use autosec_core::measure::{Confidence, Severity};

use super::{ModelDetector, Reservoir, Trained};
use crate::feature::FeatureExtractor;

/// From when on a row is a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Threshold {
    /// When an ordinary row has such a score with this chance or a lower one (above 0, up to 1): so many false findings
    /// are to be expected of ordinary rows. Needs a calibration of as many rows as 1 by this, and better several times as
    /// many.
    Chance(f64),
    /// When the score is this or higher.
    Score(f64),
}

/// What a [`ModelDetector`] is to be like; made by [`ModelDetector::builder`].
#[derive(Debug)]
pub struct ModelDetectorBuilder {
    pub(super) analytic: Analytic,
    pub(super) extractor: FeatureExtractor,
    pub(super) settings: Settings,
    trained: Option<Trained>,
    collected: Option<(usize, u64)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) threshold: Threshold,
    pub(super) severity: Severity,
    pub(super) gravest: Severity,
    pub(super) confidence: Confidence,
    pub(super) learning: u32,
    pub(super) shadow: bool,
    pub(super) reasons: usize,
}

/// Why a detector cannot work with a model.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DetectorError {
    /// The model has another number of columns than the rows.
    #[error("the model has {model} columns, and the rows of the extractor have {rows}")]
    Columns {
        /// How many the model has.
        model: usize,
        /// How many rows have.
        rows: usize,
    },
    /// There is no calibration to say a chance.
    #[error(
        "the threshold is a chance, and the model has no calibration: add one, or give a score as the threshold"
    )]
    Uncalibrated,
    /// The calibration was made of too few rows to tell so low a chance: nothing would ever be found.
    #[error(
        "the threshold is a chance of {bound}, and the calibration knows none below {least}: calibrate on more rows, or raise the threshold"
    )]
    Coarse {
        /// The lowest chance that the calibration says.
        least: f64,
        /// The threshold.
        bound: f64,
    },
    /// No threshold at all.
    #[error("the threshold {0} is out of bounds: a chance lies above 0 and up to 1, a score is a number")]
    Threshold(f64),
}

impl ModelDetectorBuilder {
    pub(super) fn new(analytic: Analytic, extractor: FeatureExtractor) -> Self {
        let settings = Settings {
            threshold: Threshold::Chance(0.001),
            severity: Severity::Low,
            gravest: Severity::High,
            confidence: Confidence::clamped(0.5),
            learning: 10,
            shadow: false,
            reasons: 5,
        };
        Self { analytic, extractor, settings, trained: None, collected: None }
    }

    /// Scores with this model; without one the detector finds nothing until it is given one by
    /// [`ModelDetector::replace`].
    #[must_use]
    pub fn trained(self, trained: Trained) -> Self {
        Self { trained: Some(trained), ..self }
    }

    /// From when on a row is a finding; a chance of 0.001 if not said.
    #[must_use]
    pub fn threshold(self, threshold: Threshold) -> Self {
        self.set(|settings| settings.threshold = threshold)
    }

    /// How severe a finding just at the threshold is; [`Severity::Low`] if not said.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        self.set(|settings| settings.severity = severity)
    }

    /// How severe a finding may become; [`Severity::High`] if not said. Where the threshold is a chance, each factor of ten
    /// below it is one step more.
    #[must_use]
    pub fn gravest(self, severity: Severity) -> Self {
        self.set(|settings| settings.gravest = severity)
    }

    /// How sure a finding of a row without gaps is; 0.5 if not said. It falls with the share of columns that are
    /// missing.
    #[must_use]
    pub fn confidence(self, confidence: Confidence) -> Self {
        self.set(|settings| settings.confidence = confidence)
    }

    /// So many events of an entity come first; up to then what is found of it is a shadow, which is reported and changes
    /// nothing. 10 if not said.
    #[must_use]
    pub fn learning(self, events: u32) -> Self {
        self.set(|settings| settings.learning = events)
    }

    /// Whether all findings are shadows: a dry run.
    #[must_use]
    pub fn shadow(self, shadow: bool) -> Self {
        self.set(|settings| settings.shadow = shadow)
    }

    /// How many columns a finding names at most; 5 if not said. One more entry holds what the others add.
    #[must_use]
    pub fn reasons(self, most: usize) -> Self {
        self.set(|settings| settings.reasons = most)
    }

    /// What the model is to scoring; [`AnalyticKind::Learning`] if not said.
    #[must_use]
    pub fn kind(mut self, kind: AnalyticKind) -> Self {
        self.analytic.kind = kind;
        self
    }

    /// Tags of its findings, such as `attack.t1078`.
    #[must_use]
    pub fn tags<T: Into<Arc<str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.analytic = self.analytic.with_tags(tags);
        self
    }

    /// Keeps so many rows to train the next model on, chosen by this seed. Rows that are findings are not kept: a model is
    /// not to learn what the one before it found unusual. Nor are those of entities that are still being
    /// [learnt](Self::learning), which would make what is new look usual.
    #[must_use]
    pub fn collect(self, rows: usize, seed: u64) -> Self {
        Self { collected: Some((rows, seed)), ..self }
    }

    /// The detector.
    ///
    /// # Errors
    /// When the threshold is out of its bounds, or the model does not fit the rows or the threshold.
    pub fn build(self) -> Result<ModelDetector, DetectorError> {
        let sound = match self.settings.threshold {
            Threshold::Chance(chance) => chance > 0.0 && chance <= 1.0,
            Threshold::Score(score) => !score.is_nan(),
        };
        let (Threshold::Chance(bound) | Threshold::Score(bound)) = self.settings.threshold;
        if !sound {
            return Err(DetectorError::Threshold(bound));
        }
        let columns = self.extractor.columns();
        let collected = self.collected.map(|(rows, seed)| Mutex::new(Reservoir::new(rows, columns, seed)));
        let detector = ModelDetector {
            analytic: Arc::new(self.analytic),
            extractor: self.extractor,
            settings: self.settings,
            current: ArcSwapOption::empty(),
            collected,
        };
        match self.trained {
            Some(trained) => detector.replace(trained).map(|_| detector),
            None => Ok(detector),
        }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        self
    }
}
