use smallvec::SmallVec;

use super::table::Ages;
use crate::sketch::{CountWindow, DistinctWindow, WindowShape};

/// A window that reached its threshold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Alarm {
    /// The slot the window ends in.
    pub(crate) slot: i64,
    /// How many were in it.
    pub(crate) observed: u64,
}

/// A late event can complete the windows of sixteen slots, which lie in two epochs at most.
pub(crate) type Alarms = SmallVec<[Alarm; 2]>;

/// What windows have in common.
pub(super) trait Window {
    /// The newest slot.
    fn newest(&self) -> i64;
    /// Whether anything was counted in the slot.
    fn any_in(&self, slot: i64) -> bool;
    /// How many were counted in the window that ends in the slot.
    fn ending_in(&self, slot: i64) -> u64;
}

/// A window and the epochs it has already alarmed in.
///
/// A slot alarms when something was counted in it and the window that ends in it reaches the threshold; an epoch alarms
/// once. An event in order can complete only its own slot's window. A late one can complete those of the fifteen slots
/// after its own, so each that holds something is looked at again: whatever the order of events, every slot is looked at
/// after the last event that its window counts, and an epoch alarms exactly if one of its slots does in the end.
#[derive(Clone, Debug)]
pub(super) struct Tracked<W> {
    pub(super) window: W,
    /// Bit n: the n-th epoch before the newest has alarmed. Late slots reach back at most 63 epochs, because a
    /// window keeps at most 1,024 slots.
    alarmed: u64,
}

impl<W: Window> Tracked<W> {
    pub(super) fn new(window: W) -> Self {
        Self { window, alarmed: 0 }
    }

    /// Counts something in `slot` by `insert` and says which epochs now alarm; `None` if `slot` is too old.
    pub(super) fn step(
        &mut self,
        slot: i64,
        at_least: u64,
        insert: impl FnOnce(&mut W) -> bool,
    ) -> Option<Alarms> {
        // Bits count epochs back from the newest, so they move on with it.
        let before = WindowShape::epoch(self.window.newest());
        if !insert(&mut self.window) {
            return None;
        }
        let newest = self.window.newest();
        let ahead = WindowShape::epoch(newest).saturating_sub(before);
        self.alarmed =
            u32::try_from(ahead).ok().and_then(|ahead| self.alarmed.checked_shl(ahead)).unwrap_or(0);
        let mut alarms = Alarms::new();
        let last = newest.min(slot.saturating_add(i64::from(WindowShape::SLOTS) - 1));
        for slot in slot..=last {
            let epoch = WindowShape::epoch(newest).saturating_sub(WindowShape::epoch(slot));
            let bit = u32::try_from(epoch).ok().and_then(|epoch| 1_u64.checked_shl(epoch)).unwrap_or(0);
            if self.alarmed & bit == 0 && self.window.any_in(slot) {
                let observed = self.window.ending_in(slot);
                if observed >= at_least {
                    self.alarmed |= bit;
                    alarms.push(Alarm { slot, observed });
                }
            }
        }
        Some(alarms)
    }
}

impl<W: Window> Ages for Tracked<W> {
    fn newest(&self) -> i64 {
        self.window.newest()
    }
}

impl Window for CountWindow {
    fn newest(&self) -> i64 {
        self.newest()
    }

    fn any_in(&self, slot: i64) -> bool {
        self.in_slot(slot) > 0
    }

    fn ending_in(&self, slot: i64) -> u64 {
        self.ending_in(slot)
    }
}

impl Window for DistinctWindow {
    fn newest(&self) -> i64 {
        self.newest()
    }

    fn any_in(&self, slot: i64) -> bool {
        self.any_in(slot)
    }

    fn ending_in(&self, slot: i64) -> u64 {
        self.ending_in(slot)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tracked(late: u64) -> Tracked<CountWindow> {
        let shape = WindowShape::new(Duration::from_secs(16), Duration::from_secs(late), 1024).unwrap();
        Tracked::new(CountWindow::new(&shape, 0))
    }

    fn slots(tracked: &mut Tracked<CountWindow>, slot: i64, at_least: u64) -> Option<Vec<i64>> {
        let alarms = tracked.step(slot, at_least, |window| window.insert(slot, 1))?;
        Some(alarms.iter().map(|alarm| alarm.slot).collect())
    }

    #[test]
    fn alarms_once_an_epoch() {
        let mut tracked = tracked(2);
        assert_eq!(slots(&mut tracked, 1, 2), Some(vec![]));
        assert_eq!(slots(&mut tracked, 2, 2), Some(vec![2]));
        assert_eq!(slots(&mut tracked, 3, 2), Some(vec![]));
        assert_eq!(slots(&mut tracked, 16, 2), Some(vec![16]));
        assert_eq!(slots(&mut tracked, 13, 2), None);
    }

    #[test]
    fn a_late_event_completes_two_epochs() {
        let mut tracked = tracked(20);
        for slot in [15, 16] {
            assert_eq!(slots(&mut tracked, slot, 3), Some(vec![]));
        }
        assert_eq!(slots(&mut tracked, 14, 3), Some(vec![16]));
        assert_eq!(slots(&mut tracked, 13, 3), Some(vec![15]));
    }

    #[test]
    fn remembers_as_far_back_as_lateness_reaches() {
        let mut tracked = tracked(1_008);
        assert_eq!(slots(&mut tracked, 0, 1), Some(vec![0]));
        assert_eq!(slots(&mut tracked, 1_008, 1), Some(vec![1_008]));
        assert_eq!(slots(&mut tracked, 0, 1), Some(vec![]));
        assert_eq!(slots(&mut tracked, 31, 1), Some(vec![31]));
        assert_eq!(slots(&mut tracked, i64::MAX, 1), Some(vec![i64::MAX]));
        assert_eq!(slots(&mut tracked, i64::MAX, 1), Some(vec![]));
    }
}
