use std::ops::ControlFlow;

use super::SeasonalModel;
use super::week::{HOURS, centres, hour, surprises};
use crate::matrix::Matrix;
use crate::statistic::{FitError, Progress, Spread};

impl SeasonalModel {
    /// Learns what is usual at which hour of the week; `time` is the number of the column that tells it, in hours since
    /// Monday, 00:00.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn fit(rows: Matrix<'_>, time: usize) -> Result<Self, FitError> {
        Self::fit_with(rows, time, |_| ControlFlow::Continue(()))
    }

    /// The same, and tells `progress` after each column, which may ask to stop.
    ///
    /// # Errors
    /// When there is no such column, or when `progress` asked to stop.
    pub fn fit_with(
        rows: Matrix<'_>,
        time: usize,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, FitError> {
        let columns = rows.columns();
        if time >= columns {
            return Err(FitError::Time { column: time, columns });
        }
        let hours: Vec<Option<usize>> =
            rows.iter().map(|row| row.get(time).and_then(|time| hour(*time))).collect();
        let mut counts = [0_u32; HOURS];
        hours.iter().flatten().for_each(|hour| count(&mut counts, *hour));
        let mut learner = Learner::new(rows, &hours);
        for column in 0..columns {
            learner.learn(column);
            let learnt = column + 1;
            if progress(Progress { learnt, columns }).is_break() {
                return Err(FitError::Stopped { learnt });
            }
        }
        let (spreads, centres) = (learner.spreads, learner.centres);
        Ok(Self { rows: rows.rows() as u64, time, hours: surprises(&counts), spreads, centres })
    }
}

/// Learns a column after the other, in memory of one.
struct Learner<'a> {
    rows: Matrix<'a>,
    hours: &'a [Option<usize>],
    values: Vec<f64>,
    by_hour: Vec<Vec<f64>>,
    spreads: Vec<Spread>,
    centres: Vec<f64>,
}

impl<'a> Learner<'a> {
    fn new(rows: Matrix<'a>, hours: &'a [Option<usize>]) -> Self {
        let by_hour = vec![Vec::new(); HOURS];
        Self { rows, hours, values: Vec::new(), by_hour, spreads: Vec::new(), centres: Vec::new() }
    }

    fn learn(&mut self, column: usize) {
        self.values.clear();
        self.by_hour.iter_mut().for_each(Vec::clear);
        for (row, hour) in self.rows.iter().zip(self.hours) {
            let Some(value) = row.get(column).copied().filter(|value| value.is_finite()) else { continue };
            self.values.push(value);
            if let Some(values) = hour.and_then(|hour| self.by_hour.get_mut(hour)) {
                values.push(value);
            }
        }
        let all = Spread::learn(&mut self.values);
        let centres = centres(&mut self.by_hour, all.centre);
        // What is left when each value is held against its hour.
        self.values.clear();
        for (values, centre) in self.by_hour.iter().zip(&centres) {
            self.values.extend(values.iter().map(|value| value - centre));
        }
        let rest = if self.values.is_empty() { all } else { Spread::learn(&mut self.values) };
        // Values that follow the hour to the letter still differ by something.
        let unit = rest.unit.max(all.unit * LEAST).min(f64::MAX);
        self.spreads.push(Spread { centre: all.centre, unit });
        self.centres.extend(centres);
    }
}

/// The least usual distance from an hour's median, as a share of that from the median of all.
const LEAST: f64 = 0.01;

fn count(counts: &mut [u32], hour: usize) {
    if let Some(count) = counts.get_mut(hour) {
        *count = count.saturating_add(1);
    }
}
