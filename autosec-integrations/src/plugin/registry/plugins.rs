use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use autosec_core::enforce::{Block, EnforceConfig, EnforceError, FirewallIntegration, Health};
use autosec_core::observe::{Observer, Silent};
use autosec_core::time::{Clock, SystemClock};
use tokio::task::JoinSet;

use super::edition::Edition;
use super::error::RegistryError;
use super::info::{PluginInfo, PluginState};
use super::metrics::PluginMetrics;
use super::module::{About, Module};
use super::rest::RestConfig;
use super::slot::Slot;
use super::vitals::Vitals;
use crate::plugin::firewall::Plan;

/// What a call takes beside the plugin's own time: a short pause before it, and a fresh instance after it.
const SPARE: Duration = Duration::from_secs(2);

/// The plugins of a host, each under a name of its own.
///
/// Clones share them.
#[derive(Clone, Debug, Default)]
pub struct PluginRegistry {
    settings: Arc<Settings>,
    seats: Arc<RwLock<BTreeMap<String, Seat>>>,
}

/// What all plugins of a registry share.
#[derive(Debug)]
pub struct Settings {
    /// When a plugin that crashes is left alone.
    pub rest: RestConfig,
    /// The time that blocks end by; default the system's. It should be the engine's.
    pub clock: Arc<dyn Clock>,
    /// Who is told what happens to plugins; default nobody.
    pub observer: Arc<dyn Observer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rest: RestConfig::default(), clock: Arc::new(SystemClock), observer: Arc::new(Silent) }
    }
}

/// How one plugin says its device is.
#[derive(Debug)]
pub struct PluginHealth {
    /// The plugin's name.
    pub name: String,
    /// What it says.
    pub health: Result<Health, EnforceError>,
}

#[derive(Clone, Debug)]
enum Seat {
    Taken(Arc<Slot>),
    Refused(About, String),
}

