use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::BehaviorAnalyzer;
use super::challenged::Challenged;
use super::feedback::Feedback;
use crate::behavior::aliases::Aliases;
use crate::behavior::baseline::Ageing;
use crate::behavior::baselines::Baselines;
use crate::behavior::config::{BehaviorConfig, BehaviorSettingError};
use crate::behavior::crowd::Crowd;
use crate::behavior::horizon::Horizon;
use crate::behavior::observation::Reader;
use crate::behavior::peers::{NamedGroups, PeerGroups};
use crate::behavior::signal::{Limits, Nats};
use crate::behavior::sources::Sources;
use crate::finding::{Analytic, AnalyticKind};

/// Puts a [`BehaviorAnalyzer`] together; every part has a default.
#[derive(Debug)]
pub struct BehaviorBuilder {
    config: BehaviorConfig,
    aliases: Aliases,
    peers: Arc<dyn PeerGroups>,
    analytic: Analytic,
}

impl Default for BehaviorBuilder {
    fn default() -> Self {
        let analytic = Analytic::new(AnalyticKind::Behavioral, "behavior", "Unusual behaviour")
            .with_tags(["attack.t1078"]);
        Self {
            config: BehaviorConfig::default(),
            aliases: Aliases::new(),
            peers: Arc::new(NamedGroups),
            analytic,
        }
    }
}

impl BehaviorBuilder {
    /// How behaviour is learned and weighed.
    #[must_use]
    pub fn config(self, config: BehaviorConfig) -> Self {
        Self { config, ..self }
    }

    /// The seed of the hashes that values are kept as; see [`BehaviorConfig::seed`].
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Which names mean the same user; default those that are written alike.
    #[must_use]
    pub fn aliases(self, aliases: Aliases) -> Self {
        Self { aliases, ..self }
    }

    /// Who is whose peer; default what events say in `user.group.name` or `user.roles`.
    #[must_use]
    pub fn peers(self, peers: impl PeerGroups + 'static) -> Self {
        Self { peers: Arc::new(peers), ..self }
    }

    /// What findings name as their origin; default `behavior`, tagged with the technique T1078, valid accounts.
    #[must_use]
    pub fn analytic(self, analytic: Analytic) -> Self {
        Self { analytic, ..self }
    }

    /// The analyzer, which knows nothing yet.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn build(self) -> Result<BehaviorAnalyzer, BehaviorSettingError> {
        let config = self.config;
        config.check()?;
        Ok(BehaviorAnalyzer {
            ageing: Ageing::new(config.half_life, config.rate_half_life, config.quarantine),
            reader: Reader::new(config.seed),
            aliases: self.aliases,
            peers: self.peers,
            baselines: Baselines::new(config.baseline_bytes),
            crowd: Crowd::new(config.crowd_bytes),
            sources: Sources::new(config.sources),
            horizon: Horizon::default(),
            feedback: Feedback::new(),
            challenged: Challenged::new(),
            limits: Limits {
                prior: Nats::new(libm::log(config.prior / (1.0 - config.prior))),
                ..Limits::default()
            },
            analytic: Arc::new(self.analytic),
            told: AtomicU64::new(0),
            config,
        })
    }
}
