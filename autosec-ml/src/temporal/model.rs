use super::week::hour;
use crate::anomaly::AnomalyModel;
use crate::statistic::{Spread, add_up};

/// How unusual a row is for its hour of the week: how rare the hour is, and how far each column lies from what it holds at
/// that hour.
///
/// One column tells the time, in hours since Monday, 00:00. It adds ln(p / p'), p' being how often rows are of that hour
/// and p how often they are of the most usual one; each other column adds ln(1 + z²), z being how far its value lies from
/// the median of the hour, in units of its usual distance from there. A row without a time is compared with all hours.
///
/// A median of an hour counts for as much as it has values: with few, it is drawn towards the hour's median on all days,
/// and this towards the median of all.
#[derive(Clone, Debug, PartialEq)]
pub struct SeasonalModel {
    pub(super) rows: u64,
    /// Number of the column that tells the time.
    pub(super) time: usize,
    /// How surprising each hour of the week is.
    pub(super) hours: Vec<f64>,
    /// Of each column the median of all, and the usual distance from the median of the hour.
    pub(super) spreads: Vec<Spread>,
    /// Of each column the medians of all hours, column after column.
    pub(super) centres: Vec<f64>,
}

impl SeasonalModel {
    /// How many rows it was trained on.
    pub fn trained_on(&self) -> u64 {
        self.rows
    }

    /// The number of the column that tells the time.
    pub fn time(&self) -> usize {
        self.time
    }

    fn surprises(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        let hour = row.get(self.time).and_then(|time| hour(*time));
        let values = row.iter().copied().chain(std::iter::repeat(f64::NAN));
        let columns = self.spreads.iter().zip(self.centres.chunks_exact(self.hours.len().max(1)));
        columns.zip(values).enumerate().map(move |(column, ((spread, centres), value))| {
            if column == self.time {
                return hour.and_then(|hour| self.hours.get(hour)).copied().unwrap_or(0.0);
            }
            let centre = hour.and_then(|hour| centres.get(hour)).copied().unwrap_or(spread.centre);
            Spread { centre, ..*spread }.surprise(value)
        })
    }
}

impl AnomalyModel for SeasonalModel {
    fn name(&self) -> &'static str {
        "seasonal"
    }

    fn columns(&self) -> usize {
        self.spreads.len()
    }

    /// The sum of surprises, 0 to 56 a column: what is missing adds nothing. Allocates nothing.
    fn score(&self, row: &[f64]) -> f64 {
        add_up(self.surprises(row))
    }

    /// The surprise of each column, none below 0. They add up to the score, exactly and in any order.
    fn contributions(&self, row: &[f64]) -> Vec<f64> {
        self.surprises(row).collect()
    }
}
