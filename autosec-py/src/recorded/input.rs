//! Where recorded events come from.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMapping, PyMemoryView, PyString};

use crate::error;
use crate::event::json_bytes;
use crate::progress::Teller;

/// A log of JSON objects, one a line, that stops when the host says so.
#[derive(Debug)]
pub(crate) struct Log<'t> {
    input: Source,
    teller: &'t Teller,
}

#[derive(Debug)]
enum Source {
    File(BufReader<File>),
    Bytes(Cursor<Vec<u8>>),
}

/// What a host handed in.
#[derive(Debug)]
pub(crate) enum Given<'py> {
    /// A file, and how long it is.
    File(File, u64),
    Bytes(Vec<u8>),
    /// Events as `process` takes them.
    Events(Bound<'py, PyAny>),
}

impl Given<'_> {
    /// How much there is, in bytes or in events, where that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        match self {
            Given::File(_, length) => Some(*length),
            Given::Bytes(bytes) => Some(bytes.len() as u64),
            Given::Events(events) => events.len().ok().map(|length| length as u64),
        }
    }
}

/// Bytes are a log, a text or a path names a file, everything else gives events one by one.
pub(crate) fn given<'py>(log: &Bound<'py, PyAny>) -> PyResult<Given<'py>> {
    if log.is_instance_of::<PyBytes>()
        || log.is_instance_of::<PyByteArray>()
        || log.is_instance_of::<PyMemoryView>()
    {
        return Ok(Given::Bytes(json_bytes(log)?.as_bytes().to_vec()));
    }
    if log.is_instance_of::<PyString>() || log.hasattr("__fspath__")? {
        let path = log.extract::<PathBuf>()?;
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let placed = |wrong| error::config(log.py(), format!("`{}`: {wrong}", path.display()));
        let (length, file) = opened.map_err(placed)?;
        return Ok(Given::File(file, length));
    }
    if log.cast::<PyMapping>().is_ok() {
        let name = log.get_type().name()?;
        let message = format!("`{name}` is one event and not many: give a list, bytes or a path");
        return Err(PyTypeError::new_err(message));
    }
    Ok(Given::Events(log.clone()))
}

impl<'t> Log<'t> {
    pub(crate) fn file(file: File, teller: &'t Teller) -> Self {
        Self { input: Source::File(BufReader::new(file)), teller }
    }

    pub(crate) fn bytes(bytes: Vec<u8>, teller: &'t Teller) -> Self {
        Self { input: Source::Bytes(Cursor::new(bytes)), teller }
    }
}

impl Read for Log<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.teller.is_stopped() {
            return Err(io::Error::other("stopped by the host"));
        }
        match &mut self.input {
            Source::File(file) => file.read(into),
            Source::Bytes(bytes) => bytes.read(into),
        }
    }
}
