use std::borrow::Cow;

use autosec_core::engine;
use autosec_core::time::Timestamp;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use serde_json::{Value, json};

use super::record::record;
use crate::convert::to_python;
use crate::guard;

/// What was made of one event: what was found, how risky its subjects are, why, and what should be done.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct Verdict(Held);

#[derive(Debug)]
enum Held {
    /// As the engine gave it.
    Live(engine::Verdict),
    /// As a pickle kept it.
    Kept(Box<Kept>),
}

#[derive(Debug)]
struct Kept {
    record: Value,
    explanation: String,
    risk: f64,
}

impl From<engine::Verdict> for Verdict {
    fn from(verdict: engine::Verdict) -> Self {
        Self(Held::Live(verdict))
    }
}

impl Verdict {
    fn record(&self) -> Cow<'_, Value> {
        match &self.0 {
            Held::Live(verdict) => Cow::Owned(record(verdict)),
            Held::Kept(kept) => Cow::Borrowed(&kept.record),
        }
    }

    /// What a function of the Python records makes of this verdict.
    fn made<'py>(&self, py: Python<'py>, function: &str) -> PyResult<Bound<'py, PyAny>> {
        let record = self.to_dict(py)?.into_any();
        guard::made(py, "autosec._records", function, record)
    }
}

#[pymethods]
impl Verdict {
    /// When the event happened, in UTC.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = match &self.0 {
            Held::Live(verdict) => verdict.time.to_string(),
            Held::Kept(kept) => part(&kept.record, "time").as_str().unwrap_or_default().to_owned(),
        };
        py.import("autosec._records")?.getattr("moment")?.call1((text,))
    }

    /// Whether nothing was found.
    #[getter]
    fn is_quiet(&self) -> bool {
        match &self.0 {
            Held::Live(verdict) => verdict.is_quiet(),
            Held::Kept(kept) => part(&kept.record, "assessments").as_array().is_none_or(Vec::is_empty),
        }
    }

    /// The greatest risk among the subjects, 0 to 1.
    #[getter]
    fn risk(&self) -> f64 {
        match &self.0 {
            Held::Live(verdict) => verdict.risk().value(),
            Held::Kept(kept) => kept.risk,
        }
    }

    /// All that is known of each subject.
    #[getter]
    fn assessments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_quiet() { Ok(PyTuple::empty(py).into_any()) } else { self.made(py, "assessments") }
    }

    /// What was found, of all subjects.
    #[getter]
    fn findings<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_quiet() { Ok(PyTuple::empty(py).into_any()) } else { self.made(py, "findings") }
    }

    /// What is to be done; decisions that the guard holds back are not among them.
    #[getter]
    fn decisions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_quiet() { Ok(PyTuple::empty(py).into_any()) } else { self.made(py, "decisions") }
    }

    /// The harshest of the decisions, or `None`.
    #[getter]
    fn decision<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.is_quiet() { Ok(py.None().into_bound(py)) } else { self.made(py, "harshest") }
    }

    /// What went wrong beside the verdict.
    #[getter]
    fn faults<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if matches!(&self.0, Held::Live(verdict) if verdict.faults.is_empty()) {
            return Ok(PyTuple::empty(py).into_any());
        }
        self.made(py, "faults")
    }

    /// What was found, what the risk is made of, and what would have to be different, for people.
    fn explain(&self) -> String {
        match &self.0 {
            Held::Live(verdict) => verdict.explain().to_string(),
            Held::Kept(kept) => kept.explanation.clone(),
        }
    }

    /// The verdict as dicts, lists, texts and numbers, as `json.dumps` takes them.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Ok(to_python(py, &self.record())?.cast_into()?)
    }

    /// The verdict as JSON text.
    fn to_json(&self) -> String {
        self.record().to_string()
    }

    fn __repr__(&self) -> String {
        let record = self.record();
        let time = part(&record, "time").as_str().unwrap_or_default();
        let count = |name: &str| part(&record, name).as_array().map_or(0, Vec::len);
        let found = part(&record, "assessments").as_array().into_iter().flatten();
        let found: usize = found.map(|each| part(each, "findings").as_array().map_or(0, Vec::len)).sum();
        let faults = match count("faults") {
            0 => String::new(),
            faults => format!(" faults={faults}"),
        };
        format!("<Verdict {time} risk={:.2} findings={found}{faults}>", self.risk())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.record() == other.record()
    }

    /// The verdict with a small picture, for notebooks.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("autosec._notebook")?.getattr("verdict_html")?.call1((slf,))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let verdict = slf.get();
        let state = json!({
            "record": *verdict.record(), "explanation": verdict.explain(), "risk": verdict.risk(),
        });
        let bytes = PyBytes::new(slf.py(), state.to_string().as_bytes());
        Ok((slf.get_type().getattr("_restore")?, (bytes,)))
    }

    /// A verdict from the state that a pickle keeps.
    #[staticmethod]
    fn _restore(state: &[u8]) -> PyResult<Self> {
        let foreign = || PyValueError::new_err("the bytes are no verdict of this package");
        let mut state: Value = serde_json::from_slice(state).map_err(|_| foreign())?;
        let explanation = part(&state, "explanation").as_str().ok_or_else(foreign)?.to_owned();
        let risk = part(&state, "risk").as_f64().ok_or_else(foreign)?;
        let record = state.get_mut("record").map(Value::take).ok_or_else(foreign)?;
        let shaped = part(&record, "assessments").is_array()
            && part(&record, "faults").is_array()
            && part(&record, "time").as_str().is_some_and(|time| Timestamp::parse(time).is_ok());
        if !shaped {
            return Err(foreign());
        }
        Ok(Self(Held::Kept(Box::new(Kept { record, explanation, risk }))))
    }
}

/// A member of an object; null where there is none.
fn part<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}
