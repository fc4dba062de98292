use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use autosec_core::net::{self, network};
use ipnet::IpNet;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::MODULE;
use super::raised::{ENDING, in_words};
use crate::error;

/// The most calls of one firewall that may be under way: those that hang keep their threads.
const CALLS: usize = 4;

/// A firewall written in Python. Each call has a thread of its own, so that one that hangs runs into the enforcer's time
/// limit like any other firewall's.
#[derive(Debug)]
pub(crate) struct PyFirewall {
    firewall: Arc<Py<PyAny>>,
    name: String,
    capabilities: Capabilities,
    calls: Arc<AtomicUsize>,
}

/// What `_capabilities` gives.
type Can = (bool, Option<f64>, bool, bool, usize, Option<usize>, bool);

/// Calls a function for a firewall.
trait Ask:
    for<'py> FnOnce(&Bound<'py, PyAny>, &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> + Send + 'static
{
}

impl<F> Ask for F where
    F: for<'py> FnOnce(&Bound<'py, PyAny>, &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>
        + Send
        + 'static
{
}

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
            firewall: Arc::new(firewall.clone().unbind()),
            name: firewall.getattr("name")?.extract()?,
            capabilities: Capabilities { native_ttl, max_ttl, prefixes, ipv6, batch, capacity, atomic },
            calls: Arc::default(),
        })
    }

    /// Calls a function of the Python module.
    async fn call<T>(&self, function: &'static str, ask: impl Ask) -> Result<T, EnforceError>
    where
        T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr> + Send + 'static,
    {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= CALLS {
            self.calls.fetch_sub(1, Ordering::Relaxed);
            let reason = format!("{CALLS} calls of it have not come back");
            return Err(EnforceError::Busy {
                firewall: self.name.clone(),
                after: Duration::from_secs(10),
                reason,
            });
        }
        let (firewall, calls, name) =
            (Arc::clone(&self.firewall), Arc::clone(&self.calls), self.name.clone());
        let (tell, told) = oneshot::channel();
        let started = thread::Builder::new().name("autosec-firewall".to_owned()).spawn(move || {
            let done = Python::try_attach(|py| {
                let function = py.import(MODULE).and_then(|module| module.getattr(function));
                let made = function.and_then(|function| ask(&function, firewall.bind(py)));
                let made = made.and_then(|made| made.extract::<T>());
                made.map_err(|raised| failure(py, &name, &raised))
            });
            calls.fetch_sub(1, Ordering::Relaxed);
            // Whoever asked may have given up: then nobody hears.
            let _ = done.map(|done| tell.send(done));
        });
        let gone =
            |reason: &str| EnforceError::Absent { firewall: self.name.clone(), reason: reason.to_owned() };
        if let Err(error) = started {
            self.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(gone(&format!("no thread could be started: {error}")));
        }
        told.await.unwrap_or_else(|_| Err(gone(ENDING)))
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
        let each = self
            .call::<Vec<(String, String)>>("_block", move |function, firewall| {
                function.call1((firewall, items))
            })
            .await?;
        Ok(self.outcomes(blocks.iter().map(|block| block.target), each))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        let items: Vec<_> = targets.iter().map(|target| net::display(*target)).collect();
        let each = self
            .call::<Vec<(String, String)>>("_unblock", move |function, firewall| {
                function.call1((firewall, items))
            })
            .await?;
        Ok(self.outcomes(targets.iter().copied(), each))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let held = self
            .call::<Vec<(String, Option<f64>, String)>>("_blocked", |function, firewall| {
                function.call1((firewall,))
            })
            .await?;
        held.into_iter().map(|block| self.read(block)).collect()
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let (enforcing, detail) =
            self.call::<(bool, String)>("_health", |function, firewall| function.call1((firewall,))).await?;
        Ok(Health { enforcing, detail })
    }
}
