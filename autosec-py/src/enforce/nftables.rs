use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::FirewallIntegration as _;
use autosec_integrations::firewall::nftables;
use pyo3::prelude::*;

use super::unfit;
use crate::error;
use crate::guard::detached;

/// The firewall of this Linux machine's kernel, spoken to over netlink; it needs `CAP_NET_ADMIN`.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct Nftables(Arc<nftables::Nftables>);

impl Nftables {
    pub(crate) fn firewall(&self) -> Arc<nftables::Nftables> {
        Arc::clone(&self.0)
    }
}

#[pymethods]
impl Nftables {
    #[new]
    #[pyo3(signature = (*, name="nftables", table="autosec", priority=-310, capacity=None, timeout=5.0))]
    fn new(
        py: Python<'_>,
        name: &str,
        table: &str,
        priority: i32,
        capacity: Option<u32>,
        timeout: f64,
    ) -> PyResult<Self> {
        let wrong =
            |wrong| error::config(py, format!("`timeout` is a span of seconds, and not {timeout}: {wrong}"));
        let config = nftables::NftablesConfig {
            name: name.to_owned(),
            table: table.to_owned(),
            priority,
            capacity,
            timeout: Duration::try_from_secs_f64(timeout).map_err(wrong)?,
            destroy: None,
        };
        let opened = detached(py, || nftables::Nftables::open(config));
        opened.map(|opened| Self(Arc::new(opened))).map_err(|wrong| unfit(py, &wrong))
    }

    /// Deletes the table, and with it every block.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || self.0.release()).map_err(|wrong| unfit(py, &wrong))
    }

    fn __repr__(&self) -> String {
        format!("<Nftables {}>", self.0.name())
    }
}
