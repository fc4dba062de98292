use smallvec::SmallVec;

use super::WindowShape;

/// Slots kept without touching the heap: sixteen, and 10 s of lateness for windows of 40 s and more.
const INLINE_SLOTS: usize = 20;

/// What a slot holds: nothing by default, and of two what one would hold that saw the events of both.
pub(crate) trait Slot: Copy + Default {
    /// Adds what another slot holds; the order of additions must not matter.
    fn add(&mut self, other: &Self);
}

/// The slots of a sliding window, for one key. Every operation is O(slots) at most.
#[derive(Clone, Debug)]
pub(crate) struct Ring<T> {
    newest: i64,
    /// Where the newest slot is.
    head: u32,
    slots: SmallVec<[T; INLINE_SLOTS]>,
}

impl<T: Slot> Ring<T> {
    /// An empty window whose newest slot is `newest`.
    pub(crate) fn new(shape: &WindowShape, newest: i64) -> Self {
        Self { newest, head: 0, slots: SmallVec::from_elem(T::default(), shape.kept() as usize) }
    }

    /// Forgets everything and starts again at `newest`.
    pub(crate) fn restart(&mut self, newest: i64) {
        self.slots.fill(T::default());
        (self.newest, self.head) = (newest, 0);
    }

    /// The newest slot anything was added to.
    pub(crate) fn newest(&self) -> i64 {
        self.newest
    }

    /// Adds to a slot; false if it is too old for a late event.
    pub(crate) fn insert(&mut self, slot: i64, what: &T) -> bool {
        if self.is_too_old(slot) {
            return false;
        }
        self.advance(slot);
        self.add(slot, what);
        true
    }

    /// Whether a late event may no longer be added to the slot.
    pub(crate) fn is_too_old(&self, slot: i64) -> bool {
        let late = (self.slots.len() as u64).saturating_sub(u64::from(WindowShape::SLOTS));
        self.age(slot).is_some_and(|age| age > late)
    }

    /// What the slot holds; `None` if it is not kept.
    pub(crate) fn in_slot(&self, slot: i64) -> Option<&T> {
        self.age(slot).and_then(|age| self.slots.get(self.place(age)?))
    }

    /// The slots that are kept of the window that ends in `slot`, the newest first.
    pub(crate) fn ending_in(&self, slot: i64) -> impl Iterator<Item = &T> {
        let behind = self.newest.saturating_sub(slot);
        let beyond = behind.saturating_add(i64::from(WindowShape::SLOTS));
        let first = usize::try_from(behind.max(0)).unwrap_or(usize::MAX);
        let count = usize::try_from(beyond.max(0)).unwrap_or(usize::MAX).saturating_sub(first);
        // From the newest to the oldest: backwards from the head to the front, then from the back to behind the head.
        let (recent, older) = self.slots.split_at((self.head as usize + 1).min(self.slots.len()));
        recent.iter().rev().chain(older.iter().rev()).skip(first).take(count)
    }

    /// Adds every slot of `other`, which has the same shape: as if one had seen all.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.advance(other.newest);
        for (slot, what) in other.by_slot() {
            self.add(slot, &what);
        }
    }

    /// Every kept slot and what it holds, the newest first.
    pub(crate) fn by_slot(&self) -> impl Iterator<Item = (i64, T)> {
        let kept = i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        let slots = (0..kept).map(|age| self.newest.saturating_sub(age));
        slots.filter_map(|slot| Some((slot, *self.in_slot(slot)?)))
    }

    /// How many bytes it takes beside its own.
    pub(crate) fn heap(&self) -> usize {
        if self.slots.spilled() { self.slots.capacity() * size_of::<T>() } else { 0 }
    }

    /// Moves on to `slot` if it is newer, emptying the slots in between.
    pub(crate) fn advance(&mut self, slot: i64) {
        let kept = self.slots.len() as u64;
        let ahead = slot.saturating_sub(self.newest);
        if ahead <= 0 {
            return;
        }
        if ahead.unsigned_abs() >= kept {
            self.restart(slot);
            return;
        }
        for _ in 0..ahead {
            self.head = if u64::from(self.head) + 1 == kept { 0 } else { self.head + 1 };
            if let Some(held) = self.slots.get_mut(self.head as usize) {
                *held = T::default();
            }
        }
        self.newest = slot;
    }

    /// Adds to a slot that is kept; nothing to another.
    pub(crate) fn add(&mut self, slot: i64, what: &T) {
        let place = self.age(slot).and_then(|age| self.place(age));
        if let Some(held) = place.and_then(|place| self.slots.get_mut(place)) {
            held.add(what);
        }
    }

    /// How many slots `slot` lies behind the newest; `None` if it is newer.
    fn age(&self, slot: i64) -> Option<u64> {
        u64::try_from(self.newest.saturating_sub(slot)).ok()
    }

    /// Where the slot of this age is kept.
    fn place(&self, age: u64) -> Option<usize> {
        let age = usize::try_from(age).ok().filter(|age| *age < self.slots.len())?;
        let head = self.head as usize;
        Some(if age <= head { head - age } else { head + self.slots.len() - age })
    }
}
