use std::sync::Arc;

use autosec_integrations::firewall::panos::{self, Credentials, PanOsConfig};
use pyo3::prelude::*;

use super::unfit;
use crate::error;
use crate::extend::PyClient;
use crate::secret::source;

/// A Palo Alto Networks firewall, spoken to over HTTPS: what is blocked carries a tag. Its key or password comes from a
/// source of secrets, by name, each time it is needed. `client` is how it is reached: an `HttpsClient` by default, which
/// believes certificates with these `fingerprints` alone where some are given.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct PanOs(Arc<panos::PanOs>);

impl PanOs {
    pub(crate) fn firewall(&self) -> Arc<panos::PanOs> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl PanOs {
    #[new]
    #[pyo3(signature = (url, secrets, *, name="pan-os", user=None, secret="pan-os-key", vsys="vsys1", tag="autosec-block", fingerprints=None, client=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        url: &str,
        secrets: &Bound<'_, PyAny>,
        name: &str,
        user: Option<String>,
        secret: &str,
        vsys: &str,
        tag: &str,
        fingerprints: Option<Vec<String>>,
        client: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = secrets.py();
        let secret = secret.to_owned();
        let credentials = match user {
            Some(user) => Credentials::Login { user, password: secret },
            None => Credentials::Key(secret),
        };
        let config = PanOsConfig {
            name: name.to_owned(),
            vsys: vsys.to_owned(),
            tag: tag.to_owned(),
            credentials,
            ..PanOsConfig::new(url)
        };
        let client = match (client, fingerprints) {
            (Some(_), Some(_)) => {
                let message = "either `client` or `fingerprints`: give the fingerprints to `HttpsClient`";
                return Err(error::config(py, message));
            }
            (Some(client), None) => PyClient::of(client)?,
            (None, fingerprints) => PyClient::own(py, fingerprints)?,
        };
        let made = panos::PanOs::new(config, Arc::new(client), source(secrets)?);
        made.map(|made| Self(Arc::new(made))).map_err(|wrong| unfit(py, &wrong))
    }
}
