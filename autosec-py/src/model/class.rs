use autosec_ml::anomaly::AnomalyModel;
use autosec_ml::detector::Trained;
use autosec_ml::ensemble::Judgement;
use autosec_ml::feature::FeatureSchema;
use autosec_ml::matrix::Matrix;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::kind::Kind;
use super::learning::Learning;
use super::recipe::Recipe;
use crate::error;
use crate::guard::{Birth, detached, entered};
use crate::progress::Teller;

/// The name, the version and the columns of a feature schema.
type Schema = (String, u32, Vec<String>);

/// The score of an ensemble, its p-value, how far members agree, and of each member its name, weight, score, surprise and
/// p-value.
type Judged = (f64, f64, f64, Vec<(&'static str, f64, f64, f64, f64)>);

/// A trained model, as `autosec.Model` uses it: rows come as the bytes of 64-bit floats.
#[pyclass(frozen, module = "autosec._autosec", name = "_Model")]
#[derive(Debug)]
pub(crate) struct Model {
    kind: Kind,
    birth: Birth,
}

impl Model {
    /// The model as a detector uses it.
    pub(crate) fn trained(&self) -> Trained {
        self.kind.trained()
    }

    /// The scores of rows, the higher the more unusual; the caller has let go of the interpreter.
    pub(crate) fn scores(&self, rows: &[u8]) -> Result<Vec<f64>, String> {
        let values = floats(rows);
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Matrix::new(&values, self.kind.model().columns()).map_err(|wrong| wrong.to_string())?;
        Ok(self.kind.score_batch(rows))
    }

    /// Forests that learn have a lock, which a fork may have copied shut.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        if matches!(self.kind, Kind::Online(_)) { self.birth.check(py) } else { Ok(()) }
    }

    /// The model, if the row has as many columns as it.
    fn fitting(&self, py: Python<'_>, row: &[f64]) -> PyResult<&dyn AnomalyModel> {
        self.check(py)?;
        let model = self.kind.model();
        if row.len() == model.columns() {
            return Ok(model);
        }
        let (given, columns) = (row.len(), model.columns());
        Err(error::config(py, format!("a row has {given} columns, and the model was fitted to {columns}")))
    }

    fn online(&self, py: Python<'_>) -> PyResult<&Learning> {
        self.check(py)?;
        match &self.kind {
            Kind::Online(forest) => Ok(forest),
            _ => Err(error::config(py, "only an online forest goes on learning: fit this model anew")),
        }
    }
}

#[pymethods]
impl Model {
    /// Trains a model of this kind on rows of so many columns.
    #[staticmethod]
    #[pyo3(signature = (kind, rows, columns, settings, *, progress=None))]
    fn fit(
        py: Python<'_>,
        kind: &str,
        rows: &[u8],
        columns: usize,
        settings: &Bound<'_, PyDict>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let recipe = Recipe::read(kind, columns, settings)?;
        let steps = recipe.steps(rows.len() / (8 * columns.max(1)), columns);
        let teller = Teller::new(py, progress, kind, Some(steps))?;
        let fitted = entered(py, || {
            detached(py, || {
                let values = floats(rows);
                let rows = Matrix::new(&values, columns).map_err(|wrong| wrong.to_string())?;
                let fitted = recipe.fit(rows, &teller)?;
                // Some come to an end before their last step.
                teller.tell(steps, &[]);
                Ok::<_, String>(fitted)
            })
        });
        teller.close(py);
        let kind = fitted?.map_err(|wrong| error::config(py, wrong))?;
        Ok(Self { kind, birth: Birth::now() })
    }

    /// Goes on learning, of a model that can.
    #[pyo3(signature = (rows, *, progress=None))]
    fn learn(&self, py: Python<'_>, rows: &[u8], progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let forest = self.online(py)?;
        let columns = self.kind.model().columns();
        let teller = Teller::new(py, progress, "online-forest", Some((rows.len() / (8 * columns)) as u64))?;
        let learned = entered(py, || {
            detached(py, || {
                let values = floats(rows);
                let rows = Matrix::new(&values, columns).map_err(|wrong| wrong.to_string())?;
                // Who stops it has an exception on the way.
                let _ = forest.learn(rows, |learned| teller.go_on(learned as u64));
                Ok::<_, String>(())
            })
        });
        teller.close(py);
        learned?.map_err(|wrong| error::config(py, wrong))
    }

    /// Takes over the youngest trees of another online forest.
    fn merge(&self, py: Python<'_>, other: &Bound<'_, Self>) -> PyResult<()> {
        let (mine, theirs) = (self.online(py)?, other.get().online(py)?);
        detached(py, || mine.merge(theirs)).map_err(|wrong| error::config(py, wrong.to_string()))
    }

    /// How unusual each row is, as the bytes of 64-bit floats: the higher the more.
    fn score_many<'py>(&self, py: Python<'py>, rows: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.check(py)?;
        let scores = detached(py, || self.scores(rows).map(|scores| packed(&scores)));
        scores.map(|scores| PyBytes::new(py, &scores)).map_err(|wrong| error::config(py, wrong))
    }

    /// How unusual one row is.
    fn score(&self, row: &Bound<'_, PyAny>) -> PyResult<f64> {
        let py = row.py();
        let mut narrow = [0.0; 64];
        if let Ok(list) = row.cast::<PyList>()
            && let Some(slots) = narrow.get_mut(..list.len())
        {
            for (slot, value) in slots.iter_mut().zip(list) {
                *slot = value.extract()?;
            }
            return self.fitting(py, slots).map(|model| model.score(slots));
        }
        let row = row.extract::<Vec<f64>>()?;
        self.fitting(py, &row).map(|model| model.score(&row))
    }

    /// What each column adds to how unusual a row is, the greatest first.
    fn attribute(&self, py: Python<'_>, row: Vec<f64>) -> PyResult<Vec<(usize, f64)>> {
        let contributions = self.fitting(py, &row)?.contributions(&row);
        let mut ranked: Vec<_> = contributions.into_iter().enumerate().collect();
        ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        Ok(ranked)
    }

    #[getter]
    fn columns(&self, py: Python<'_>) -> PyResult<usize> {
        self.check(py)?;
        Ok(self.kind.model().columns())
    }

    /// Of each row the number of its cluster, the largest being 0, as the bytes of 64-bit integers.
    fn clusters<'py>(&self, py: Python<'py>, rows: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let Kind::Clusters(model) = &self.kind else { return Err(no_clusters(py)) };
        let found = detached(py, || {
            let values = floats(rows);
            if values.is_empty() {
                return Ok(Vec::new());
            }
            let rows = Matrix::new(&values, model.columns()).map_err(|wrong| wrong.to_string())?;
            Ok(model.predict_batch(rows).iter().flat_map(|cluster| (*cluster as u64).to_ne_bytes()).collect())
        });
        found.map(|found: Vec<u8>| PyBytes::new(py, &found)).map_err(|wrong: String| error::config(py, wrong))
    }

    /// Where centroids are, how many rows each cluster had, and the inertia.
    fn centroids(&self, py: Python<'_>) -> PyResult<(Vec<Vec<f64>>, Vec<u64>, f64)> {
        let Kind::Clusters(model) = &self.kind else { return Err(no_clusters(py)) };
        let centres = (0..model.clusters()).filter_map(|cluster| model.centroid(cluster)).collect();
        let sizes = (0..model.clusters()).filter_map(|cluster| model.size(cluster)).collect();
        Ok((centres, sizes, model.inertia()))
    }

    /// The score from which on so few usual rows are flagged, of a model that knows it.
    fn threshold(&self, share: f64) -> Option<f64> {
        match &self.kind {
            Kind::Ensemble(ensemble) => ensemble.calibration().threshold(share),
            _ => None,
        }
    }

    /// Of each row how rarely a usual one scores as high, as the bytes of 64-bit floats.
    fn p_values<'py>(&self, py: Python<'py>, rows: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let Kind::Ensemble(ensemble) = &self.kind else {
            return Err(error::config(py, "only an ensemble knows how rare a score is"));
        };
        let found = detached(py, || {
            let scores = self.scores(rows)?;
            Ok(packed(&scores.iter().map(|score| ensemble.p_value(*score)).collect::<Vec<_>>()))
        });
        found.map(|found| PyBytes::new(py, &found)).map_err(|wrong: String| error::config(py, wrong))
    }

    /// All that an ensemble has to say about a row.
    fn judge(&self, py: Python<'_>, row: Vec<f64>) -> PyResult<Judged> {
        let Kind::Ensemble(ensemble) = &self.kind else {
            return Err(error::config(py, "only an ensemble has members to ask"));
        };
        self.fitting(py, &row)?;
        let Judgement { score, p_value, confidence, members, .. } = ensemble.judge(&row);
        let each = members.iter().map(|it| (it.name, it.weight, it.score, it.surprise, it.p_value));
        Ok((score, p_value, confidence, each.collect()))
    }

    /// The model as a file, for rows of this schema.
    fn to_bytes<'py>(&self, py: Python<'py>, schema: Schema) -> PyResult<Bound<'py, PyBytes>> {
        self.check(py)?;
        let schema = read(py, schema)?;
        let file = detached(py, || self.kind.to_bytes(&schema));
        file.map(|file| PyBytes::new(py, &file)).map_err(|wrong| error::config(py, wrong.to_string()))
    }

    /// The model of a file that was made for rows of this schema.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, kind: &str, file: &[u8], schema: Schema) -> PyResult<Self> {
        let schema = read(py, schema)?;
        let made = detached(py, || Kind::from_bytes(kind, file, &schema));
        let made = made.ok_or_else(|| error::config(py, format!("`{kind}` is no kind of model")))?;
        let kind = made.map_err(|wrong| error::config(py, wrong.to_string()))?;
        Ok(Self { kind, birth: Birth::now() })
    }
}

/// The numbers of bytes that Python packed.
pub(super) fn floats(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|eight: &[u8; 8]| f64::from_ne_bytes(*eight)).collect()
}

/// Numbers as Python unpacks them.
pub(crate) fn packed(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

fn read(py: Python<'_>, (name, version, columns): Schema) -> PyResult<FeatureSchema> {
    FeatureSchema::new(name, version, columns).map_err(|wrong| error::config(py, wrong.to_string()))
}

fn no_clusters(py: Python<'_>) -> PyErr {
    error::config(py, "only k-means has clusters")
}
