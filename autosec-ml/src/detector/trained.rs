use std::fmt::Debug;
use std::sync::Arc;

use crate::anomaly::AnomalyModel;
use crate::calibrate::Conformal;
use crate::ensemble::Ensemble;

/// What turns a model's score into a chance.
///
/// ```
/// use autosec_ml::detector::Calibration;
///
/// /// By the scores of rows that the model was not trained on.
/// #[derive(Debug)]
/// struct ByRank(Vec<f64>);
///
/// impl Calibration for ByRank {
///     fn p_value(&self, score: f64) -> f64 {
///         let above = self.0.iter().filter(|held| **held >= score).count();
///         (above + 1) as f64 / (self.0.len() + 1) as f64
///     }
/// }
///
/// let calibration = ByRank((0..99).map(f64::from).collect());
/// assert_eq!(calibration.p_value(1_000.0), 0.01);
/// ```
pub trait Calibration: Debug + Send + Sync {
    /// The chance, 0..=1, that an ordinary row has this score or a higher one: the lower, the more unusual.
    fn p_value(&self, score: f64) -> f64;
}

/// A model as a detector uses it, with its calibration if there is one: they belong together, and are replaced together.
#[derive(Clone, Debug)]
pub struct Trained {
    pub(super) model: Arc<dyn AnomalyModel>,
    pub(super) calibration: Option<Arc<dyn Calibration>>,
}

impl<T: Calibration + ?Sized> Calibration for Arc<T> {
    fn p_value(&self, score: f64) -> f64 {
        (**self).p_value(score)
    }
}

impl Calibration for Conformal {
    fn p_value(&self, score: f64) -> f64 {
        Conformal::p_value(self, score)
    }
}

/// Of its own scores: an ensemble carries its calibration with it.
impl Calibration for Ensemble {
    fn p_value(&self, score: f64) -> f64 {
        Ensemble::p_value(self, score)
    }
}

/// An ensemble and its own calibration.
impl From<Ensemble> for Trained {
    fn from(ensemble: Ensemble) -> Self {
        let ensemble = Arc::new(ensemble);
        Self::shared(Arc::clone(&ensemble) as Arc<dyn AnomalyModel>).calibrated(ensemble)
    }
}

impl Trained {
    /// A model without a calibration.
    pub fn new(model: impl AnomalyModel + 'static) -> Self {
        Self { model: Arc::new(model), calibration: None }
    }

    /// A model that others hold too.
    pub fn shared(model: Arc<dyn AnomalyModel>) -> Self {
        Self { model, calibration: None }
    }

    /// The same with a calibration, which was made from scores of this very model.
    #[must_use]
    pub fn calibrated(self, calibration: impl Calibration + 'static) -> Self {
        Self { calibration: Some(Arc::new(calibration)), ..self }
    }

    /// The model.
    pub fn model(&self) -> &dyn AnomalyModel {
        &*self.model
    }

    /// The chance of such a score, if there is a calibration; one that is out of range is brought into it.
    pub fn p_value(&self, score: f64) -> Option<f64> {
        let chance = self.calibration.as_ref()?.p_value(score);
        Some(if chance.is_nan() { 1.0 } else { chance.clamp(0.0, 1.0) })
    }
}
