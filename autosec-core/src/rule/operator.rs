//! What a rule may remember, as it is written.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::time::human;

/// Alarms when events with the same values of `by` come at least so often over a window of the length `within`.
///
/// `rate: { by: [source.ip], within: 1m, at_least: 20/s }` is "twenty a second, over a minute": the same as a `count` of
/// 1,200 within a minute.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// How often: `20/s`, `1200/m`, `2.5/h`.
    pub at_least: Frequency,
}

/// How often something happens: a number of times a second, a minute, an hour or a day.
///
/// ```
/// use autosec_core::rule::Frequency;
///
/// let often: Frequency = serde_json::from_str(r#""20/s""#)?;
/// assert_eq!(often.per_second(), 20.0);
/// assert!(serde_json::from_str::<Frequency>(r#""20""#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frequency {
    times: f64,
    unit: char,
}

/// Alarms when the numbers in the field `of`, of events with the same values of `by`, add up to enough within a window of
/// the length `within`.
///
/// `sum: { of: http.response.bytes, by: [user.name], within: 1h, at_least: 1000000000 }` is "a gigabyte an hour". A text that
/// is a number counts as one; an event without a number is not counted. Numbers are rounded to a millionth and to ±10^18.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The field whose numbers are added up.
    pub of: String,
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// What they add up to at least. This or `below` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// What they do not reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

/// Alarms when the average of the numbers in the field `of` is high or low enough.
///
/// `avg: { of: http.response.bytes, by: [url.path], within: 10m, at_least: 100000, samples: 20 }` needs twenty numbers before
/// it says anything. An average can fall again, so a window is judged as it is when each event falls in it: of events in
/// another order, others may be judged.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Average {
    /// The field whose numbers are looked at, as that of [`Sum`].
    pub of: String,
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// What the average reaches. This or `below` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// What the average does not reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// How many numbers it takes, 1 if absent.
    #[serde(default = "one")]
    pub samples: u32,
}

/// Alarms when a quantile of the numbers in the field `of` is high or low enough.
///
/// `quantile: { of: event.duration, by: [url.path], q: 0.95, within: 10m, at_least: 500 }` is "one in twenty takes 500 or more".
/// The quantile is the number of rank ⌈q·n⌉ from below. Which side of `at_least` and `below` it lies on is known
/// exactly, because the numbers on either side are counted. Windows are judged as those of [`Average`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// The field whose numbers are looked at, as that of [`Sum`].
    pub of: String,
    /// Which quantile, between 0 and 1: 0.5 is the median.
    pub q: f64,
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// The length of the window, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// What the quantile reaches. This or `below` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// What the quantile does not reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// How many numbers it takes, 20 if absent: one event has no 95th percentile.
    #[serde(default = "twenty")]
    pub samples: u32,
}

/// Alarms when several things happen to the same key within some time.
///
/// Every step's events also satisfy the rule's `when`. Steps happen in order, each at the same time as the one before it or
/// later, by different events; those of the same time count in the order of their steps. With `ordered: false` they happen in
/// any order, and one event may be several of them.
///
/// A step that is `absent` must not happen between its neighbours, and at the end not before `within` has passed since the
/// step before it. Whether it has not is known once time has passed by the lateness too: the finding then comes with the next
/// event of whatever kind, and its time is that of the last step or of the deadline.
///
/// ```yaml
/// sequence:
///   by: [source.ip]
///   within: 5m
///   steps:
///     - when: event.outcome == "failure"
///     - when: event.outcome == "success"
///     - { when: event.action == "mfa", absent: true }
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// How long it may take from the first to the last step, 1 ms to 31 days.
    #[serde(with = "human")]
    pub within: Duration,
    /// Whether the order of the steps counts, as it does if absent.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub ordered: bool,
    /// What has to happen: two to sixteen steps.
    pub steps: Vec<Step>,
}

