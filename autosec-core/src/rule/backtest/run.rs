use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::compare::Comparison;
use super::cost::Profile;
use super::report::BacktestReport;
use super::track::{self, Track};
use crate::event::{Event, FieldMask, JsonReader, Schema};
use crate::finding::{Detector, Findings};
use crate::rule::set::{ReloadError, RuleSet, extends};
use crate::time::Timestamp;

/// The longest line of a JSON log, in bytes; as long as an event may be by default.
const LINE_LIMIT: usize = 1 << 20;

/// Tries rules on the events of a log.
///
/// The rules begin with nothing counted, whatever the set has seen, and nothing that is tried here changes the set. Only
/// the time of events counts, so the same log gives the same report.
///
/// ```
/// use autosec_core::event::{JsonReader, Schema};
/// use autosec_core::rule::{Backtest, RuleSet};
///
/// let pack = |at_least: u32| format!(r#"
/// - id: brute-force
///   name: Brute force
///   severity: high
///   when: event.action == "login" and event.outcome == "failure"
///   count: {{ by: [source.ip], within: 1m, at_least: {at_least} }}
/// "#);
/// let schema = Schema::ecs();
/// let today = RuleSet::builder(&schema).source("login.yaml", pack(3)).build()?;
/// let tomorrow = RuleSet::builder(today.schema()).source("login.yaml", pack(2)).build()?;
/// let log = r#"
/// {"@timestamp":"2026-11-22T14:02:00Z","event.action":"login","event.outcome":"failure","source.ip":"203.0.113.7"}
/// {"@timestamp":"2026-11-22T14:02:01Z","event.action":"login","event.outcome":"failure","source.ip":"203.0.113.7"}
/// no JSON
/// "#;
/// let mut backtest = Backtest::new(&today).against(&tomorrow)?.progress(1_000, |progress| println!("{progress}"));
/// let reader = JsonReader::new(backtest.schema(), &backtest.fields());
/// backtest.json_lines(&reader, log.as_bytes())?;
/// let report = backtest.finish();
/// assert_eq!((report.events, report.unread, report.rules[0].matches, report.rules[0].findings), (2, 1, 2, 0));
/// let difference = report.difference.unwrap();
/// assert_eq!((difference.gained, difference.rules[0].samples[0].subject.to_string()), (1, "203.0.113.7".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Backtest<'p> {
    rules: RuleSet,
    comparison: Option<Comparison>,
    profile: Option<Profile>,
    samples: usize,
    every: u64,
    told: Box<dyn FnMut(&Progress) + 'p>,
    tracks: HashMap<Arc<str>, Track>,
    faults: BTreeMap<&'static str, u64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    progress: Progress,
}

/// How far a backtest has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many events were looked at.
    pub events: u64,
    /// How many bytes were read, as far as that is known.
    pub bytes: u64,
    /// How many lines or records gave no event.
    pub unread: u64,
    /// How many findings there were.
    pub findings: u64,
    /// The time of the newest event.
    pub time: Option<Timestamp>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, {} findings, {} bytes", self.events, self.findings, self.bytes)?;
        self.time.map_or(Ok(()), |time| write!(f, ", at {time}"))
    }
}

