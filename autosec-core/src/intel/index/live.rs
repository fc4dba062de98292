use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};

use super::super::detect::ObservedFields;
use super::super::table::Keys;
use super::super::warninglist::Warninglists;
use super::super::{Indicator, Sighting};
use super::limits::IndexLimits;
use super::packed::hash_id;
use super::report::UpdateReport;
use super::snapshot::Snapshot;
use super::update::Update;

/// Indicators that are in force, asked by many threads while one changes them.
///
/// It is a [`Detector`](crate::finding::Detector): give the engine an `Arc` of it and keep another to change it.
/// [`ObservedFields`] says which fields of an event are looked up.
///
/// What readers see is a [`Snapshot`], replaced as a whole. A change makes a new segment with what is new, and joins it with
/// those before it that are not 8 times as large: so a change costs what it has in it, and now and then as much as the
/// segments it is joined with, a logarithmic number of times for each indicator. A look-up asks every segment, two or three
/// as a rule.
///
/// ```
/// use std::sync::Arc;
///
/// use autosec_core::engine::Engine;
/// use autosec_core::event::{Event, field};
/// use autosec_core::intel::{Indicator, IndicatorIndex, IndicatorValue, ObservableKind};
/// use autosec_core::measure::{Confidence, Severity};
/// use autosec_core::time::Timestamp;
///
/// let index = Arc::new(IndicatorIndex::default());
/// let mut listed = Indicator::new("drop", IndicatorValue::new(ObservableKind::Network, "203.0.113.0/24")?);
/// (listed.confidence, listed.severity) = (Confidence::ONE, Severity::Critical);
/// assert_eq!(index.load([listed]).added, 1);
///
/// let engine = Engine::builder().detector(Arc::clone(&index)).build()?;
/// let event = Event::new(Timestamp::from_secs(1_800_000_000))
///     .with(field::SOURCE_IP, "203.0.113.7".parse::<std::net::IpAddr>()?);
/// let verdict = engine.process(event);
/// assert_eq!(verdict.decision().unwrap().subject.to_string(), "203.0.113.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct IndicatorIndex {
    keys: Keys,
    limits: IndexLimits,
    fields: ObservedFields,
    current: ArcSwap<Snapshot>,
    warninglists: ArcSwap<Warninglists>,
    /// Held while an update is made.
    writing: Mutex<()>,
}

impl Default for IndicatorIndex {
    fn default() -> Self {
        Self::new(IndexLimits::default(), ObservedFields::default())
    }
}

impl IndicatorIndex {
    /// An empty index that takes in so much and looks these fields up.
    pub fn new(limits: IndexLimits, fields: ObservedFields) -> Self {
        let keys = Keys::default();
        let empty = Snapshot::new(keys.clone(), Vec::new(), 0);
        Self {
            keys,
            limits,
            fields,
            current: ArcSwap::from_pointee(empty),
            warninglists: ArcSwap::default(),
            writing: Mutex::new(()),
        }
    }

    /// Adds indicators, or changes those that are there: [`Update::put`] of each, at once.
    pub fn load(&self, indicators: impl IntoIterator<Item = Indicator>) -> UpdateReport {
        let mut update = self.update();
        indicators.into_iter().for_each(|indicator| update.put(indicator));
        update.commit()
    }

    /// Puts these in the place of all that a source has, as a list that was fetched anew.
    pub fn replace(&self, source: &str, indicators: impl IntoIterator<Item = Indicator>) -> UpdateReport {
        let mut update = self.update();
        update.replace(source);
        indicators.into_iter().for_each(|indicator| update.put(indicator));
        update.commit()
    }

    /// Notes what somebody saw of indicators: [`Update::sight`] of each, at once.
    pub fn sight(&self, sightings: impl IntoIterator<Item = Sighting>) -> UpdateReport {
        let mut update = self.update();
        sightings.into_iter().for_each(|sighting| update.sight(sighting));
        update.commit()
    }

    /// Begins changes that take effect together. Waits for those that another thread is making; a thread that begins a
    /// second update before it committed or dropped its first waits for ever.
    pub fn update(&self) -> Update<'_> {
        // What a panic left behind was never published.
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        Update::new(self, writing, self.snapshot())
    }

    /// What is in force now, and stays as it is however long it is held.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Replaces the lists that hold indicators back; they are asked when something is found, so those that are loaded are
    /// held back as well.
    pub fn set_warninglists(&self, lists: Warninglists) {
        self.warninglists.store(Arc::new(lists));
    }

    /// The lists that hold indicators back.
    pub fn warninglists(&self) -> Guard<Arc<Warninglists>> {
        self.warninglists.load()
    }

    pub(crate) fn with_current(&self, look: impl FnOnce(&Snapshot)) {
        look(&self.current.load());
    }

    pub(crate) fn observed(&self) -> &ObservedFields {
        &self.fields
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(super) fn limits(&self) -> &IndexLimits {
        &self.limits
    }

    pub(super) fn hash(&self, source: &str, id: &str) -> u64 {
        hash_id(&self.keys, source, id)
    }

    pub(super) fn publish(&self, next: Snapshot) {
        self.current.store(Arc::new(next));
    }
}
