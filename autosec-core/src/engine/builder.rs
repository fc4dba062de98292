use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use super::config::{self, SettingError};
use super::{Engine, EngineConfig};
use crate::decision::{Allowlist, Guard, GuardConfig, Policy, PolicyConfig, Surroundings, ThresholdPolicy};
use crate::enforce::{EnforceConfig, Enforcer, FirewallIntegration, LedgerError};
use crate::enrich::Enricher;
use crate::event::{FieldMask, field};
use crate::finding::Detector;
use crate::observe::{Observer, Silent};
use crate::score::{NoisyOr, ScoreConfig, Scorer};
use crate::store::{MemoryStore, Store};
use crate::time::{Clock, SystemClock, Timer, TokioTimer};

/// Puts an [`Engine`] together; every part has an embedded default but the detectors.
///
/// Where two methods set the same thing, the later call wins: `scoring` and `scorer`, `thresholds` and `policy`, and
/// `config`, which sets all of an [`EngineConfig`]. Detectors and firewalls are added.
///
/// ```
/// use autosec_core::engine::{Engine, EngineConfig};
/// use autosec_core::event::Schema;
/// use autosec_core::rule::RuleSet;
/// use autosec_core::store::MemoryStore;
///
/// let config = EngineConfig::parse("autosec.yaml", "
/// allowlist: [{ network: 192.0.2.0/24, name: office }]
/// guard: { dry_run: true }
/// ")?;
/// let rules = RuleSet::builder(&Schema::ecs()).starter().build()?;
/// let engine = Engine::builder().config(config).detector(rules).store(MemoryStore::new()).build()?;
/// assert!(!engine.fields().is_empty(), "what the starter pack reads");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EngineBuilder {
    enrichers: Vec<Arc<dyn Enricher>>,
    detectors: Vec<Arc<dyn Detector>>,
    firewalls: Vec<Arc<dyn FirewallIntegration>>,
    /// None for [`NoisyOr`] with `scoring`.
    scorer: Option<Arc<dyn Scorer>>,
    scoring: ScoreConfig,
    /// None for [`ThresholdPolicy`] with `thresholds`.
    policy: Option<Arc<dyn Policy>>,
    thresholds: PolicyConfig,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
    observer: Arc<dyn Observer>,
    allowlist: Allowlist,
    guard: GuardConfig,
    surroundings: Option<Arc<dyn Surroundings>>,
    enforcement: EnforceConfig,
    max_ahead: Duration,
}

/// An engine that cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Two firewalls have the same name, so reports could not tell them apart.
    #[error("two firewalls are called `{name}`: give each its own name")]
    DuplicateFirewall {
        /// The name.
        name: String,
    },
    /// The ledger cannot be read back from the store.
    #[error("the ledger of an earlier run cannot be read back")]
    Ledger(#[from] LedgerError),
    /// A setting is out of range, or contradicts another.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Settings are given for a firewall that there is not.
    #[error("`enforcement.firewalls` has settings for `{name}`, and no firewall is called that")]
    UnknownFirewall {
        /// The name.
        name: String,
    },
}

impl Default for EngineBuilder {
    fn default() -> Self {
        Self {
            enrichers: Vec::new(),
            detectors: Vec::new(),
            firewalls: Vec::new(),
            scorer: None,
            scoring: ScoreConfig::default(),
            policy: None,
            thresholds: PolicyConfig::default(),
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(SystemClock),
            timer: Arc::new(TokioTimer::new()),
            observer: Arc::new(Silent),
            allowlist: Allowlist::new(),
            guard: GuardConfig::default(),
            surroundings: None,
            enforcement: EnforceConfig::default(),
            max_ahead: config::MAX_AHEAD,
        }
    }
}

impl EngineBuilder {
    /// Takes every setting over from a configuration, in place of what was set before; its allowlist is added.
    #[must_use]
    pub fn config(self, config: EngineConfig) -> Self {
        self.allowlist.extend(config.allowlist.into_iter().map(|allowed| (allowed.entity, allowed.name)));
        self.scoring(config.scoring)
            .thresholds(config.policy)
            .guard(config.guard)
            .enforcement(config.enforcement)
            .max_ahead(config.max_ahead)
    }

    /// Adds something that fills fields before the detectors look, such as [`Geo`](crate::enrich::geo::Geo). They run in
    /// the order they were added, so one may read what another filled.
    #[must_use]
    pub fn enricher(mut self, enricher: impl Enricher + 'static) -> Self {
        self.enrichers.push(Arc::new(enricher));
        self
    }

    /// Adds something that looks at events, such as a rule set.
    #[must_use]
    pub fn detector(mut self, detector: impl Detector + 'static) -> Self {
        self.detectors.push(Arc::new(detector));
        self
    }

    /// Adds a firewall.
    #[must_use]
    pub fn firewall(mut self, firewall: impl FirewallIntegration + 'static) -> Self {
        self.firewalls.push(Arc::new(firewall));
        self
    }

    /// How findings add up; default [`NoisyOr`].
    #[must_use]
    pub fn scorer(mut self, scorer: impl Scorer + 'static) -> Self {
        self.scorer = Some(Arc::new(scorer));
        self
    }

    /// How the default scorer adds findings up; takes the place of a scorer of your own.
    #[must_use]
    pub fn scoring(mut self, config: ScoreConfig) -> Self {
        (self.scorer, self.scoring) = (None, config);
        self
    }

    /// What is done at which risk; default [`ThresholdPolicy`].
    #[must_use]
    pub fn policy(mut self, policy: impl Policy + 'static) -> Self {
        self.policy = Some(Arc::new(policy));
        self
    }

