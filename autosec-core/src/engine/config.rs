use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::decision::{GuardConfig, LONGEST_BLOCK, PolicyConfig};
use crate::enforce::EnforceConfig;
use crate::entity::Entity;
use crate::net;
use crate::rule::{Code, Diagnostic, yaml};
use crate::score::ScoreConfig;
use crate::time::human;

/// How far ahead of the clock an event's time may be by default.
pub(super) const MAX_AHEAD: Duration = Duration::from_secs(600);

/// The settings of every stage, as a host keeps them in a file. Each has a default; none is unknown or out of range.
/// In code, write `EngineConfig { guard, ..EngineConfig::default() }`, which goes on compiling when there are more.
///
/// ```
/// use autosec_core::engine::EngineConfig;
///
/// let config = EngineConfig::parse("autosec.yaml", "
/// allowlist:
///   - { network: 192.0.2.0/24, name: office }
/// policy: { block: 0.9, duration: 30m }
/// guard: { max_new: 200 }
/// ").unwrap();
/// assert_eq!(config.guard.max_new, 200);
///
/// let refused = EngineConfig::parse("autosec.yaml", "gaurd: { max_new: 200 }").unwrap_err();
/// assert_eq!((refused.code(), refused.position()), ("E102", Some((1, 1))));
/// assert_eq!(refused.help_line(), Some("did you mean `guard`?"));
/// ```
///
/// The keys are the fields below; durations are written as [`human`] reads them, measures as numbers between 0 and 1. A
/// key that nobody knows is refused, so a misspelt limit is never silently the default.
///
/// Every key with its default; all of them may be left out:
///
/// ```
/// # use autosec_core::engine::EngineConfig;
/// let every_key = "
/// allowlist: []             # - { network: 192.0.2.0/24, name: office }, or host:, or user:
/// scoring:
///   half_life: 1h           # 0s: risk never fades
///   subjects: 100000
/// policy:
///   alert: 0.5
///   block: 0.8
///   duration: 1h            # where no rule asks for another
///   escalation:
///     factor: 4             # 1: blocks never grow longer
///     longest: 7d
///     memory: 30d
///     subjects: 100000
/// guard:
///   dry_run: false
///   protect_special: true
///   widest_ipv4: 16
///   widest_ipv6: 32
///   interval: 10m
///   max_new: 1000
///   max_share: 0.5
///   share_from: 50
/// enforcement:
///   timeout: 5s
///   attempts: 3
///   backoff: 100ms
///   longest_pause: 5m
///   capacity: 1000000
/// max_ahead: 10m
/// ";
/// assert_eq!(EngineConfig::parse("autosec.yaml", every_key), Ok(EngineConfig::default()));
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// What must never be blocked.
    pub allowlist: Vec<Allowed>,
    /// How findings add up.
    pub scoring: ScoreConfig,
    /// What is done at which risk.
    pub policy: PolicyConfig,
    /// How far AutoSec may go by itself.
    pub guard: GuardConfig,
    /// How long firewalls are given and how often they are asked again.
    pub enforcement: EnforceConfig,
    /// How far ahead of the clock an event's time may be before it is reported and taken as of now; default
    /// 10 minutes: clocks of machines differ by minutes at worst, and what is let through holds its
    /// subject's windows and risk in the future for that long. Events of the past, as in a replay, are never too late
    /// for it.
    #[serde(with = "human")]
    pub max_ahead: Duration,
}

/// An entry of the allowlist: one of `network`, `host` and `user`, and a `name` if you like.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Entry")]
pub struct Allowed {
    /// What is allowed.
    pub entity: Entity,
    /// What the host calls it.
    pub name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    network: Option<String>,
    #[serde(default)]
    host: Option<Arc<str>>,
    #[serde(default)]
    user: Option<Arc<str>>,
    #[serde(default)]
    name: String,
}

/// A setting that is out of range, or contradicts another.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("setting `{setting}` is {found}, and must be {needed}")]
pub struct SettingError {
    setting: &'static str,
    found: String,
    needed: &'static str,
}

