use std::io;

use async_trait::async_trait;
use autosec_integrations::secret::{SECRET_LIMIT, SecretSource};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use secrecy::SecretString;

use super::MODULE;
use super::raised::ENDING;

/// A source of secrets written in Python.
#[derive(Debug)]
pub(crate) struct PySecrets(Py<PyAny>);

impl PySecrets {
    pub(crate) fn new(source: &Bound<'_, PyAny>) -> Self {
        Self(source.clone().unbind())
    }

    /// What went wrong names the secret and the kind of exception; the text of one may hold the value.
    fn ask(&self, py: Python<'_>, name: &str) -> io::Result<SecretString> {
        let asked =
            py.import(MODULE).and_then(|module| module.getattr("_secret")?.call1((self.0.bind(py), name)));
        let value = asked.and_then(|value| value.extract::<String>()).map_err(|error| {
            let kind =
                error.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |kind| kind.to_string());
            let missing = error.is_instance_of::<PyKeyError>(py);
            let code = if missing { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
            io::Error::new(code, format!("the secret `{name}` could not be had: the source raised {kind}"))
        })?;
        if value.is_empty() || value.len() > SECRET_LIMIT {
            let message = format!("the secret `{name}` is empty or longer than 16 KiB");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(value.into())
    }
}

#[async_trait]
impl SecretSource for PySecrets {
    async fn secret(&self, name: &str) -> io::Result<SecretString> {
        Python::try_attach(|py| self.ask(py, name)).unwrap_or_else(|| Err(io::Error::other(ENDING)))
    }
}
