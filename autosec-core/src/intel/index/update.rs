use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard};

use super::super::{Indicator, Sighting, SightingKind};
use super::build::SegmentBuilder;
use super::live::IndicatorIndex;
use super::packed::rounded;
use super::report::{Refusal, UpdateReport};
use super::segment::Segment;
use super::snapshot::{Found, Snapshot};
use crate::time::Timestamp;

/// How many times as large a segment is as the one after it, at least: what changes often is rewritten often, what does
/// not is left alone, and a look-up asks few segments.
const RATIO: usize = 8;

/// Changes that take effect together, or not at all if it is dropped. Readers go on with what was there.
///
/// One update is made at a time: who begins another waits.
///
/// ```
/// use autosec_core::intel::{Indicator, IndicatorIndex, IndicatorValue, ObservableKind, Sighting};
/// use autosec_core::time::Timestamp;
///
/// let index = IndicatorIndex::default();
/// let address = |text| IndicatorValue::new(ObservableKind::Network, text);
/// index.load([
///     Indicator::new("drop", address("192.0.2.0/24")?).with_id("a"),
///     Indicator::new("drop", address("198.51.100.0/24")?).with_id("b"),
/// ]);
/// let mut update = index.update();
/// update.put(Indicator::new("drop", address("203.0.113.0/24")?).with_id("c"));
/// update.remove("drop", "a");
/// update.sight(Sighting::new("drop", "b", Timestamp::from_secs(1_800_000_000)));
/// assert_eq!(update.commit().to_string(), "1 added, 1 removed, 1 sighted");
/// assert_eq!(index.snapshot().len(), 2);
/// # Ok::<(), autosec_core::intel::ValueError>(())
/// ```
#[derive(Debug)]
pub struct Update<'i> {
    index: &'i IndicatorIndex,
    _writing: MutexGuard<'i, ()>,
    before: Arc<Snapshot>,
    new: SegmentBuilder<'i>,
    /// Sources that are replaced as a whole, and the hashes of those of their ids that are still there.
    replaced: HashMap<Box<str>, HashSet<u64>>,
    sighted: HashMap<(Arc<str>, Arc<str>), Indicator>,
    report: UpdateReport,
}

impl<'i> Update<'i> {
    pub(super) fn new(index: &'i IndicatorIndex, writing: MutexGuard<'i, ()>, before: Arc<Snapshot>) -> Self {
        Self {
            index,
            _writing: writing,
            before,
            new: SegmentBuilder::new(index.keys()),
            replaced: HashMap::new(),
            sighted: HashMap::new(),
            report: UpdateReport::default(),
        }
    }

    /// Adds an indicator, or changes the one of its source and id unless that is newer (`modified`). What was seen of it so
    /// far is kept. One with `revoked` takes it back.
    pub fn put(&mut self, mut indicator: Indicator) {
        let held = self.before.by_id(&indicator.source, &indicator.id);
        // What was not there cannot be unseen, so the set is bounded by what is there and not by what is given.
        if held.is_some()
            && let Some(present) = self.replaced.get_mut(&*indicator.source)
        {
            present.insert(self.index.hash(&indicator.source, &indicator.id));
        }
        if let Some(reason) = self.index.limits().refusal(&indicator) {
            return self.report.refuse(reason, &indicator.id);
        }
        indicator.confidence = rounded(indicator.confidence);
        let verdict = held.map_or(Standing::New, |held| compare(&held, &mut indicator));
        match verdict {
            Standing::Older => self.report.older += 1,
            Standing::Same => self.report.unchanged += 1,
            Standing::New | Standing::Changed => {
                let is_new = matches!(verdict, Standing::New);
                match self.room(is_new) {
                    Some(reason) => self.report.refuse(reason, &indicator.id),
                    None => {
                        let count = if is_new { &mut self.report.added } else { &mut self.report.changed };
                        *count += 1;
                        self.new.add(&indicator);
                    }
                }
            }
        }
    }

    /// Takes out the indicator of this id.
    pub fn remove(&mut self, source: &str, id: &str) {
        let before = Arc::clone(&self.before);
        match before.by_id(source, id) {
            Some(held) => {
                self.new.add_removed(held.about, id);
                self.report.removed += 1;
            }
            None => self.report.unknown += 1,
        }
    }

    /// From now on, what is not put again of this source is taken out by the commit, as of a list that was fetched anew.
    /// What was revoked stays so.
    pub fn replace(&mut self, source: &str) {
        self.replaced.entry(source.into()).or_default();
    }

    /// Notes what somebody saw of an indicator that was there before this update.
    pub fn sight(&mut self, sighting: Sighting) {
        let key = (sighting.source, sighting.id);
        let held = match self.sighted.remove(&key) {
            Some(held) => Some(held),
            None => self.before.indicator(&key.0, &key.1).filter(|held| !held.revoked),
        };
        match held {
            Some(mut held) => {
                note(&mut held, sighting.kind, sighting.time);
                self.report.sighted += 1;
                self.sighted.insert(key, held);
            }
            None => self.report.unknown += 1,
        }
    }

