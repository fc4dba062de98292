use hashbrown::HashTable;

use super::WindowShape;

/// From how many values on they are looked for by an index: below, going through all of them is as fast.
const INDEXED: u32 = 64;

/// How many different values fell into a sliding window, for one key; values are given by 64-bit hashes.
///
/// At most `capacity` values are held, 24 bytes each (30 if there may be more than 64), beside 160 bytes; the memory grows
/// with the values seen and never beyond. While the kept slots hold no more than `capacity` different values, the count
/// is exact (but for hash collisions, 2^-64 a pair). Beyond, the value seen longest ago is dropped: the count is then
/// never too high, and of events in order never below `capacity` while the true one is not.
///
/// Noting a value and counting the newest window take constant time, also in a flood of values. Moving on to another slot
/// and counting a late window are O(capacity).
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::sketch::{DistinctWindow, WindowShape};
///
/// let shape = WindowShape::new(Duration::from_secs(60), Duration::ZERO, DistinctWindow::SLOT_LIMIT)?;
/// let mut window = DistinctWindow::new(&shape, 8, 0);
/// for hash in [11, 22, 22, 33] {
///     window.insert(0, hash);
/// }
/// assert_eq!(window.ending_in(0), 3);
/// window.insert(16, 11);
/// assert_eq!(window.ending_in(16), 1, "sixteen slots on, the others are gone");
/// # Ok::<(), autosec_core::sketch::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DistinctWindow {
    newest: i64,
    kept: u32,
    capacity: u32,
    /// The slots in which any value was seen: bit n stands for the n-th slot before the newest.
    filled: u128,
    hashes: Vec<u64>,
    /// For each of the hashes the slots it was seen in.
    slots: Vec<u128>,
    /// Where a hash stands, if there may be many.
    index: HashTable<u32>,
    /// How many values the newest window holds.
    current: u32,
    /// No value was last seen longer ago than so many slots.
    oldest: u32,
    /// Where the search for a value as old as that goes on.
    hand: usize,
}

impl DistinctWindow {
    /// The most slots a window of distinct values may keep.
    pub const SLOT_LIMIT: u32 = 128;

    /// An empty window whose newest slot is `newest`, for up to `capacity` values (at least one).
    ///
    /// A shape that keeps more than [`DistinctWindow::SLOT_LIMIT`] slots is cut to that many.
    pub fn new(shape: &WindowShape, capacity: u32, newest: i64) -> Self {
        Self {
            newest,
            kept: shape.kept().min(Self::SLOT_LIMIT),
            capacity: capacity.max(1),
            filled: 0,
            hashes: Vec::new(),
            slots: Vec::new(),
            index: HashTable::new(),
            current: 0,
            oldest: 0,
            hand: 0,
        }
    }

    /// Forgets everything and starts again at `newest`.
    pub fn restart(&mut self, newest: i64) {
        self.hashes.clear();
        self.slots.clear();
        self.index.clear();
        (self.newest, self.filled, self.current, self.oldest, self.hand) = (newest, 0, 0, 0, 0);
    }

    /// The newest slot a value was seen in.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Notes a value in `slot`; false if the slot is too old for a late event.
    pub fn insert(&mut self, slot: i64, hash: u64) -> bool {
        let inside = self.touch(slot);
        if inside {
            self.note(hash, bit(self.age(slot).unwrap_or(0)));
        }
        inside
    }

    /// Moves on to `slot` without noting a value; false if the slot is too old for a late event.
    pub fn touch(&mut self, slot: i64) -> bool {
        let late = u64::from(self.kept.saturating_sub(WindowShape::SLOTS));
        if self.age(slot).is_some_and(|age| u64::from(age) > late) {
            return false;
        }
        self.advance(slot);
        true
    }

    /// Whether a value was seen in `slot`.
    pub fn any_in(&self, slot: i64) -> bool {
        self.filled & self.age(slot).map_or(0, bit) != 0
    }

    /// How many different values were seen in the window that ends in `slot`.
    pub fn ending_in(&self, slot: i64) -> u64 {
        let mask = match self.age(slot) {
            Some(0) => return u64::from(self.current),
            Some(age) => WINDOW.checked_shl(age).unwrap_or(0),
            None => WINDOW >> slot.saturating_sub(self.newest).clamp(0, 127),
        };
        self.slots.iter().filter(|slots| **slots & mask != 0).count() as u64
    }

