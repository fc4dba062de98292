use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::alarm::{Tracked, Window};
use super::codec::{Reader, Writer};
use super::course::{Course, Steps};
use super::key::{KeyHasher, Keys};
use super::novelty::Known;
use super::operator::{Inputs, Novelty, Operator};
use super::pool::Pool;
use super::sequences::Sequences;
use super::table::{Key, KeyTable, Table};
use super::threshold::Threshold;
use crate::entity::Entity;
use crate::event::{Event, FieldId};
use crate::rule::lang::condition::Number;
use crate::rule::plan::spelling::number;
use crate::sketch::{
    CountWindow, DistinctWindow, Millionths, RankWindow, ShapeError, SumWindow, WindowShape,
};
use crate::time::Timestamp;

/// The most slots that a counting window may keep.
pub(crate) const COUNT_SLOTS: u32 = 1024;
/// The most slots that a sequence may span: its deadlines reach twice as far as a window.
const SEQUENCE_SLOTS: u32 = 512;
/// Up to so many different values are counted one by one; of more every second, fourth … value.
const DISTINCT_EXACT: f64 = 1024.0;

/// What a rule remembers of the events that satisfied it, for every key.
#[derive(Debug)]
pub(crate) struct Memory {
    operator: Operator,
    /// The fields that tell keys apart: for each input, or once if they are the same for all.
    by: Vec<Box<[FieldId]>>,
    within: Duration,
    threshold: Threshold,
    /// Of different values only those are counted whose hash is a multiple of it, a power of two.
    stride: u64,
    kept: Arc<Kept>,
}

#[derive(Debug)]
enum Kept {
    Events(KeyTable<Tracked<CountWindow>>),
    Values(KeyTable<Tracked<DistinctWindow>>),
    Sums(KeyTable<Tracked<SumWindow>>),
    Ranks(KeyTable<Tracked<RankWindow>>),
    Sequences(Sequences),
    Known(KeyTable<Known>),
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alarm {
    /// When.
    pub(crate) time: Timestamp,
    /// How much of what the rule looks at there was; of a quantile how many percent lie below the first limit.
    pub(crate) observed: f64,
    /// Whom it is about, if it is not about the event's subject: something has not happened.
    pub(crate) subject: Option<Entity>,
}

/// Mostly none, which takes no memory.
pub(crate) type Alarms = Vec<Alarm>;

/// What became of an event. One that lacks a field that is counted or counted by is not observed at all.
#[derive(Debug, Default)]
pub(crate) struct Observation {
    /// What now alarms.
    pub(crate) alarms: Alarms,
    /// Whether the event came too late to be counted.
    pub(crate) late: bool,
    /// Whether another key had to give way.
    pub(crate) evicted: bool,
}

impl Observation {
    /// Whether there is nothing to be said about it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.alarms.is_empty() && !self.late && !self.evicted
    }
}

/// What every rule's state is held to.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// How late an event may come.
    pub(crate) lateness: Duration,
    /// How many keys a rule remembers.
    pub(crate) keys: usize,
    /// How many bytes all rules may take.
    pub(crate) pool: Arc<Pool>,
}

impl Budget {
    /// The same, drawing on what another draws on if that is as large.
    pub(crate) fn with_pool_of(&self, other: &Self) -> Self {
        let pool = if self.pool.limit() == other.pool.limit() { &other.pool } else { &self.pool };
        Self { pool: Arc::clone(pool), ..self.clone() }
    }

    /// The same for rules of their own, with nothing taken.
    pub(crate) fn emptied(&self) -> Self {
        Self { pool: Arc::new(self.pool.emptied()), ..self.clone() }
    }
}