    /// Thresholds and durations of the default policy; takes the place of a policy of your own.
    #[must_use]
    pub fn thresholds(mut self, config: PolicyConfig) -> Self {
        (self.policy, self.thresholds) = (None, config);
        self
    }

    /// What must never be blocked. The list is shared: what is added to it later counts at once, but lifts no block;
    /// [`Engine::allow`] does both.
    #[must_use]
    pub fn allowlist(mut self, allowlist: Allowlist) -> Self {
        self.allowlist = allowlist;
        self
    }

    /// How far AutoSec may go by itself.
    #[must_use]
    pub fn guard(mut self, config: GuardConfig) -> Self {
        self.guard = config;
        self
    }

    /// Who finds out what the host lives by, so that the guard never blocks it; default nobody. Asked when the engine is
    /// built and each time it is reconciled.
    #[must_use]
    pub fn surroundings(mut self, surroundings: impl Surroundings + 'static) -> Self {
        self.surroundings = Some(Arc::new(surroundings));
        self
    }

    /// How long firewalls are given and how often they are asked again.
    #[must_use]
    pub fn enforcement(mut self, config: EnforceConfig) -> Self {
        self.enforcement = config;
        self
    }

    /// Where the ledger outlives the process; default in memory, so it does not.
    ///
    /// Give it one that lasts, such as a [`FileStore`](crate::store::FileStore), and call [`Engine::reconcile`] at start: blocks
    /// of the process before are then known, end in time and can be lifted.
    #[must_use]
    pub fn store(mut self, store: impl Store + 'static) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// The wall clock; default the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How time limits and pauses are waited for; default tokio's timer.
    #[must_use]
    pub fn timer(mut self, timer: impl Timer + 'static) -> Self {
        self.timer = Arc::new(timer);
        self
    }

    /// Who is told what happens; default nobody.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// How far ahead of the clock an event's time may be before it is reported and taken as of now; default 10 minutes,
    /// for the reasons that [`EngineConfig`] gives.
    #[must_use]
    pub fn max_ahead(mut self, span: Duration) -> Self {
        self.max_ahead = span;
        self
    }

    /// The engine; reads the ledger back from the store.
    ///
    /// # Errors
    /// Two firewalls share a name, a setting is out of range, or the ledger cannot be read back.
    pub fn build(self) -> Result<Engine, BuildError> {
        let scorer = self.scorer.map_or_else(|| default_scorer(self.scoring), Ok)?;
        let policy = self.policy.map_or_else(|| default_policy(self.thresholds), Ok)?;
        config::check_guard(&self.guard)?;
        config::check_enforcement(&self.enforcement)?;
        check_names(&self.firewalls, &self.enforcement)?;
        // The engine's own: the guard counts clients.
        let mut fields: FieldMask = [field::SOURCE_IP].into_iter().collect();
        for detector in &self.detectors {
            fields.union(&detector.fields());
        }
        let enrichers = wanted(self.enrichers, &mut fields);
        let guard = Guard::new(self.guard, self.allowlist);
        let guard = Arc::new(match self.surroundings {
            Some(surroundings) => guard.with_surroundings(surroundings),
            None => guard,
        });
        let (clock, observer) = (self.clock, self.observer);
        let enforcer = Enforcer::open(
            self.firewalls,
            Arc::clone(&guard),
            self.store,
            Arc::clone(&clock),
            Arc::clone(&observer),
            self.enforcement,
        )?
        .with_timer(self.timer);
        Ok(Engine {
            enrichers,
            detectors: self.detectors,
            fields,
            scorer,
            policy,
            guard,
            clock,
            observer,
            max_ahead: self.max_ahead,
            horizon: AtomicI64::new(i64::MIN),
            enforcer,
        })
    }
}

/// Each enricher of which somebody wants fields with these fields, in order; adds what they read to `fields`.
fn wanted(enrichers: Vec<Arc<dyn Enricher>>, fields: &mut FieldMask) -> Vec<(Arc<dyn Enricher>, FieldMask)> {
    let mut asked = Vec::new();
    // From the last, since one may read what another filled before it.
    for enricher in enrichers.into_iter().rev() {
        let wanted = &enricher.fills() & &*fields;
        if !wanted.is_empty() {
            fields.union(&enricher.reads());
            asked.push((enricher, wanted));
        }
    }
    asked.reverse();
    asked
}

/// Every firewall has a name of its own, and settings are of firewalls that there are.
fn check_names(
    firewalls: &[Arc<dyn FirewallIntegration>],
    enforcement: &EnforceConfig,
) -> Result<(), BuildError> {
    let mut names = HashSet::new();
    if let Some(twin) = firewalls.iter().find(|firewall| !names.insert(firewall.name())) {
        return Err(BuildError::DuplicateFirewall { name: twin.name().to_owned() });
    }
    let unknown = enforcement.firewalls.keys().find(|name| !names.contains(name.as_str()));
    unknown.map_or(Ok(()), |name| Err(BuildError::UnknownFirewall { name: name.clone() }))
}

fn default_scorer(config: ScoreConfig) -> Result<Arc<dyn Scorer>, SettingError> {
    config::check_scoring(&config)?;
    Ok(Arc::new(NoisyOr::new(config)))
}

fn default_policy(config: PolicyConfig) -> Result<Arc<dyn Policy>, SettingError> {
    config::check_policy(&config)?;
    Ok(Arc::new(ThresholdPolicy::new(config)))
}