impl fmt::Debug for Backtest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backtest").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl<'p> Backtest<'p> {
    /// Tries these rules; five findings of each are kept as samples, and nothing is measured.
    pub fn new(rules: &RuleSet) -> Self {
        Self {
            rules: rules.fresh(),
            comparison: None,
            profile: None,
            samples: 5,
            every: 0,
            told: Box::new(|_| {}),
            tracks: HashMap::new(),
            faults: BTreeMap::new(),
            first: None,
            last: None,
            progress: Progress::default(),
        }
    }

    /// Tries other rules on the same events besides, and tells what they find more and less.
    ///
    /// # Errors
    /// They were not built from the schema of the rules they are compared with, so their events would be others.
    pub fn against(mut self, other: &RuleSet) -> Result<Self, ReloadError> {
        extends(other.schema(), self.rules.schema())?;
        self.comparison = Some(Comparison::new(other.fresh()));
        Ok(self)
    }

    /// How many findings of each rule, and how many differences, are kept; 5 by default.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// Measures in the end what each rule [costs](super::Cost), on at most so many events spread evenly over the log;
    /// they are kept in memory.
    #[must_use]
    pub fn profile(mut self, events: usize) -> Self {
        self.profile = Some(Profile::new(events));
        self
    }

    /// Calls `told` after every so many events.
    #[must_use]
    pub fn progress(mut self, every: u64, told: impl FnMut(&Progress) + 'p) -> Self {
        (self.every, self.told) = (every, Box::new(told));
        self
    }

    /// The schema that events are to be read with.
    pub fn schema(&self) -> &Schema {
        self.comparison.as_ref().map_or(&self.rules, |comparison| &comparison.rules).schema()
    }

    /// The fields that the rules read.
    pub fn fields(&self) -> FieldMask {
        let mut fields = self.rules.fields();
        if let Some(comparison) = &self.comparison {
            fields.union(&comparison.rules.fields());
        }
        fields
    }

    /// Looks at an event. Give them in the order of the log.
    pub fn look(&mut self, event: &Event<'_>) {
        let mut findings = Findings::default();
        self.rules.detect(event, &mut findings);
        for finding in findings.found() {
            let id = Arc::clone(&finding.analytic.id);
            self.tracks.entry(id).or_default().add(finding, self.samples);
        }
        for fault in findings.faults() {
            *self.faults.entry(fault.kind.code()).or_default() += 1;
        }
        if let Some(comparison) = &mut self.comparison {
            comparison.look(event, findings.found(), self.samples);
        }
        if let Some(profile) = &mut self.profile {
            profile.offer(self.progress.events, event);
        }
        let time = event.time();
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = self.last.max(Some(time));
        self.progress.events += 1;
        self.progress.findings += findings.found().len() as u64;
        self.progress.time = self.last;
        if self.every > 0 && self.progress.events.is_multiple_of(self.every) {
            (self.told)(&self.progress);
        }
    }

    /// Takes note that so many more bytes were read.
    pub fn read_bytes(&mut self, bytes: u64) {
        self.progress.bytes = self.progress.bytes.saturating_add(bytes);
    }

    /// Takes note of a line or record that gave no event.
    pub fn unread(&mut self) {
        self.progress.unread += 1;
    }

    /// Looks at each line of a log of JSON objects; a line that is no event, or longer than 1 MiB, is counted as unread.
    ///
    /// # Errors
    /// The input fails; what was read until then is kept.
    pub fn json_lines(&mut self, reader: &JsonReader, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = (&mut input).take(LINE_LIMIT as u64 + 1);
            let mut read = limited.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                return Ok(());
            }
            let whole = line.ends_with(b"\n") || line.len() <= LINE_LIMIT;
            if !whole {
                read += input.skip_until(b'\n')? as u64;
            }
            self.read_bytes(read);
            match reader.read(&line) {
                _ if line.trim_ascii().is_empty() => {}
                Ok(event) if whole => self.look(&event),
                _ => self.unread(),
            }
        }
    }

    /// Looks at every event, and reports.
    pub fn run<'e>(mut self, events: impl IntoIterator<Item = Event<'e>>) -> BacktestReport {
        events.into_iter().for_each(|event| self.look(&event));
        self.finish()
    }

    /// What came of it; takes the time to measure costs if that was asked for.
    pub fn finish(self) -> BacktestReport {
        let mut rules = track::reports(&self.rules, self.tracks);
        if let Some(profile) = &self.profile {
            profile.measure(&self.rules, &mut rules);
        }
        BacktestReport {
            events: self.progress.events,
            bytes: self.progress.bytes,
            unread: self.progress.unread,
            first: self.first,
            last: self.last,
            rules,
            faults: self.faults,
            difference: self.comparison.map(|comparison| comparison.finish(&self.rules)),
        }
    }
}