    /// Puts all of it into force at once.
    pub fn commit(mut self) -> UpdateReport {
        for indicator in std::mem::take(&mut self.sighted).into_values() {
            if let Some(reason) = self.room(false) {
                self.report.refuse(reason, &indicator.id);
            } else {
                self.new.add(&indicator);
            }
        }
        self.remove_unseen();
        if self.new.len() == 0 {
            return self.report;
        }
        let (segment, crowded) = self.new.finish();
        self.report.crowded = crowded;
        let live = live_after(&self.before, &segment);
        let mut segments = self.before.segments.clone();
        segments.push(Arc::new(segment));
        merge(&mut segments, self.index);
        self.index.publish(Snapshot::new(self.index.keys().clone(), segments, live));
        self.report
    }

    /// Marks what is no longer there of sources that are replaced.
    fn remove_unseen(&mut self) {
        if self.replaced.is_empty() {
            return;
        }
        let before = Arc::clone(&self.before);
        let mut id = String::new();
        for found in before.all_live() {
            let Some(present) = self.replaced.get(&*found.about.source) else { continue };
            id.clear();
            found.record.write_id(&mut id);
            if !present.contains(&self.index.hash(&found.about.source, &id)) {
                self.new.add_removed(found.about, &id);
                self.report.removed += 1;
            }
        }
    }

    fn room(&self, is_new: bool) -> Option<Refusal> {
        let limits = self.index.limits();
        if is_new && self.before.len() + self.report.added >= limits.most_indicators() {
            return Some(Refusal::TooMany);
        }
        (self.before.bytes() + self.new.bytes() >= limits.most_bytes()).then_some(Refusal::TooLarge)
    }
}

/// How an indicator stands to the one that is there.
enum Standing {
    New,
    Changed,
    Same,
    Older,
}

fn compare(held: &Found<'_>, new: &mut Indicator) -> Standing {
    let [_, _, modified, _, last_sighting] = held.record.times();
    let is_newer = modified.is_none_or(|held| new.modified.is_some_and(|new| new >= held));
    if !is_newer || (held.record.is_revoked() && !new.revoked && new.modified <= modified) {
        return Standing::Older;
    }
    if last_sighting >= new.last_sighting {
        new.last_sighting = last_sighting;
        new.false_positives = new.false_positives.max(held.record.false_positives());
    }
    if held.record.indicator(held.about) == *new { Standing::Same } else { Standing::Changed }
}

fn note(indicator: &mut Indicator, kind: SightingKind, time: Timestamp) {
    match kind {
        SightingKind::Positive if indicator.last_sighting.is_none_or(|last| last <= time) => {
            indicator.last_sighting = Some(time);
            indicator.false_positives = 0;
        }
        SightingKind::FalsePositive if indicator.last_sighting.is_none_or(|last| last <= time) => {
            indicator.false_positives = indicator.false_positives.saturating_add(1);
        }
        SightingKind::Expiration => {
            indicator.valid_until = Some(indicator.valid_until.map_or(time, |until| until.min(time)));
        }
        // What was seen before the last sighting changes nothing.
        SightingKind::Positive | SightingKind::FalsePositive => {}
    }
}

fn live_after(before: &Snapshot, new: &Segment) -> usize {
    let mut live = before.len();
    for (_, record) in new.records() {
        let was = !before.is_empty()
            && new.about(&record).is_some_and(|about| {
                let mut id = String::new();
                record.write_id(&mut id);
                before.by_id(&about.source, &id).is_some_and(|held| held.record.is_live())
            });
        live = live + usize::from(record.is_live()) - usize::from(was);
    }
    live
}

/// Joins the last segments until each is [`RATIO`] times as large as the one after it.
fn merge(segments: &mut Vec<Arc<Segment>>, index: &IndicatorIndex) {
    while let [.., older, newer] = segments.as_slice() {
        let is_last = segments.len() == 2;
        if older.records > RATIO * newer.records {
            return;
        }
        let merged = join(older, newer, is_last, index);
        segments.truncate(segments.len() - 2);
        if merged.records > 0 {
            segments.push(Arc::new(merged));
        }
    }
}

/// Both as one; where there is nothing before them, nothing has to be marked as gone.
fn join(older: &Segment, newer: &Segment, is_first: bool, index: &IndicatorIndex) -> Segment {
    let mut joined = SegmentBuilder::new(index.keys());
    let (mut abouts, mut id) = (HashMap::new(), String::new());
    for (at, record) in older.records() {
        let Some(about) = older.about(&record) else { continue };
        id.clear();
        record.write_id(&mut id);
        if newer.find_id(index.hash(&about.source, &id), &about.source, id.as_bytes()).is_none() {
            joined.copy(older, at, &mut abouts);
        }
    }
    abouts.clear();
    for (at, _) in newer.records().filter(|(_, record)| !(is_first && record.is_removed())) {
        joined.copy(newer, at, &mut abouts);
    }
    // What was too crowded was said when it came.
    joined.finish().0
}