    /// Adds every value of `other`, which has the same shape: as if one window had seen them all.
    pub fn merge(&mut self, other: &DistinctWindow) {
        self.advance(other.newest);
        let behind = u32::try_from(self.newest.saturating_sub(other.newest)).unwrap_or(u32::MAX);
        self.filled |= other.filled.checked_shl(behind).unwrap_or(0) & self.mask();
        for (hash, slots) in other.values() {
            let slots = slots.checked_shl(behind).unwrap_or(0) & self.mask();
            if slots != 0 {
                self.note(hash, slots);
            }
        }
    }

    /// Every value with the slots it was seen in.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = (u64, u128)> {
        self.hashes.iter().copied().zip(self.slots.iter().copied())
    }

    /// The slots in which any value was seen.
    pub(crate) fn filled(&self) -> u128 {
        self.filled
    }

    /// Takes up values again that were given by [`DistinctWindow::values`].
    pub(crate) fn refill(&mut self, filled: u128, values: impl Iterator<Item = (u64, u128)>) {
        self.filled |= filled & self.mask();
        values.for_each(|(hash, slots)| self.note(hash, slots & self.mask()));
    }

    /// How many bytes it takes beside its own.
    pub(crate) fn heap(&self) -> usize {
        self.hashes.capacity() * 24 + self.index.capacity() * 6
    }

    /// Moves on to `slot` if it is newer, dropping what leaves the kept slots.
    fn advance(&mut self, slot: i64) {
        let ahead = slot.saturating_sub(self.newest);
        if ahead <= 0 {
            return;
        }
        let (shift, mask) = (u32::try_from(ahead).unwrap_or(u32::MAX), self.mask());
        self.newest = slot;
        self.filled = self.filled.checked_shl(shift).unwrap_or(0) & mask;
        self.slots.iter_mut().for_each(|slots| *slots = slots.checked_shl(shift).unwrap_or(0) & mask);
        let held = self.slots.len();
        let mut left = self.slots.iter().map(|slots| *slots != 0);
        self.hashes.retain(|_| left.next().unwrap_or(true));
        self.slots.retain(|slots| *slots != 0);
        if self.slots.len() < held && self.is_indexed() {
            self.index.clear();
            for (at, hash) in (0u32..).zip(&self.hashes) {
                self.index.insert_unique(*hash, at, |at| position(&self.hashes, *at));
            }
        }
        self.current =
            u32::try_from(self.slots.iter().filter(|slots| **slots & WINDOW != 0).count()).unwrap_or(0);
        self.oldest = self.slots.iter().map(|slots| slots.trailing_zeros()).max().unwrap_or(0);
    }

    fn note(&mut self, hash: u64, slots: u128) {
        self.filled |= slots;
        if slots == 0 {
            return;
        }
        if let Some(seen) = self.find(hash).and_then(|at| self.slots.get_mut(at)) {
            self.current += u32::from(*seen & WINDOW == 0 && slots & WINDOW != 0);
            *seen |= slots;
            return;
        }
        let age = slots.trailing_zeros();
        if self.hashes.len() < self.capacity as usize {
            self.oldest = self.oldest.max(age);
            self.place(self.hashes.len(), hash);
            self.hashes.push(hash);
            self.slots.push(slots);
        } else {
            let Some(at) = self.older_than(age) else { return };
            let gone = self.hashes.get(at).copied().unwrap_or(0);
            if let Ok(entry) = self.index.find_entry(gone, |held| *held as usize == at) {
                entry.remove();
            }
            self.place(at, hash);
            if let (Some(held), Some(seen)) = (self.hashes.get_mut(at), self.slots.get_mut(at)) {
                self.current -= u32::from(*seen & WINDOW != 0);
                (*held, *seen) = (hash, slots);
            }
        }
        self.current += u32::from(slots & WINDOW != 0);
    }

    fn find(&self, hash: u64) -> Option<usize> {
        if self.is_indexed() {
            let same = |at: &u32| position(&self.hashes, *at) == hash;
            return self.index.find(hash, same).map(|at| *at as usize);
        }
        self.hashes.iter().position(|held| *held == hash)
    }

    /// The place of one of the values that were last seen longest ago, if that is longer than `age` slots.
    ///
    /// A hand goes round for values as old as the oldest can be; each round that finds none shows how old they are now.
    /// So a round is paid for by the values found in it.
    fn older_than(&mut self, age: u32) -> Option<usize> {
        while self.oldest > age {
            let mut next = 0;
            for _ in 0..self.slots.len() {
                let at = self.hand;
                self.hand = if at + 1 < self.slots.len() { at + 1 } else { 0 };
                let seen = self.slots.get(at).map_or(0, |slots| slots.trailing_zeros());
                if seen >= self.oldest {
                    return Some(at);
                }
                next = seen.max(next);
            }
            self.oldest = next;
        }
        None
    }

    fn is_indexed(&self) -> bool {
        self.capacity > INDEXED
    }

    fn place(&mut self, at: usize, hash: u64) {
        if self.is_indexed()
            && let Ok(at) = u32::try_from(at)
        {
            self.index.insert_unique(hash, at, |at| position(&self.hashes, *at));
        }
    }

    /// How many slots `slot` lies behind the newest; `None` if it is newer.
    fn age(&self, slot: i64) -> Option<u32> {
        u64::try_from(self.newest.saturating_sub(slot)).ok().map(|age| u32::try_from(age).unwrap_or(u32::MAX))
    }

    /// The bits of the slots that are kept.
    fn mask(&self) -> u128 {
        u128::MAX >> (Self::SLOT_LIMIT - self.kept)
    }
}

