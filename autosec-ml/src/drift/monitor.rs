use std::time::Duration;

use autosec_core::time::Timestamp;

use super::deciles::Deciles;
use super::page_hinkley::{Change, PageHinkley};
use crate::matrix::Matrix;

/// Watches, window by window of event time, whether rows and scores still are what they were when the model was trained.
///
/// A window is judged once one after the next begins: until then rows that come late are counted where they belong, so
/// their order does not matter. Rows that are later still are counted as [`late`](Self::late) and nothing else. Memory:
/// 22 counts a column.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::Timestamp;
/// use autosec_ml::drift::DriftMonitor;
/// use autosec_ml::matrix::Matrix;
///
/// let trained: Vec<f64> = (0..4_000).map(|row| f64::from(row % 101)).collect();
/// let scores = trained.clone();
/// let mut monitor = DriftMonitor::new(Matrix::new(&trained, 1)?, &scores, Duration::from_secs(3_600))?;
/// for hour in 0..4 {
///     for row in 0..1_200 {
///         let value = f64::from(row % 101) + if hour > 0 { 40.0 } else { 0.0 };
///         monitor.observe(Timestamp::from_secs(hour * 3_600 + i64::from(row)), &[value], value);
///     }
/// }
/// // The third hour is not over for rows that come late, so it is the second that is judged.
/// let drift = monitor.latest().unwrap();
/// assert_eq!(drift.begin, Timestamp::from_secs(3_600));
/// assert!(drift.columns[0] > 0.25 && drift.is_different());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DriftMonitor {
    /// Of each column, and last of the scores.
    pub(super) deciles: Vec<Deciles>,
    /// Mean and standard deviation of the scores learnt from.
    pub(super) usual: (f64, f64),
    /// Microseconds.
    pub(super) window: u64,
    pub(super) before: Window,
    pub(super) current: Window,
    pub(super) test: PageHinkley,
    pub(super) latest: Option<Drift>,
    pub(super) late: u64,
}

/// What was counted in one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Window {
    /// Which one, counted from the beginning of 1970.
    pub(super) number: i64,
    /// Of all bins of all columns, one behind the other.
    pub(super) counts: Vec<u64>,
    pub(super) rows: u64,
    /// Of scores, in millionths of a standard deviation: whole numbers add up alike in any order.
    pub(super) sum: i64,
}

/// What a window was like, beside what the model was trained on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Drift {
    /// When the window began.
    pub begin: Timestamp,
    /// How many rows it had.
    pub rows: u64,
    /// The [population stability index](Deciles) of the scores.
    pub score: f64,
    /// The one of each column.
    pub columns: Vec<f64>,
    /// Whether the mean score changed here, as [`PageHinkley`] tells from the means of windows.
    pub change: Option<Change>,
}

/// Why there is nothing to watch.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// There is not one score for each row.
    #[error("there are {rows} rows and {scores} scores")]
    Length {
        /// How many rows there are.
        rows: usize,
        /// How many scores there are.
        scores: usize,
    },
    /// A window is shorter than a second or longer than a year.
    #[error("a window is from a second to 366 days long, and not {0:?}")]
    Window(Duration),
}

impl DriftMonitor {
    /// Windows with fewer rows are not judged: chance would be a tenth of what counts as a difference.
    pub const FEWEST_ROWS: u64 = 500;
    /// A mean score that moved by so many standard deviations of a row's score is a change …
    const TOLERANCE: f64 = 0.1;
    /// … once it adds up to so many.
    const THRESHOLD: f64 = 1.0;