impl Memory {
    /// The memory of a rule whose n-th input has the n-th of these key fields, all lists of one length.
    ///
    /// # Errors
    /// The window cannot be kept. Of [`Operator::New`] it is not looked at.
    pub(crate) fn new(
        operator: Operator,
        by: Vec<Box<[FieldId]>>,
        within: Duration,
        threshold: Threshold,
        budget: &Budget,
    ) -> Result<Self, ShapeError> {
        let mut by = by;
        if by.iter().all(|fields| Some(fields) == by.first()) {
            by.truncate(1);
        }
        let stride = stride(&operator, &threshold);
        let kept = Arc::new(Kept::new(&operator, within, &threshold, stride, budget)?);
        Ok(Self { operator, by, within, threshold, stride, kept })
    }

    /// The same, holding nothing.
    pub(crate) fn fresh(&self, budget: &Budget) -> Self {
        let Self { operator, by, within, threshold, stride, kept } = self;
        let (operator, by, threshold) = (operator.clone(), by.clone(), threshold.clone());
        let kept = Kept::new(&operator, *within, &threshold, *stride, budget)
            .map_or_else(|_| Arc::clone(kept), Arc::new);
        Self { operator, by, within: *within, threshold, stride: *stride, kept }
    }

    /// How much there is of what it looks at in the window that ends with the event, which is not noted, for the key of an
    /// input; nothing of operators that do not count.
    pub(crate) fn counted(&self, hasher: &KeyHasher, event: &Event<'_>, input: usize) -> Option<f64> {
        let by = self.by.get(input).or(self.by.first())?;
        if !matches!(&*self.kept, Kept::Events(_) | Kept::Values(_) | Kept::Sums(_)) {
            return None;
        }
        let Some(key) = hasher.key(event, by) else { return Some(0.0) };
        let time = event.time();
        let counted = match &*self.kept {
            Kept::Events(table) => table.look(key, |it| it.window.ending_in(table.plan().slot(time)) as f64),
            Kept::Values(table) => {
                let slot = table.plan().0.slot(time);
                table.look(key, |it| (it.window.ending_in(slot) * self.stride) as f64)
            }
            Kept::Sums(table) => table.look(key, |it| {
                let sum = it.window.ending_in(table.plan().slot(time));
                match self.operator {
                    Operator::Average { .. } => sum.mean().unwrap_or(0.0),
                    _ => sum.sum.to_f64(),
                }
            }),
            Kept::Ranks(_) | Kept::Sequences(_) | Kept::Known(_) => return None,
        };
        Some(counted.unwrap_or(0.0))
    }

    /// Whether the event would come too late to be noted.
    pub(crate) fn is_late(&self, hasher: &KeyHasher, event: &Event<'_>, input: usize) -> bool {
        let key = self.by.get(input).or(self.by.first()).and_then(|by| hasher.key(event, by));
        let Some(key) = key else { return false };
        let behind = |newest: Option<i64>, shape: &WindowShape| {
            let slot = shape.slot(event.time());
            newest.is_some_and(|newest| newest.saturating_sub(slot) > i64::from(shape.late()))
        };
        match &*self.kept {
            Kept::Events(table) => behind(table.look(key, |it| it.window.newest()), table.plan()),
            Kept::Values(table) => behind(table.look(key, |it| it.window.newest()), &table.plan().0),
            Kept::Sums(table) => behind(table.look(key, |it| it.window.newest()), table.plan()),
            Kept::Ranks(table) => behind(table.look(key, |it| it.window.newest()), table.plan()),
            Kept::Sequences(_) | Kept::Known(_) => false,
        }
    }

    /// The most slots that a window of this operator keeps.
    pub(crate) fn slot_limit(operator: &Operator) -> u32 {
        match operator {
            Operator::Distinct { .. } => DistinctWindow::SLOT_LIMIT,
            Operator::Together | Operator::Sequence { .. } => SEQUENCE_SLOTS,
            _ => COUNT_SLOTS,
        }
    }

