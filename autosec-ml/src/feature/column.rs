use std::time::Duration;

use autosec_core::time::human;
use serde::{Deserialize, Serialize};

/// One thing to know of an event, or of what its entity did before; becomes one column of a row, two where it is a point
/// on a circle.
///
/// In a configuration it is a word, or a word with what it is of: `hour`, `count: 1m`, `log: source.bytes`,
/// `distinct: { of: user.name, within: 1h }`. Fields are named as in the schema of events.
///
/// | column | called | is |
/// |---|---|---|
/// | `Hour` | `hour.sin`, `hour.cos` | the time of day in UTC, as a point on a circle |
/// | `Weekday` | `weekday.sin`, `weekday.cos` | the day of the week likewise |
/// | `HourOfWeek` | `hour_of_week` | 0 at Monday, 00:00 UTC, up to 168 |
/// | `HourSurprise` | `surprise.hour` | how far from usual the hour is for the entity, on weekdays or on weekends: ln of the weight of its most usual hour by that of this one |
/// | `SincePrevious` | `since_previous` | ln(1 + seconds) since the entity's event before |
/// | `Count` | `count.1m` | the entity's events in the window |
/// | `Failures` | `failures.1m` | those of them with the outcome `failure` |
/// | `FailureShare` | `failure_share.1m` | the second by the first |
/// | `Distinct` | `distinct.user.name.1m` | different values of a field in the window, at most 64 |
/// | `Burst` | `burst.1h` | −log₁₀ of the chance of so many events, by the rates of the entity's windows before |
/// | `Value` | `value.F` | a number, or 1 and 0 for true and false |
/// | `Log` | `log.F` | ln(1 + x), and −ln(1 − x) below 0 |
/// | `Ratio` | `ratio.F.G` | ln((1 + f) / (1 + g)) of two numbers that are not negative |
/// | `Level` | `level.F` | the robust z of `Log` against the entity's last 32 |
/// | `Shift` | `shift.F` | how far sums of deviations of `Log` have drifted either way (a CUSUM, 0 to 50) |
/// | `New` | `new.F` | 1 for a value the entity has not had, 0 for one it has |
/// | `Surprise` | `surprise.F` | −ln of the chance of that value, by what the entity had before |
/// | `Length` | `length.F` | bytes of a text |
/// | `Entropy` | `entropy.F` | bits a byte of a text, 0 to 8 |
/// | `Is` | `is.F.value` | 1 if one of the field's values is that text, 0 if another |
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Column {
    /// The time of day, as a point on a circle: 23:59 lies beside 00:00. Two columns.
    Hour,
    /// The day of the week, as a point on a circle. Two columns.
    Weekday,
    /// Hours since Monday, 00:00 UTC: what a [seasonal model](crate::temporal) takes.
    HourOfWeek,
    /// How unusual the hour of the day is for the entity: it learns weekdays and weekends apart.
    HourSurprise,
    /// Time since the event before it of the same entity.
    SincePrevious,
    /// Events of the entity in a window of this length (1 ms to 31 d).
    Count(#[serde(with = "human")] Duration),
    /// Failures of the entity in the window: events with the outcome `failure`.
    Failures(#[serde(with = "human")] Duration),
    /// Failures by events in the window.
    FailureShare(#[serde(with = "human")] Duration),
    /// Different values of a field in the window.
    Distinct {
        /// Of which field.
        of: Box<str>,
        /// The length of the window.
        #[serde(with = "human")]
        within: Duration,
    },
    /// How unlikely so many events are in a stretch of this length, by the rates of the stretches before.
    Burst(#[serde(with = "human")] Duration),
    /// A field's number as it is.
    Value(Box<str>),
    /// The logarithm of a field's number.
    Log(Box<str>),
    /// The logarithm of one number by another.
    Ratio {
        /// What is divided.
        of: Box<str>,
        /// By what.
        by: Box<str>,
    },
    /// How far a number lies from what the entity usually has.
    Level(Box<str>),
    /// Whether numbers of the entity stay on one side of what they were.
    Shift(Box<str>),
    /// Whether the entity has not had this value.
    New(Box<str>),
    /// How unexpected the value is of this entity. An entity that always changes surprises little.
    Surprise(Box<str>),
    /// How long a text is.
    Length(Box<str>),
    /// How random the bytes of a text look.
    Entropy(Box<str>),
    /// Whether a field has this value.
    Is {
        /// Which field.
        field: Box<str>,
        /// Which text.
        value: Box<str>,
    },
}

/// What is read of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reads {
    Number,
    Text,
    Anything,
}

impl Column {
    /// What it is called: one name, or two.
    pub(super) fn names(&self) -> Vec<String> {
        let span = |within: &Duration| human::format(*within).replace(' ', "");
        let one = match self {
            Column::Hour => return ["hour.sin", "hour.cos"].map(str::to_owned).to_vec(),
            Column::Weekday => return ["weekday.sin", "weekday.cos"].map(str::to_owned).to_vec(),
            Column::HourOfWeek => "hour_of_week".to_owned(),
            Column::HourSurprise => "surprise.hour".to_owned(),
            Column::SincePrevious => "since_previous".to_owned(),
            Column::Count(within) => format!("count.{}", span(within)),
            Column::Failures(within) => format!("failures.{}", span(within)),
            Column::FailureShare(within) => format!("failure_share.{}", span(within)),
            Column::Distinct { of, within } => format!("distinct.{of}.{}", span(within)),
            Column::Burst(within) => format!("burst.{}", span(within)),
            Column::Value(of) => format!("value.{of}"),
            Column::Log(of) => format!("log.{of}"),
            Column::Ratio { of, by } => format!("ratio.{of}.{by}"),
            Column::Level(of) => format!("level.{of}"),
            Column::Shift(of) => format!("shift.{of}"),
            Column::New(of) => format!("new.{of}"),
            Column::Surprise(of) => format!("surprise.{of}"),
            Column::Length(of) => format!("length.{of}"),
            Column::Entropy(of) => format!("entropy.{of}"),
            Column::Is { field, value } => format!("is.{field}.{value}"),
        };
        vec![one]
    }

    /// The fields it reads, and as what.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, Reads)> {
        let (first, second) = match self {
            Column::Value(of) | Column::Log(of) | Column::Level(of) | Column::Shift(of) => {
                (Some((of, Reads::Number)), None)
            }
            Column::Ratio { of, by } => (Some((of, Reads::Number)), Some((by, Reads::Number))),
            Column::Length(of) | Column::Entropy(of) => (Some((of, Reads::Text)), None),
            Column::Is { field, .. } => (Some((field, Reads::Text)), None),
            Column::Distinct { of, .. } | Column::New(of) | Column::Surprise(of) => {
                (Some((of, Reads::Anything)), None)
            }
            _ => (None, None),
        };
        first.into_iter().chain(second).map(|(name, reads)| (&**name, reads))
    }
}