    /// Learns from rows and their scores; the rows that a model is calibrated on are good ones. Windows are 1 second to
    /// 366 days long.
    ///
    /// # Errors
    /// When there is not one score for each row, or when the window is out of its bounds.
    pub fn new(rows: Matrix<'_>, scores: &[f64], window: Duration) -> Result<Self, DriftError> {
        if rows.rows() != scores.len() {
            return Err(DriftError::Length { rows: rows.rows(), scores: scores.len() });
        }
        let micros = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
        if !(1_000_000..=366 * 86_400_000_000).contains(&micros) {
            return Err(DriftError::Window(window));
        }
        let column = |column: usize| {
            Deciles::learn(rows.iter().map(move |row| row.get(column).copied().unwrap_or(f64::NAN)))
        };
        let mut deciles: Vec<Deciles> = (0..rows.columns()).map(column).collect();
        deciles.push(Deciles::learn(scores.iter().copied()));
        let bins = deciles.iter().map(Deciles::bins).sum();
        let empty = Window { number: i64::MIN, counts: vec![0; bins], rows: 0, sum: 0 };
        let test = PageHinkley::new(Self::TOLERANCE, Self::THRESHOLD);
        let (before, current) = (empty.clone(), empty);
        Ok(Self {
            deciles,
            usual: usual(scores),
            window: micros,
            before,
            current,
            test,
            latest: None,
            late: 0,
        })
    }

    /// Counts a row and its score; a row that is too short lacks its last values. Time moves on by what rows say, so keep
    /// those out that claim to be of the future, as the engine does.
    pub fn observe(&mut self, time: Timestamp, row: &[f64], score: f64) {
        let number = time.as_micros().div_euclid(self.window.cast_signed());
        if number > self.current.number {
            self.advance(number);
        }
        let window = if number == self.current.number { &mut self.current } else { &mut self.before };
        if number != window.number {
            self.late += 1;
            return;
        }
        let columns = self.deciles.len() - 1;
        let values = (0..columns).map(|column| row.get(column).copied().unwrap_or(f64::NAN)).chain([score]);
        let mut first = 0;
        for (deciles, value) in self.deciles.iter().zip(values) {
            window.counts.get_mut(first + deciles.bin(value)).into_iter().for_each(|count| *count += 1);
            first += deciles.bins();
        }
        window.rows += 1;
        window.sum = window.sum.saturating_add(millionths((score - self.usual.0) / self.usual.1));
    }

    /// The latest window that was judged.
    pub fn latest(&self) -> Option<&Drift> {
        self.latest.as_ref()
    }

    /// How many rows were too late to count.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.deciles.len() - 1
    }

    /// Begins a new window, and judges the ones that no row can belong to any more.
    fn advance(&mut self, number: i64) {
        let bins = self.current.counts.len();
        let empty = |number| Window { number, counts: vec![0; bins], rows: 0, sum: 0 };
        let current = std::mem::replace(&mut self.current, empty(number));
        let before = std::mem::replace(&mut self.before, empty(number.saturating_sub(1)));
        self.judge(&before);
        if current.number == self.before.number {
            self.before = current;
        } else {
            self.judge(&current);
        }
    }

    fn judge(&mut self, window: &Window) {
        if window.rows < Self::FEWEST_ROWS {
            return;
        }
        let mut counts = window.counts.as_slice();
        let mut columns: Vec<f64> = Vec::with_capacity(self.deciles.len());
        for deciles in &self.deciles {
            let (own, rest) = counts.split_at_checked(deciles.bins()).unwrap_or_default();
            columns.push(deciles.index(own));
            counts = rest;
        }
        let score = columns.pop().unwrap_or_default();
        let change = self.test.observe(window.sum as f64 * 1e-6 / window.rows as f64);
        let begin = Timestamp::from_micros(window.number.saturating_mul(self.window.cast_signed()));
        self.latest = Some(Drift { begin, rows: window.rows, score, columns, change });
    }
}

impl Drift {
    /// From here on a [population stability index](Deciles) is taken for a different population.
    pub const DIFFERENT: f64 = 0.25;

    /// Whether the scores or any column are those of a different population, or the mean score changed: time to train anew.
    pub fn is_different(&self) -> bool {
        let moved = self.columns.iter().chain([&self.score]).any(|index| *index > Self::DIFFERENT);
        moved || self.change.is_some()
    }
}

/// Mean and standard deviation, the latter above 0, of what is finite.
fn usual(scores: &[f64]) -> (f64, f64) {
    let finite = || scores.iter().filter(|score| score.is_finite());
    let count = finite().count().max(1) as f64;
    let mean = finite().map(|score| score / count).sum::<f64>();
    let deviation = finite().map(|score| (score - mean) * (score - mean) / count).sum::<f64>().sqrt();
    (mean, if deviation.is_normal() { deviation } else { 1.0 })
}

