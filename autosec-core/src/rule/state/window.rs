use std::time::Duration;

use super::alarm::{Alarms, Tracked};
use super::key::{KeyHasher, Keys};
use super::table::KeyTable;
use crate::event::{Event, FieldId};
use crate::sketch::{CountWindow, DistinctWindow, ShapeError, WindowShape};

pub(crate) use super::alarm::Alarm;

/// The most slots that a counting window may keep.
pub(crate) const COUNT_SLOTS: u32 = 1024;

/// What a rule counts, for every key.
#[derive(Debug)]
pub(crate) struct Windows {
    by: Box<[FieldId]>,
    within: Duration,
    at_least: u32,
    shape: WindowShape,
    counted: Counted,
}

#[derive(Debug)]
enum Counted {
    Events(KeyTable<Tracked<CountWindow>>),
    Values { of: FieldId, capacity: u32, table: KeyTable<Tracked<DistinctWindow>> },
}

/// What became of an event.
#[derive(Debug)]
pub(crate) struct Observation {
    /// The windows that now alarm; `None` if the event came too late to be counted.
    pub(crate) alarms: Option<Alarms>,
    /// Whether another key had to give way.
    pub(crate) evicted: bool,
}

impl Windows {
    /// Windows that count the events matched, or the different values of the field `of`.
    pub(crate) fn new(
        of: Option<FieldId>,
        by: Box<[FieldId]>,
        within: Duration,
        at_least: u32,
        budget: Budget,
    ) -> Result<Self, ShapeError> {
        let limit = if of.is_some() { DistinctWindow::SLOT_LIMIT } else { COUNT_SLOTS };
        let shape = WindowShape::new(within, budget.lateness, limit)?;
        let counted = match of {
            None => Counted::Events(KeyTable::new(budget.keys)),
            // The slack keeps counts exact while a few more values than needed are in the slots kept for late events.
            Some(of) => {
                let capacity = at_least + at_least / 4 + 8;
                Counted::Values { of, capacity, table: KeyTable::new(budget.keys) }
            }
        };
        Ok(Self { by, within, at_least, shape, counted })
    }

    /// Counts an event; `None` if it lacks a field that is counted or counted by.
    pub(crate) fn observe<'r>(&'r self, keys: &mut Keys<'r>, event: &Event<'_>) -> Option<Observation> {
        let key = keys.key(event, &self.by)?;
        let slot = self.shape.slot(event.time());
        let at_least = u64::from(self.at_least);
        let (alarms, evicted) = match &self.counted {
            Counted::Events(table) => table.visit(
                key,
                |_| Tracked::new(CountWindow::new(&self.shape, slot)),
                |tracked| tracked.step(slot, at_least, |window| window.insert(slot, 1)),
            ),
            Counted::Values { of, capacity, table } => {
                let value = keys.hasher().value(event.get(*of)?);
                table.visit(
                    key,
                    |old| Tracked::new(self.values(*capacity, slot, old)),
                    |tracked| tracked.step(slot, at_least, |window| window.insert(slot, value)),
                )
            }
        };
        Some(Observation { alarms: alarms.flatten(), evicted })
    }

    /// The same windows, holding nothing.
    pub(crate) fn emptied(&self) -> Self {
        let counted = match &self.counted {
            Counted::Events(table) => Counted::Events(table.emptied()),
            Counted::Values { of, capacity, table } => {
                Counted::Values { of: *of, capacity: *capacity, table: table.emptied() }
            }
        };
        let Self { within, at_least, shape, .. } = *self;
        Self { by: self.by.clone(), within, at_least, shape, counted }
    }

    /// Whether both count the same in the same way, so that one may go on with what the other counted.
    pub(crate) fn counts_like(&self, other: &Self) -> bool {
        let alike = match (&self.counted, &other.counted) {
            (Counted::Events(mine), Counted::Events(theirs)) => mine.limit() == theirs.limit(),
            (
                Counted::Values { of, capacity, table },
                Counted::Values { of: their_of, capacity: their_capacity, table: theirs },
            ) => of == their_of && capacity == their_capacity && table.limit() == theirs.limit(),
            _ => false,
        };
        alike && self.by == other.by && self.at_least == other.at_least && self.shape == other.shape
    }

    /// How many were counted in the window that ends with the event, which is not counted; 0 if its key is not known.
    /// `None` if it lacks a field that is counted by.
    pub(crate) fn counted(&self, hasher: &KeyHasher, event: &Event<'_>) -> Option<u64> {
        let key = hasher.key(event, &self.by)?;
        let slot = self.shape.slot(event.time());
        let counted = match &self.counted {
            Counted::Events(table) => table.look(key, |tracked| tracked.window.ending_in(slot)),
            Counted::Values { table, .. } => table.look(key, |tracked| tracked.window.ending_in(slot)),
        };
        Some(counted.unwrap_or(0))
    }

    /// Whether the event would come too late to be counted.
    pub(crate) fn is_late(&self, hasher: &KeyHasher, event: &Event<'_>) -> bool {
        let Some(key) = hasher.key(event, &self.by) else { return false };
        let newest = match &self.counted {
            Counted::Events(table) => table.look(key, |tracked| tracked.window.newest()),
            Counted::Values { table, .. } => table.look(key, |tracked| tracked.window.newest()),
        };
        let behind = newest.map_or(0, |newest| newest.saturating_sub(self.shape.slot(event.time())));
        behind > i64::from(self.shape.late())
    }

    /// The fields it counts by, and the one whose values it counts.
    pub(crate) fn fields(&self) -> (&[FieldId], Option<FieldId>) {
        let of = match &self.counted {
            Counted::Events(_) => None,
            Counted::Values { of, .. } => Some(*of),
        };
        (&self.by, of)
    }

    /// How its windows cut time.
    pub(crate) fn shape(&self) -> &WindowShape {
        &self.shape
    }

    /// The length of the window.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// How many it takes.
    pub(crate) fn at_least(&self) -> u64 {
        u64::from(self.at_least)
    }

    /// How many keys are held.
    pub(crate) fn keys(&self) -> usize {
        match &self.counted {
            Counted::Events(table) => table.len(),
            Counted::Values { table, .. } => table.len(),
        }
    }

    /// An empty window, in the memory of an old one if there is one.
    fn values(&self, capacity: u32, slot: i64, old: Option<Tracked<DistinctWindow>>) -> DistinctWindow {
        match old {
            Some(Tracked { mut window, .. }) => {
                window.restart(slot);
                window
            }
            None => DistinctWindow::new(&self.shape, capacity, slot),
        }
    }
}

/// What every rule's state is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How late an event may come.
    pub(crate) lateness: Duration,
    /// How many keys a rule remembers.
    pub(crate) keys: usize,
}
