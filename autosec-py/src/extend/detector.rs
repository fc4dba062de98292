use std::sync::Arc;
use std::time::Duration;

use autosec_core::entity::Entity;
use autosec_core::event::{Event, FieldId, FieldMask, Kind, Schema, Value};
use autosec_core::finding::{
    Action, Analytic, AnalyticKind, Detector, Evidence, Fault, FaultKind, Finding, Findings, Response,
};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::net::network;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::Value as Json;

use super::raised::{ENDING, in_words, is_ordinary};
use super::{Held, MODULE};
use crate::error;
use crate::guard;

/// A detector written in Python.
#[derive(Debug)]
pub(crate) struct PyDetector {
    detector: Held,
    name: String,
    fields: Vec<(FieldId, Py<PyString>)>,
}

/// What `_look` gives of a finding: subject, severity, confidence, evidence, analytic, name, tags, action, seconds.
type Sighting =
    (String, String, f64, Vec<(String, String)>, String, String, Vec<String>, Option<String>, Option<f64>);

impl PyDetector {
    /// The detector; fields that the schema lacks become text fields of it.
    pub(crate) fn new(detector: &Bound<'_, PyAny>, schema: &mut Schema) -> PyResult<Self> {
        let py = detector.py();
        let names = detector.getattr("fields")?.extract::<Vec<String>>()?;
        let fields = names.iter().map(|name| {
            let known = schema.field(name).map_or_else(|| schema.add(name, Kind::Text), Ok);
            let field = known.map_err(|wrong| error::config(py, wrong.to_string()))?;
            Ok((field, PyString::intern(py, name).unbind()))
        });
        let fields = fields.collect::<PyResult<_>>()?;
        Ok(Self {
            fields,
            name: detector.getattr("name")?.extract()?,
            detector: Arc::new(detector.clone().unbind()),
        })
    }

    /// The object, for the garbage collector.
    pub(crate) fn object(&self) -> &Held {
        &self.detector
    }

    fn look(&self, py: Python<'_>, event: &Event<'_>) -> PyResult<Vec<Finding>> {
        let shown = PyDict::new(py);
        for (field, name) in &self.fields {
            if let Some(value) = event.get(*field) {
                shown.set_item(name.bind(py), shown_value(py, value)?)?;
            }
        }
        let look = py.import(MODULE)?.getattr("_look")?;
        let made = look.call1((self.detector.bind(py), shown, event.time().as_micros()))?;
        let sightings = made.extract::<Vec<Sighting>>()?;
        sightings.into_iter().map(|sighting| finding(sighting, event)).collect()
    }
}

impl Detector for PyDetector {
    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> FieldMask {
        self.fields.iter().map(|(field, _)| *field).collect()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let looked = guard::attach(|py| {
            self.look(py, event).map_err(|error| {
                let words = in_words(py, &error);
                if !is_ordinary(py, &error) {
                    guard::keep(error);
                }
                words
            })
        });
        match looked {
            Some(Ok(found)) => found.into_iter().for_each(|finding| findings.push(finding)),
            Some(Err(words)) => findings.fault(Fault::new(FaultKind::Detector, self.name.as_str(), words)),
            None => findings.fault(Fault::new(FaultKind::Detector, self.name.as_str(), ENDING)),
        }
    }
}

/// A value of an event as Python's objects.
pub(crate) fn shown_value<'py>(py: Python<'py>, value: &Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Boolean(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::Float(number) => number.into_pyobject(py)?.into_any(),
        Value::Integer(number) => number.into_pyobject(py)?.into_any(),
        Value::Text(text) => text.into_pyobject(py)?.into_any(),
        Value::List(values) => values
            .iter()
            .map(|value| shown_value(py, value))
            .collect::<PyResult<Vec<_>>>()?
            .into_pyobject(py)?,
        other => other.to_string().into_pyobject(py)?.into_any(),
    })
}

fn finding(sighting: Sighting, event: &Event<'_>) -> PyResult<Finding> {
    let (subject, severity, confidence, evidence, analytic, name, tags, action, seconds) = sighting;
    let severity: Severity = word(&severity, "severity")?;
    let analytic = Analytic::new(AnalyticKind::Statistical, analytic, name).with_tags(tags);
    let confidence = Confidence::new(confidence).map_err(|wrong| PyValueError::new_err(wrong.to_string()))?;
    let evidence = evidence.into_iter().map(|(name, value)| Evidence::field(name, &value));
    let finding = Finding::new(Arc::new(analytic), entity(&subject), event.time(), severity)
        .with_confidence(confidence)
        .with_evidence(evidence);
    let Some(action) = action else { return Ok(finding) };
    let response = Response::new(word::<Action>(&action, "action")?);
    let lasting = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok(finding.with_response(lasting.map_or(response, |duration| response.lasting(duration))))
}

/// A word of one of core's lists.
fn word<T: for<'d> serde::Deserialize<'d>>(word: &str, what: &str) -> PyResult<T> {
    let wrong = |error: serde_json::Error| {
        let word: String = word.chars().take(64).collect();
        PyValueError::new_err(format!("`{word}` is no {what}: {error}"))
    };
    serde_json::from_value(Json::String(word.to_owned())).map_err(wrong)
}

/// Whom a text is about: an address or a prefix, else `user:NAME`, `host:NAME`, or a name by itself.
fn entity(text: &str) -> Entity {
    match (text.split_once(':'), network(text)) {
        (_, Ok(network)) => Entity::from(network),
        (Some(("user", name)), _) => Entity::User(name.into()),
        (Some(("host", name)), _) => Entity::Host(name.into()),
        _ => Entity::Other(text.into()),
    }
}