    /// Takes an event that satisfied these inputs at this time, which may be later than the event's own.
    ///
    /// `subject` says whom a finding is about; it is asked only if one may come without an event.
    pub(crate) fn observe<'r>(
        &'r self,
        keys: &mut Keys<'r>,
        event: &Event<'_>,
        inputs: Inputs,
        time: Timestamp,
        subject: &dyn Fn() -> Option<Entity>,
    ) -> Observation {
        if let [by] = self.by.as_slice() {
            let Some(key) = keys.key(event, by) else { return Observation::default() };
            return self.note(key, keys.hasher(), event, inputs, time, subject);
        }
        let mut by_key: SmallVec<[(Key, Inputs); 4]> = SmallVec::new();
        for input in inputs.each() {
            let Some(key) = self.by.get(input).and_then(|by| keys.key(event, by)) else { continue };
            match by_key.iter_mut().find(|(held, _)| *held == key) {
                Some((_, held)) => held.0 |= Inputs::one(input).0,
                None => by_key.push((key, Inputs::one(input))),
            }
        }
        let mut all = Observation::default();
        for (key, inputs) in by_key {
            let one = self.note(key, keys.hasher(), event, inputs, time, subject);
            all.alarms.extend(one.alarms);
            all.late |= one.late;
            all.evicted |= one.evicted;
        }
        all
    }

    /// Time has come so far: what alarms because something has not happened.
    pub(crate) fn advance(&self, now: Timestamp) -> Alarms {
        match &*self.kept {
            Kept::Sequences(sequences) => sequences.advance(now.as_micros()),
            _ => Alarms::new(),
        }
    }

    /// Whether it alarms because something has not happened, so that it must be told how time goes by.
    pub(crate) fn waits(&self) -> bool {
        matches!(&*self.kept, Kept::Sequences(sequences) if sequences.waits())
    }

    /// What it remembers.
    pub(crate) fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The key fields: for each input, or once if they are the same for all.
    pub(crate) fn by(&self) -> &[Box<[FieldId]>] {
        &self.by
    }

    /// The fields whose values an input looks at.
    pub(crate) fn of(&self, input: usize) -> impl Iterator<Item = FieldId> {
        let of: &[FieldId] = match &self.operator {
            Operator::Count | Operator::Together | Operator::Sequence { .. } => &[],
            Operator::Distinct { of } => of.get(input).or(of.first()).map_or(&[], |of| of),
            Operator::Sum { of } | Operator::Average { of, .. } | Operator::Quantile { of, .. } => {
                of.get(input).or(of.first()).map_or(&[], std::slice::from_ref)
            }
            Operator::New(Novelty { of, .. }) => of,
        };
        of.iter().copied()
    }

    /// The length of the window.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// How much it takes.
    pub(crate) fn threshold(&self) -> &Threshold {
        &self.threshold
    }

    /// The fields it looks at: those that tell keys apart, and those whose values are looked at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = FieldId> {
        let of: Vec<FieldId> = match &self.operator {
            Operator::Count | Operator::Together | Operator::Sequence { .. } => Vec::new(),
            Operator::Distinct { of } => of.iter().flatten().copied().collect(),
            Operator::Sum { of } | Operator::Average { of, .. } | Operator::Quantile { of, .. } => {
                of.to_vec()
            }
            Operator::New(Novelty { of, .. }) => of.to_vec(),
        };
        self.by.iter().flatten().copied().chain(of)
    }

    /// How many keys are held.
    pub(crate) fn keys(&self) -> usize {
        self.kept.table().len()
    }

    /// Whether what the other holds can be held here: the same of the same fields, over the same windows.
    pub(crate) fn is_like(&self, other: &Memory) -> bool {
        let limits = self.kept.table().limit() == other.kept.table().limit();
        limits
            && (&self.operator, &self.by, self.within, &self.threshold)
                == (&other.operator, &other.by, other.within, &other.threshold)
    }

    /// From now on holds together with `other`, which is [like](Memory::is_like) it, what that holds.
    pub(crate) fn share(&mut self, other: &Memory) {
        self.kept = Arc::clone(&other.kept);
    }

    /// Writes down what it holds.
    pub(crate) fn write(&self, to: &mut Writer) {
        self.kept.table().write(to);
    }

    /// Adds what another holds that is like it; `None` if the bytes make no sense, of which some may then be taken up.
    pub(crate) fn merge(&self, from: &mut Reader<'_>) -> Option<()> {
        self.kept.table().merge(from)
    }

    /// Forgets every key.
    pub(crate) fn clear(&self) {
        self.kept.table().clear();
    }

    fn note(
        &self,
        key: Key,
        hasher: &KeyHasher,
        event: &Event<'_>,
        inputs: Inputs,
        time: Timestamp,
        subject: &dyn Fn() -> Option<Entity>,
    ) -> Observation {
        let reached = |observed: f64| self.threshold.holds(observed).then_some(observed);
        let nothing = Observation::default;
        match &*self.kept {
            Kept::Events(table) => self.count(
                table,
                table.plan(),
                key,
                time,
                |window, slot| window.insert(slot, 1),
                |window, slot| reached(window.ending_in(slot) as f64),
            ),
            Kept::Values(table) => {
                let Some(value) = self.value(hasher, event, inputs) else { return nothing() };
                let sampled = value.is_multiple_of(self.stride);
                let insert = |window: &mut DistinctWindow, slot| {
                    if sampled { window.insert(slot, value) } else { window.touch(slot) }
                };
                self.count(table, &table.plan().0, key, time, insert, |window, slot| {
                    reached((window.ending_in(slot) * self.stride) as f64)
                })
            }
            Kept::Sums(table) => {
                let Some(number) = self.number(event, inputs).map(millionths) else { return nothing() };
                self.count(
                    table,
                    table.plan(),
                    key,
                    time,
                    |window, slot| window.insert(slot, number),
                    |window, slot| {
                        let sum = window.ending_in(slot);
                        match self.operator {
                            Operator::Average { samples, .. } if sum.count < u64::from(samples) => None,
                            Operator::Average { .. } => sum.mean().and_then(reached),
                            _ => reached(sum.sum.to_f64()),
                        }
                    },
                )
            }
            Kept::Ranks(table) => {
                let Some(number) = self.number(event, inputs).map(float) else { return nothing() };
                let below = self.threshold.limits(number);
                self.count(
                    table,
                    table.plan(),
                    key,
                    time,
                    |window, slot| window.insert(slot, below),
                    |window, slot| self.quantile(window, slot),
                )
            }
            Kept::Sequences(sequences) => sequences.observe(key, time.as_micros(), inputs, subject),
            Kept::Known(table) => self.new_value(table, key, hasher, event, time),
        }
    }

    fn count<W: Window>(
        &self,
        table: &KeyTable<Tracked<W>>,
        shape: &WindowShape,
        key: Key,
        time: Timestamp,
        insert: impl FnOnce(&mut W, i64) -> bool,
        judge: impl Fn(&W, i64) -> Option<f64>,
    ) -> Observation {
        let slot = shape.slot(time);
        let mut alarms = Alarms::new();
        // A late event can complete the window of a later slot: then the alarm is as old as that slot's start. The
        // time thus always lies in the alarming slot, and its epoch does not depend on the order of events.
        let alarm = |slot, observed| {
            alarms.push(Alarm { time: time.max(shape.start(slot)), observed, subject: None });
        };
        let insert = |window: &mut W| insert(window, slot);
        let visit = table.visit(key, slot, |tracked, _| tracked.step(slot, insert, judge, alarm));
        Observation { alarms, late: visit.result != Some(true), evicted: visit.evicted }
    }

    fn quantile(&self, window: &RankWindow, slot: i64) -> Option<f64> {
        let Operator::Quantile { q, samples, .. } = self.operator else { return None };
        let ranks = window.ending_in(slot);
        let alarms = ranks.count >= samples && self.threshold.of_quantile(|limit| ranks.reaches(q, limit));
        let below = ranks.below.iter().copied().find(|below| *below > 0).unwrap_or(0);
        alarms.then(|| 100.0 * f64::from(below) / f64::from(ranks.count.max(1)))
    }

    fn new_value(
        &self,
        table: &KeyTable<Known>,
        key: Key,
        hasher: &KeyHasher,
        event: &Event<'_>,
        time: Timestamp,
    ) -> Observation {
        let Some(value) = hasher.values(event, &table.plan().of) else { return Observation::default() };
        let micros = time.as_micros();
        let visit = table.visit(key, micros, |known, novelty| known.observe(novelty, value, micros));
        let alarm = |known: u64| Alarm { time, observed: known as f64, subject: None };
        let alarms = visit.result.flatten().into_iter().map(alarm).collect();
        Observation { alarms, late: false, evicted: visit.evicted }
    }

    fn value(&self, hasher: &KeyHasher, event: &Event<'_>, inputs: Inputs) -> Option<u64> {
        let Operator::Distinct { of } = &self.operator else { return None };
        inputs.each().filter_map(|input| of.get(input)).find_map(|fields| hasher.values(event, fields))
    }

    fn number(&self, event: &Event<'_>, inputs: Inputs) -> Option<Number> {
        let (Operator::Sum { of } | Operator::Average { of, .. } | Operator::Quantile { of, .. }) =
            &self.operator
        else {
            return None;
        };
        let values = inputs.each().filter_map(|input| event.get(*of.get(input)?));
        values.into_iter().find_map(number)
    }
}

