use std::ops::ControlFlow;

use autosec_ml::feature::FeatureSchema;
use autosec_ml::isolation::{IsolationForest, Mode};
use autosec_ml::matrix::Matrix;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::backtest::Teller;
use crate::error;
use crate::guard::{detached, entered};

/// A trained isolation forest, as `autosec.IsolationForest` uses it: rows come as the bytes of 64-bit floats.
#[pyclass(frozen, module = "autosec._autosec", name = "_Forest")]
#[derive(Debug)]
pub(crate) struct Forest(IsolationForest);

#[pymethods]
impl Forest {
    /// Grows a forest from rows of so many columns.
    #[staticmethod]
    #[pyo3(signature = (rows, columns, *, trees, sample, seed, mode, progress=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn fit(
        py: Python<'_>,
        rows: &[u8],
        columns: usize,
        trees: usize,
        sample: usize,
        seed: u64,
        mode: &str,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mode = match mode {
            "mixed" => Mode::Mixed,
            "deep" => Mode::Deep,
            "capped" => Mode::Capped,
            "pooled_gain" => Mode::PooledGain,
            _ => return Err(error::config(py, "`mode` is `mixed`, `deep`, `capped` or `pooled_gain`")),
        };
        let builder = IsolationForest::builder().trees(trees).sample(sample).seed(seed).mode(mode);
        let teller = Teller::new(py, progress, "forest", Some(trees as u64))?;
        let grown = entered(py, || {
            detached(py, || -> Result<_, String> {
                let values = floats(rows);
                let rows = Matrix::new(&values, columns).map_err(|wrong| wrong.to_string())?;
                let told = builder.fit_with(rows, |progress| {
                    teller.tell(progress.grown as u64, &[]);
                    if teller.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                told.map_err(|wrong| wrong.to_string())
            })
        });
        teller.close(py);
        grown?.map(Self).map_err(|wrong| error::config(py, wrong))
    }

    /// How unusual each row is, 0 to 1, as the bytes of 64-bit floats.
    fn score_many<'py>(&self, py: Python<'py>, rows: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let scores = detached(py, || -> Result<_, String> {
            let values = floats(rows);
            if values.is_empty() {
                return Ok(Vec::new());
            }
            let rows = Matrix::new(&values, self.0.columns()).map_err(|wrong| wrong.to_string())?;
            Ok(self.0.score_batch(rows).iter().flat_map(|score| score.to_ne_bytes()).collect::<Vec<u8>>())
        });
        scores.map(|scores| PyBytes::new(py, &scores)).map_err(|wrong| error::config(py, wrong))
    }

    /// How unusual one row is, 0 to 1.
    fn score(&self, row: &Bound<'_, PyAny>) -> PyResult<f64> {
        let mut narrow = [0.0; 64];
        if let Ok(list) = row.cast::<PyList>()
            && let Some(slots) = narrow.get_mut(..list.len())
        {
            for (slot, value) in slots.iter_mut().zip(list) {
                *slot = value.extract()?;
            }
            return self.fitting(row.py(), slots).map(|row| self.0.score(row));
        }
        let row_of_many = row.extract::<Vec<f64>>()?;
        self.fitting(row.py(), &row_of_many).map(|row| self.0.score(row))
    }

    /// What each column adds to the score of a row, the greatest first.
    fn attribute(&self, py: Python<'_>, row: Vec<f64>) -> PyResult<Vec<(usize, f64)>> {
        self.fitting(py, &row).map(|row| self.0.attribute(row).ranked())
    }

    #[getter]
    fn columns(&self) -> usize {
        self.0.columns()
    }

    /// The model as a file, for rows with these names of columns.
    fn to_bytes<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        columns: Vec<String>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let schema =
            FeatureSchema::new(name, 1, columns).map_err(|wrong| error::config(py, wrong.to_string()))?;
        let file = detached(py, || self.0.to_bytes(&schema))
            .map_err(|wrong| error::config(py, wrong.to_string()))?;
        Ok(PyBytes::new(py, &file))
    }

    /// The model of a file that was made for rows with these names of columns.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, file: &[u8], name: &str, columns: Vec<String>) -> PyResult<Self> {
        let schema =
            FeatureSchema::new(name, 1, columns).map_err(|wrong| error::config(py, wrong.to_string()))?;
        let made = detached(py, || IsolationForest::from_bytes(file, &schema));
        made.map(Self).map_err(|wrong| error::config(py, wrong.to_string()))
    }
}

impl Forest {
    /// The row, if it has as many columns as the forest.
    fn fitting<'r>(&self, py: Python<'_>, row: &'r [f64]) -> PyResult<&'r [f64]> {
        if row.len() == self.0.columns() {
            return Ok(row);
        }
        let (given, columns) = (row.len(), self.0.columns());
        Err(error::config(py, format!("a row has {given} columns, and the forest was fitted to {columns}")))
    }
}

fn floats(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|eight: &[u8; 8]| f64::from_ne_bytes(*eight)).collect()
}