/// A step of a [`Sequence`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The expression that its events satisfy besides that of the rule.
    pub when: String,
    /// Whether it must not happen.
    #[serde(default, skip_serializing_if = "is_no")]
    pub absent: bool,
    /// The fields that have the values of the sequence's `by` in its events, if they have other names there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Vec<String>>,
}

/// Alarms when an event has a value that was never seen before with the same values of `by`.
///
/// `new_value: { of: [source.geo.country_iso_code], by: [user.name], learn: 7d, forget: 90d }` is "a user from a country he has
/// not come from in 90 days", for users known for a week. Up to 64 values of a key are remembered all; beyond, about
/// 1,000, of which those seen longest ago give way, and one in four million new values is taken for a known one. Which of
/// two events around the end of `learn` or `forget` comes first may decide what is new.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewValue {
    /// The fields whose combination of values is new, one to eight; an event without one of them is not looked at.
    pub of: Vec<String>,
    /// The fields that tell keys apart, as those of [`Count`](super::Count).
    pub by: Vec<String>,
    /// For how long after a key's first event its values are only learned, 7 days if absent, at most 366 days.
    #[serde(default = "week", with = "human")]
    pub learn: Duration,
    /// After how long without it a value is new again, to a 256th and to 2 s; 90 days if absent, one minute to 366 days.
    #[serde(default = "quarter", with = "human")]
    pub forget: Duration,
}

fn one() -> u32 {
    1
}

fn twenty() -> u32 {
    20
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_yes(truth: &bool) -> bool {
    *truth
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_no(truth: &bool) -> bool {
    !*truth
}

fn week() -> Duration {
    Duration::from_secs(7 * 86_400)
}

fn quarter() -> Duration {
    Duration::from_secs(90 * 86_400)
}

/// A text that is no frequency.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a frequency: write a number above 0 and one of /s, /m, /h, /d, such as `20/s`")]
pub struct FrequencyError {
    text: String,
}

impl Frequency {
    /// Reads `20/s`.
    ///
    /// # Errors
    /// The text is not a number above 0 with a unit.
    pub fn parse(text: &str) -> Result<Self, FrequencyError> {
        let refused = || FrequencyError { text: text.chars().take(64).collect() };
        let (times, unit) = text.split_once('/').ok_or_else(refused)?;
        let times = times.trim().parse().ok().filter(|times: &f64| times.is_finite() && *times > 0.0);
        let (times, mut unit) = (times.ok_or_else(refused)?, unit.trim().chars());
        match (unit.next(), unit.next()) {
            (Some(unit @ ('s' | 'm' | 'h' | 'd')), None) => Ok(Self { times, unit }),
            _ => Err(refused()),
        }
    }

    /// How many times a second.
    pub fn per_second(self) -> f64 {
        let seconds = match self.unit {
            's' => 1.0,
            'm' => 60.0,
            'h' => 3_600.0,
            _ => 86_400.0,
        };
        self.times / seconds
    }

    /// How many times over such a time.
    pub(crate) fn over(self, span: Duration) -> f64 {
        match self.unit {
            's' => self.times * span.as_secs_f64(),
            'm' => self.times * (span.as_secs_f64() / 60.0),
            'h' => self.times * (span.as_secs_f64() / 3_600.0),
            _ => self.times * (span.as_secs_f64() / 86_400.0),
        }
    }
}

impl Serialize for Frequency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}/{}", self.times, self.unit))
    }
}

impl<'de> Deserialize<'de> for Frequency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_frequencies() {
        let over = |text: &str| Frequency::parse(text).map(|often| often.over(Duration::from_secs(120)));
        assert_eq!(
            (over("20/s"), over(" 2.5 / m "), over("30/h"), over("720/d")),
            (Ok(2_400.0), Ok(5.0), Ok(1.0), Ok(1.0))
        );
        for wrong in ["20", "/s", "20/x", "20/sec", "-1/s", "0/s", "inf/s", "nan/s", "20/s/s"] {
            assert!(Frequency::parse(wrong).is_err(), "{wrong}");
        }
    }
}
