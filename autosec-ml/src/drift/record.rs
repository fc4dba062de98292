//! A drift monitor as the sections of a model file. Words have eight bytes.
//!
//! | section | words |
//! |---|---|
//! | `bins` | of each column and then of the scores: how many edges, the edges, the counts of the bins |
//! | `rule` | mean and deviation of scores, length of a window, rows that were late |
//! | `test` | tolerance, threshold, count, mean, above, below |
//! | `wind` | of the window before and of the current one: number, rows, sum of scores, counts of the bins |
//! | `last` | nothing, or: begin, rows, change (0 none, 1 fell, 2 rose), index of the scores, of each column |

use autosec_core::time::Timestamp;

use super::deciles::{Deciles, MOST_BINS};
use super::monitor::{Drift, DriftMonitor, Window};
use super::page_hinkley::{Change, PageHinkley};
use crate::feature::FeatureSchema;
use crate::model::{Algorithm, Frame, ModelError, Section, Training, malformed};

const BINS: &str = "bins";
const RULE: &str = "rule";
const TEST: &str = "test";
const WINDOWS: &str = "wind";
const LAST: &str = "last";

impl DriftMonitor {
    /// All it knows as a [model file](crate::model), to go on with after a restart.
    ///
    /// # Errors
    /// When the schema has not as many columns as the monitor, or when the file would be too large.
    pub fn to_bytes(&self, schema: &FeatureSchema) -> Result<Vec<u8>, ModelError> {
        check_columns(self.columns(), schema)?;
        let bins = self.deciles.iter().flat_map(|deciles| {
            let edges = deciles.edges.iter().map(|edge| edge.to_bits());
            [deciles.edges.len() as u64].into_iter().chain(edges).chain(deciles.expected.iter().copied())
        });
        let rule = [self.usual.0.to_bits(), self.usual.1.to_bits(), self.window, self.late];
        let PageHinkley { tolerance, threshold, count, mean, above, below } = &self.test;
        let [tolerance, threshold, mean, above, below] =
            [tolerance, threshold, mean, above, below].map(|number| number.to_bits());
        let test = [tolerance, threshold, *count, mean, above, below];
        let windows = [&self.before, &self.current].into_iter().flat_map(|window| {
            let head = [window.number.cast_unsigned(), window.rows, window.sum.cast_unsigned()];
            head.into_iter().chain(window.counts.iter().copied())
        });
        let last = self.latest.iter().flat_map(|drift| {
            let head = [drift.begin.as_micros().cast_unsigned(), drift.rows, change_number(drift.change)];
            let indexes = [&drift.score].into_iter().chain(&drift.columns).map(|index| index.to_bits());
            head.into_iter().chain(indexes)
        });
        let parts = [bytes(bins), bytes(rule), bytes(test), bytes(windows), bytes(last)];
        let names = [BINS, RULE, TEST, WINDOWS, LAST].into_iter();
        let sections: Vec<Section<'_>> =
            names.zip(&parts).map(|(name, bytes)| Section { name, bytes }).collect();
        let rows = self.deciles.last().map_or(0, |scores| scores.expected.iter().sum());
        Frame::write(Algorithm::Drift, schema, Training { rows, seed: 0 }, &sections)
    }

    /// The monitor in a [model file](crate::model).
    ///
    /// # Errors
    /// When the bytes are no model file, are damaged, or hold something else or something for other features.
    pub fn from_bytes(file: &[u8], schema: &FeatureSchema) -> Result<Self, ModelError> {
        let mut frame = Frame::read(file, Algorithm::Drift, schema)?;
        let deciles = read_deciles(&mut Words::new(frame.section(BINS)?, BINS)?, schema.columns().len() + 1)?;
        let bins = deciles.iter().map(Deciles::bins).sum();
        let mut rule = Words::new(frame.section(RULE)?, RULE)?;
        let (usual, window, late) = ((rule.finite()?, rule.finite()?), rule.word()?, rule.word()?);
        rule.finish()?;
        if usual.1 <= 0.0 || !(1_000_000..=366 * 86_400_000_000).contains(&window) {
            return Err(malformed(RULE, "a number out of its bounds"));
        }
        let test = read_test(Words::new(frame.section(TEST)?, TEST)?)?;
        let mut windows = Words::new(frame.section(WINDOWS)?, WINDOWS)?;
        let (before, current) = (read_window(&mut windows, bins)?, read_window(&mut windows, bins)?);
        windows.finish()?;
        let latest = read_drift(Words::new(frame.section(LAST)?, LAST)?, deciles.len() - 1)?;
        frame.finish(LAST)?;
        Ok(Self { deciles, usual, window, before, current, test, latest, late })
    }
}

