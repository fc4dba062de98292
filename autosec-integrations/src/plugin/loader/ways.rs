use std::collections::BTreeMap;
use std::sync::Arc;

use autosec_core::observe::Observer;
use autosec_core::time::{Clock, SystemClock};

use crate::plugin::gate::{Gate, PluginStore, Random, SystemRandom};
use crate::plugin::manifest::Capabilities;
use crate::secret::{FixedSecrets, SecretSource};
use crate::transport::{CommandRunner, HttpClient, Resolver, Shell, SystemResolver};

/// The ways out that this host has, for all its plugins.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    pub(super) client: Option<Arc<dyn HttpClient>>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) commands: Option<Arc<dyn CommandRunner>>,
    /// By plugin and session.
    pub(super) shells: BTreeMap<(String, String), Arc<dyn Shell>>,
    /// By the name of a configuration, and session.
    pub(super) own_shells: BTreeMap<(String, String), Arc<dyn Shell>>,
    pub(super) secrets: Arc<dyn SecretSource>,
    /// By the name of a configuration.
    pub(super) own_secrets: BTreeMap<String, Arc<dyn SecretSource>>,
    pub(super) store: PluginStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            client: None,
            resolver: Arc::new(SystemResolver),
            commands: None,
            shells: BTreeMap::new(),
            own_shells: BTreeMap::new(),
            secrets: Arc::new(FixedSecrets::default()),
            own_secrets: BTreeMap::new(),
            store: PluginStore::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::default()),
        }
    }
}

impl Ways {
    /// The gate of the plugin that is configured under this name.
    pub(super) fn gate(&self, name: &str, capabilities: Capabilities, observer: Arc<dyn Observer>) -> Gate {
        let plugin = capabilities.plugin().to_owned();
        let mut gate = Gate::builder(capabilities)
            .name(name)
            .resolver(Arc::clone(&self.resolver))
            .secrets(Arc::clone(self.own_secrets.get(name).unwrap_or(&self.secrets)))
            .store(self.store.clone())
            .clock(Arc::clone(&self.clock))
            .random(Arc::clone(&self.random))
            .observer(observer);
        if let Some(client) = &self.client {
            gate = gate.client(Arc::clone(client));
        }
        if let Some(commands) = &self.commands {
            gate = gate.commands(Arc::clone(commands));
        }
        let shared = self.shells.iter().filter(|((owner, _), _)| *owner == plugin);
        let own = self.own_shells.iter().filter(|((owner, _), _)| owner == name);
        // Its own come last: they take the place of those that all of the plugin's configurations share.
        for ((_, session), shell) in shared.chain(own) {
            gate = gate.shell(session.clone(), Arc::clone(shell));
        }
        gate.build()
    }
}
