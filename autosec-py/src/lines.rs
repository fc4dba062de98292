//! Logs of syslog, web servers and Suricata: lines of text as events.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor};
use std::path::PathBuf;
use std::sync::{Mutex, TryLockError};
use std::time::SystemTime;

use autosec_core::event::{FieldMask, Schema};
use autosec_core::time::{Clock, SystemClock, Timestamp};
use autosec_integrations::log::{Format, LogReader, Options};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict};

use crate::error;
use crate::event::{fallback, json_bytes};
use crate::extend::shown_value;

/// A log that is being read.
pub(crate) type Lines = LogReader<Box<dyn BufRead + Send>>;

/// A reader of a log: a path, or bytes. Years and zones that lines do not say come from `at`, if not given from the file, and
/// from the offset in seconds east of UTC.
pub(crate) fn lines(
    log: &Bound<'_, PyAny>,
    format: &str,
    at: Option<&Bound<'_, PyAny>>,
    utc_offset: i32,
    fields: FieldMask,
) -> PyResult<Lines> {
    let py = log.py();
    let format = match format {
        "auto" => Format::Auto,
        "access" => Format::Access,
        "eve" => Format::Eve,
        "syslog" => Format::Syslog,
        _ => return Err(error::config(py, "`format` is `auto`, `access`, `eve` or `syslog`")),
    };
    let (input, written) = opened(log)?;
    let reference = fallback(at)?.or(written).unwrap_or_else(|| SystemClock.now());
    Ok(LogReader::new(input, format, Options { utc_offset, fields, ..Options::new(reference) }))
}

/// The bytes of a log, and when it was written to last.
fn opened(log: &Bound<'_, PyAny>) -> PyResult<(Box<dyn BufRead + Send>, Option<Timestamp>)> {
    if log.is_instance_of::<PyBytes>() || log.is_instance_of::<PyByteArray>() {
        return Ok((Box::new(Cursor::new(json_bytes(log)?.as_bytes().to_vec())), None));
    }
    let path = log.extract::<PathBuf>()?;
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.modified().ok(), file)));
    let placed = |wrong| error::config(log.py(), format!("`{}`: {wrong}", path.display()));
    let (written, file) = opened.map_err(placed)?;
    let written = written.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let written = written.and_then(|span| i64::try_from(span.as_secs()).ok()).map(Timestamp::from_secs);
    Ok((Box::new(BufReader::with_capacity(1 << 16, file)), written))
}

/// The events of a log one by one, as dicts; lines that cannot be read are passed over and counted.
#[pyclass(frozen, module = "autosec")]
pub(crate) struct LogEvents {
    lines: Mutex<Lines>,
    schema: Schema,
}

impl std::fmt::Debug for LogEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogEvents").finish_non_exhaustive()
    }
}

impl LogEvents {
    /// Never waits: who holds the lock may wait for the interpreter.
    fn with<T>(&self, work: impl FnOnce(&mut Lines) -> PyResult<T>) -> PyResult<T> {
        let mut lines = match self.lines.try_lock() {
            Ok(lines) => lines,
            Err(TryLockError::Poisoned(lines)) => lines.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(PyRuntimeError::new_err("another thread is reading this log: give each its own"));
            }
        };
        work(&mut lines)
    }
}

#[pymethods]
impl LogEvents {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.with(|lines| {
            loop {
                py.check_signals()?;
                let Some(read) = lines.read().map_err(|wrong| PyOSError::new_err(wrong.to_string()))? else {
                    return Ok(None);
                };
                let Ok(event) = read else { continue };
                let shown = PyDict::new(py);
                shown.set_item("@timestamp", event.time().to_string())?;
                for (field, value) in event.fields() {
                    shown.set_item(self.schema.name(field), shown_value(py, value)?)?;
                }
                return Ok(Some(shown));
            }
        })
    }

    /// What became of the lines so far: `lines`, `blank`, `read`, `events`, and `unread` by reason.
    #[getter]
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.with(|lines| {
            let (told, summary) = (PyDict::new(py), lines.summary());
            let counts = [("lines", summary.lines), ("blank", summary.blank), ("read", summary.read)];
            counts.iter().try_for_each(|(name, count)| told.set_item(name, count))?;
            told.set_item("events", summary.events)?;
            let unread = PyDict::new(py);
            summary.unread.iter().try_for_each(|(reason, count)| unread.set_item(reason.code(), count))?;
            told.set_item("unread", unread)?;
            Ok(told)
        })
    }
}

/// The events of a log of syslog, of a web server or of Suricata, as dicts that an engine takes.
#[pyfunction]
#[pyo3(signature = (log, /, format="auto", *, at=None, utc_offset=0))]
pub(crate) fn read_log(
    log: &Bound<'_, PyAny>,
    format: &str,
    at: Option<&Bound<'_, PyAny>>,
    utc_offset: i32,
) -> PyResult<LogEvents> {
    let schema = Schema::ecs();
    let lines = lines(log, format, at, utc_offset, FieldMask::all(&schema))?;
    Ok(LogEvents { lines: Mutex::new(lines), schema })
}
