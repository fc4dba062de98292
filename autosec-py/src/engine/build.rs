//! From what a host hands to `Engine(…)` to an engine of core.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use autosec_core::engine::{EngineBuilder, EngineConfig};
use autosec_core::entity::Entity;
use autosec_core::event::Schema;
use autosec_core::net::network;
use autosec_core::store::FileStore;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::behavior::Behavior;
use crate::detect::ModelDetector;
use crate::error;
use crate::extend::{Held, PyDetector, PyStore};
use crate::intel::Indicators;
use crate::log::Log;
use crate::plugin::PluginFirewall;
use crate::rules::{LiveRules, RuleSet};

/// The largest file of settings.
const LARGEST: usize = 1 << 20;

/// An engine as far as it is put together.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) builder: EngineBuilder,
    pub(super) schema: Schema,
    /// What of it is written in Python.
    pub(super) held: Vec<Held>,
}

impl Parts {
    /// Parts with these detectors, in their order.
    pub(super) fn new(builder: EngineBuilder, detectors: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let mut parts = Self { builder, schema: schema(detectors)?, held: Vec::new() };
        for detector in detectors {
            parts.add(&detector)?;
        }
        Ok(parts)
    }

    fn add(&mut self, detector: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = detector.py();
        let builder = std::mem::take(&mut self.builder);
        self.builder = if let Ok(rules) = detector.cast::<RuleSet>() {
            builder.detector(Arc::clone(rules.get().usable(py)?))
        } else if let Ok(rules) = detector.cast::<LiveRules>() {
            builder.detector(rules.get().detector(py)?)
        } else if let Ok(indicators) = detector.cast::<Indicators>() {
            builder.detector(Arc::clone(indicators.get().index(py)?))
        } else if let Ok(behavior) = detector.cast::<Behavior>() {
            builder.detector(Arc::clone(behavior.get().analyzer(py)?))
        } else if let Ok(model) = detector.cast::<ModelDetector>() {
            builder.detector(model.get().detector(py)?)
        } else if detector.hasattr("detect")? && detector.hasattr("fields")? {
            let own = PyDetector::new(detector, &mut self.schema)?;
            self.held.push(Held::clone(own.object()));
            builder.detector(own)
        } else {
            return Err(unknown(detector)?);
        };
        Ok(())
    }
}

fn unknown(detector: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let name = detector.get_type().name()?;
    let message = format!(
        "`{name}` is no detector: give a RuleSet, LiveRules, Indicators, Behavior, a ModelDetector or a subclass of Detector"
    );
    Ok(pyo3::exceptions::PyTypeError::new_err(message))
}

/// The schema that all rule sets and models share: each must have been built from the fields of the one before it.
fn schema(detectors: &Bound<'_, PyTuple>) -> PyResult<Schema> {
    let mut widest = Schema::ecs();
    for detector in detectors {
        let own = if let Ok(rules) = detector.cast::<RuleSet>() {
            rules.get().rules().schema()
        } else if let Ok(rules) = detector.cast::<LiveRules>() {
            rules.get().schema()
        } else if let Ok(model) = detector.cast::<ModelDetector>() {
            model.get().fields()
        } else {
            continue;
        };
        let (wide, narrow) =
            if own.fields().count() < widest.fields().count() { (&widest, own) } else { (own, &widest) };
        if !narrow.fields().zip(wide.fields()).all(|(one, other)| one == other) {
            let message = "two detectors name fields of their own in different orders: load rules as one RuleSet, and give \
                           all the same `fields`";
            return Err(error::config(detector.py(), message));
        }
        widest = wide.clone();
    }
    Ok(widest)
}

/// Adds a store: a folder, or one written in Python.
pub(super) fn store(
    builder: EngineBuilder,
    given: &Bound<'_, PyAny>,
    held: &mut Vec<Held>,
) -> PyResult<EngineBuilder> {
    if given.hasattr("append")? && given.hasattr("replace")? && !given.is_instance_of::<PyString>() {
        let own = PyStore::new(given);
        held.push(Held::clone(own.object()));
        return Ok(builder.store(own));
    }
    let folder = given.extract::<PathBuf>()?;
    let opened = FileStore::open(folder).map_err(|wrong| error::config(given.py(), error::chain(&wrong)))?;
    Ok(builder.store(opened))
}

/// Leaves plugins among the firewalls time to be ended at their own deadlines; gives what tells of them.
pub(super) fn plugins(firewalls: &[Bound<'_, PyAny>], settings: &mut EngineConfig) -> Vec<Log> {
    let plugins = firewalls.iter().filter_map(|firewall| firewall.cast::<PluginFirewall>().ok());
    let log = |plugin: &Bound<'_, PluginFirewall>| {
        settings.enforcement = plugin.get().timeouts(std::mem::take(&mut settings.enforcement));
        plugin.get().log()
    };
    plugins.map(log).collect()
}

/// Settings from a dict, or from a file of YAML or JSON.
pub(super) fn config(given: &Bound<'_, PyAny>) -> PyResult<EngineConfig> {
    let py = given.py();
    let (name, text) = if given.is_instance_of::<PyDict>() {
        let json = py.import("json")?.getattr("dumps")?.call1((given,))?;
        ("config".to_owned(), json.extract::<String>()?)
    } else {
        let path = given.extract::<PathBuf>()?;
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_string(&mut text));
        read.map_err(|wrong| error::config(py, format!("`{}`: {wrong}", path.display())))?;
        (path.display().to_string(), text)
    };
    if text.len() > LARGEST {
        return Err(error::plain(py, "LimitError", format!("settings `{name}` are larger than 1 MiB")));
    }
    EngineConfig::parse(&name, &text).map_err(|wrong| error::config(py, wrong.to_string()))
}

/// Whom an entry of an allowlist names: an address or a prefix, `host:NAME` or `user:NAME`.
pub(super) fn entity(given: &Bound<'_, PyAny>) -> PyResult<Entity> {
    let text = given.str()?;
    let text = text.to_str()?;
    if let Some(name) = text.strip_prefix("user:").filter(|_| given.is_instance_of::<PyString>()) {
        return Ok(Entity::User(name.into()));
    }
    if let Some(name) = text.strip_prefix("host:").filter(|_| given.is_instance_of::<PyString>()) {
        return Ok(Entity::Host(name.into()));
    }
    network(text).map(Entity::from).map_err(|wrong| error::config(given.py(), wrong.to_string()))
}
