use std::sync::Arc;

use super::codec::{Reader, Writer};
use super::course::Course;
use super::deadline::Deadlines;
use super::memory::{Alarm, Alarms, Observation};
use super::operator::Inputs;
use super::pool::Pool;
use super::sequence::{Judgement, Track};
use super::table::{Key, KeyTable, State, Table};
use crate::entity::Entity;
use crate::time::Timestamp;

/// How many keys are looked at after one event because time has passed their deadline; the others follow with the next.
const DUE_AT_ONCE: usize = 64;

/// Sequences of the events of each key.
#[derive(Debug)]
pub(super) struct Sequences {
    table: KeyTable<Track>,
    /// If something must not happen.
    deadlines: Option<Deadlines>,
    /// How many deadlines there may be before those of keys that are gone are sorted out.
    limit: usize,
}

impl Sequences {
    pub(super) fn new(course: Course, keys: usize, pool: Arc<Pool>) -> Self {
        let deadlines = course.waits().then(Deadlines::new);
        Self { table: KeyTable::new(course, keys, pool), deadlines, limit: keys.saturating_mul(2).max(1024) }
    }

    /// Whether something must not happen.
    pub(super) fn waits(&self) -> bool {
        self.deadlines.is_some()
    }

    /// Takes an event that satisfies some of the inputs.
    pub(super) fn observe(
        &self,
        key: Key,
        time: i64,
        inputs: Inputs,
        subject: &dyn Fn() -> Option<Entity>,
    ) -> Observation {
        let now = self.deadlines.as_ref().map_or(time, |deadlines| deadlines.advance(time));
        let subject = self.waits().then(subject).flatten();
        let visit = self.table.visit(key, time, |track, course| {
            if subject.is_some() {
                track.subject = subject;
            }
            let judgement = track.observe(course, (time, inputs.0), now)?;
            Some(outcome(course, track, judgement))
        });
        let Some((alarms, due)) = visit.result.flatten() else {
            return Observation { alarms: Alarms::new(), late: true, evicted: visit.evicted };
        };
        self.note_deadline(key, due);
        Observation { alarms, late: false, evicted: visit.evicted }
    }

    /// What has not happened, now that time has come so far.
    pub(super) fn advance(&self, now: i64) -> Alarms {
        let mut alarms = Alarms::new();
        let Some(deadlines) = &self.deadlines else { return alarms };
        let now = deadlines.advance(now);
        for _ in 0..DUE_AT_ONCE {
            let key = if deadlines.is_any_due(now) { deadlines.take(now) } else { None };
            let Some(key) = key else { break };
            let found = self.table.visit_held(key, |track, course| {
                track.queued = false;
                let mut judgement = Judgement::default();
                track.judge(course, now, &mut judgement);
                outcome(course, track, judgement)
            });
            if let Some((found, due)) = found {
                alarms.extend(found);
                self.note_deadline(key, due);
            }
        }
        alarms
    }

    fn note_deadline(&self, key: Key, due: Option<i64>) {
        let (Some(deadlines), Some(due)) = (&self.deadlines, due) else { return };
        let held = |key| self.table.visit_held(key, |track, _| track.queued).unwrap_or(false);
        deadlines.add(due, key, self.limit, held);
    }
}

/// The alarms of a key, and the deadline to note for it if none is noted yet.
fn outcome(course: &Course, track: &mut Track, judgement: Judgement) -> (Alarms, Option<i64>) {
    let subject = || if course.waits() { track.subject.clone() } else { None };
    let observed = course.length() as f64;
    let alarm = |end| Alarm { time: Timestamp::from_micros(end), observed, subject: subject() };
    let alarms = judgement.ended.into_iter().map(alarm).collect();
    // One deadline is noted for a key at a time, which is looked at again when that has passed.
    let due = judgement.due.filter(|_| !track.queued);
    track.queued |= due.is_some();
    (alarms, due)
}

impl Table for Sequences {
    fn len(&self) -> usize {
        self.table.len()
    }

    fn limit(&self) -> usize {
        self.table.limit()
    }

    fn clear(&self) {
        self.table.clear();
    }

    fn write(&self, to: &mut Writer) {
        self.table.write(to);
    }

    fn merge(&self, from: &mut Reader<'_>) -> Option<()> {
        self.table.merge(from)?;
        if let Some(deadlines) = &self.deadlines {
            // Each key is looked at once more with the next event, if nothing is known to be due before.
            let mut due = Vec::new();
            let mut newest = i64::MIN;
            self.table.each(|key, track| {
                newest = newest.max(track.newest());
                if !std::mem::replace(&mut track.queued, true) {
                    due.push(key);
                }
            });
            let now = deadlines.advance(newest);
            due.into_iter().for_each(|key| deadlines.add(now.saturating_sub(1), key, usize::MAX, |_| true));
        }
        Some(())
    }
}
