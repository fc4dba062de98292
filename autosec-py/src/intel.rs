//! Threat indicators: values that somebody says are bad, from hosts and from feeds.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use autosec_core::intel::pattern::PatternIndicator;
use autosec_core::intel::{
    Indicator, IndicatorIndex, IndicatorValue, ObservableKind, Sighting, Update, UpdateReport,
};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::time::Timestamp;
use autosec_integrations::feed::freetext;
use autosec_integrations::feed::list::{ListKind, ListReader, ListSettings, preset, presets};
use autosec_integrations::feed::stix::{BundleReader, StixLimits, StixSink};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use serde_json::{Value, json};

use crate::convert::to_python;
use crate::error;
use crate::event::{fallback, json_bytes};
use crate::guard::{Birth, detached, entered};
use crate::log::Log;
use crate::progress::Teller;

/// How often a host is told how far a feed has been read, in bytes.
const TELL_EVERY: u64 = 1 << 20;

/// An index of threat indicators that looks at events; feeds may be loaded while it does.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct Indicators {
    index: Arc<IndicatorIndex>,
    birth: Birth,
}

impl Indicators {
    /// The index.
    ///
    /// # Errors
    /// It was copied by a fork in the middle of a call.
    pub(crate) fn index(&self, py: Python<'_>) -> PyResult<&Arc<IndicatorIndex>> {
        self.birth.check(py)?;
        Ok(&self.index)
    }
}

#[pymethods]
impl Indicators {
    #[new]
    fn new() -> Self {
        Self { index: Arc::default(), birth: Birth::now() }
    }

    /// How many indicators there are.
    fn __len__(&self) -> usize {
        self.index.snapshot().len()
    }

