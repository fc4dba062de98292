use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::table::Key;

/// When keys are to be looked at again because something may then not have happened.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// How far time has come.
    now: AtomicI64,
    /// The first of them; the greatest time if there is none.
    next: AtomicI64,
    due: Mutex<BinaryHeap<Reverse<(i64, Key)>>>,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        let (now, next) = (AtomicI64::new(i64::MIN), AtomicI64::new(i64::MAX));
        Self { now, next, due: Mutex::default() }
    }

    /// Time has come to `now`, unless it was further already; says how far it is.
    pub(super) fn advance(&self, now: i64) -> i64 {
        self.now.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Whether time has passed any of them.
    pub(super) fn is_any_due(&self, now: i64) -> bool {
        now > self.next.load(Ordering::Relaxed)
    }

    /// Notes one. `held` says which keys still need theirs; it is asked when there are more than `limit`, so that keys
    /// that are gone do not pile up.
    pub(super) fn add(&self, due: i64, key: Key, limit: usize, held: impl Fn(Key) -> bool) {
        let mut queue = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push(Reverse((due, key)));
        if queue.len() > limit {
            let mut left = std::mem::take(&mut *queue).into_vec();
            left.retain(|Reverse((_, key))| held(*key));
            left.sort_unstable_by_key(|Reverse((due, key))| (*key, *due));
            left.dedup_by_key(|Reverse((_, key))| *key);
            *queue = left.into();
        }
        self.note_first(&queue);
    }

    /// Takes out one that time has passed.
    pub(super) fn take(&self, now: i64) -> Option<Key> {
        let mut queue = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let Reverse((due, _)) = queue.peek()?;
        if *due >= now {
            return None;
        }
        let Reverse((_, key)) = queue.pop()?;
        self.note_first(&queue);
        Some(key)
    }

    fn note_first(&self, queue: &BinaryHeap<Reverse<(i64, Key)>>) {
        let first = queue.peek().map_or(i64::MAX, |Reverse((due, _))| *due);
        self.next.store(first, Ordering::Relaxed);
    }
}
