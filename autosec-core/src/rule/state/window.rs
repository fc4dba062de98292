use std::time::Duration;

use super::alarm::{Alarms, Tracked};
use super::key::Keys;
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
