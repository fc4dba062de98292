use super::WindowShape;
use super::ring::{Ring, Slot};

/// How many events fell into each slot of a sliding window, for one key.
///
/// 120 bytes, and 4 for each slot beyond twenty (then all of them on the heap). Counting in the newest slot and asking for
/// the newest window take constant time, everything else is O(slots) at most.
/// A slot counts up to 2^32 − 1 and stays there.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::sketch::{CountWindow, WindowShape};
/// use autosec_core::time::Timestamp;
///
/// let shape = WindowShape::new(Duration::from_secs(160), Duration::from_secs(20), 64)?;
/// let slot = |second| shape.slot(Timestamp::from_secs(second));
/// let mut window = CountWindow::new(&shape, slot(0));
/// assert!(window.insert(slot(0), 1) && window.insert(slot(159), 1));
/// assert_eq!(window.ending_in(slot(159)), 2);
/// assert!(window.insert(slot(160), 1), "the first event has now left the window");
/// assert_eq!(window.ending_in(slot(160)), 2);
/// assert!(window.insert(slot(145), 1), "late, but by less than 20 s");
/// assert!(!window.insert(slot(100), 1), "too late to be counted");
/// # Ok::<(), autosec_core::sketch::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CountWindow {
    pub(crate) ring: Ring<u32>,
    /// How many events the newest window holds.
    current: u64,
}

impl CountWindow {
    /// An empty window whose newest slot is `newest`.
    pub fn new(shape: &WindowShape, newest: i64) -> Self {
        Self { ring: Ring::new(shape, newest), current: 0 }
    }

    /// Forgets everything and starts again at `newest`.
    pub fn restart(&mut self, newest: i64) {
        self.ring.restart(newest);
        self.current = 0;
    }

    /// The newest slot an event was counted in.
    pub fn newest(&self) -> i64 {
        self.ring.newest()
    }

    /// Counts `count` events in `slot`; false if the slot is older than those a window ending in the oldest
    /// late slot needs, or so old that no late event may be counted there.
    pub fn insert(&mut self, slot: i64, count: u32) -> bool {
        if self.ring.is_too_old(slot) {
            return false;
        }
        self.advance(slot);
        let before = self.in_slot(slot);
        self.ring.add(slot, &count);
        if self.newest().saturating_sub(slot) < i64::from(WindowShape::SLOTS) {
            self.current += self.in_slot(slot) - before;
        }
        true
    }

    /// How many events fell into `slot` alone; 0 for a slot not kept.
    pub fn in_slot(&self, slot: i64) -> u64 {
        self.ring.in_slot(slot).map_or(0, |count| u64::from(*count))
    }

    /// How many events fell into the window that ends in `slot`; slots not kept count as empty.
    pub fn ending_in(&self, slot: i64) -> u64 {
        if slot == self.newest() {
            return self.current;
        }
        self.ring.ending_in(slot).map(|count| u64::from(*count)).sum()
    }

    /// Adds every event of `other`, which has the same shape: as if one window had counted them all.
    pub fn merge(&mut self, other: &CountWindow) {
        self.ring.merge(&other.ring);
        self.recount();
    }

    /// Notes what the newest window holds, after its slots were changed.
    pub(crate) fn recount(&mut self) {
        self.current = self.ring.ending_in(self.newest()).map(|count| u64::from(*count)).sum();
    }

    /// Moves on to `slot` if it is newer, without the slots that leave the newest window.
    fn advance(&mut self, slot: i64) {
        let (newest, slots) = (self.newest(), i64::from(WindowShape::SLOTS));
        let ahead = slot.saturating_sub(newest);
        if ahead <= 0 {
            return;
        }
        if ahead < slots {
            let leaving = (slots - ahead..slots).filter_map(|age| newest.checked_sub(age));
            self.current -= leaving.map(|slot| self.in_slot(slot)).sum::<u64>();
        } else {
            self.current = 0;
        }
        self.ring.advance(slot);
    }
}

impl Slot for u32 {
    fn add(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn shape() -> WindowShape {
        WindowShape::new(Duration::from_secs(16), Duration::from_secs(3), 64).unwrap()
    }

    /// The obvious answer, from the list of all events that were accepted.
    fn ending_in(events: &[i64], slot: i64) -> u64 {
        events.iter().filter(|event| (slot - 15..=slot).contains(*event)).count() as u64
    }

    proptest! {
        #[test]
        fn agrees_with_the_list_of_events(slots in prop::collection::vec(0i64..80, 1..60), jump in 0i64..3) {
            let mut window = CountWindow::new(&shape(), slots[0]);
            let mut accepted = Vec::new();
            for (step, slot) in (0i64..).zip(slots) {
                let slot = slot + step * jump * 7;
                let newest = accepted.iter().copied().max().unwrap_or(slot);
                prop_assert_eq!(window.insert(slot, 1), slot + 3 >= newest);
                if slot + 3 >= newest {
                    accepted.push(slot);
                }
                for late in 0..=3 {
                    let end = window.newest() - late;
                    prop_assert_eq!(window.ending_in(end), ending_in(&accepted, end));
                }
            }
        }

        #[test]
        fn shards_merge_to_one(events in prop::collection::vec((0i64..40, any::<bool>()), 1..60)) {
            let mut events = events;
            events.sort_unstable();
            let first = events[0].0;
            let mut one = CountWindow::new(&shape(), first);
            let mut shards = [one.clone(), one.clone()];
            for (slot, side) in events {
                one.insert(slot, 1);
                shards[usize::from(side)].insert(slot, 1);
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
        let mut window = CountWindow::new(&shape(), i64::MIN);
        assert!(window.insert(i64::MAX, 1));
        assert!(!window.insert(i64::MIN, 1));
        assert_eq!(window.ending_in(i64::MAX), 1);
        assert!(window.insert(i64::MAX, u32::MAX));
        assert_eq!(window.in_slot(i64::MAX), u64::from(u32::MAX));
        window.restart(i64::MIN);
        assert!(window.insert(i64::MIN, 2) && window.insert(i64::MIN + 3, 1));
        assert_eq!(window.ending_in(i64::MIN + 3), 3);
    }
}
