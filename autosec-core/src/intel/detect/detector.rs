use smallvec::SmallVec;

use super::super::index::{Asked, Batch, Found, IndicatorIndex, Places, Snapshot};
use super::super::indicator::confidence_at;
use super::super::observable::Key;
use super::fields::ObservedFields;
use super::finding::Hit;
use super::subject;
use super::{joined, seen};
use crate::event::{Event, FieldId, FieldMask, field};
use crate::finding::{Detector, Fault, FaultKind, Findings};

/// The most findings of one event; a fault tells of more.
const MOST_FINDINGS: usize = 16;

/// What an event has that is listed becomes a finding: its confidence is that of the indicator, at the time of the event,
/// less if a warninglist says so.
///
/// An indicator gives one finding an event, however many fields have its value. Findings bear the source as their
/// analytic, so the scorer takes several of one feed for less than as many of different feeds.
impl Detector for IndicatorIndex {
    fn name(&self) -> &str {
        "intel"
    }

    fn fields(&self) -> FieldMask {
        let mut mask = self.observed().mask();
        let ports = [field::SOURCE_PORT, field::DESTINATION_PORT, field::URL_PORT];
        mask.union(&subject::FIELDS.into_iter().chain(ports).collect());
        mask
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        self.with_current(|snapshot| {
            let suspect = suspect(event, self.observed(), snapshot);
            if !suspect.is_empty() {
                let mut search = Search { index: self, snapshot, event, noted: SmallVec::new(), findings };
                search.look_closely(suspect);
            }
        });
    }
}

/// The places among the event's observed fields that may have something listed: all there is to do for most events.
fn suspect(event: &Event<'_>, fields: &ObservedFields, snapshot: &Snapshot) -> Places {
    if snapshot.is_empty() {
        return Places::default();
    }
    let (mut batch, mut key) = (Batch::new(snapshot), Key::new());
    for (place, (_, reading, value)) in seen::observed(event, fields).enumerate() {
        seen::values(reading, value, snapshot.spaces(), &mut key, |asked| batch.ask(place, asked));
    }
    batch.finish()
}

struct Search<'f, 'e> {
    index: &'f IndicatorIndex,
    snapshot: &'f Snapshot,
    event: &'f Event<'e>,
    /// The records that the event already has a finding of.
    noted: SmallVec<[(usize, u32); MOST_FINDINGS]>,
    findings: &'f mut Findings,
}

impl Search<'_, '_> {
    /// Looks up what is in the places that may have something.
    fn look_closely(&mut self, suspect: Places) {
        let (event, snapshot, fields) = (self.event, self.snapshot, self.index.observed());
        let (mut left_out, mut key) = (0, Key::new());
        let observed = seen::observed(event, fields).enumerate().filter(|(place, _)| suspect.has(*place));
        for (_, (field, reading, value)) in observed {
            seen::values(reading, value, snapshot.spaces(), &mut key, |asked| {
                snapshot.visit(asked, |found| left_out += usize::from(!self.note(field, asked, found)));
            });
        }
        if left_out > 0 {
            let detail =
                format!("an event has {left_out} more indicators than the {MOST_FINDINGS} that are reported");
            self.findings.fault(Fault::new(FaultKind::Evicted, "intel", detail));
        }
    }

    /// Adds a finding if this is one; false if it is and there is no room.
    fn note(&mut self, field: FieldId, asked: Asked<'_>, found: Found<'_>) -> bool {
        let record = &found.record;
        if !record.is_live() || self.noted.contains(&found.place) {
            return true;
        }
        let Some(confidence) = confidence_at(
            (record.confidence(), record.false_positives()),
            &record.times(),
            found.about.decay,
            self.event.time(),
        ) else {
            return true;
        };
        let Some(value) = joined::value(record, asked, field, self.event, self.index.observed()) else {
            return true;
        };
        if self.noted.len() == MOST_FINDINGS {
            return false;
        }
        self.noted.push(found.place);
        let fields = self.index.observed();
        let hit = Hit { event: self.event, fields, field, asked, found, value, confidence };
        self.findings.push(hit.finding(&self.index.warninglists()));
        true
    }
}
