//! Where the events of a backtest come from.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use super::Teller;
use crate::error;
use crate::event::json_bytes;

/// A log of JSON objects, one a line, that stops when the host says so.
#[derive(Debug)]
pub(super) struct Log<'t> {
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
pub(super) enum Given<'py> {
    /// A file, and how long it is.
    File(File, u64),
    Bytes(Vec<u8>),
    /// Events as `process` takes them.
    Events(Bound<'py, PyAny>),
}

/// Bytes are a log, a text or a path names a file, everything else gives events one by one.
pub(super) fn given<'py>(log: &Bound<'py, PyAny>) -> PyResult<Given<'py>> {
    if log.is_instance_of::<PyBytes>() || log.is_instance_of::<PyByteArray>() {
        return Ok(Given::Bytes(json_bytes(log)?.as_bytes().to_vec()));
    }
    if log.is_instance_of::<PyString>() || log.hasattr("__fspath__")? {
        let path = log.extract::<PathBuf>()?;
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let placed = |wrong| error::config(log.py(), format!("`{}`: {wrong}", path.display()));
        let (length, file) = opened.map_err(placed)?;
        return Ok(Given::File(file, length));
    }
    Ok(Given::Events(log.clone()))
}

impl<'t> Log<'t> {
    pub(super) fn file(file: File, teller: &'t Teller) -> Self {
        Self { input: Source::File(BufReader::new(file)), teller }
    }

    pub(super) fn bytes(bytes: Vec<u8>, teller: &'t Teller) -> Self {
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
