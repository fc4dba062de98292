use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use autosec_core::net::{self, network};
use ipnet::IpNet;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::part::{CALLS, Part, Unasked};
use super::raised::in_words;
use super::{Held, MODULE};
use crate::error;

/// A firewall written in Python; one that hangs runs into the enforcer's time limit like any other.
#[derive(Debug)]
pub(crate) struct PyFirewall {
    part: Part,
    name: String,
    capabilities: Capabilities,
}

/// What `_capabilities` gives.
type Can = (bool, Option<f64>, bool, bool, usize, Option<usize>, bool);

impl PyFirewall {
    pub(crate) fn new(firewall: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = firewall.py();
        let can = py.import(MODULE)?.getattr("_capabilities")?.call1((firewall,))?;
        let (native_ttl, max_ttl, prefixes, ipv6, batch, capacity, atomic) = can.extract::<Can>()?;
        if batch == 0 {
            return Err(error::config(
                py,
                "a firewall takes at least one item a call: see `Capabilities.batch`",
            ));
        }
        let max_ttl = max_ttl.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Self {
            part: Part::new(firewall),
            name: firewall.getattr("name")?.extract()?,
            capabilities: Capabilities { native_ttl, max_ttl, prefixes, ipv6, batch, capacity, atomic },
        })
    }

    /// The object, for the garbage collector.
    pub(crate) fn object(&self) -> &Held {
        self.part.object()
    }

    /// Calls a function of the Python module.
    async fn call<T>(
        &self,
        function: &'static str,
        given: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyTuple>> + Send,
    ) -> Result<T, EnforceError>
    where
        T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr> + Send + 'static,
    {
        let name = self.name.clone();
        let read = move |py: Python<'_>, made: PyResult<Bound<'_, PyAny>>| {
            made.and_then(|made| made.extract::<T>()).map_err(|raised| failure(py, &name, &raised))
        };
        let firewall = self.name.clone();
        self.part.ask(function, given, read).await.unwrap_or_else(|unasked| match unasked {
            Unasked::Busy => {
                let reason = format!("{CALLS} calls of it have not come back");
                Err(EnforceError::Busy { firewall, after: Duration::from_secs(10), reason })
            }
            Unasked::Gone(reason) => Err(EnforceError::Absent { firewall, reason }),
        })
    }

    fn outcomes(&self, targets: impl Iterator<Item = IpNet>, each: Vec<(String, String)>) -> Vec<Outcome> {
        let status = |status: &str, why: String| match status {
            "done" => Status::Done,
            "unsupported" => Status::Unsupported(why),
            "rejected" => Status::Rejected(why),
            other => Status::Rejected(format!("its status `{other}` means nothing")),
        };
        targets
            .zip(each)
            .map(|(target, (word, why))| Outcome { target, status: status(&word, why) })
            .collect()
    }

    fn read(&self, (target, seconds, reason): (String, Option<f64>, String)) -> Result<Block, EnforceError> {
        let unfit = |wrong: String| EnforceError::Rejected {
            firewall: self.name.clone(),
            target: None,
            reason: wrong,
        };
        let target = network(&target).map_err(|wrong| unfit(wrong.to_string()))?;
        let ttl = seconds.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)));
        Ok(Block { target, ttl: ttl.transpose().map_err(|wrong| unfit(wrong.to_string()))?, reason })
    }
}

fn failure(py: Python<'_>, firewall: &str, raised: &PyErr) -> EnforceError {
    let (firewall, reason) = (firewall.to_owned(), in_words(py, raised));
    let transient =
        py.import(MODULE).and_then(|module| module.getattr("_transient")?.call1((raised.value(py),)));
    match transient.and_then(|transient| transient.extract()) {
        Ok(true) => EnforceError::Transport { firewall, reason },
        _ => EnforceError::Rejected { firewall, target: None, reason },
    }
}

#[async_trait]
impl FirewallIntegration for PyFirewall {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let item = |block: &Block| {
            (net::display(block.target), block.ttl.map(|ttl| ttl.as_secs_f64()), block.reason.clone())
        };
        let items: Vec<_> = blocks.iter().map(item).collect();
        let each = self.call::<Vec<(String, String)>>("_block", move |py| (items,).into_pyobject(py)).await?;
        Ok(self.outcomes(blocks.iter().map(|block| block.target), each))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let items: Vec<_> = targets.iter().map(|target| net::display(*target)).collect();
        let each =
            self.call::<Vec<(String, String)>>("_unblock", move |py| (items,).into_pyobject(py)).await?;
        Ok(self.outcomes(targets.iter().copied(), each))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let held =
            self.call::<Vec<(String, Option<f64>, String)>>("_blocked", |py| Ok(PyTuple::empty(py))).await?;
        held.into_iter().map(|block| self.read(block)).collect()
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let (enforcing, detail) = self.call::<(bool, String)>("_health", |py| Ok(PyTuple::empty(py))).await?;
        Ok(Health { enforcing, detail })
    }
}
