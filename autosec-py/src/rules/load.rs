//! From what a host hands in to rules that are ready.

use std::io;
use std::path::PathBuf;

use autosec_core::event::Schema;
use autosec_core::rule;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::list::list;
use super::options::Options;
use super::source::{self, Source};
use crate::error;
use crate::guard::{detached, entered};
use crate::patience::Patience;

/// Where rules come from.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) paths: Vec<PathBuf>,
    pub(super) text: Option<Source>,
    pub(super) starter: bool,
    /// Whether rules that are wrong are left out, and not the whole set refused.
    pub(super) lenient: bool,
}

/// The rules of these sources, with these lists and options, over the fields of a schema.
pub(super) fn load(
    py: Python<'_>,
    sources: Sources,
    lists: Option<&Bound<'_, PyDict>>,
    options: Options,
    schema: &Schema,
) -> PyResult<rule::Loaded> {
    let Sources { paths, text, starter, lenient } = sources;
    if paths.is_empty() && text.is_none() && !starter {
        let message = "there are no rules to load: give paths, `text=` or `starter=True`";
        return Err(error::config(py, message));
    }
    let mut builder = rule::RuleSet::builder(schema);
    for (name, values) in lists.into_iter().flatten() {
        let name = name.extract::<String>()?;
        let values = list(&name, &values)?;
        builder = builder.list(name, values);
    }
    let builder = options.tune(py, builder)?;
    let patience = Patience::new();
    let work = || -> io::Result<_> {
        let mut builder = if starter { builder.starter() } else { builder };
        for path in paths {
            let sources = source::at(&path, &patience)?;
            builder = sources.into_iter().fold(builder, |builder, source| source.add(builder));
        }
        let builder = text.into_iter().fold(builder, |builder, source| source.add(builder));
        let builder = builder.watched(|| patience.go_on());
        Ok(if lenient { Ok(builder.build_lenient()) } else { builder.build().map_err(Box::new).map(whole) })
    };
    let loaded = entered(py, || detached(py, work))?;
    let loaded = loaded.map_err(|wrong| error::config(py, wrong.to_string()))?;
    loaded.map_err(|errors| error::rules(py, &errors))
}

fn whole(rules: rule::RuleSet) -> rule::Loaded {
    let mut loaded = rule::RuleSet::builder(&Schema::ecs()).build_lenient();
    (loaded.rules, loaded.refused) = (rules, Vec::new());
    loaded
}
