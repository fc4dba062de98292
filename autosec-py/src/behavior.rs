use std::sync::Arc;

use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error;
use crate::guard::{Birth, detached};

/// What is usual for users and sources, for their peers and everyone: it weighs events against that, says why, and learns.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct Behavior {
    analyzer: Arc<BehaviorAnalyzer>,
    birth: Birth,
}

impl Behavior {
    /// The analyzer.
    ///
    /// # Errors
    /// It was copied by a fork in the middle of a call.
    pub(crate) fn analyzer(&self, py: Python<'_>) -> PyResult<&Arc<BehaviorAnalyzer>> {
        self.birth.check(py)?;
        Ok(&self.analyzer)
    }
}

#[pymethods]
impl Behavior {
    /// An analyzer with these settings, which knows what a snapshot holds, or nothing.
    #[new]
    #[pyo3(signature = (config=None, *, seed=None, snapshot=None))]
    fn new(
        py: Python<'_>,
        config: Option<&Bound<'_, PyDict>>,
        seed: Option<u64>,
        snapshot: Option<&[u8]>,
    ) -> PyResult<Self> {
        let mut settings = BehaviorConfig::default();
        if let Some(config) = config {
            let json: String = py.import("json")?.getattr("dumps")?.call1((config,))?.extract()?;
            let read = serde_json::from_str(&json);
            settings = read.map_err(|wrong| error::config(py, format!("behaviour settings: {wrong}")))?;
        }
        let builder = BehaviorAnalyzer::builder().config(settings);
        let builder = seed.into_iter().fold(builder, |builder, seed| builder.seed(seed));
        let mut analyzer = builder.build().map_err(|wrong| error::config(py, wrong.to_string()))?;
        if let Some(snapshot) = snapshot {
            let restored = detached(py, || analyzer.restore(snapshot));
            restored.map_err(|wrong| error::config(py, wrong.to_string()))?;
        }
        Ok(Self { analyzer: Arc::new(analyzer), birth: Birth::now() })
    }

    /// How many entities it has baselines of.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.analyzer(py)?.entities())
    }

    /// All that was learned, as bytes: keep them as secret as the seed.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let analyzer = self.analyzer(py)?;
        Ok(PyBytes::new(py, &detached(py, || analyzer.snapshot())))
    }

    /// Adds what another process learned with the same seed.
    fn merge(&self, py: Python<'_>, snapshot: &[u8]) -> PyResult<()> {
        let analyzer = self.analyzer(py)?;
        detached(py, || analyzer.merge(snapshot)).map_err(|wrong| error::config(py, wrong.to_string()))
    }

    /// The bytes that baselines take.
    #[getter]
    fn memory(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.analyzer(py)?.bytes())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Behavior of {} entities>", self.analyzer(py)?.entities()))
    }
}
