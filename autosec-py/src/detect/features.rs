use std::collections::BTreeMap;

use autosec_core::event::Schema;
use autosec_ml::detector::Reservoir;
use autosec_ml::feature::{self, FeatureExtractor, FeatureSchema, Limits};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::convert::to_python;
use crate::error;
use crate::event::fallback;
use crate::model::packed;
use crate::recorded::{Wanted, walk};
use crate::rules::schema_with;

/// What makes a ready-made set.
type Make = fn() -> feature::FeatureSet;

/// The ready-made sets.
const READY: [(&str, Make); 5] = [
    ("flow", feature::FeatureSet::flow),
    ("http", feature::FeatureSet::http),
    ("login", feature::FeatureSet::login),
    ("process", feature::FeatureSet::process),
    ("rhythm", feature::FeatureSet::rhythm),
];

/// Which columns make a row of an event, of which entity, from which events.
#[pyclass(frozen, subclass, module = "autosec._autosec")]
#[derive(Debug)]
pub(crate) struct FeatureSet {
    set: feature::FeatureSet,
    names: FeatureSchema,
    fields: Schema,
}

impl FeatureSet {
    /// What turns events into rows, and remembers so many entities for that.
    pub(super) fn extractor(&self, py: Python<'_>, entities: usize) -> PyResult<FeatureExtractor> {
        let mut limits = Limits::default();
        limits.entities = entities;
        FeatureExtractor::with_limits(&self.set, &self.fields, &limits)
            .map_err(|wrong| error::config(py, wrong.to_string()))
    }

    /// The fields that events have.
    pub(super) fn fields(&self) -> &Schema {
        &self.fields
    }
}

#[pymethods]
impl FeatureSet {
    /// A ready-made set by its name, or one of its own.
    #[new]
    #[pyo3(signature = (set, *, by=None, fields=None))]
    fn new(
        set: &Bound<'_, PyAny>,
        by: Option<String>,
        fields: Option<BTreeMap<String, String>>,
    ) -> PyResult<Self> {
        let py = set.py();
        let made = if let Ok(name) = set.cast::<PyString>() {
            let name = name.to_str()?;
            let ready = READY.iter().find(|(known, _)| *known == name);
            let names = READY.map(|(known, _)| known).join(", ");
            ready.map(|(_, make)| make()).ok_or_else(|| {
                let name: String = name.chars().take(64).collect();
                error::config(py, format!("there is no feature set `{name}`: there are {names}"))
            })?
        } else {
            let json: String = py.import("json")?.getattr("dumps")?.call1((set,))?.extract()?;
            serde_json::from_str(&json).map_err(|wrong| error::config(py, format!("feature set: {wrong}")))?
        };
        let set = by.into_iter().fold(made, feature::FeatureSet::by);
        let fields = schema_with(py, Schema::ecs(), &fields.unwrap_or_default())?;
        let names = set.schema().map_err(|wrong| error::config(py, wrong.to_string()))?;
        let made = Self { set, names, fields };
        made.extractor(py, 1).map(|_| made)
    }

    /// What the set is called.
    #[getter]
    fn name(&self) -> &str {
        &self.set.name
    }

    /// The field that says whose event it is.
    #[getter]
    fn entity(&self) -> &str {
        &self.set.entity
    }

    /// What the columns of a row are called, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.names.columns().map(str::to_owned).collect()
    }

    /// What a model file is bound to: a name, a version, and the columns.
    #[getter]
    fn schema(&self) -> (String, u32, Vec<String>) {
        (self.names.name().to_owned(), self.names.version(), self.columns())
    }

    /// The set as a configuration that makes it again.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let set = serde_json::to_value(&self.set).map_err(|wrong| error::config(py, wrong.to_string()))?;
        Ok(to_python(py, &set)?.cast_into()?)
    }

    /// Rows of a log's events as the bytes of 64-bit floats, and how many events could not be read.
    #[pyo3(signature = (log, /, *, at_most, seed, learning, at=None, progress=None))]
    fn _rows<'py>(
        &self,
        log: &Bound<'py, PyAny>,
        at_most: usize,
        seed: u64,
        learning: u32,
        at: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyBytes>, u64)> {
        let py = log.py();
        let extractor = self.extractor(py, Limits::default().entities)?;
        let columns = extractor.columns();
        let (mut kept, mut row) = (Reservoir::new(at_most, columns, seed), vec![f64::NAN; columns]);
        let wanted = Wanted { schema: &self.fields, fields: extractor.fields(), at: fallback(at)? };
        let unread = walk(log, &wanted, "rows", progress, |event| {
            let sighted = extractor.extract(event, &mut row);
            if sighted.is_some_and(|sighted| sighted.earlier >= learning) {
                kept.offer(&row);
            }
        })?;
        let rows = kept.rows().map(|rows| rows.iter().flatten().copied().collect::<Vec<_>>());
        Ok((PyBytes::new(py, &packed(&rows.unwrap_or_default())), unread))
    }

    fn __repr__(&self) -> String {
        format!(
            "<FeatureSet {} by {}, {} columns>",
            self.set.name,
            self.set.entity,
            self.names.columns().len()
        )
    }
}
