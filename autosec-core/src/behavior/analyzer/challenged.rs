use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::behavior::observation::Observation;
use crate::sketch::BoundedMap;
use crate::time::Timestamp;

/// Successes that are remembered.
const EVENTS: usize = 1_024;

/// Successes that were challenged, and so counted but not learned: when a challenge is passed they must not count again.
///
/// By subject and time, how many; the latest 1,024 are remembered.
#[derive(Debug)]
pub(super) struct Challenged {
    events: Mutex<BoundedMap<(u64, Timestamp), u32>>,
}

impl Challenged {
    pub(super) fn new() -> Self {
        Self { events: Mutex::new(BoundedMap::new(EVENTS)) }
    }

    /// Remembers that an event was counted.
    pub(super) fn note(&self, seen: &Observation) {
        let mut events = self.lock();
        let count = events.entry((seen.subject, seen.time), seen.time, || 0);
        *count = count.saturating_add(1);
    }

    /// Whether an event was counted; once for each time that it was.
    pub(super) fn take(&self, seen: &Observation) -> bool {
        let mut events = self.lock();
        let key = (seen.subject, seen.time);
        let counted = events.get(&key).is_some_and(|count| *count > 0);
        if counted {
            let count = events.entry(key, seen.time, || 0);
            *count = count.saturating_sub(1);
        }
        counted
    }

    /// A panic elsewhere leaves at worst one event counted twice.
    fn lock(&self) -> MutexGuard<'_, BoundedMap<(u64, Timestamp), u32>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
