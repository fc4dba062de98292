use super::WindowShape;

/// How many different values fell into a sliding window, for one key; values are given by 64-bit hashes.
///
/// At most `capacity` values are held, 32 bytes each, beside 40 bytes; the memory grows
/// with the values seen and never beyond. While the kept slots hold no more than `capacity` different values, the count
/// is exact (but for hash collisions, 2^-64 a pair). Beyond, the value seen longest ago is dropped: the count is then
/// never too high, and of events in order never below `capacity` while the true one is not.
/// Every operation is O(capacity).
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
    seen: Vec<Seen>,
}

/// A value and the slots it was seen in: bit n stands for the n-th slot before the newest.
#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: u64,
    slots: u128,
}

impl DistinctWindow {
    /// The most slots a window of distinct values may keep.
    pub const SLOT_LIMIT: u32 = 128;

    /// An empty window whose newest slot is `newest`, for up to `capacity` values (at least one).
    ///
    /// A shape that keeps more than [`DistinctWindow::SLOT_LIMIT`] slots is cut to that many.
    pub fn new(shape: &WindowShape, capacity: u32, newest: i64) -> Self {
        let kept = shape.kept().min(Self::SLOT_LIMIT);
        Self { newest, kept, capacity: capacity.max(1), seen: Vec::new() }
    }

    /// Forgets everything and starts again at `newest`.
    pub fn restart(&mut self, newest: i64) {
        self.seen.clear();
        self.newest = newest;
    }

    /// The newest slot a value was seen in.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Notes a value in `slot`; false if the slot is too old for a late event.
    pub fn insert(&mut self, slot: i64, hash: u64) -> bool {
        let late = u64::from(self.kept.saturating_sub(WindowShape::SLOTS));
        if self.age(slot).is_some_and(|age| u64::from(age) > late) {
            return false;
        }
        self.advance(slot);
        self.note(hash, bit(self.age(slot).unwrap_or(0)));
        true
    }

    /// Whether a value was seen in `slot`.
    pub fn any_in(&self, slot: i64) -> bool {
        let mask = self.age(slot).map_or(0, bit);
        self.seen.iter().any(|seen| seen.slots & mask != 0)
    }

    /// How many different values were seen in the window that ends in `slot`.
    pub fn ending_in(&self, slot: i64) -> u64 {
        let window = (1_u128 << WindowShape::SLOTS) - 1;
        let mask = match self.age(slot) {
            Some(age) => window.checked_shl(age).unwrap_or(0),
            None => window >> slot.saturating_sub(self.newest).clamp(0, 127),
        };
        self.seen.iter().filter(|seen| seen.slots & mask != 0).count() as u64
    }

    /// Adds every value of `other`, which has the same shape: as if one window had seen them all.
    pub fn merge(&mut self, other: &DistinctWindow) {
        self.advance(other.newest);
        let behind = u32::try_from(self.newest.saturating_sub(other.newest)).unwrap_or(u32::MAX);
        for seen in &other.seen {
            let slots = seen.slots.checked_shl(behind).unwrap_or(0) & self.mask();
            if slots != 0 {
                self.note(seen.hash, slots);
            }
        }
    }

    /// Moves on to `slot` if it is newer, dropping what leaves the kept slots.
    fn advance(&mut self, slot: i64) {
        let ahead = slot.saturating_sub(self.newest);
        if ahead <= 0 {
            return;
        }
        let (shift, mask) = (u32::try_from(ahead).unwrap_or(u32::MAX), self.mask());
        self.seen.retain_mut(|seen| {
            seen.slots = seen.slots.checked_shl(shift).unwrap_or(0) & mask;
            seen.slots != 0
        });
        self.newest = slot;
    }

    fn note(&mut self, hash: u64, slots: u128) {
        if let Some(seen) = self.seen.iter_mut().find(|seen| seen.hash == hash) {
            seen.slots |= slots;
            return;
        }
        let seen = Seen { hash, slots };
        if self.seen.len() < self.capacity as usize {
            self.seen.push(seen);
        } else if let Some(oldest) = self.seen.iter_mut().max_by_key(|held| held.slots.trailing_zeros())
            && oldest.slots.trailing_zeros() >= slots.trailing_zeros()
        {
            *oldest = seen;
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
