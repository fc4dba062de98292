use smallvec::SmallVec;

use super::alarm::Epochs;
use super::codec::{Reader, Writer};
use super::course::{Course, Record, Run};
use super::table::State;
use crate::entity::Entity;
use crate::sketch::WindowShape;

/// The most events of a key that are kept one by one.
const RECORDS: usize = 64;

/// What is remembered of the events of a key for sequences of them.
///
/// The events themselves, as far as they can still matter: so a late one takes its place among them, and shards that each
/// saw some of them know together what one would that saw all. If there are more than 64 of them, the oldest are summed
/// up in how far runs have come: then nothing is lost of events in order, but one so late that it belongs before those that
/// are summed up comes after them. At most 1,200 bytes, and the name of the subject where something must not happen.
#[derive(Debug)]
pub(super) struct Track {
    newest: i64,
    records: Vec<Record>,
    /// The runs of events that are no longer kept.
    folded: Option<Box<Run>>,
    epochs: Epochs,
    /// Whether a deadline has been noted for it.
    pub(super) queued: bool,
    /// Whom a finding is about that comes when nothing happens.
    pub(super) subject: Option<Entity>,
}

/// What a look at a key showed.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// When runs ended, one an epoch.
    pub(super) ended: SmallVec<[i64; 2]>,
    /// Past which time it is known whether the next run ends.
    pub(super) due: Option<i64>,
}

impl Track {
    /// Takes an event and says what has ended now that time has come to `now`; `None` if it is too late.
    pub(super) fn observe(&mut self, course: &Course, (time, inputs): Record, now: i64) -> Option<Judgement> {
        let slot = |time| course.shape.slot(crate::time::Timestamp::from_micros(time));
        if slot(self.newest).saturating_sub(slot(time)) > i64::from(course.shape.late()) {
            return None;
        }
        let in_order = self.records.last().is_none_or(|(last, _)| *last < time);
        self.newest = self.newest.max(time);
        let mut judgement = self.insert(course, (time, inputs));
        // The newest event can end a run only at its own time, so in an epoch that has alarmed it has nothing to say.
        let says_nothing = || !course.can_end(inputs) || self.epochs.has(epoch(course, time));
        if in_order && !course.waits() && says_nothing() {
            return Some(Judgement::default());
        }
        self.judge(course, now, &mut judgement);
        Some(judgement)
    }

    /// What has ended by now without another event.
    pub(super) fn judge(&mut self, course: &Course, now: i64, judgement: &mut Judgement) {
        // Events older than this have all come, as far as they ever will be taken.
        let settled = if course.waits() { now.saturating_sub(course.lateness) } else { i64::MAX };
        let mut run = self.folded.as_deref().cloned().unwrap_or_default();
        let mut ends: SmallVec<[i64; 16]> = SmallVec::new();
        for record in &self.records {
            run.step(course, *record, |end| ends.push(end));
        }
        ends.extend(run.deadlines(course));
        for end in ends {
            if end < settled {
                judgement.ended.push(end);
            } else if !self.epochs.has(epoch(course, end)) {
                let due = end.saturating_add(course.lateness);
                judgement.due = Some(judgement.due.map_or(due, |held| held.min(due)));
            }
        }
        judgement.ended.retain(|end| {
            let fresh = !self.epochs.has(epoch(course, *end));
            self.epochs.add(epoch(course, *end));
            fresh
        });
    }

    fn insert(&mut self, course: &Course, record: Record) -> Judgement {
        let oldest = self.newest.saturating_sub(course.horizon());
        let expired = self.records.partition_point(|(time, _)| *time < oldest);
        self.records.drain(..expired);
        let order = |(time, inputs): &Record| (*time, inputs.trailing_zeros(), *inputs);
        let at = self.records.partition_point(|held| order(held) <= order(&record));
        self.records.insert(at, record);
        let mut judgement = Judgement::default();
        while self.records.len() > RECORDS {
            let record = self.records.remove(0);
            let run = self.folded.get_or_insert_default();
            run.step(course, record, |end| judgement.ended.push(end));
            run.keep_first();
        }
        judgement
    }
}

fn epoch(course: &Course, time: i64) -> i64 {
    WindowShape::epoch(course.shape.slot(crate::time::Timestamp::from_micros(time)))
}

impl State for Track {
    type Plan = Course;

    fn fresh(plan: &Course, newest: i64) -> Self {
        let epochs = Epochs::new(epoch(plan, newest));
        Self { newest, records: Vec::new(), folded: None, epochs, queued: false, subject: None }
    }

    fn newest(&self) -> i64 {
        self.newest
    }

    fn heap(&self) -> usize {
        let folded = self.folded.as_ref().map_or(0, |run| size_of::<Run>() + run.heap());
        let subject = self.subject.as_ref().map_or(0, |_| 64);
        self.records.capacity() * size_of::<Record>() + folded + subject
    }

    fn merge(&mut self, other: &Self, plan: &Course) {
        self.newest = self.newest.max(other.newest);
        self.epochs.merge(&other.epochs);
        self.subject = self.subject.take().or_else(|| other.subject.clone());
        if let Some(theirs) = &other.folded {
            self.folded.get_or_insert_default().merge(theirs);
        }
        for record in &other.records {
            self.insert(plan, *record);
        }
    }

    fn write(&self, to: &mut Writer) {
        self.epochs.write(to);
        to.length(self.records.len());
        for (time, inputs) in &self.records {
            to.signed(i128::from(self.newest) - i128::from(*time));
            to.number(*inputs);
        }
        to.length(usize::from(self.folded.is_some()));
        self.folded.iter().for_each(|run| run.write(to));
        write_subject(self.subject.as_ref(), to);
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.epochs = Epochs::read(from)?;
        let length = from.length().filter(|length| *length <= RECORDS)?;
        for _ in 0..length {
            let age = i64::try_from(from.signed()?).ok()?;
            self.records.push((self.newest.saturating_sub(age), from.number()?));
        }
        for _ in 0..from.number().filter(|count| *count <= 1)? {
            self.folded = Some(Box::new(Run::read(from)?));
        }
        self.subject = read_subject(from)?;
        Some(())
    }
}

fn write_subject(subject: Option<&Entity>, to: &mut Writer) {
    let text = subject.and_then(|subject| serde_json::to_string(subject).ok());
    to.text(text.as_deref().unwrap_or_default());
}

/// `None` if it makes no sense, which nobody is something else than.
fn read_subject(from: &mut Reader<'_>) -> Option<Option<Entity>> {
    let text = from.text()?;
    if text.is_empty() { Some(None) } else { serde_json::from_str(text).ok().map(Some) }
}
