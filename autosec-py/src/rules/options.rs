use std::collections::BTreeMap;
use std::path::PathBuf;

use autosec_core::event::{Kind, Schema};
use autosec_core::rule::{LogSourceRouting, RuleSetBuilder, SIGMA_TO_ECS};
use autosec_core::time::human;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::source::{self, Source};
use crate::error;

/// What a set may be told besides its sources.
#[derive(Debug, Default)]
pub(super) struct Options {
    fields: BTreeMap<String, String>,
    placeholders: BTreeMap<String, Vec<String>>,
    pipelines: Vec<PathBuf>,
    ecs: bool,
    route_by: Option<(String, String, String)>,
    lateness: Option<String>,
    keys_per_rule: Option<usize>,
    memory: Option<usize>,
    rule_limit: Option<usize>,
    seed: Option<u64>,
    resume: Option<Vec<u8>>,
}

impl Options {
    /// The options of keyword arguments.
    ///
    /// # Errors
    /// There is no option of a name, or a value is of another type.
    pub(super) fn read(given: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut options = Self::default();
        for (name, value) in given.into_iter().flatten().filter(|(_, value)| !value.is_none()) {
            let name = name.extract::<String>()?;
            options.set(&name, &value).map_err(|wrong| error::about(&name, wrong, value.py()))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match name {
            "fields" => self.fields = value.extract()?,
            "placeholders" => self.placeholders = value.extract()?,
            "pipelines" => self.pipelines = value.extract()?,
            "ecs" => self.ecs = value.extract()?,
            "route_by" => self.route_by = Some(value.extract()?),
            "lateness" => self.lateness = Some(value.extract()?),
            "keys_per_rule" => self.keys_per_rule = Some(value.extract()?),
            "memory" => self.memory = Some(value.extract()?),
            "rule_limit" => self.rule_limit = Some(value.extract()?),
            "seed" => self.seed = Some(value.extract()?),
            "resume" => self.resume = Some(value.extract()?),
            other => {
                let message = format!("RuleSet() got an unexpected keyword argument '{other}'");
                return Err(PyTypeError::new_err(message));
            }
        }
        Ok(())
    }

    /// A schema and the fields that the host adds.
    pub(super) fn schema(&self, py: Python<'_>, schema: Schema) -> PyResult<Schema> {
        schema_with(py, schema, &self.fields)
    }

    /// Tells a builder the rest.
    pub(super) fn tune<'s>(
        self,
        py: Python<'_>,
        mut builder: RuleSetBuilder<'s>,
    ) -> PyResult<RuleSetBuilder<'s>> {
        for path in &self.pipelines {
            let Source { name, text } =
                source::read(path).map_err(|wrong| error::config(py, wrong.to_string()))?;
            builder = builder.sigma_pipeline(name, text);
        }
        if self.ecs {
            builder = builder.sigma_pipeline("ecs.yml", SIGMA_TO_ECS);
        }
        if let Some((category, product, service)) = self.route_by {
            builder = builder.route_by_logsource(LogSourceRouting::by_fields(category, product, service));
        }
        if let Some(lateness) = self.lateness {
            let lateness = human::parse(&lateness).map_err(|wrong| error::config(py, wrong.to_string()))?;
            builder = builder.lateness(lateness);
        }
        builder = self.keys_per_rule.into_iter().fold(builder, RuleSetBuilder::keys_per_rule);
        builder = self.memory.into_iter().fold(builder, RuleSetBuilder::memory);
        builder = self.rule_limit.into_iter().fold(builder, RuleSetBuilder::rule_limit);
        builder = self.seed.into_iter().fold(builder, RuleSetBuilder::seed);
        if let Some(snapshot) = &self.resume {
            builder = builder.resume(snapshot).map_err(|wrong| error::config(py, wrong.to_string()))?;
        }
        let placeholders = self.placeholders.into_iter();
        Ok(placeholders.fold(builder, |builder, (name, values)| builder.placeholder(name, values)))
    }
}

/// A schema and other fields, each with the name of its kind.
pub(crate) fn schema_with(
    py: Python<'_>,
    mut schema: Schema,
    fields: &BTreeMap<String, String>,
) -> PyResult<Schema> {
    for (name, kind) in fields {
        let added = schema.add(name, kind_of(py, kind)?);
        added.map_err(|wrong| error::config(py, wrong.to_string()))?;
    }
    Ok(schema)
}

fn kind_of(py: Python<'_>, kind: &str) -> PyResult<Kind> {
    Ok(match kind {
        "address" => Kind::Address,
        "boolean" => Kind::Boolean,
        "float" => Kind::Float,
        "integer" => Kind::Integer,
        "text" => Kind::Text,
        other => {
            let message = format!("`{other}` is no kind: use address, boolean, float, integer or text");
            return Err(error::config(py, message));
        }
    })
}
