use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use autosec_core::enforce::{Block, Capabilities, EnforceError, FirewallIntegration, Health, Outcome};
use ipnet::IpNet;
use tokio::sync::Notify;

use super::edition::{Edition, Running};
use super::error::RegistryError;
use super::info::{PluginInfo, PluginState};
use super::metrics::PluginMetrics;
use super::vitals::Vitals;
use crate::plugin::firewall::{capabilities, obstacle};

/// The place of one plugin: a firewall behind which the plugin may change while it is used.
///
/// A call takes what runs at its beginning, and ends with it.
pub(super) struct Slot {
    name: String,
    held: ArcSwap<Held>,
    /// One change at a time.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) vitals: Arc<Vitals>,
    changed: Notify,
}

/// What a slot holds at one moment.
#[derive(Clone)]
struct Held {
    edition: Arc<Edition>,
    running: Option<Arc<Running>>,
    earlier: Option<Arc<Running>>,
    disabled: bool,
}

impl Held {
    /// What is asked, told apart by its place in memory.
    fn runs(&self) -> Option<*const Running> {
        self.running.as_ref().filter(|_| !self.disabled).map(Arc::as_ptr)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Slot {
    pub(super) fn new(name: &str, edition: Edition, vitals: Vitals) -> Self {
        let held = Held { edition: Arc::new(edition), running: None, earlier: None, disabled: false };
        Self {
            name: name.to_owned(),
            held: ArcSwap::from_pointee(held),
            changing: tokio::sync::Mutex::default(),
            vitals: Arc::new(vitals),
            changed: Notify::new(),
        }
    }

    pub(super) fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.held.load().edition)
    }

    pub(super) fn config(&self) -> Option<Arc<str>> {
        self.held.load().running.as_ref().map(|running| Arc::clone(&running.config))
    }

    pub(super) fn is_configured(&self) -> bool {
        self.held.load().running.is_some()
    }

    pub(super) fn running(&self) -> Option<Arc<Running>> {
        self.held.load().running.clone()
    }

    /// From now on this runs. What ran before can be put back if it is another version.
    pub(super) fn run(&self, running: Running, event: &str) {
        let running = Arc::new(running);
        let is_other = |held: &&Arc<Running>| !Arc::ptr_eq(&held.edition, &running.edition);
        self.change(|held| Held {
            edition: Arc::clone(&running.edition),
            running: Some(Arc::clone(&running)),
            earlier: held.running.as_ref().filter(is_other).cloned(),
            disabled: held.disabled,
        });
        self.vitals.tell(event, &running.edition.module.about().version);
    }

    /// A version that was never configured, in place of another.
    pub(super) fn hold(&self, edition: Edition) {
        let edition = Arc::new(edition);
        self.change(|held| Held { edition: Arc::clone(&edition), ..held.clone() });
    }

    pub(super) fn disable(&self, disabled: bool) {
        let before = self.change(|held| Held { disabled, ..held.clone() });
        if before.disabled != disabled {
            self.vitals.tell(if disabled { "disabled" } else { "enabled" }, "");
        }
    }

    /// Puts the earlier version back.
    pub(super) fn go_back(&self, why: &str) -> Result<(), RegistryError> {
        let before = self.change(|held| match &held.earlier {
            Some(earlier) => Held {
                edition: Arc::clone(&earlier.edition),
                running: Some(Arc::clone(earlier)),
                earlier: None,
                disabled: held.disabled,
            },
            None => held.clone(),
        });
        let Some(earlier) = &before.earlier else {
            return Err(RegistryError::NoEarlier { name: self.name.clone() });
        };
        self.vitals.tell("went-back", &format!("to {}{why}", earlier.edition.module.about().version));
        Ok(())
    }

    pub(super) fn info(&self) -> PluginInfo {
        let held = self.held.load();
        let module = &held.edition.module;
        PluginInfo {
            name: self.name.clone(),
            about: module.about().clone(),
            vendor: module.metadata().vendor.clone(),
            state: self.state(&held),
            earlier: held.earlier.as_ref().map(|earlier| earlier.edition.module.about().version.clone()),
        }
    }

    pub(super) fn metrics(&self) -> PluginMetrics {
        self.vitals.metrics(self.held.load().edition.module.memory_peak())
    }

    fn state(&self, held: &Held) -> PluginState {
        if held.running.is_none() {
            return PluginState::Unconfigured;
        }
        if held.disabled {
            return PluginState::Disabled;
        }
        match self.vitals.resting() {
            Some((until, why)) => PluginState::Resting { until, why },
            None => PluginState::Ready,
        }
    }

    /// Changes what is held; gives what was held before.
    fn change(&self, change: impl Fn(&Held) -> Held) -> Arc<Held> {
        let before = self.held.rcu(|held| change(held));
        let now = self.held.load();
        if before.runs() != now.runs() {
            self.vitals.began_anew(now.running.as_ref().map(|running| running.turn));
            // What runs now may hold something else than the ledger says.
            self.changed.notify_one();
        }
        before
    }

    /// What is to be asked, if it is to be.
    fn ready(&self) -> Result<Arc<Running>, EnforceError> {
        let held = self.held.load();
        let absent = |reason: &str| {
            Err(EnforceError::Absent { firewall: self.name.clone(), reason: reason.to_owned() })
        };
        match (self.state(&held), &held.running) {
            (PluginState::Disabled, _) => absent("its plugin is disabled"),
            (PluginState::Resting { until, why }, _) => {
                let after = until.since(self.vitals.clock.now());
                let reason = format!("its plugin crashed too often in a row: {why}");
                Err(EnforceError::Busy { firewall: self.name.clone(), after, reason })
            }
            (_, Some(running)) => Ok(Arc::clone(running)),
            (_, None) => absent("its plugin is not configured"),
        }
    }

    async fn ask<'s, T, F>(&'s self, call: impl FnOnce(Arc<Running>) -> F) -> Result<T, EnforceError>
    where
        F: Future<Output = Result<T, EnforceError>> + 's,
    {
        let answer = call(self.ready()?).await;
        if self.vitals.fell() {
            // A new version that did nothing well; where there is no earlier one, it rests.
            let _ = self.go_back(", because the new version crashed from the start");
        }
        answer
    }
}

#[async_trait]
impl FirewallIntegration for Slot {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        capabilities(self.held.load().edition.module.metadata())
    }

    fn obstacle(&self, target: IpNet) -> Option<String> {
        obstacle(self.held.load().edition.module.metadata(), target)
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.ask(|running| async move { running.firewall.block(blocks).await }).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.ask(|running| async move { running.firewall.unblock(targets).await }).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.ask(|running| async move { running.firewall.blocked().await }).await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        let state = self.state(&self.held.load());
        if let PluginState::Disabled | PluginState::Resting { .. } = state {
            return Ok(Health { enforcing: false, detail: format!("its plugin is {state}") });
        }
        self.ask(|running| async move { running.firewall.health().await }).await
    }

    async fn drift(&self) {
        self.changed.notified().await;
    }
}
