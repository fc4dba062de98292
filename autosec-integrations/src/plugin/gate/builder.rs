use std::collections::BTreeMap;
use std::sync::Arc;

use autosec_core::observe::{Observer, Silent};
use autosec_core::time::{Clock, SystemClock};

use super::Gate;
use super::budget::Budget;
use super::counts::Counters;
use super::random::{Random, SystemRandom};
use super::store::PluginStore;
use crate::plugin::manifest::Capabilities;
use crate::secret::{FixedSecrets, SecretSource};
use crate::transport::{CommandRunner, HttpClient, Resolver, Shell, SystemResolver};

/// What a [`Gate`] is made of. What is not given is not there: without an HTTP client, a command runner or shells the plugin
/// is told that the host has no such way.
#[derive(Debug)]
pub struct GateBuilder {
    gate: Gate,
}

impl GateBuilder {
    pub(super) fn new(capabilities: Capabilities) -> Self {
        let budget = Budget::new(capabilities.limits().clone());
        Self {
            gate: Gate {
                name: capabilities.plugin().to_owned(),
                capabilities,
                budget,
                counts: Counters::default(),
                client: None,
                resolver: Arc::new(SystemResolver),
                commands: None,
                shells: BTreeMap::new(),
                secrets: Arc::new(FixedSecrets::default()),
                store: PluginStore::default(),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom::default()),
                observer: Arc::new(Silent),
            },
        }
    }

    /// Calls what it is the gate of so: in records of denials and logs, and where its values are kept, so that two
    /// configurations of one plugin have values of their own. By default it is the plugin's id.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.gate.name = name.into();
        self
    }

    /// Sends requests with this client, which has to be able to [send to an address](HttpClient::send_to).
    #[must_use]
    pub fn client(mut self, client: Arc<dyn HttpClient>) -> Self {
        self.gate.client = Some(client);
        self
    }

    /// Resolves names with this; by default as the machine does.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.gate.resolver = resolver;
        self
    }

    /// Runs programs with this.
    #[must_use]
    pub fn commands(mut self, commands: Arc<dyn CommandRunner>) -> Self {
        self.gate.commands = Some(commands);
        self
    }

    /// Opens sessions of this name with this shell.
    #[must_use]
    pub fn shell(mut self, session: impl Into<String>, shell: Arc<dyn Shell>) -> Self {
        self.gate.shells.insert(session.into(), shell);
        self
    }

    /// Takes secrets from here; by default there are none.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn SecretSource>) -> Self {
        self.gate.secrets = secrets;
        self
    }

    /// Keeps the plugin's values here, under the gate's [name](Self::name); by default in memory.
    #[must_use]
    pub fn store(mut self, store: PluginStore) -> Self {
        self.gate.store = store;
        self
    }

    /// Tells the time by this clock; by default by the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.gate.clock = clock;
        self
    }

    /// Draws numbers from here; by default from what the machine has.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.gate.random = random;
        self
    }

    /// Tells this of what was denied, and of what the plugin logs; by default nobody.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.gate.observer = observer;
        self
    }

    /// The gate.
    pub fn build(self) -> Gate {
        self.gate
    }
}