fn check_columns(model: usize, schema: &FeatureSchema) -> Result<(), ModelError> {
    let schema = schema.columns().len();
    if model == schema { Ok(()) } else { Err(ModelError::Columns { model, schema }) }
}

fn bytes(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn change_number(change: Option<Change>) -> u64 {
    match change {
        None => 0,
        Some(Change::Fell) => 1,
        Some(Change::Rose) => 2,
    }
}

/// The words of a section, one after the other.
struct Words<'f> {
    words: std::slice::Iter<'f, [u8; 8]>,
    section: &'static str,
}

impl<'f> Words<'f> {
    fn new(bytes: &'f [u8], section: &'static str) -> Result<Self, ModelError> {
        match bytes.as_chunks::<8>() {
            (words, []) => Ok(Self { words: words.iter(), section }),
            _ => Err(malformed(section, "a part of a word")),
        }
    }

    fn word(&mut self) -> Result<u64, ModelError> {
        self.words.next().map(|word| u64::from_le_bytes(*word)).ok_or(malformed(self.section, "too little"))
    }

    fn finite(&mut self) -> Result<f64, ModelError> {
        let number = f64::from_bits(self.word()?);
        if number.is_finite() {
            Ok(number)
        } else {
            Err(malformed(self.section, "a number that is not finite"))
        }
    }

    /// Counts, which are so small that no sum of them is too large.
    fn counts(&mut self, count: usize) -> Result<Vec<u64>, ModelError> {
        let small = |word: u64| {
            if word < 1 << 48 { Ok(word) } else { Err(malformed(self.section, "a count out of its bounds")) }
        };
        let words = self.words.by_ref().take(count).map(|word| small(u64::from_le_bytes(*word)));
        let counts: Vec<u64> = words.collect::<Result<_, _>>()?;
        if counts.len() == count { Ok(counts) } else { Err(malformed(self.section, "too little")) }
    }

    fn finish(mut self) -> Result<(), ModelError> {
        if self.words.next().is_none() { Ok(()) } else { Err(malformed(self.section, "too much")) }
    }
}

fn read_deciles(words: &mut Words<'_>, columns: usize) -> Result<Vec<Deciles>, ModelError> {
    let mut deciles = Vec::new();
    for _ in 0..columns {
        let count = words.word()?;
        let count = usize::try_from(count).ok().filter(|count| count + 2 <= MOST_BINS);
        let count = count.ok_or(malformed(BINS, "too many edges"))?;
        let edges: Vec<f64> =
            (0..count).map(|_| words.word().map(f64::from_bits)).collect::<Result<_, _>>()?;
        let rises = |pair: &[f64]| matches!(pair, [low, high] if low < high);
        if edges.iter().any(|edge| edge.is_nan()) || !edges.windows(2).all(rises) {
            return Err(malformed(BINS, "edges that do not rise"));
        }
        deciles.push(Deciles { edges, expected: words.counts(count + 2)? });
    }
    match words.words.next() {
        None => Ok(deciles),
        Some(_) => Err(malformed(BINS, "too much")),
    }
}

fn read_test(mut words: Words<'_>) -> Result<PageHinkley, ModelError> {
    let (tolerance, threshold, count) = (words.finite()?, words.finite()?, words.word()?);
    let (mean, above, below) = (words.finite()?, words.finite()?, words.finite()?);
    words.finish()?;
    let sound = [tolerance, threshold, above, below].iter().all(|number| *number >= 0.0) && count < u64::MAX;
    if !sound {
        return Err(malformed(TEST, "a number out of its bounds"));
    }
    Ok(PageHinkley { tolerance, threshold, count, mean, above, below })
}

fn read_window(words: &mut Words<'_>, bins: usize) -> Result<Window, ModelError> {
    let (number, rows, sum) = (words.word()?.cast_signed(), words.word()?, words.word()?.cast_signed());
    if rows >= 1 << 48 {
        return Err(malformed(WINDOWS, "a count out of its bounds"));
    }
    Ok(Window { number, rows, sum, counts: words.counts(bins)? })
}

fn read_drift(mut words: Words<'_>, columns: usize) -> Result<Option<Drift>, ModelError> {
    if words.words.len() == 0 {
        return Ok(None);
    }
    let (begin, rows) = (Timestamp::from_micros(words.word()?.cast_signed()), words.word()?);
    let change = match words.word()? {
        0 => None,
        1 => Some(Change::Fell),
        2 => Some(Change::Rose),
        _ => return Err(malformed(LAST, "a change that is none")),
    };
    let score = words.finite()?;
    let columns: Vec<f64> = (0..columns).map(|_| words.finite()).collect::<Result<_, _>>()?;
    words.finish()?;
    Ok(Some(Drift { begin, rows, score, columns, change }))
}
