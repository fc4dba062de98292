use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::human;

/// How long firewalls are given, how often they are asked again, and what happens when something is full or odd.
///
/// The defaults suit a firewall on this machine or in this data centre. The time limit is for each exchange by itself:
/// waiting for an earlier change of the same firewall, and each batch. A host that wants its answer sooner lowers
/// `attempts` and leaves the rest to `maintain`.
///
/// What differs for one firewall is in `firewalls`, by its name:
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::enforce::{EnforceConfig, FirewallConfig, Rate};
///
/// let branch = FirewallConfig {
///     timeout: Some(Duration::from_secs(30)),
///     rate: Some(Rate { calls: 10, items: 5_000, per: Duration::from_secs(60) }),
///     ..FirewallConfig::default()
/// };
/// let trial = FirewallConfig { observe: true, ..FirewallConfig::default() };
/// let firewalls = [("branch".to_owned(), branch), ("new".to_owned(), trial)].into();
/// let config = EnforceConfig { firewalls, ..EnforceConfig::default() };
/// assert_eq!(config.timeout, Duration::from_secs(5), "of the others");
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnforceConfig {
    /// The time one call to one firewall may take; default 5 s.
    #[serde(with = "human")]
    pub timeout: Duration,
    /// How often a transient failure is tried within one call to AutoSec, the first included; default 3.
    pub attempts: u32,
    /// The pause before the second try, doubled for each further one, with full jitter; default 100 ms.
    #[serde(with = "human")]
    pub backoff: Duration,
    /// The longest pause before what failed is tried again by `maintain`; default 5 minutes.
    #[serde(with = "human")]
    pub longest_pause: Duration,
    /// The most blocks in force at once; default 1,000,000.
    pub capacity: usize,
    /// What happens to a new block beyond the capacity; by default it is refused.
    pub when_full: WhenFull,
    /// How many firewalls a change is waited for; by default all.
    pub require: Require,
    /// When a firewall that fails is left alone for a while.
    pub breaker: BreakerConfig,
    /// How fast a firewall may be asked; by default there is no limit.
    pub rate: Option<Rate>,
    /// After how many rejections of one item by one firewall it is no longer tried but put aside as a
    /// [dead letter](super::DeadLetter); default 8.
    pub rejections: u32,
    /// How often [`Enforcer::run`](super::Enforcer::run) compares each firewall with the ledger; default 1 minute.
    #[serde(with = "human")]
    pub reconcile_every: Duration,
    /// When a comparison finds so large a difference that a person should look first.
    pub sync_guard: SyncGuard,
    /// What the spread of pauses begins with: the same seed gives the same pauses. Default random.
    pub seed: Option<u64>,
    /// What differs for one firewall, by its name.
    pub firewalls: BTreeMap<String, FirewallConfig>,
}

/// What differs for one firewall; what is left out is as [`EnforceConfig`] says for all.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirewallConfig {
    /// Change nothing there, and report what would be changed. Default false.
    pub observe: bool,
    /// Put neighbours that end at the same moment together to prefixes, as far as the guard lets a prefix through.
    /// Default false. It saves room on a device, makes its listing say less, and makes each change cost time in proportion
    /// to all that is in force.
    pub aggregate: bool,
    /// The most blocks it is given, where that is less than what it says itself; the most important ones are chosen. While
    /// there are more, each change costs time in proportion to the capacity.
    pub capacity: Option<usize>,
    /// See [`EnforceConfig::timeout`].
    #[serde(with = "maybe")]
    pub timeout: Option<Duration>,
    /// See [`EnforceConfig::attempts`].
    pub attempts: Option<u32>,
    /// See [`EnforceConfig::backoff`].
    #[serde(with = "maybe")]
    pub backoff: Option<Duration>,
    /// See [`EnforceConfig::longest_pause`].
    #[serde(with = "maybe")]
    pub longest_pause: Option<Duration>,
    /// See [`EnforceConfig::breaker`].
    pub breaker: Option<BreakerConfig>,
    /// See [`EnforceConfig::rate`].
    pub rate: Option<Rate>,
    /// See [`EnforceConfig::rejections`].
    pub rejections: Option<u32>,
}

/// How many firewalls a change is waited for, and must hold on to be [enough](super::Enforcement::satisfies). All of them
/// are brought to it in any case: those that are not waited for by `maintain`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Require {
    /// Every firewall.
    #[default]
    All,
    /// One, whichever is first.
    Any,
    /// So many, whichever are first; all where there are no more.
    Quorum(usize),
}