impl PluginRegistry {
    /// A registry without plugins.
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), seats: Arc::default() }
    }

    /// Takes a plugin in, under a name that its firewall will have; it has to be configured before it is asked for anything.
    ///
    /// # Errors
    /// The name is taken or none, or the plugin does not say what can be meant.
    pub fn add(&self, name: &str, module: Arc<dyn Module>) -> Result<(), RegistryError> {
        check_name(name)?;
        let edition = Edition::new(module)?;
        let Settings { rest, clock, observer } = &*self.settings;
        let vitals = Vitals::new(name, *rest, Arc::clone(clock), Arc::clone(observer));
        let version = edition.module.about().version.clone();
        let slot = Arc::new(Slot::new(name, edition, vitals));
        let mut seats = self.seats.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(Seat::Taken(_)) = seats.get(name) {
            return Err(RegistryError::Name { name: name.to_owned(), why: "taken: choose another" });
        }
        seats.insert(name.to_owned(), Seat::Taken(Arc::clone(&slot)));
        drop(seats);
        slot.vitals.tell("loaded", &version);
        Ok(())
    }

    /// Notes that a plugin could not be loaded, so that it is listed with the reason. One of the same name goes on.
    pub fn refuse(&self, name: &str, about: About, why: impl Into<String>) {
        let why = why.into();
        let mut seats = self.seats.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(seats.get(name), Some(Seat::Taken(_))) {
            seats.insert(name.to_owned(), Seat::Refused(about, why.clone()));
        }
        drop(seats);
        let record = autosec_core::observe::Record::Plugin { plugin: name, event: "refused", detail: &why };
        self.settings.observer.note(self.settings.clock.now(), &record);
    }

    /// Configures a plugin, in place of any earlier configuration. Calls under way end on the earlier one.
    ///
    /// # Errors
    /// The configuration does not fit the plugin's schema, or the plugin refuses it; then it goes on as it was.
    pub async fn configure(&self, name: &str, config_json: &str) -> Result<(), RegistryError> {
        let slot = self.slot(name)?;
        let _one = slot.changing.lock().await;
        let running = slot.edition().configure(name, config_json.into(), &slot.vitals).await?;
        slot.run(running, "configured");
        Ok(())
    }

    /// Puts another version of the same plugin in its place, with the configuration that the earlier one has. Calls under way
    /// end on the earlier version. If the new one crashes from the start, the earlier one is put back.
    ///
    /// # Errors
    /// It is another plugin, or not signed by who signed the earlier one, if anybody did; it does not say what can be meant, or does not take the configuration; then the earlier one goes on.
    pub async fn replace(&self, name: &str, module: Arc<dyn Module>) -> Result<(), RegistryError> {
        let slot = self.slot(name)?;
        let edition = Edition::new(module)?;
        let _one = slot.changing.lock().await;
        let (id, other) = (slot.edition().module.about().id.clone(), edition.module.about().id.clone());
        if id != other {
            return Err(RegistryError::OtherPlugin { name: name.to_owned(), id, other });
        }
        let (signer, other) =
            (slot.edition().module.about().signer.clone(), edition.module.about().signer.clone());
        if let Some(signer) = signer.filter(|signer| other.as_ref() != Some(signer)) {
            let (name, other) = (name.to_owned(), other.unwrap_or_else(|| "nobody".to_owned()));
            return Err(RegistryError::OtherSigner { name, signer, other });
        }
        match slot.config() {
            Some(config) => {
                let running = Arc::new(edition).configure(name, config, &slot.vitals).await?;
                slot.run(running, "replaced");
            }
            None => slot.hold(edition),
        }
        Ok(())
    }

    /// Puts the version back that was replaced last.
    ///
    /// # Errors
    /// There is none.
    pub async fn go_back(&self, name: &str) -> Result<(), RegistryError> {
        let slot = self.slot(name)?;
        let _one = slot.changing.lock().await;
        slot.go_back("")
    }

    /// Has a plugin asked again; what is in force is compared at once where the engine [runs](autosec_core::enforce::Enforcer::run).
    ///
    /// # Errors
    /// There is no such plugin, or it is not configured.
    pub fn enable(&self, name: &str) -> Result<(), RegistryError> {
        let slot = self.slot(name)?;
        if !slot.is_configured() {
            return Err(RegistryError::Unconfigured { name: name.to_owned() });
        }
        slot.disable(false);
        Ok(())
    }

    /// Has a plugin not asked any more. What its device holds stays there; what is to change is owed until it is enabled again.
    ///
    /// # Errors
    /// There is no such plugin.
    pub fn disable(&self, name: &str) -> Result<(), RegistryError> {
        self.slot(name)?.disable(true);
        Ok(())
    }

    /// Every plugin, by name; those that could not be loaded too.
    pub fn list(&self) -> Vec<PluginInfo> {
        let info = |(name, seat): (&String, &Seat)| match seat {
            Seat::Taken(slot) => slot.info(),
            Seat::Refused(about, why) => PluginInfo {
                name: name.clone(),
                about: about.clone(),
                vendor: String::new(),
                state: PluginState::Refused { why: why.clone() },
                earlier: None,
            },
        };
        self.seats.read().unwrap_or_else(PoisonError::into_inner).iter().map(info).collect()
    }

    /// What each plugin did so far, by name.
    pub fn metrics(&self) -> Vec<PluginMetrics> {
        self.slots().iter().map(|slot| slot.metrics()).collect()
    }

    /// Asks every configured plugin how its device is, all at the same time.
    pub async fn health(&self) -> Vec<PluginHealth> {
        let mut asked = JoinSet::new();
        for slot in self.slots().into_iter().filter(|slot| slot.is_configured()) {
            asked.spawn(
                async move { PluginHealth { name: slot.name().to_owned(), health: slot.health().await } },
            );
        }
        let mut all = Vec::with_capacity(asked.len());
        while let Some(one) = asked.join_next().await {
            all.extend(one);
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// What a plugin would do about blocks; nothing is done.
    ///
    /// # Errors
    /// There is no such plugin, it is not configured, or it cannot say.
    pub async fn plan(&self, name: &str, blocks: &[Block]) -> Result<Vec<Plan>, PlanError> {
        let slot = self.slot(name)?;
        let running = slot.running().ok_or_else(|| RegistryError::Unconfigured { name: name.to_owned() })?;
        Ok(running.firewall.plan_block(blocks).await?)
    }

    /// The firewall of one plugin; it stays the same whatever is done to the plugin.
    ///
    /// # Errors
    /// There is no such plugin.
    pub fn firewall(&self, name: &str) -> Result<Arc<dyn FirewallIntegration>, RegistryError> {
        Ok(self.slot(name)?)
    }

    /// The firewalls of all configured plugins, by name: for an engine's builder.
    pub fn firewalls(&self) -> Vec<Arc<dyn FirewallIntegration>> {
        let configured = self.slots().into_iter().filter(|slot| slot.is_configured());
        configured.map(|slot| slot as Arc<dyn FirewallIntegration>).collect()
    }

    /// The same settings, with time enough for each configured plugin to be ended at its own deadline, which then is its crash,
    /// and not given up by the enforcer. What the host set for a firewall stays.
    #[must_use]
    pub fn timeouts(&self, mut config: EnforceConfig) -> EnforceConfig {
        for slot in self.slots() {
            let Some(running) = slot.running() else { continue };
            let needed = running.firewall.deadline() + SPARE;
            if needed > config.timeout {
                let own = config.firewalls.entry(slot.name().to_owned()).or_default();
                own.timeout.get_or_insert(needed);
            }
        }
        config
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        let slot = |seat: &Seat| match seat {
            Seat::Taken(slot) => Some(Arc::clone(slot)),
            Seat::Refused(..) => None,
        };
        seats.values().filter_map(slot).collect()
    }

    fn slot(&self, name: &str) -> Result<Arc<Slot>, RegistryError> {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        match seats.get(name) {
            Some(Seat::Taken(slot)) => Ok(Arc::clone(slot)),
            _ => Err(RegistryError::Unknown {
                name: name.chars().take(64).collect(),
                known: seats.keys().cloned().collect(),
            }),
        }
    }
}

/// Why a plugin does not say what it would do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The registry cannot ask it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It could not say.
    #[error(transparent)]
    Firewall(#[from] EnforceError),
}

fn check_name(name: &str) -> Result<(), RegistryError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        let name = name.chars().filter(|c| !c.is_control()).take(64).collect();
        let why = "no name: write 1 to 64 letters, digits, `-`, `_` or `.`";
        return Err(RegistryError::Name { name, why });
    }
    Ok(())
}
