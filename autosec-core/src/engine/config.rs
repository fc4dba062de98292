use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::decision::{GuardConfig, LONGEST_BLOCK, PolicyConfig};
use crate::enforce::{EnforceConfig, FirewallConfig, Rate, Require};
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
///   allow_special: []       # - 10.0.0.0/8
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
///   when_full: refuse       # evict: the least important makes room
///   require: all            # any, or { quorum: 2 }
///   breaker: { failures: 5, pause: 10s }
///   rate: null              # { calls: 10, items: 5000, per: 1m }
///   rejections: 8           # then an item is a dead letter
///   reconcile_every: 1m
///   sync_guard: { max_shrink: 0.5, max_growth: null, from: 100 }
///   seed: null
///   firewalls: {}           # edge: { observe: true, timeout: 30s, capacity: 1000, aggregate: true, … }
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
    check_patience(Some(config.timeout), Some(config.attempts))?;
    need(config.capacity >= 1, "enforcement.capacity", config.capacity, "at least 1")?;
    check_rate(config.rate)?;
    need(config.rejections >= 1, "enforcement.rejections", config.rejections, "at least 1")?;
    let quorum = if let Require::Quorum(quorum) = config.require { quorum } else { 1 };
    need(quorum >= 1, "enforcement.require.quorum", quorum, "at least 1")?;
    let every = config.reconcile_every;
    need(!every.is_zero(), "enforcement.reconcile_every", human::format(every), "longer than nothing")?;
    let shrink = config.sync_guard.max_shrink;
    let is_share = (0.0..=1.0).contains(&shrink);
    need(is_share, "enforcement.sync_guard.max_shrink", shrink, "between 0 and 1")?;
    let growth = config.sync_guard.max_growth.unwrap_or_default();
    need(growth >= 0.0, "enforcement.sync_guard.max_growth", growth, "at least 0")?;
    config.firewalls.values().try_for_each(check_firewall)
}

fn check_firewall(config: &FirewallConfig) -> Result<(), SettingError> {
    check_patience(config.timeout, config.attempts)?;
    check_rate(config.rate)?;
    let rejections = config.rejections.unwrap_or(1);
    need(rejections >= 1, "enforcement.firewalls.rejections", rejections, "at least 1")
}

fn check_patience(timeout: Option<Duration>, attempts: Option<u32>) -> Result<(), SettingError> {
    let (lasts, attempts) = (timeout.is_none_or(|timeout| !timeout.is_zero()), attempts.unwrap_or(1));
    need(lasts, "enforcement.timeout", "0s", "longer than nothing")?;
    need((1..=100).contains(&attempts), "enforcement.attempts", attempts, "between 1 and 100")
}

fn check_rate(rate: Option<Rate>) -> Result<(), SettingError> {
    let Some(Rate { calls, items, per }) = rate else { return Ok(()) };
    need(calls >= 1, "enforcement.rate.calls", calls, "at least 1")?;
    need(items >= 1, "enforcement.rate.items", items, "at least 1")?;
    need(!per.is_zero(), "enforcement.rate.per", human::format(per), "longer than nothing")
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