    /// Adds one value; what kind it is of is guessed unless said.
    #[pyo3(signature = (value, /, *, source="host", kind="guess", id=None, confidence=None, severity=None, tags=Vec::new(), valid_until=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn add(
        &self,
        py: Python<'_>,
        value: &Bound<'_, PyAny>,
        source: &str,
        kind: &str,
        id: Option<String>,
        confidence: Option<f64>,
        severity: Option<&str>,
        tags: Vec<String>,
        valid_until: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let text = value.str()?;
        let value = read_value(py, kind, text.to_str()?)?;
        let mut indicator = Indicator::new(source, value);
        if let Some(id) = id {
            indicator = indicator.with_id(id);
        }
        if let Some(confidence) = confidence {
            let wrong = |wrong: autosec_core::measure::OutOfRange| error::config(py, wrong.to_string());
            indicator.confidence = Confidence::new(confidence).map_err(wrong)?;
        }
        if let Some(severity) = severity {
            let wrong = |wrong: serde_json::Error| error::config(py, wrong.to_string());
            indicator.severity = serde_json::from_value::<Severity>(Value::from(severity)).map_err(wrong)?;
        }
        indicator.tags = tags.into_iter().map(Into::into).collect();
        indicator.valid_until = fallback(valid_until)?;
        let index = self.index(py)?;
        let report = detached(py, || index.load([indicator]));
        match report.examples.first() {
            Some((reason, what)) => {
                Err(error::config(py, format!("the indicator is refused, {reason:?}: {what}")))
            }
            None => Ok(()),
        }
    }

    /// Loads a list of values (a path, or bytes) in place of what was loaded of its source before: all of it or nothing.
    #[pyo3(signature = (feed, /, *, source=None, kind="guess", preset=None, at=None, progress=None))]
    fn load<'py>(
        &self,
        feed: &Bound<'py, PyAny>,
        source: Option<String>,
        kind: &str,
        preset: Option<&str>,
        at: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = feed.py();
        let mut settings = settings(py, kind, preset)?;
        if let Some(source) = source {
            settings.name = source;
        }
        let fetched = now(fallback(at)?);
        self.feed(feed, progress, move |index, input| {
            let mut update = index.update();
            update.replace(&settings.name.clone());
            let read = ListReader::new(settings).read(input, fetched, &mut |indicator| update.put(indicator));
            let report = read.map_err(|wrong| error::chain(&wrong))?;
            let told = json!({
                "records": report.records, "indicators": report.indicators, "rejected": report.rejected,
                "rejects": report.rejects.iter().map(|each| format!("{}: {}", each.at, each.why)).collect::<Vec<_>>(),
            });
            Ok(with_update(told, &update.commit()))
        })
    }

    /// Loads a STIX 2.1 bundle (a path, or bytes): values and sightings; patterns that no index can answer are counted.
    #[pyo3(signature = (feed, /, *, source="stix", progress=None))]
    fn load_stix<'py>(
        &self,
        feed: &Bound<'py, PyAny>,
        source: &str,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let reader = BundleReader::new(source, StixLimits::default());
        self.feed(feed, progress, move |index, input| {
            let mut sink = Sink { update: index.update(), patterns: 0 };
            let report = reader.read(input, &mut sink).map_err(|wrong| error::chain(&wrong))?;
            let told = json!({
                "records": report.objects, "indicators": report.plain, "rejected": report.rejected,
                "sightings": report.sightings, "patterns": sink.patterns,
            });
            Ok(with_update(told, &sink.update.commit()))
        })
    }

    /// The indicators that a value is listed by, each as a dict.
    #[pyo3(signature = (value, /, *, kind="guess"))]
    fn lookup<'py>(&self, value: &Bound<'py, PyAny>, kind: &str) -> PyResult<Bound<'py, PyAny>> {
        let py = value.py();
        let text = value.str()?;
        let value = read_value(py, kind, text.to_str()?)?;
        let snapshot = self.index.snapshot();
        let found: Vec<_> = value.parts().iter().flat_map(|part| snapshot.lookup(part)).collect();
        to_python(py, &found.iter().map(shown).collect())
    }

    /// The names of the settings for well-known lists.
    #[staticmethod]
    fn presets() -> Vec<String> {
        presets().into_iter().map(|settings| settings.name).collect()
    }

    fn __repr__(&self) -> String {
        format!("<Indicators: {}>", self.index.snapshot().len())
    }
}

impl Indicators {
    fn feed<'py>(
        &self,
        feed: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
        read: impl FnOnce(&IndicatorIndex, Counted<'_>) -> Result<Value, String> + Send,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = feed.py();
        let index = self.index(py)?;
        let (input, total, name) = open(feed)?;
        let teller = Teller::new(py, progress, "feed", Some(total))?;
        let done = entered(py, || {
            detached(py, || read(index, Counted { input, read: 0, told: 0, teller: &teller }))
        });
        if let Ok(Ok(_)) = &done {
            teller.tell(total, &[]);
        }
        teller.close(py);
        let told = done?.map_err(|wrong| error::config(py, format!("{name}: {wrong}")))?;
        if let Some(rejected) = told.get("rejected").and_then(Value::as_u64).filter(|rejected| *rejected > 0)
        {
            let first = told.pointer("/rejects/0").and_then(Value::as_str);
            let first = first.map_or(String::new(), |first| format!("; the first at {first}"));
            let records = if rejected == 1 { "record" } else { "records" };
            let log = Log::default();
            log.warn(format!("{rejected} {records} of {name} could not be used{first}"));
            log.hand_over(py)?;
        }
        to_python(py, &told)
    }
}

/// Bytes of a feed, counted for the host, who may stop it.
struct Counted<'t> {
    input: Box<dyn Read + Send>,
    read: u64,
    told: u64,
    teller: &'t Teller,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.teller.is_stopped() {
            return Err(io::Error::other("stopped by the host"));
        }
        let read = self.input.read(into)?;
        self.read += read as u64;
        if self.read - self.told >= TELL_EVERY {
            self.told = self.read;
            self.teller.tell(self.read, &[]);
        }
        Ok(read)
    }
}

