use std::net::IpAddr;

use autosec_core::enforce::{self, FirewallIntegration as _};
use pyo3::prelude::*;

/// A firewall that holds its blocks in memory: for tests, and to look at what would be dropped.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct MemoryFirewall(enforce::MemoryFirewall);

impl MemoryFirewall {
    pub(crate) fn firewall(&self) -> enforce::MemoryFirewall {
        self.0.clone()
    }
}

#[pymethods]
impl MemoryFirewall {
    #[new]
    #[pyo3(signature = (name="memory"))]
    fn new(name: &str) -> Self {
        Self(enforce::MemoryFirewall::new(name))
    }

    /// Whether traffic of this address is dropped now.
    fn drops(&self, py: Python<'_>, address: &Bound<'_, PyAny>) -> PyResult<bool> {
        let address = address.str()?.to_str()?.parse::<IpAddr>();
        let address = address.map_err(|wrong| crate::error::config(py, wrong.to_string()))?;
        Ok(self.0.drops(address))
    }

    /// Forgets every block, as a restart of a device would.
    fn flush(&self) {
        self.0.flush();
    }

    fn __repr__(&self) -> String {
        format!("<MemoryFirewall {}>", self.0.name())
    }
}
