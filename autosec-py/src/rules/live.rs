use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use autosec_core::event::{Event, FieldMask, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

use super::load::{Sources, load};
use super::options::Options;
use super::source::Source;
use crate::convert::to_python;
use crate::error;
use crate::guard::{Birth, detached};

/// Rules that are replaced while engines look at events by them: no event waits, and rules that count the same go on.
#[pyclass(frozen, subclass, module = "autosec._autosec")]
#[derive(Debug)]
pub(crate) struct LiveRules {
    watching: Watching,
    schema: Schema,
    refused: Mutex<Vec<rule::Diagnostic>>,
    birth: Birth,
}

/// The rules as an engine has them: it reads fields for later rules too.
#[derive(Clone, Debug)]
struct Watching {
    rules: Arc<rule::LiveRules>,
    later: FieldMask,
}

impl LiveRules {
    pub(crate) fn detector(&self, py: Python<'_>) -> PyResult<impl Detector + 'static> {
        self.birth.check(py)?;
        Ok(self.watching.clone())
    }

    /// The fields of the rules that came first, which all later ones share.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }
}

impl Detector for Watching {
    fn name(&self) -> &str {
        self.rules.name()
    }

    fn fields(&self) -> FieldMask {
        let mut fields = self.rules.fields();
        fields.union(&self.later);
        fields
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        self.rules.detect(event, findings);
    }
}

#[pymethods]
impl LiveRules {
    /// Loads rules as `RuleSet` does. `reads` are fields that engines read from the start on, for rules that come later.
    #[new]
    #[pyo3(signature = (*paths, text=None, name="rules.yaml", starter=false, lists=None, lenient=false, reads=None, **options))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        paths: Vec<PathBuf>,
        text: Option<String>,
        name: &str,
        starter: bool,
        lists: Option<&Bound<'_, PyDict>>,
        lenient: bool,
        reads: Option<Vec<String>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let options = Options::read(options)?;
        let schema = options.schema(py, Schema::ecs())?;
        let text = text.map(|text| Source { name: name.to_owned(), text });
        let loaded = load(py, Sources { paths, text, starter, lenient }, lists, options, &schema)?;
        let schema = loaded.rules.schema().clone();
        let mut later = FieldMask::default();
        for name in reads.unwrap_or_default() {
            let field = schema.field(&name).ok_or_else(|| {
                let name: String = name.chars().take(64).collect();
                error::config(py, format!("`reads` names `{name}`, which is no field: add it by `fields`"))
            })?;
            later.insert(field);
        }
        let rules = Arc::new(rule::LiveRules::new(loaded.rules));
        let watching = Watching { rules, later };
        Ok(Self { watching, schema, refused: Mutex::new(loaded.refused), birth: Birth::now() })
    }

    /// Puts other rules in place of the current ones, and says what became of each. Events go on meanwhile: each is looked at
    /// by one set, the old or the new one.
    #[pyo3(signature = (*paths, text=None, name="rules.yaml", starter=false, lists=None, lenient=false, **options))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn replace<'py>(
        &self,
        py: Python<'py>,
        paths: Vec<PathBuf>,
        text: Option<String>,
        name: &str,
        starter: bool,
        lists: Option<&Bound<'_, PyDict>>,
        lenient: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.birth.check(py)?;
        let options = Options::read(options)?;
        let schema = options.schema(py, self.watching.rules.current().schema().clone())?;
        let text = text.map(|text| Source { name: name.to_owned(), text });
        let loaded = load(py, Sources { paths, text, starter, lenient }, lists, options, &schema)?;
        let reloaded = detached(py, || self.watching.rules.replace(loaded.rules));
        let mut reloaded = reloaded.map_err(|wrong| error::config(py, wrong.to_string()))?;
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = loaded.refused;
        let read_already =
            |name: &String| self.schema.field(name).is_some_and(|field| self.watching.later.contains(field));
        reloaded.new_fields.retain(|name| !read_already(name));
        let mut made = serde_json::to_value(&reloaded).unwrap_or_default();
        if let Value::Object(members) = &mut made {
            members.insert("text".to_owned(), reloaded.to_string().into());
        }
        py.import("autosec._records")?.getattr("reloaded")?.call1((to_python(py, &made)?,))
    }

    /// How many rules there are now.
    fn __len__(&self) -> usize {
        let rules = self.watching.rules.current();
        rules.rules().count() + rules.sigma_rules().count()
    }

    /// The ids of the rules there are now, native ones first.
    #[getter]
    fn ids(&self) -> Vec<String> {
        super::set::ids(&self.watching.rules.current())
    }

    /// The rules that were left out when the current ones were loaded leniently, each with what is wrong with it.
    #[getter]
    fn refused<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        refused.iter().map(|diagnostic| error::rule(py, diagnostic, Vec::new())).collect()
    }

    fn __repr__(&self) -> String {
        format!("<LiveRules of {} rules>", self.__len__())
    }
}
