use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::measure::RiskScore;
use crate::time::human;

/// The longest a setting that is a time may be.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How behaviour is learned and weighed.
///
/// ```
/// use autosec_core::behavior::{BehaviorAnalyzer, BehaviorConfig};
///
/// let config: BehaviorConfig = serde_json::from_str(r#"{ "half_life": "60d", "learning_events": 20 }"#)?;
/// assert_eq!(config.quarantine.as_secs(), 86_400, "what is not said is the default");
/// let analyzer = BehaviorAnalyzer::builder().config(config).build()?;
///
/// let wrong = BehaviorConfig { daily_share: 3.0, ..BehaviorConfig::default() };
/// let refused = BehaviorAnalyzer::builder().config(wrong).build().unwrap_err();
/// assert_eq!(refused.to_string(), "setting `daily_share` is 3, and must be between 0 and 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BehaviorConfig {
    /// How long until a value that is not seen again counts half, in event time; from an hour, default 30 days.
    #[serde(with = "human")]
    pub half_life: Duration,
    /// The same for how often things happen; from an hour, default 7 days.
    #[serde(with = "human")]
    pub rate_half_life: Duration,
    /// How long what was learned waits at least until it counts, at most twice as long; from a second, default 24 hours.
    #[serde(with = "human")]
    pub quarantine: Duration,
    /// How much of what waits counts nevertheless, 0 to 1; default 0.
    pub quarantine_share: f64,
    /// Until when an entity is learned about and nothing harsher than a challenge is asked for: so long after its first event ...
    /// Default 14 days.
    #[serde(with = "human")]
    pub learning_time: Duration,
    /// ... or after so many events, whichever comes first; default 10.
    pub learning_events: u32,
    /// The most that a value may gain in one quarantine's time, as a share of its feature's mass, 0 to 1; default 0.03,
    /// a little more than what somebody gains who does the same every day.
    pub daily_share: f64,
    /// What a value may always gain in that time, in events, above 0; default 1. While an entity is learned about it is
    /// `learning_events`.
    pub daily_events: f64,
    /// The chance that an event is an attacker's before anything is known of it, above 0 and below 1; default 1 in 150.
    pub prior: f64,
    /// The risk from which there is a finding; default 0.3.
    pub report: RiskScore,
    /// The risk from which a finding asks for a challenge, and from which nothing is learned unless one was
    /// passed, at least `report`; default 0.5.
    pub challenge: RiskScore,
    /// Bytes for the baselines of all entities; at least 64 KiB, default 256 MiB. What an entity takes is in the
    /// documentation of the module.
    pub baseline_bytes: usize,
    /// Bytes for what is known of everyone and of peer groups, all taken from the start; at least 4 KiB, default 16 MiB:
    /// two million values.
    pub crowd_bytes: usize,
    /// Clients of which failures are remembered; at least 1, default 100,000, at about 100 bytes.
    pub sources: usize,
    /// The seed of the hashes that values are kept as; one drawn at random if absent. Give one to merge what several processes
    /// learned, and keep it secret: who knows it can make values that are taken for one another.
    pub seed: Option<u64>,
}

/// A setting that is out of range.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("setting `{setting}` is {found}, and must be {needed}")]
pub struct BehaviorSettingError {
    setting: &'static str,
    found: String,
    needed: &'static str,
}

impl Default for BehaviorConfig {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            half_life: hours(30 * 24),
            rate_half_life: hours(7 * 24),
            quarantine: hours(24),
            quarantine_share: 0.0,
            learning_time: hours(14 * 24),
            learning_events: 10,
            daily_share: 0.03,
            daily_events: 1.0,
            prior: 1.0 / 150.0,
            report: RiskScore::clamped(0.3),
            challenge: RiskScore::clamped(0.5),
            baseline_bytes: 256 << 20,
            crowd_bytes: 16 << 20,
            sources: 100_000,
            seed: None,
        }
    }
}

impl BehaviorConfig {
    /// Whether every setting is in range.
    pub(super) fn check(&self) -> Result<(), BehaviorSettingError> {
        let hour = Duration::from_secs(3600);
        need_time(self.half_life, hour, "half_life", "between 1h and 3650d")?;
        need_time(self.rate_half_life, hour, "rate_half_life", "between 1h and 3650d")?;
        need_time(self.quarantine, Duration::from_secs(1), "quarantine", "between 1s and 3650d")?;
        need_time(self.learning_time, Duration::ZERO, "learning_time", "at most 3650d")?;
        need_share(self.quarantine_share, "quarantine_share")?;
        need_share(self.daily_share, "daily_share")?;
        let events = self.daily_events;
        need(events > 0.0 && events <= 1e4, "daily_events", events, "above 0 and at most 10000")?;
        need(self.prior > 0.0 && self.prior < 1.0, "prior", self.prior, "above 0 and below 1")?;
        need(self.report <= self.challenge, "report", self.report, "at most `challenge`")?;
        need(self.baseline_bytes >= 64 << 10, "baseline_bytes", self.baseline_bytes, "at least 65536")?;
        need(self.crowd_bytes >= 4096, "crowd_bytes", self.crowd_bytes, "at least 4096")?;
        need(self.sources >= 1, "sources", self.sources, "at least 1")
    }
}

fn need_time(
    time: Duration,
    least: Duration,
    setting: &'static str,
    needed: &'static str,
) -> Result<(), BehaviorSettingError> {
    need(time >= least && time <= LONGEST, setting, human::format(time), needed)
}

fn need_share(share: f64, setting: &'static str) -> Result<(), BehaviorSettingError> {
    need((0.0..=1.0).contains(&share), setting, share, "between 0 and 1")
}

fn need(
    holds: bool,
    setting: &'static str,
    found: impl ToString,
    needed: &'static str,
) -> Result<(), BehaviorSettingError> {
    if holds { Ok(()) } else { Err(BehaviorSettingError { setting, found: found.to_string(), needed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_out_of_range() {
        let day = Duration::from_secs(86_400);
        let base = BehaviorConfig::default;
        let wrong = [
            BehaviorConfig { half_life: Duration::ZERO, ..base() },
            BehaviorConfig { rate_half_life: Duration::MAX, ..base() },
            BehaviorConfig { quarantine: Duration::ZERO, ..base() },
            BehaviorConfig { learning_time: day * 4000, ..base() },
            BehaviorConfig { quarantine_share: f64::NAN, ..base() },
            BehaviorConfig { daily_share: -0.1, ..base() },
            BehaviorConfig { daily_events: 0.0, ..base() },
            BehaviorConfig { daily_events: f64::INFINITY, ..base() },
            BehaviorConfig { prior: 1.0, ..base() },
            BehaviorConfig { report: RiskScore::ONE, ..base() },
            BehaviorConfig { baseline_bytes: 0, ..base() },
            BehaviorConfig { crowd_bytes: 0, ..base() },
            BehaviorConfig { sources: 0, ..base() },
        ];
        assert!(base().check().is_ok());
        let refused: Vec<_> = wrong.iter().map(|config| config.check().unwrap_err().setting).collect();
        assert_eq!(refused.len(), 13);
        let written = serde_json::to_string(&base()).unwrap();
        assert_eq!(serde_json::from_str::<BehaviorConfig>(&written).unwrap(), base());
    }
}