/// What happens to a new block when as many are in force as `capacity` allows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenFull {
    /// It is refused: [`LedgerError::Full`](super::LedgerError::Full).
    #[default]
    Refuse,
    /// The least important block makes room, unless all are more important than the new one: that of the lowest risk,
    /// among those the one that ends first.
    Evict,
}

/// A circuit breaker: a firewall that has failed several times in a row is left alone for a while, then tried with one
/// call. Changes meanwhile wait in its queue.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerConfig {
    /// How many calls in a row have to fail; default 5, and 0 for never.
    pub failures: u32,
    /// For how long it is left alone, doubled each time the call after it fails too, up to
    /// [`longest_pause`](EnforceConfig::longest_pause); default 10 s.
    #[serde(with = "human")]
    pub pause: Duration,
}

/// So many changing calls, and so many items in all of them, in so much time; what has been saved up may be spent at once.
/// Reading back does not count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The most calls, at least 1.
    pub calls: u32,
    /// The most items, at least 1.
    pub items: u32,
    /// In how much time.
    #[serde(with = "human")]
    pub per: Duration,
}

/// When a comparison with what a firewall holds finds so large a difference that a person should look first.
///
/// What is held back is reported as [`EnforceError::Held`](super::EnforceError::Held); what is not goes ahead;
/// [`Enforcer::reconcile_anyway`](super::Enforcer::reconcile_anyway) lets it all pass. Removals that the ledger knows of
/// (blocks that ended or were lifted) do not count.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncGuard {
    /// The greatest share of what a firewall holds that may be taken off it, 0..=1; default 0.5. A ledger that
    /// was lost or replaced would otherwise let everybody in.
    pub max_shrink: f64,
    /// The greatest growth, as a share of what a firewall holds; by default there is no limit, because every entry of the
    /// ledger has passed the guard once and a firewall that was flushed is to be filled at once. One that holds
    /// nothing may always be filled.
    pub max_growth: Option<f64>,
    /// A difference of no more than so many items is never held back; default 100.
    pub from: usize,
}

impl Default for EnforceConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            attempts: 3,
            backoff: Duration::from_millis(100),
            longest_pause: Duration::from_secs(300),
            capacity: 1_000_000,
            when_full: WhenFull::default(),
            require: Require::default(),
            breaker: BreakerConfig::default(),
            rate: None,
            rejections: 8,
            reconcile_every: Duration::from_secs(60),
            sync_guard: SyncGuard::default(),
            seed: None,
            firewalls: BTreeMap::new(),
        }
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 5, pause: Duration::from_secs(10) }
    }
}

impl Default for SyncGuard {
    fn default() -> Self {
        Self { max_shrink: 0.5, max_growth: None, from: 100 }
    }
}

/// The settings of one firewall, with nothing left open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) observe: bool,
    pub(super) aggregate: bool,
    pub(super) capacity: Option<usize>,
    pub(super) timeout: Duration,
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
    pub(super) longest_pause: Duration,
    pub(super) breaker: BreakerConfig,
    pub(super) rate: Option<Rate>,
    pub(super) rejections: u32,
}

impl EnforceConfig {
    /// What holds for the firewall of this name.
    pub(super) fn pace(&self, firewall: &str) -> Pace {
        let own = self.firewalls.get(firewall).cloned().unwrap_or_default();
        Pace {
            observe: own.observe,
            aggregate: own.aggregate,
            capacity: own.capacity,
            timeout: own.timeout.unwrap_or(self.timeout),
            attempts: own.attempts.unwrap_or(self.attempts),
            backoff: own.backoff.unwrap_or(self.backoff),
            longest_pause: own.longest_pause.unwrap_or(self.longest_pause),
            breaker: own.breaker.unwrap_or(self.breaker),
            rate: own.rate.or(self.rate),
            rejections: own.rejections.unwrap_or(self.rejections),
        }
    }
}

impl Require {
    /// How many of so many firewalls.
    pub(super) fn of(self, firewalls: usize) -> usize {
        match self {
            Require::All => firewalls,
            Require::Any => firewalls.min(1),
            Require::Quorum(quorum) => firewalls.min(quorum),
        }
    }
}

impl Pace {
    /// The pause after so many failures, before it is spread.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        self.backoff.saturating_mul(2_u32.saturating_pow(failures)).min(self.longest_pause)
    }
}

/// A duration as people write it, or none.
mod maybe {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::time::human;

    #[derive(Deserialize, Serialize)]
    struct Span(#[serde(with = "human")] Duration);

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        span.map(Span).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Span>::deserialize(from)?.map(|span| span.0))
    }
}
