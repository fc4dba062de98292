use std::io;

use async_trait::async_trait;
use autosec_integrations::secret::{SECRET_LIMIT, SecretSource};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use secrecy::SecretString;

use super::part::{CALLS, Part, Unasked};

/// A source of secrets written in Python; one that hangs runs into the time limit of the firewall that asks.
#[derive(Debug)]
pub(crate) struct PySecrets(Part);

impl PySecrets {
    pub(crate) fn new(source: &Bound<'_, PyAny>) -> Self {
        Self(Part::new(source))
    }
}

/// What a source gave. What went wrong names the secret and the kind of exception; the text of one may hold the value.
fn read(py: Python<'_>, name: &str, given: PyResult<Bound<'_, PyAny>>) -> io::Result<SecretString> {
    let value = given.and_then(|value| value.extract::<String>()).map_err(|error| {
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

#[async_trait]
impl SecretSource for PySecrets {
    async fn secret(&self, name: &str) -> io::Result<SecretString> {
        let (given, told) = (name.to_owned(), name.to_owned());
        let asked = self.0.ask(
            "_secret",
            move |py| (given,).into_pyobject(py),
            move |py, secret| read(py, &told, secret),
        );
        asked.await.unwrap_or_else(|unasked| match unasked {
            Unasked::Busy => Err(io::Error::other(format!(
                "the secret `{name}` could not be had: {CALLS} calls of its source have not come back"
            ))),
            Unasked::Gone(why) => {
                Err(io::Error::other(format!("the secret `{name}` could not be had: {why}")))
            }
        })
    }
}
