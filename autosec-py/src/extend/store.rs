use std::io;
use std::sync::Arc;

use autosec_core::store::{Store, StoreError};
use pyo3::prelude::*;

use super::Held;
use super::raised::{ENDING, failed};
use crate::guard;

/// A store written in Python.
#[derive(Debug)]
pub(crate) struct PyStore(Held);

impl PyStore {
    pub(crate) fn new(store: &Bound<'_, PyAny>) -> Self {
        Self(Arc::new(store.clone().unbind()))
    }

    /// The object, for the garbage collector.
    pub(crate) fn object(&self) -> &Held {
        &self.0
    }

    /// Calls the store, with what it is about for the error.
    fn call<T>(
        &self,
        journal: &str,
        verb: &'static str,
        work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T, StoreError> {
        let called = guard::attach(|py| work(self.0.bind(py)).map_err(|error| failed(py, &error)));
        let called = called.unwrap_or_else(|| Err(io::Error::other(ENDING)));
        called.map_err(|source| StoreError::Io { journal: journal.to_owned(), verb, source })
    }
}

impl Store for PyStore {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.call(journal, "written", |store| store.call_method1("append", (journal, records)).map(|_| ()))
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        self.call(journal, "read", |store| store.call_method1("read", (journal,))?.extract())
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.call(journal, "written", |store| store.call_method1("replace", (journal, records)).map(|_| ()))
    }
}