impl Allowed {
    /// An entity, and what the host calls it.
    pub fn new(entity: Entity, name: impl Into<String>) -> Self {
        Self { entity: entity.canonical(), name: name.into() }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            allowlist: Vec::new(),
            scoring: ScoreConfig::default(),
            policy: PolicyConfig::default(),
            guard: GuardConfig::default(),
            enforcement: EnforceConfig::default(),
            max_ahead: MAX_AHEAD,
        }
    }
}

impl EngineConfig {
    /// Reads a configuration from YAML or JSON; `name` (the file's path, say) appears in the diagnostic.
    ///
    /// # Errors
    /// What is wrong: a code, the place, and what would be right.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        let config: Self = yaml::value(name, text, |_| "see the documentation of `EngineConfig`")?;
        config.check().map_err(|wrong| Diagnostic::new(Code::BadSetting, wrong.to_string(), name))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), SettingError> {
        check_scoring(&self.scoring)?;
        check_policy(&self.policy)?;
        check_guard(&self.guard)?;
        check_enforcement(&self.enforcement)
    }
}

pub(super) fn check_scoring(scoring: &ScoreConfig) -> Result<(), SettingError> {
    need(scoring.subjects >= 1, "scoring.subjects", scoring.subjects, "at least 1")
}

pub(super) fn check_policy(policy: &PolicyConfig) -> Result<(), SettingError> {
    let PolicyConfig { alert, block, duration, escalation } = policy;
    need(alert <= block, "policy.alert", alert, "at most `policy.block`")?;
    let lasts = !duration.is_zero() && *duration <= LONGEST_BLOCK;
    need(lasts, "policy.duration", human::format(*duration), "longer than nothing and at most 365d")?;
    need(escalation.factor >= 1, "policy.escalation.factor", escalation.factor, "at least 1")?;
    need(escalation.subjects >= 1, "policy.escalation.subjects", escalation.subjects, "at least 1")?;
    let longest = human::format(escalation.longest);
    need(escalation.longest <= LONGEST_BLOCK, "policy.escalation.longest", longest, "at most 365d")
}

pub(super) fn check_guard(guard: &GuardConfig) -> Result<(), SettingError> {
    need(guard.widest_ipv4 <= 32, "guard.widest_ipv4", guard.widest_ipv4, "a prefix length of at most 32")?;
    need(guard.widest_ipv6 <= 128, "guard.widest_ipv6", guard.widest_ipv6, "a prefix length of at most 128")?;
    need(!guard.interval.is_zero(), "guard.interval", human::format(guard.interval), "longer than nothing")?;
    need((0.0..=1.0).contains(&guard.max_share), "guard.max_share", guard.max_share, "between 0 and 1")
}

pub(super) fn check_enforcement(config: &EnforceConfig) -> Result<(), SettingError> {
    need(
        !config.timeout.is_zero(),
        "enforcement.timeout",
        human::format(config.timeout),
        "longer than nothing",
    )?;
    need((1..=100).contains(&config.attempts), "enforcement.attempts", config.attempts, "between 1 and 100")?;
    need(config.capacity >= 1, "enforcement.capacity", config.capacity, "at least 1")
}

fn need(
    holds: bool,
    setting: &'static str,
    found: impl ToString,
    needed: &'static str,
) -> Result<(), SettingError> {
    if holds { Ok(()) } else { Err(SettingError { setting, found: found.to_string(), needed }) }
}

impl TryFrom<Entry> for Allowed {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let entity = match (entry.network, entry.host, entry.user) {
            (Some(text), None, None) => Entity::from(net::network(&text).map_err(|error| error.to_string())?),
            (None, Some(host), None) => Entity::Host(host),
            (None, None, Some(user)) => Entity::User(user),
            _ => {
                return Err(
                    "an entry of the allowlist has exactly one of `network`, `host` and `user`".to_owned()
                );
            }
        };
        Ok(Self::new(entity, entry.name))
    }
}
