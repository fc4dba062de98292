use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::guard;

/// Tells a host how far long work has come, and learns from it whether to stop.
#[derive(Debug)]
pub(crate) struct Teller {
    meter: Option<Py<PyAny>>,
    stopped: AtomicBool,
}

impl Teller {
    /// Tells what `progress` asks for: nobody (`None` and `False`), a callable, or a bar (`True`).
    pub(crate) fn new(
        py: Python<'_>,
        progress: Option<&Bound<'_, PyAny>>,
        title: &str,
        total: Option<u64>,
    ) -> PyResult<Self> {
        let is_asked =
            |progress: &&Bound<'_, PyAny>| !progress.is_none() && !progress.is(PyBool::new(py, false));
        let progress = progress.filter(is_asked);
        let meter = progress.map(|progress| {
            py.import("autosec._progress")?
                .getattr("meter")?
                .call1((progress, title, total))
                .map(Bound::unbind)
        });
        Ok(Self { meter: meter.transpose()?, stopped: AtomicBool::new(false) })
    }

    /// Says how much of `done` there is, with numbers beside it. What the host raises stops the work.
    pub(crate) fn tell(&self, done: u64, beside: &[(&str, u64)]) {
        let told = guard::attach(|py| {
            py.check_signals()?;
            let Some(meter) = &self.meter else { return Ok(()) };
            let numbers = PyDict::new(py);
            beside.iter().try_for_each(|(name, number)| numbers.set_item(name, number))?;
            meter.bind(py).call1((done, numbers)).map(|_| ())
        });
        match told {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                guard::keep(error);
                self.stopped.store(true, Ordering::Relaxed);
            }
            None => self.stopped.store(true, Ordering::Relaxed),
        }
    }

    /// The same, and whether to go on.
    pub(crate) fn go_on(&self, done: u64) -> ControlFlow<()> {
        self.tell(done, &[]);
        if self.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Takes a bar away.
    pub(crate) fn close(&self, py: Python<'_>) {
        if let Some(meter) = &self.meter {
            // A meter that cannot be closed is one that nobody sees any more.
            let _ = meter.bind(py).call_method0("close");
        }
    }
}
