use autosec_core::engine;
use autosec_core::time::Timestamp;
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PySlice;

use super::Verdict;

/// The verdicts of many events, in their order. Of a quiet one it keeps the time alone; the others are kept whole.
#[pyclass(frozen, sequence, module = "autosec")]
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    times: Vec<Option<Timestamp>>,
    /// With something found or at fault, by the number of the event, ascending.
    told: Vec<(usize, engine::Verdict)>,
    unread: Vec<Unread>,
}

/// An event that could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    /// The number of the event, from 0.
    pub(crate) index: usize,
    /// Whether it is beyond a limit.
    pub(crate) limit: bool,
    /// What is wrong.
    pub(crate) message: String,
    /// A stable name of what is wrong.
    pub(crate) code: &'static str,
    /// Where.
    pub(crate) place: String,
}

impl Unread {
    pub(crate) fn exception(&self, py: Python<'_>) -> PyErr {
        crate::error::event(py, self.limit, &self.message, self.code, &self.place)
    }
}

impl Verdicts {
    /// Adds the verdict of the next event.
    pub(crate) fn push(&mut self, verdict: engine::Verdict) {
        self.times.push(Some(verdict.time));
        if !verdict.is_quiet() || !verdict.faults.is_empty() {
            self.told.push((self.times.len() - 1, verdict));
        }
    }

    /// Takes note that the next event could not be read.
    pub(crate) fn push_unread(&mut self, unread: Unread) {
        self.times.push(None);
        self.unread.push(unread);
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn unread(&self) -> &[Unread] {
        &self.unread
    }

    fn at(&self, index: usize) -> Option<Verdict> {
        let time = (*self.times.get(index)?)?;
        let told = self.told.binary_search_by_key(&index, |(index, _)| *index).ok();
        let mut quiet = engine::Verdict::default();
        quiet.time = time;
        let verdict = told.and_then(|at| self.told.get(at)).map_or(quiet, |(_, told)| told.clone());
        Some(Verdict::from(verdict))
    }
}

#[pymethods]
impl Verdicts {
    fn __len__(&self) -> usize {
        self.times.len()
    }

    /// The verdict of this event; `None` if it could not be read. Of a slice a list of them.
    fn __getitem__<'py>(&self, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = index.py();
        if let Ok(slice) = index.cast::<PySlice>() {
            let indices = slice.indices(self.times.len().cast_signed())?;
            let each = (0..indices.slicelength).map(|step| indices.start + step.cast_signed() * indices.step);
            let each = each.map(|index| self.at(index.cast_unsigned()));
            return each.collect::<Vec<_>>().into_pyobject(py);
        }
        let index = index.extract::<isize>()?;
        let from_end = if index < 0 { self.times.len().cast_signed() } else { 0 };
        let index = usize::try_from(index + from_end).ok().filter(|index| *index < self.times.len());
        let index = index.ok_or_else(|| PyIndexError::new_err("no event has this number"))?;
        self.at(index).into_bound_py_any(py)
    }

    /// The number of each event about which there is something to say, with its verdict.
    #[getter]
    fn told(&self) -> Vec<(usize, Verdict)> {
        self.told.iter().map(|(index, verdict)| (*index, Verdict::from(verdict.clone()))).collect()
    }

    /// The number of each event that could not be read, with the exception that says why.
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> Vec<(usize, Bound<'py, PyAny>)> {
        self.unread
            .iter()
            .map(|unread| (unread.index, unread.exception(py).into_value(py).into_bound(py).into_any()))
            .collect()
    }

    /// Every finding, in the order of the events.
    #[getter]
    fn findings<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.each(py, "findings")
    }

    /// Every decision that the guard let pass, in the order of the events.
    #[getter]
    fn decisions<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.each(py, "decisions")
    }

    /// The greatest risk of all, 0 to 1.
    #[getter]
    fn risk(&self) -> f64 {
        self.told.iter().map(|(_, verdict)| verdict.risk().value()).fold(0.0, f64::max)
    }

    fn __repr__(&self) -> String {
        let (events, told, unread) = (self.times.len(), self.told.len(), self.unread.len());
        format!("<Verdicts of {events} events: {told} with something to say, {unread} unread>")
    }

    /// What was found, as a table with a small picture, for notebooks.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("autosec._notebook")?.getattr("verdicts_html")?.call1((slf,))
    }
}

impl Verdicts {
    fn each<'py>(&self, py: Python<'py>, attribute: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut all = Vec::new();
        for (_, verdict) in &self.told {
            let verdict = Bound::new(py, Verdict::from(verdict.clone()))?;
            for found in verdict.getattr(attribute)?.try_iter()? {
                all.push(found?);
            }
        }
        Ok(all)
    }
}