/// The bits of the slots of the newest window.
const WINDOW: u128 = (1 << WindowShape::SLOTS) - 1;

/// The hash at this place.
fn position(hashes: &[u64], at: u32) -> u64 {
    hashes.get(at as usize).copied().unwrap_or(0)
}

/// The bit of the slot of this age; none for an age beyond all slots.
fn bit(age: u32) -> u128 {
    1_u128.checked_shl(age).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn shape() -> WindowShape {
        WindowShape::new(Duration::from_secs(16), Duration::from_secs(3), 64).unwrap()
    }

    /// The obvious answer, from the list of all events that were accepted.
    fn ending_in(events: &[(i64, u64)], slot: i64) -> u64 {
        let inside = |event: &&(i64, u64)| (slot - 15..=slot).contains(&event.0);
        events.iter().filter(inside).map(|(_, value)| value).collect::<HashSet<_>>().len() as u64
    }

    proptest! {
        #[test]
        fn agrees_with_the_list_of_events(
            events in prop::collection::vec((0i64..80, 0u64..12), 1..60), jump in 0i64..3,
        ) {
            let mut window = DistinctWindow::new(&shape(), 12, events[0].0);
            let mut accepted: Vec<(i64, u64)> = Vec::new();
            for (step, (slot, value)) in (0i64..).zip(events) {
                let slot = slot + step * jump * 7;
                let newest = accepted.iter().map(|event| event.0).max().unwrap_or(slot);
                prop_assert_eq!(window.insert(slot, value), slot + 3 >= newest);
                if slot + 3 >= newest {
                    accepted.push((slot, value));
                }
                for late in 0..=3 {
                    let end = window.newest() - late;
                    prop_assert_eq!(window.ending_in(end), ending_in(&accepted, end));
                    prop_assert_eq!(window.any_in(end), accepted.iter().any(|event| event.0 == end));
                }
            }
        }

        #[test]
        fn misses_nothing_in_order_when_full(
            steps in prop::collection::vec((0i64..4, 0u64..40), 1..200), capacity in 1u32..8,
        ) {
            let mut window = DistinctWindow::new(&shape(), capacity, 0);
            let (mut slot, mut events) = (0, Vec::new());
            for (ahead, value) in steps {
                slot += ahead;
                window.insert(slot, value);
                events.push((slot, value));
                let (held, truth) = (window.ending_in(slot), ending_in(&events, slot));
                prop_assert!(held <= truth);
                prop_assert_eq!(held.min(u64::from(capacity)), truth.min(u64::from(capacity)));
            }
        }

        #[test]
        fn shards_merge_to_one(
            events in prop::collection::vec((0i64..40, 0u64..12, any::<bool>()), 1..60),
        ) {
            let mut events = events;
            events.sort_unstable();
            let mut one = DistinctWindow::new(&shape(), 12, events[0].0);
            let mut shards = [one.clone(), one.clone()];
            for (slot, value, side) in events {
                one.insert(slot, value);
                shards[usize::from(side)].insert(slot, value);
            }
            let [mut left, right] = shards;
            left.merge(&right);
            for late in 0..=3 {
                prop_assert_eq!(left.ending_in(one.newest() - late), one.ending_in(one.newest() - late));
            }
        }
    }

    #[test]
    fn survives_both_ends_of_time() {
        let mut window = DistinctWindow::new(&shape(), 2, i64::MIN);
        assert!(window.insert(i64::MAX, 1));
        assert!(!window.insert(i64::MIN, 2));
        assert_eq!(window.ending_in(i64::MAX), 1);
        assert_eq!(window.ending_in(i64::MIN), 0);
    }
}
