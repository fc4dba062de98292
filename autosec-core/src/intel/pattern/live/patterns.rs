use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::entry::{Entry, State};
use super::gate::Gate;
use super::indicator::PatternIndicator;
use super::limits::PatternLimits;
use super::report::LiveReport;
use crate::intel::Indicator;
use crate::intel::warninglist::Warninglists;

/// STIX patterns that are in force, fed by many threads while one changes them.
///
/// It is a [`Detector`](crate::finding::Detector) for the patterns that no index can answer: give the engine an [`Arc`] of it
/// and keep another to change it. An event becomes an [observation](super::super::Observation) once, if some pattern could take it; which
/// that can be is known from the fields and texts that its brackets need, so an event that none can take costs a
/// look-up a field and no memory.
///
/// A match is a finding in the event that completes it, as sure as the indicator is at that event's time. Observations that
/// made a match are used up. While an indicator is not valid, or has decayed, its pattern takes nothing; one that was revoked
/// holds nothing. What a pattern holds is the host's as a whole: it may be completed by another user or host than began it,
/// since STIX has no word for "of the same", and the finding is about whom the last event names, as an index would choose:
/// the address that the pattern asked for, else the host, the user or the client.
///
/// # Time
/// Events may be late by [`StreamLimits::lateness`](super::super::StreamLimits), counted from the newest that any thread brought: what they
/// complete is found then. Later ones are left out, with a fault.
///
/// # Example
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, field};
/// use autosec_core::intel::pattern::{LivePatterns, Pattern, PatternIndicator};
/// use autosec_core::time::Timestamp;
///
/// let text = "([user-account:account_login = 'root'] REPEATS 2 TIMES FOLLOWEDBY [process:name = 'nc']) WITHIN 60 SECONDS";
/// let patterns = Arc::new(LivePatterns::default());
/// let indicator = PatternIndicator::new("partner", "indicator--1", Pattern::parse(text)?)?;
/// assert_eq!(patterns.put([indicator]).added, 1);
///
/// let engine = Engine::builder().detector(Arc::clone(&patterns)).build()?;
/// let event = |second, field, value| {
///     let event = Event::new(Timestamp::from_secs(second)).with(field::HOST_NAME, "web-1");
///     engine.process(event.with(field, value))
/// };
/// assert!(event(960, field::USER_NAME, "root").is_quiet());
/// assert!(event(961, field::USER_NAME, "root").is_quiet());
/// let verdict = event(962, field::PROCESS_NAME, "nc");
/// assert_eq!(verdict.findings().next().unwrap().subject.to_string(), "web-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LivePatterns {
    pub(super) limits: PatternLimits,
    pub(super) current: ArcSwap<Set>,
    pub(super) warninglists: ArcSwap<Warninglists>,
    /// Held while a new set is made.
    writing: Mutex<()>,
    /// Held while room is made.
    pub(super) shrinking: Mutex<()>,
    /// The bytes that all patterns hold.
    pub(super) held: Arc<AtomicUsize>,
    /// The newest event's time, in microseconds.
    pub(super) newest: AtomicI64,
    pub(super) late: AtomicU64,
    pub(super) evictions: AtomicU64,
}

/// The patterns of one moment.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) entries: Vec<Entry>,
    pub(super) gate: Gate,
}

impl Default for LivePatterns {
    fn default() -> Self {
        Self::new(PatternLimits::default())
    }
}

impl LivePatterns {
    /// No pattern yet.
    pub fn new(limits: PatternLimits) -> Self {
        Self {
            limits,
            current: ArcSwap::default(),
            warninglists: ArcSwap::default(),
            writing: Mutex::new(()),
            shrinking: Mutex::new(()),
            held: Arc::default(),
            newest: AtomicI64::new(i64::MIN),
            late: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }
    }

    /// Adds indicators, or changes those of the same source and id unless they are newer. All take effect at once; what other
    /// patterns hold stays, and so does what a changed one holds if it has the same pattern. It takes as long as there
    /// are patterns, so put many together.
    ///
    /// One that was revoked stays known, so that no older version of it comes back.
    pub fn put(&self, indicators: impl IntoIterator<Item = PatternIndicator>) -> LiveReport {
        self.change(indicators, |_| true)
    }

    /// Puts these in the place of all that a source has, as a feed that was fetched anew. Those that were revoked stay
    /// known.
    pub fn replace(
        &self,
        source: &str,
        indicators: impl IntoIterator<Item = PatternIndicator>,
    ) -> LiveReport {
        self.change(indicators, |held| &*held.source != source)
    }

    /// Replaces the lists that hold matches back, as an index is held back by its own: give them the same
    /// ([`IndicatorIndex::warninglists`](crate::intel::IndicatorIndex::warninglists)). A match is held back if a value is on a
    /// list that each way to complete the pattern asks for, or the address that it is about.
    pub fn set_warninglists(&self, lists: Arc<Warninglists>) {
        self.warninglists.store(lists);
    }

