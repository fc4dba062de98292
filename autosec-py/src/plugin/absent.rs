use std::path::PathBuf;
use std::sync::Arc;

use autosec_core::enforce::{EnforceConfig, FirewallIntegration};
use ipnet::IpNet;
use pyo3::prelude::*;
use serde_json::Value;

use super::class::Asked;
use crate::error;
use crate::log::Log;

/// A plugin that was loaded: there is none in a wheel without plugins.
#[derive(Debug)]
pub(super) enum Loaded {}

impl Loaded {
    pub(super) fn load(py: Python<'_>, _asked: Asked) -> PyResult<Self> {
        let message = "this wheel was built without plugins, which would make it nearly twice as large; build one with them: \
                       `MATURIN_PEP517_ARGS='--features wasm' pip install ./autosec-py` (or `--features native,wasm`)";
        Err(error::config(py, message))
    }

    pub(super) fn name(&self) -> &str {
        match *self {}
    }

    pub(super) fn about(&self) -> Value {
        match *self {}
    }

    pub(super) fn configure(&self, _py: Python<'_>, _config: &str) -> PyResult<()> {
        match *self {}
    }

    pub(super) fn replace(&self, _py: Python<'_>, _folder: PathBuf) -> PyResult<()> {
        match *self {}
    }

    pub(super) fn plan(&self, _py: Python<'_>, _targets: Vec<IpNet>) -> PyResult<Value> {
        match *self {}
    }

    pub(super) fn firewall(&self) -> Arc<dyn FirewallIntegration> {
        match *self {}
    }

    pub(super) fn timeouts(&self, _config: EnforceConfig) -> EnforceConfig {
        match *self {}
    }

    pub(super) fn log(&self) -> Log {
        match *self {}
    }
}