/// What a bundle holds, on its way into an index.
#[derive(Debug)]
struct Sink<'i> {
    update: Update<'i>,
    patterns: u64,
}

impl StixSink for Sink<'_> {
    fn indicator(&mut self, indicator: Indicator) {
        self.update.put(indicator);
    }

    fn pattern(&mut self, _pattern: PatternIndicator) {
        self.patterns += 1;
    }

    fn sighting(&mut self, sighting: Sighting) {
        self.update.sight(sighting);
    }
}

/// The bytes of a feed, how many there are, and what it is called in errors.
fn open(feed: &Bound<'_, PyAny>) -> PyResult<(Box<dyn Read + Send>, u64, String)> {
    if feed.is_instance_of::<PyBytes>() || feed.is_instance_of::<PyByteArray>() {
        let bytes = json_bytes(feed)?.as_bytes().to_vec();
        let length = bytes.len() as u64;
        return Ok((Box::new(Cursor::new(bytes)), length, "the feed".to_owned()));
    }
    let path = feed.extract::<PathBuf>()?;
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let opened = opened.map_err(|wrong| error::config(feed.py(), format!("`{}`: {wrong}", path.display())));
    let (length, file) = opened?;
    Ok((Box::new(file), length, format!("`{}`", path.display())))
}

fn settings(py: Python<'_>, kind: &str, name: Option<&str>) -> PyResult<ListSettings> {
    if let Some(name) = name {
        let none = || error::config(py, format!("`{name}` is no preset: see `Indicators.presets()`"));
        return preset(name).ok_or_else(none);
    }
    let none = || {
        error::config(
            py,
            format!("`{kind}` is no kind of value, such as `network`, `domain`, `sha256` or `guess`"),
        )
    };
    ListKind::parse(kind).map(|kind| ListSettings::new("list", kind)).ok_or_else(none)
}

fn read_value(py: Python<'_>, kind: &str, text: &str) -> PyResult<IndicatorValue> {
    if kind == "guess" {
        let shown: String = text.chars().take(64).collect();
        let none = || {
            error::config(
                py,
                format!("`{shown}` looks like no value: say what it is, such as `kind=\"domain\"`"),
            )
        };
        return freetext::value(text).ok_or_else(none);
    }
    let kind = ObservableKind::ALL.into_iter().find(|known| known.name() == kind);
    let none = || {
        let names: Vec<_> = ObservableKind::ALL.iter().map(|kind| kind.name()).collect();
        error::config(py, format!("there is no such kind of value: use guess, {}", names.join(", ")))
    };
    let kind = kind.ok_or_else(none)?;
    IndicatorValue::new(kind, text).map_err(|wrong| error::config(py, wrong.to_string()))
}

/// The time that a list was fetched at, now unless it is said.
fn now(at: Option<Timestamp>) -> Timestamp {
    use autosec_core::time::{Clock, SystemClock};
    at.unwrap_or_else(|| SystemClock.now())
}

fn with_update(mut told: Value, update: &UpdateReport) -> Value {
    if let Some(members) = told.as_object_mut() {
        members.insert("added".to_owned(), json!(update.added));
        members.insert("changed".to_owned(), json!(update.changed));
        members.insert("removed".to_owned(), json!(update.removed));
        members.insert("refused".to_owned(), json!(update.all_refused()));
    }
    told
}

fn shown(indicator: &Indicator) -> Value {
    let values: Vec<_> = indicator.values.iter().map(ToString::to_string).collect();
    json!({
        "id": &*indicator.id, "source": &*indicator.source, "values": values,
        "confidence": indicator.confidence, "severity": indicator.severity,
        "valid_until": indicator.valid_until, "tags": indicator.tags.iter().map(|tag| &**tag).collect::<Vec<_>>(),
    })
}
