//! One version of a plugin, checked, and one of it that runs.

use std::sync::Arc;

use serde_json::Value;

use super::error::RegistryError;
use super::module::{Configured, Module};
use super::schema::Schema;
use super::vitals::Vitals;
use super::watch::Watch;
use crate::plugin::firewall::{MetadataError, PluginFirewall};

/// The largest configuration, in bytes.
const CONFIG_LIMIT: usize = 64 << 10;

/// A module that says of itself what can be meant.
#[derive(Debug)]
pub(super) struct Edition {
    pub(super) module: Arc<dyn Module>,
    schema: Schema,
}

/// An edition with a configuration. It has no `Debug`: the configuration may hold secrets.
pub(super) struct Running {
    pub(super) edition: Arc<Edition>,
    pub(super) config: Arc<str>,
    pub(super) firewall: PluginFirewall,
    /// Which of all that ever ran in its place.
    pub(super) turn: u64,
}

impl Edition {
    pub(super) fn new(module: Arc<dyn Module>) -> Result<Self, RegistryError> {
        let id = module.about().id.clone();
        let claims = &module.metadata().name;
        if *claims != id {
            let claims = claims.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(RegistryError::Identity { id, claims });
        }
        let schema = Schema::parse(module.config_schema());
        let schema = schema.map_err(|source| RegistryError::Schema { id: id.clone(), source })?;
        crate::plugin::firewall::check(module.metadata()).map_err(|source| metadata(&id, source))?;
        Ok(Self { module, schema })
    }

    /// Makes it run; nothing that runs already is touched.
    pub(super) async fn configure(
        self: &Arc<Self>,
        name: &str,
        config: Arc<str>,
        vitals: &Arc<Vitals>,
    ) -> Result<Running, RegistryError> {
        self.check(name, &config)?;
        let observer = Arc::clone(vitals);
        let configured = self.module.configure(name, &config, observer).await;
        let Configured { guest, deadline } =
            configured.map_err(|source| RegistryError::Configure { name: name.to_owned(), source })?;
        let turn = vitals.next_turn();
        let watch = Arc::new(Watch::new(guest, Arc::clone(vitals), turn));
        let firewall = PluginFirewall::new(name, watch);
        let firewall = firewall.map_err(|source| metadata(&self.module.about().id, source))?;
        let firewall = firewall.with_deadline(deadline).with_clock(Arc::clone(&vitals.clock));
        Ok(Running { edition: Arc::clone(self), config, firewall, turn })
    }

    fn check(&self, name: &str, config: &str) -> Result<(), RegistryError> {
        let name = name.to_owned();
        if config.len() > CONFIG_LIMIT {
            return Err(RegistryError::Json { name, why: "larger than 64 KiB".to_owned() });
        }
        let value: Value = match serde_json::from_str(config) {
            Ok(value) => value,
            Err(error) => {
                // The reader's own words would show parts of it.
                let why = format!("no JSON at line {}, column {}", error.line(), error.column());
                return Err(RegistryError::Json { name, why });
            }
        };
        let mistakes = self.schema.mistakes(&value);
        if mistakes.is_empty() { Ok(()) } else { Err(RegistryError::Configuration { name, mistakes }) }
    }
}

fn metadata(id: &str, source: MetadataError) -> RegistryError {
    RegistryError::Metadata { id: id.to_owned(), source }
}
