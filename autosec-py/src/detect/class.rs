use std::sync::Arc;

use autosec_core::event::Schema;
use autosec_core::measure::{Confidence, Severity};
use autosec_ml::calibrate::Conformal;
use autosec_ml::detector::{self, Threshold};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::Value;

use super::FeatureSet;
use crate::error;
use crate::guard::{Birth, detached};
use crate::model::{Model, packed};

/// A model that looks at events: it finds rows that are too unusual, and says which columns make them so.
#[pyclass(frozen, subclass, module = "autosec._autosec", name = "_ModelDetector")]
#[derive(Debug)]
pub(crate) struct ModelDetector {
    detector: Arc<detector::ModelDetector>,
    fields: Schema,
    birth: Birth,
}

impl ModelDetector {
    pub(crate) fn detector(&self, py: Python<'_>) -> PyResult<Arc<detector::ModelDetector>> {
        self.birth.check(py)?;
        Ok(Arc::clone(&self.detector))
    }

    /// The fields that events have for it.
    pub(crate) fn fields(&self) -> &Schema {
        &self.fields
    }
}

#[pymethods]
impl ModelDetector {
    /// A detector without a model, which finds nothing until it is given one.
    #[new]
    #[pyo3(signature = (id, features, *, name, chance, above, severity, gravest, confidence, learning, shadow, reasons, tags, collect, seed, entities))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        id: &str,
        features: &Bound<'_, FeatureSet>,
        name: &str,
        chance: f64,
        above: Option<f64>,
        severity: &str,
        gravest: &str,
        confidence: f64,
        learning: u32,
        shadow: bool,
        reasons: usize,
        tags: Vec<String>,
        collect: usize,
        seed: u64,
        entities: usize,
    ) -> PyResult<Self> {
        let features = features.get();
        let confidence = Confidence::new(confidence).map_err(|wrong| error::config(py, wrong.to_string()))?;
        let builder = detector::ModelDetector::builder(id, name, features.extractor(py, entities)?)
            .threshold(above.map_or(Threshold::Chance(chance), Threshold::Score))
            .severity(level(py, severity)?)
            .gravest(level(py, gravest)?)
            .confidence(confidence)
            .learning(learning)
            .shadow(shadow)
            .reasons(reasons)
            .tags(tags);
        let builder = if collect > 0 { builder.collect(collect, seed) } else { builder };
        let detector = builder.build().map_err(|wrong| error::config(py, wrong.to_string()))?;
        Ok(Self { detector: Arc::new(detector), fields: features.fields().clone(), birth: Birth::now() })
    }

    /// Scores by this model from the next event on; `usual` are rows that it was not trained on, which tell how rare a score
    /// is.
    #[pyo3(signature = (model, usual=None))]
    fn _replace(&self, py: Python<'_>, model: &Bound<'_, Model>, usual: Option<&[u8]>) -> PyResult<()> {
        self.birth.check(py)?;
        let model = model.get();
        let replaced = detached(py, || {
            let mut trained = model.trained();
            if let Some(rows) = usual {
                let scores = model.scores(rows)?;
                let made = Conformal::calibrate(&scores).map_err(|wrong| wrong.to_string())?;
                trained = trained.calibrated(made);
            }
            self.detector.replace(trained).map(drop).map_err(|wrong| wrong.to_string())
        });
        replaced.map_err(|wrong| error::config(py, wrong))
    }

    /// Two halves of the rows that were kept, as the bytes of 64-bit floats; `None` if none were to be.
    fn _collected<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
        self.birth.check(py)?;
        let halves = detached(py, || self.detector.collected().map(|kept| kept.halves()));
        Ok(halves
            .map(|[first, second]| (PyBytes::new(py, &packed(&first)), PyBytes::new(py, &packed(&second)))))
    }

    /// Whether it has a model.
    #[getter]
    fn is_trained(&self) -> bool {
        self.detector.current().is_some()
    }

    /// How many entities it remembers now.
    #[getter]
    fn entities(&self, py: Python<'_>) -> PyResult<usize> {
        self.birth.check(py)?;
        Ok(self.detector.extractor().entities())
    }
}

fn level(py: Python<'_>, word: &str) -> PyResult<Severity> {
    serde_json::from_value(Value::String(word.to_owned())).map_err(|_| {
        let word: String = word.chars().take(64).collect();
        let message = format!("`{word}` is no severity: use informational, low, medium, high or critical");
        error::config(py, message)
    })
}