impl Kept {
    fn new(
        operator: &Operator,
        within: Duration,
        threshold: &Threshold,
        stride: u64,
        budget: &Budget,
    ) -> Result<Self, ShapeError> {
        let pool = || Arc::clone(&budget.pool);
        if let Operator::New(novelty) = operator {
            return Ok(Kept::Known(KeyTable::new(novelty.clone(), budget.keys, pool())));
        }
        let shape = WindowShape::new(within, budget.lateness, Memory::slot_limit(operator))?;
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let course =
            |steps| Course { shape, within: micros(within), lateness: micros(budget.lateness), steps };
        let sequences = |course| Kept::Sequences(Sequences::new(course, budget.keys, pool()));
        Ok(match operator {
            Operator::Count | Operator::New(_) => Kept::Events(KeyTable::new(shape, budget.keys, pool())),
            Operator::Distinct { .. } => {
                // The slack keeps counts exact while a few more values than needed are in the slots kept for late events.
                let needed = threshold.greatest() / stride as f64;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the stride keeps it small"
                )]
                let needed = needed.ceil().min(DISTINCT_EXACT) as u32;
                let plan = (shape, needed + needed / 4 + 8);
                Kept::Values(KeyTable::new(plan, budget.keys, pool()))
            }
            Operator::Sum { .. } | Operator::Average { .. } => {
                Kept::Sums(KeyTable::new(shape, budget.keys, pool()))
            }
            Operator::Quantile { .. } => Kept::Ranks(KeyTable::new(shape, budget.keys, pool())),
            Operator::Together => sequences(course(Steps::Together(threshold.clone()))),
            Operator::Sequence { absent } => sequences(course(Steps::ordered(absent))),
        })
    }

    fn table(&self) -> &dyn Table {
        match self {
            Kept::Events(table) => table,
            Kept::Values(table) => table,
            Kept::Sums(table) => table,
            Kept::Ranks(table) => table,
            Kept::Sequences(sequences) => sequences,
            Kept::Known(table) => table,
        }
    }
}

/// How many values one that is counted stands for: so many that a thousand or less reach the threshold.
fn stride(operator: &Operator, threshold: &Threshold) -> u64 {
    let mut stride = 1_u64;
    while matches!(operator, Operator::Distinct { .. })
        && stride < 1 << 32
        && threshold.greatest() / stride as f64 > DISTINCT_EXACT
    {
        stride *= 2;
    }
    stride
}

fn millionths(number: Number) -> Millionths {
    match number {
        Number::Integer(number) => Millionths::from(number),
        Number::Float(number) => Millionths::from(number),
    }
}

fn float(number: Number) -> f64 {
    match number {
        Number::Integer(number) => number as f64,
        Number::Float(number) => number,
    }
}
