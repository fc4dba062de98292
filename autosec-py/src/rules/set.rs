use std::path::PathBuf;
use std::sync::Arc;

use autosec_core::event::Schema;
use autosec_core::finding::Detector;
use autosec_core::rule;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::list::list;
use super::load::{Sources, load};
use super::options::Options;
use super::source::Source;
use crate::backtest::{Trial, backtest};
use crate::convert::to_python;
use crate::error;
use crate::event::fallback;
use crate::guard::{Birth, detached};

/// Rules that are ready: native ones, Sigma's, the starter pack. What is wrong with one is said when it is loaded.
#[pyclass(frozen, module = "autosec")]
#[derive(Debug)]
pub(crate) struct RuleSet {
    rules: Arc<rule::RuleSet>,
    refused: Vec<rule::Diagnostic>,
    birth: Birth,
}

impl RuleSet {
    pub(crate) fn rules(&self) -> &Arc<rule::RuleSet> {
        &self.rules
    }

    /// The rules, for work that their locks take part in.
    pub(crate) fn usable(&self, py: Python<'_>) -> PyResult<&Arc<rule::RuleSet>> {
        self.birth.check(py)?;
        Ok(&self.rules)
    }
}

#[pymethods]
impl RuleSet {
    /// Loads rules from files and folders, a text, the starter pack, or all of them.
    #[new]
    #[pyo3(signature = (*paths, text=None, name="rules.yaml", starter=false, lists=None, lenient=false, **options))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        text: Option<String>,
        name: &str,
        starter: bool,
        lists: Option<&Bound<'_, PyDict>>,
        lenient: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let options = Options::read(options)?;
        let schema = options.schema(py, Schema::ecs())?;
        let text = text.map(|text| Source { name: name.to_owned(), text });
        let loaded = load(py, Sources { paths, text, starter, lenient }, lists, options, &schema)?;
        Ok(Self { rules: Arc::new(loaded.rules), refused: loaded.refused, birth: Birth::now() })
    }

    /// How many rules there are.
    fn __len__(&self) -> usize {
        self.rules.rules().count() + self.rules.sigma_rules().count()
    }

    fn __repr__(&self) -> String {
        let (native, sigma) = (self.rules.rules().count(), self.rules.sigma_rules().count());
        format!("<RuleSet of {native} native and {sigma} Sigma rules, {} refused>", self.refused.len())
    }

    /// The rules that were left out, each with what is wrong with it; only of a set that was loaded leniently.
    #[getter]
    fn refused<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.refused.iter().map(|diagnostic| error::rule(py, diagnostic, Vec::new())).collect()
    }

    /// The ids of the rules, native ones first.
    #[getter]
    fn ids(&self) -> Vec<String> {
        ids(&self.rules)
    }

    /// By which fields each rule that remembers events tells them apart, by its id: one key, or one for each part of it
    /// that has names of its own.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let told = PyDict::new(py);
        for (id, keys) in self.rules.keys() {
            let keys = keys.into_iter().map(|key| PyTuple::new(py, key)).collect::<PyResult<Vec<_>>>()?;
            told.set_item(id, PyTuple::new(py, keys)?)?;
        }
        Ok(told)
    }

    /// The names of the fields that the rules read.
    #[getter]
    fn fields(&self) -> Vec<String> {
        let (wanted, schema) = (self.rules.fields(), self.rules.schema());
        let read = schema.fields().filter(|(field, ..)| wanted.contains(*field));
        read.map(|(_, name, _)| name.to_owned()).collect()
    }

    /// Gives a named list other members, while events are looked at.
    fn replace_list(&self, name: &str, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let replaced = self.usable(values.py())?.replace_list(name, list(name, values)?);
        replaced.map_err(|wrong| error::config(values.py(), error::in_python(&wrong.to_string())))
    }

    /// Runs the tests that stand in the rules: how many passed, what failed and why, which rules have none.
    fn test<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let report = detached(py, || self.rules.test());
        let failures = report.failures.iter().map(|failure| {
            serde_json::json!({ "rule": failure.rule, "test": failure.test, "detail": failure.detail })
        });
        let made = serde_json::json!({
            "passed": report.passed(), "passes": report.passes,
            "failures": failures.collect::<Vec<_>>(), "untested": report.untested,
        });
        to_python(py, &made)
    }

    /// Tries the rules on a log (a path, bytes, or events), and says what each finds; `against` others, what those find
    /// more and less. What is counted begins anew.
    #[pyo3(signature = (log, /, *, against=None, samples=5, profile=0, at=None, progress=None))]
    fn backtest<'py>(
        &self,
        log: &Bound<'py, PyAny>,
        against: Option<&Bound<'py, Self>>,
        samples: usize,
        profile: usize,
        at: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = log.py();
        let against = against.map(|other| &**other.get().rules());
        let trial = Trial { rules: &self.rules, against, samples, profile, at: fallback(at)? };
        let report = backtest(log, &trial, progress)?;
        let made = serde_json::to_value(&report).map_err(|wrong| error::config(py, wrong.to_string()))?;
        let make = py.import("autosec._records")?.getattr("backtest")?;
        make.call1((to_python(py, &made)?, report.to_string()))
    }

    /// What the rules remember of the events they saw, as bytes for `restore` or `merge`.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let rules = self.usable(py)?;
        Ok(PyBytes::new(py, &detached(py, || rules.snapshot())))
    }

    /// Takes over what a snapshot remembers: how many rules did; in place of what they remember now.
    fn restore(&self, py: Python<'_>, snapshot: &[u8]) -> PyResult<usize> {
        let rules = self.usable(py)?;
        let restored = detached(py, || rules.restore(snapshot));
        restored.map(|restored| restored.rules).map_err(|wrong| error::config(py, wrong.to_string()))
    }

    /// Adds what a snapshot of another shard remembers: how many rules did.
    fn merge(&self, py: Python<'_>, snapshot: &[u8]) -> PyResult<usize> {
        let rules = self.usable(py)?;
        let merged = detached(py, || rules.merge(snapshot));
        merged.map(|merged| merged.rules).map_err(|wrong| error::config(py, wrong.to_string()))
    }
}

/// The ids of rules, native ones first.
pub(super) fn ids(rules: &rule::RuleSet) -> Vec<String> {
    let native = rules.rules().map(|rule| rule.id.clone());
    native.chain(rules.sigma_rules().map(|rule| rule.id.clone())).collect()
}
