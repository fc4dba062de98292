use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;

use super::raised::{ENDING, in_words};
use super::{Held, MODULE};
use crate::guard;

/// The most calls of one part that may be under way: those that hang keep their threads.
pub(super) const CALLS: usize = 4;

/// A part that is written in Python and may take long. Each call has a daemon thread of Python's own: one that hangs runs
/// into the time limit of whoever asked, and does not keep the program from ending.
#[derive(Clone, Debug)]
pub(super) struct Part {
    object: Held,
    calls: Arc<AtomicUsize>,
}

/// Why a part was not asked, or gave no answer.
#[derive(Debug)]
pub(super) enum Unasked {
    /// As many calls as there may be have not come back.
    Busy,
    /// No thread could be had, or it ended without a word.
    Gone(String),
}

impl Part {
    pub(super) fn new(object: &Bound<'_, PyAny>) -> Self {
        Self { object: Arc::new(object.clone().unbind()), calls: Arc::default() }
    }

    pub(super) fn object(&self) -> &Held {
        &self.object
    }

    /// Has a function of the package's Python part asked, with the object and what is `given`, and its answer `read`.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        function: &'static str,
        given: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyTuple>> + Send,
        read: impl for<'py> FnOnce(Python<'py>, PyResult<Bound<'py, PyAny>>) -> T + Send + 'static,
    ) -> Result<T, Unasked> {
        let under_way = UnderWay::of(&self.calls).ok_or(Unasked::Busy)?;
        let (tell, told) = oneshot::channel();
        let asked = guard::attach(|py| {
            let answer = Answer::new(move |py, made| {
                drop(under_way);
                // Whoever asked may have given up: then nobody hears.
                let _ = tell.send(read(py, made));
            });
            let asked = given(py).and_then(|given| {
                let ask = py.import(MODULE)?.getattr("_ask")?;
                ask.call1((function, self.object.bind(py), given, Bound::new(py, answer)?))
            });
            asked.map(drop).map_err(|raised| in_words(py, &raised))
        });
        match asked {
            Some(Ok(())) => told.await.map_err(|_| Unasked::Gone(ENDING.to_owned())),
            Some(Err(wrong)) => Err(Unasked::Gone(wrong)),
            None => Err(Unasked::Gone(ENDING.to_owned())),
        }
    }
}

/// A call that counts until it has come back.
#[derive(Debug)]
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn of(calls: &Arc<AtomicUsize>) -> Option<Self> {
        let counted = Self(Arc::clone(calls));
        (calls.fetch_add(1, Ordering::Relaxed) < CALLS).then_some(counted)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

type Tell = Box<dyn for<'py> FnOnce(Python<'py>, PyResult<Bound<'py, PyAny>>) + Send>;

/// Where the thread of a call says what came of it, once.
#[pyclass(frozen, module = "autosec._autosec", name = "_Answer")]
pub(crate) struct Answer(Mutex<Option<Tell>>);

impl Answer {
    fn new(tell: impl for<'py> FnOnce(Python<'py>, PyResult<Bound<'py, PyAny>>) + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(tell))))
    }

    fn tell(&self, py: Python<'_>, made: PyResult<Bound<'_, PyAny>>) {
        let tell = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tell) = tell {
            tell(py, made);
        }
    }
}

#[pymethods]
impl Answer {
    /// The call came back with this.
    fn done(&self, made: Bound<'_, PyAny>) {
        self.tell(made.py(), Ok(made.clone()));
    }

    /// The call raised this.
    fn failed(&self, raised: Bound<'_, PyBaseException>) {
        self.tell(raised.py(), Err(PyErr::from_value(raised.clone().into_any())));
    }
}
