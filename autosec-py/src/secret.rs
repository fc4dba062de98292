//! Sources of secrets, built-in ones and those written in Python.

use std::path::PathBuf;
use std::sync::Arc;

use autosec_integrations::secret::{self, SecretSource};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::extend::PySecrets;

/// Secrets in the environment of the process: `edge-key` is in `AUTOSEC_EDGE_KEY`, with this prefix.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct EnvironmentSecrets(secret::EnvironmentSecrets);

#[pymethods]
impl EnvironmentSecrets {
    #[new]
    #[pyo3(signature = (prefix="AUTOSEC_"))]
    fn new(prefix: &str) -> Self {
        Self(secret::EnvironmentSecrets::new(prefix))
    }
}

/// Secrets in files of one folder, each named like its secret, as container platforms and service managers mount them.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct FileSecrets(secret::FileSecrets);

#[pymethods]
impl FileSecrets {
    #[new]
    fn new(folder: PathBuf) -> Self {
        Self(secret::FileSecrets::new(folder))
    }
}

/// Where secrets come from: one of ours, or one written in Python.
pub(crate) fn source(given: &Bound<'_, PyAny>) -> PyResult<Arc<dyn SecretSource>> {
    if let Ok(environment) = given.cast::<EnvironmentSecrets>() {
        return Ok(Arc::new(environment.get().0.clone()));
    }
    if let Ok(files) = given.cast::<FileSecrets>() {
        return Ok(Arc::new(files.get().0.clone()));
    }
    if !given.hasattr("secret")? {
        let name = given.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "`{name}` is no source of secrets: subclass `SecretSource`"
        )));
    }
    Ok(Arc::new(PySecrets::new(given)))
}