/// At most 10^6 deviations count: then 10^6 rows like that fit.
#[expect(clippy::cast_possible_truncation, reason = "the number is taken into bounds first")]
fn millionths(deviations: f64) -> i64 {
    (deviations.clamp(-1e6, 1e6) * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const HOUR: i64 = 3_600;

    fn monitor(random: &mut Random) -> DriftMonitor {
        let values: Vec<f64> = (0..6_000).map(|_| random.fraction()).collect();
        let scores: Vec<f64> = (0..3_000).map(|_| random.fraction()).collect();
        let hour = Duration::from_secs(HOUR.unsigned_abs());
        DriftMonitor::new(Matrix::new(&values, 2).unwrap(), &scores, hour).unwrap()
    }

    #[test]
    fn order_within_a_window_does_not_matter() {
        let mut random = Random::new(5, 0);
        let (mut sorted, begin) = (monitor(&mut random), 1_700_000_000 / HOUR * HOUR);
        let mut shuffled = sorted.clone();
        let mut rows: Vec<(i64, [f64; 2], f64)> = (0..9_000)
            .map(|row| {
                (
                    begin + row * 3,
                    [random.fraction(), random.fraction()],
                    random.fraction() + row as f64 / 9e3,
                )
            })
            .collect();
        rows.iter().for_each(|(time, row, score)| sorted.observe(Timestamp::from_secs(*time), row, *score));
        // Each row may change places with one that comes an hour later.
        for place in 0..rows.len() - 1_100 {
            rows.swap(place, place + random.below(1_000));
        }
        rows.sort_by_key(|(time, _, _)| (time - begin) / HOUR / 2);
        rows.iter().for_each(|(time, row, score)| shuffled.observe(Timestamp::from_secs(*time), row, *score));
        assert_eq!((sorted.late(), shuffled.late()), (0, 0));
        assert_eq!(sorted, shuffled);
        assert!(sorted.latest().unwrap().score > 0.25, "{:?}", sorted.latest());
        sorted.observe(Timestamp::from_secs(begin), &[0.5, 0.5], 0.5);
        assert_eq!(sorted.late(), 1);
    }

    #[test]
    fn the_same_population_is_no_drift() {
        let mut random = Random::new(6, 0);
        let mut monitor = monitor(&mut random);
        for row in 0..50_000 {
            monitor.observe(
                Timestamp::from_secs(row * 3),
                &[random.fraction(), random.fraction()],
                random.fraction(),
            );
            assert!(monitor.latest().is_none_or(|drift| !drift.is_different()), "{:?}", monitor.latest());
        }
        assert!(monitor.latest().is_some());
    }

    #[test]
    fn a_slow_rise_of_the_mean_is_told() {
        let mut random = Random::new(7, 0);
        let mut monitor = monitor(&mut random);
        let mut told = Vec::new();
        for row in 0..100_000_i64 {
            let score = random.fraction() + row as f64 * 3e-6;
            monitor.observe(Timestamp::from_secs(row * 3), &[random.fraction(), f64::NAN], score);
            told.extend(monitor.latest().and_then(|drift| drift.change));
        }
        assert!(told.contains(&Change::Rose) && !told.contains(&Change::Fell), "{told:?}");
        assert!(monitor.latest().unwrap().columns[1] > 1.0, "the second column went missing");
    }

    #[test]
    fn any_time_and_any_number_is_taken() {
        let mut monitor = monitor(&mut Random::new(8, 0));
        for time in [Timestamp::MIN, Timestamp::MAX, Timestamp::EPOCH, Timestamp::MAX] {
            for value in [f64::NAN, f64::INFINITY, f64::MIN, 0.5] {
                monitor.observe(time, &[value], value);
            }
        }
        assert_eq!((monitor.latest(), monitor.late()), (None, 4));
        let rows = Matrix::new(&[1.0], 1).unwrap();
        let error = DriftMonitor::new(rows, &[], Duration::from_secs(60)).unwrap_err();
        assert_eq!(error, DriftError::Length { rows: 1, scores: 0 });
        let error = DriftMonitor::new(rows, &[1.0], Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "a window is from a second to 366 days long, and not 0ns");
    }
}