    /// How many indicators there are; those that were revoked are none of them.
    pub fn len(&self) -> usize {
        self.current.load().entries.iter().filter(|entry| !entry.indicator.about.revoked).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes all patterns hold of what they have seen.
    pub fn held_bytes(&self) -> usize {
        self.held.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn change(
        &self,
        indicators: impl IntoIterator<Item = PatternIndicator>,
        stays: impl Fn(&Indicator) -> bool,
    ) -> LiveReport {
        // What the host's iterator does, however long, happens before anybody waits for it.
        let indicators: Vec<PatternIndicator> = indicators.into_iter().collect();
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut draft = Draft::of(&self.current.load(), self);
        indicators.into_iter().for_each(|indicator| draft.put(indicator));
        let (set, report) = draft.finish(stays);
        self.current.store(Arc::new(set));
        report
    }
}

/// Whose it is and what it is called.
type Name = (Arc<str>, Arc<str>);

/// A set that is being made of another.
struct Draft<'p> {
    patterns: &'p LivePatterns,
    entries: Vec<Entry>,
    /// Where each one stands.
    places: HashMap<Name, usize>,
    /// Whether it was given in this change.
    given: Vec<bool>,
    text: usize,
    report: LiveReport,
}

impl<'p> Draft<'p> {
    fn of(set: &Set, patterns: &'p LivePatterns) -> Self {
        let entries = set.entries.clone();
        let names = entries.iter().map(|entry| name(&entry.indicator.about));
        Self {
            patterns,
            places: names.zip(0..).collect(),
            given: vec![false; entries.len()],
            text: entries.iter().map(|entry| entry.indicator.pattern.text().len()).sum(),
            report: LiveReport::default(),
            entries,
        }
    }

    fn put(&mut self, indicator: PatternIndicator) {
        let place = self.places.get(&name(&indicator.about)).copied();
        let old = place.and_then(|place| self.entries.get(place));
        let before = old.map_or(0, |old| old.indicator.pattern.text().len());
        let text = self.text - before + indicator.pattern.text().len();
        let limits = &self.patterns.limits;
        if let Some(place) = place {
            self.given.get_mut(place).into_iter().for_each(|given| *given = true);
        }
        if old.is_some_and(|old| !is_newer(&indicator.about, &old.indicator.about)) {
            self.report.older += 1;
            return;
        }
        let full = old.is_none() && self.entries.len() >= limits.patterns;
        if full || text > limits.text || !is_named(&indicator.about) {
            self.report.refused += 1;
            return;
        }
        self.text = text;
        let kept = old.filter(|old| !indicator.about.revoked && old.indicator.pattern == indicator.pattern);
        let state = kept.map(|old| Arc::clone(&old.state));
        let state =
            state.unwrap_or_else(|| Arc::new(State::new(&indicator, &limits.stream, &self.patterns.held)));
        self.set(place, Entry::new(indicator, state));
    }

    fn set(&mut self, place: Option<usize>, entry: Entry) {
        if let Some(old) = place.and_then(|place| self.entries.get_mut(place)) {
            *old = entry;
            self.report.changed += 1;
            return;
        }
        self.places.insert(name(&entry.indicator.about), self.entries.len());
        self.entries.push(entry);
        self.given.push(true);
        self.report.added += 1;
    }

    /// The set, without those that were not given and do not stay.
    fn finish(mut self, stays: impl Fn(&Indicator) -> bool) -> (Set, LiveReport) {
        let before = self.entries.len();
        let mut given = self.given.into_iter();
        self.entries.retain(|entry| {
            let about = &entry.indicator.about;
            given.next() == Some(true) || about.revoked || stays(about)
        });
        self.report.removed = before - self.entries.len();
        let mut gate = Gate::default();
        for (number, entry) in (0_u32..).zip(&self.entries) {
            if !entry.indicator.about.revoked {
                gate.add(number, &entry.indicator.matcher.program);
            }
        }
        (Set { entries: self.entries, gate }, self.report)
    }
}

fn name(about: &Indicator) -> Name {
    (Arc::clone(&about.source), Arc::clone(&about.id))
}

/// The rule of an index: a version without a date replaces none that has one, and what was revoked comes back only by a
/// later word.
fn is_newer(new: &Indicator, held: &Indicator) -> bool {
    let is_newer = held.modified.is_none_or(|held| new.modified.is_some_and(|new| new >= held));
    is_newer && !(held.revoked && !new.revoked && new.modified <= held.modified)
}

fn is_named(about: &Indicator) -> bool {
    [&about.id, &about.source].into_iter().all(|name| !name.is_empty() && name.len() <= Indicator::LONGEST_ID)
}
