use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use autosec_core::enforce::{EnforceConfig, FirewallIntegration};
use autosec_core::net::network;
use autosec_integrations::plugin::manifest::{MinisignVerifier, TrustedKey, Unsigned, Verifier};
use autosec_integrations::secret::{FixedSecrets, SecretSource};
use ipnet::IpNet;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::Loaded;
use super::grant::Granted;
use crate::convert::to_python;
use crate::error;
use crate::log::Log;
use crate::secret;

/// The kinds of plugins that this wheel runs.
const KINDS: [(&str, bool); 2] = [("native", cfg!(feature = "native")), ("wasm", cfg!(feature = "wasm"))];

/// A firewall that somebody else wrote, as a plugin in a folder: a manifest `plugin.toml` beside a WebAssembly component or
/// a native library.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct PluginFirewall(Loaded);

/// What a host hands in.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "native", feature = "wasm")),
    expect(dead_code, reason = "nobody reads it in a wheel without plugins")
)]
pub(super) struct Asked {
    pub(super) folder: PathBuf,
    /// As JSON.
    pub(super) config: String,
    pub(super) name: Option<String>,
    pub(super) verifier: Arc<dyn Verifier>,
    pub(super) grant: Granted,
    /// Private networks that it may reach.
    pub(super) networks: Vec<IpNet>,
    pub(super) secrets: Arc<dyn SecretSource>,
    /// Where native libraries are copied to before they run.
    pub(super) libraries: Option<PathBuf>,
    /// The program that a native library runs in.
    pub(super) runner: Option<PathBuf>,
}

impl PluginFirewall {
    pub(crate) fn firewall(&self) -> Arc<dyn FirewallIntegration> {
        self.0.firewall()
    }

    /// The settings with time enough for the plugin to be ended at its own deadline.
    pub(crate) fn timeouts(&self, config: EnforceConfig) -> EnforceConfig {
        self.0.timeouts(config)
    }

    /// What it tells, for whoever makes calls.
    pub(crate) fn log(&self) -> Log {
        self.0.log()
    }
}

#[pymethods]
impl PluginFirewall {
    /// Loads the plugin of a folder, checks who signed it, and configures it. `secrets` are asked for its secret `token` as
    /// for `<its id>-token`, unless the grant says `from`.
    #[new]
    #[pyo3(signature = (folder, config=None, *, name=None, keys=None, unsigned=false, grant=None, networks=None, secrets=None, libraries=None, runner=None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        folder: PathBuf,
        config: Option<&Bound<'_, PyAny>>,
        name: Option<String>,
        keys: Option<BTreeMap<String, String>>,
        unsigned: bool,
        grant: Option<&Bound<'_, PyAny>>,
        networks: Option<&Bound<'_, PyAny>>,
        secrets: Option<&Bound<'_, PyAny>>,
        libraries: Option<PathBuf>,
        runner: Option<PathBuf>,
    ) -> PyResult<Self> {
        let asked = Asked {
            folder,
            config: json(py, config)?,
            name,
            verifier: verifier(py, keys, unsigned)?,
            grant: Granted::read(grant)?,
            networks: networks.map(targets).transpose()?.unwrap_or_default(),
            secrets: match secrets {
                Some(given) => secret::source(given)?,
                None => Arc::new(FixedSecrets::default()),
            },
            libraries,
            runner,
        };
        Loaded::load(py, asked).map(Self)
    }

    /// The kinds of plugins that this wheel was built for: `native`, `wasm`, both or none.
    #[staticmethod]
    fn kinds() -> Vec<&'static str> {
        KINDS.iter().filter_map(|(kind, is_there)| is_there.then_some(*kind)).collect()
    }

    /// What the firewall is called in reports.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// Which plugin it is, what it asks for and was granted, how it is, and what it did so far.
    fn about<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Ok(to_python(py, &self.0.about())?.cast_into()?)
    }

    /// Configures it anew. Calls under way end on the earlier configuration; if this one does not fit, that goes on.
    fn configure(&self, config: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = config.py();
        self.0.configure(py, &json(py, Some(config))?)
    }

    /// Puts another version of the plugin in its place, while engines use it, with the configuration that it has.
    fn replace(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        self.0.replace(py, folder)
    }

    /// What it would do to block these; nothing is done.
    fn plan<'py>(&self, targets: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = targets.py();
        let planned = self.0.plan(py, self::targets(targets)?)?;
        py.import("autosec._records")?.getattr("outcomes")?.call1((to_python(py, &planned)?,))
    }

    fn __repr__(&self) -> String {
        format!("<PluginFirewall {}>", self.0.name())
    }
}

/// A configuration as JSON; an empty one if there is none.
fn json(py: Python<'_>, config: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    let Some(config) = config else { return Ok("{}".to_owned()) };
    py.import("json")?.getattr("dumps")?.call1((config,))?.extract()
}

fn verifier(
    py: Python<'_>,
    keys: Option<BTreeMap<String, String>>,
    unsigned: bool,
) -> PyResult<Arc<dyn Verifier>> {
    match keys {
        Some(_) if unsigned => Err(error::config(
            py,
            "either `keys` or `unsigned=True`: with both, signatures would say nothing",
        )),
        Some(keys) => {
            let keys = keys.iter().map(|(name, key)| TrustedKey::new(name.as_str(), key));
            let keys = keys.collect::<Result<Vec<_>, _>>();
            Ok(Arc::new(MinisignVerifier::new(keys.map_err(|wrong| error::config(py, wrong.to_string()))?)))
        }
        None if unsigned => Ok(Arc::new(Unsigned)),
        None => Err(error::config(
            py,
            "nobody is trusted to have signed plugins: give `keys={name: minisign's public key}`, or `unsigned=True` for one \
             of your own",
        )),
    }
}

/// Addresses and prefixes.
fn targets(given: &Bound<'_, PyAny>) -> PyResult<Vec<IpNet>> {
    let py = given.py();
    let one = |each: Bound<'_, PyAny>| -> PyResult<IpNet> {
        network(each.str()?.to_str()?).map_err(|wrong| error::config(py, wrong.to_string()))
    };
    given.try_iter()?.map(|each| one(each?)).collect()
}
