use super::codec::{Reader, Writer, read_ring, write_ring};
use super::table::State;
use crate::sketch::{CountWindow, DistinctWindow, RankWindow, SumWindow, WindowShape};

/// The epochs that have already alarmed: the newest and the 63 before it.
///
/// Late slots reach back at most 63 epochs, because a window keeps at most 1,024 slots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Epochs {
    newest: i64,
    /// Bit n: the n-th epoch before the newest has alarmed.
    alarmed: u64,
}

impl Epochs {
    pub(super) fn new(newest: i64) -> Self {
        Self { newest, alarmed: 0 }
    }

    /// Whether the epoch has alarmed; of one that is forgotten it says so.
    pub(super) fn has(&self, epoch: i64) -> bool {
        let age = self.newest.saturating_sub(epoch);
        age >= 0
            && u32::try_from(age)
                .ok()
                .and_then(|age| self.alarmed.checked_shr(age))
                .is_none_or(|bits| bits & 1 == 1)
    }

    /// Notes that the epoch alarms.
    pub(super) fn add(&mut self, epoch: i64) {
        self.advance(epoch);
        let age = u32::try_from(self.newest.saturating_sub(epoch)).ok();
        self.alarmed |= age.and_then(|age| 1_u64.checked_shl(age)).unwrap_or(0);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.advance(other.newest);
        let behind = u32::try_from(self.newest.saturating_sub(other.newest)).ok();
        self.alarmed |= behind.and_then(|behind| other.alarmed.checked_shl(behind)).unwrap_or(0);
    }

    pub(super) fn write(&self, to: &mut Writer) {
        to.signed(i128::from(self.newest));
        to.number(self.alarmed);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { newest: from.place()?, alarmed: from.number()? })
    }

    fn advance(&mut self, epoch: i64) {
        let ahead = epoch.saturating_sub(self.newest);
        if ahead > 0 {
            self.alarmed =
                u32::try_from(ahead).ok().and_then(|ahead| self.alarmed.checked_shl(ahead)).unwrap_or(0);
            self.newest = epoch;
        }
    }
}

/// What windows have in common.
pub(super) trait Window: std::fmt::Debug + Send + Sized {
    /// What a window is made by.
    type Plan: std::fmt::Debug + Send + Sync;
    /// An empty window.
    fn fresh(plan: &Self::Plan, newest: i64) -> Self;
    /// An empty window, in the memory of this one if that saves anything.
    fn renew(self, plan: &Self::Plan, newest: i64) -> Self {
        Self::fresh(plan, newest)
    }
    /// The newest slot.
    fn newest(&self) -> i64;
    /// Whether anything was counted in the slot.
    fn any_in(&self, slot: i64) -> bool;
    /// Bytes beside its own.
    fn heap(&self) -> usize {
        0
    }
    fn merge(&mut self, other: &Self);
    fn write(&self, to: &mut Writer);
    fn read(&mut self, from: &mut Reader<'_>) -> Option<()>;
}

/// A window and the epochs it has already alarmed in.
///
/// A slot alarms when something was counted in it and the window that ends in it reaches the threshold; an epoch alarms
/// once. An event in order can complete only its own slot's window. A late one can complete those of the fifteen slots
/// after its own, so each that holds something is looked at again: whatever the order of events, every slot is looked at
/// after the last event that its window counts, and an epoch alarms exactly if one of its slots does in the end (as far
/// as more events never undo an alarm).
#[derive(Clone, Debug)]
pub(super) struct Tracked<W> {
    pub(super) window: W,
    epochs: Epochs,
}

impl<W: Window> Tracked<W> {
    pub(super) fn new(window: W) -> Self {
        let epochs = Epochs::new(WindowShape::epoch(window.newest()));
        Self { window, epochs }
    }

    /// Counts something in `slot` by `insert` and tells `alarm` of each epoch that now alarms, as far as `judge` finds
    /// something in the window that ends in a slot: which slot, and what was found. False if `slot` is too old.
    #[inline]
    pub(super) fn step(
        &mut self,
        slot: i64,
        insert: impl FnOnce(&mut W) -> bool,
        judge: impl Fn(&W, i64) -> Option<f64>,
        mut alarm: impl FnMut(i64, f64),
    ) -> bool {
        if !insert(&mut self.window) {
            return false;
        }
        // A late event can complete the windows of sixteen slots, which lie in two epochs at most.
        let last = self.window.newest().min(slot.saturating_add(i64::from(WindowShape::SLOTS) - 1));
        for slot in slot..=last {
            let epoch = WindowShape::epoch(slot);
            if !self.epochs.has(epoch)
                && self.window.any_in(slot)
                && let Some(observed) = judge(&self.window, slot)
            {
                self.epochs.add(epoch);
                alarm(slot, observed);
            }
        }
        true
    }
}

impl<W: Window> State for Tracked<W> {
    type Plan = W::Plan;

    fn fresh(plan: &Self::Plan, newest: i64) -> Self {
        Self::new(W::fresh(plan, newest))
    }

    fn renew(self, plan: &Self::Plan, newest: i64) -> Self {
        Self::new(self.window.renew(plan, newest))
    }

    fn newest(&self) -> i64 {
        self.window.newest()
    }

    fn heap(&self) -> usize {
        self.window.heap()
    }

    fn merge(&mut self, other: &Self, _: &Self::Plan) {
        self.window.merge(&other.window);
        self.epochs.merge(&other.epochs);
    }

    fn write(&self, to: &mut Writer) {
        self.epochs.write(to);
        self.window.write(to);
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.epochs = Epochs::read(from)?;
        self.window.read(from)
    }
}

macro_rules! ring_window {
    ($window:ty, |$it:ident, $slot:ident| $any_in:expr, |$read:ident| $after:expr) => {
        impl Window for $window {
            type Plan = WindowShape;

            fn fresh(plan: &Self::Plan, newest: i64) -> Self {
                Self::new(plan, newest)
            }

            fn newest(&self) -> i64 {
                self.newest()
            }

            fn any_in(&self, $slot: i64) -> bool {
                let $it = self;
                $any_in
            }

            fn heap(&self) -> usize {
                self.ring.heap()
            }

            fn merge(&mut self, other: &Self) {
                self.merge(other);
            }

            fn write(&self, to: &mut Writer) {
                write_ring(&self.ring, to);
            }

            fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
                read_ring(&mut self.ring, from)?;
                let $read = self;
                Some($after)
            }
        }
    };
}

ring_window!(CountWindow, |window, slot| window.in_slot(slot) > 0, |window| window.recount());
ring_window!(SumWindow, |window, slot| window.in_slot(slot).count > 0, |_window| ());
ring_window!(RankWindow, |window, slot| window.in_slot(slot) > 0, |_window| ());

impl Window for DistinctWindow {
    /// The shape and the capacity.
    type Plan = (WindowShape, u32);

    fn fresh((shape, capacity): &Self::Plan, newest: i64) -> Self {
        Self::new(shape, *capacity, newest)
    }

    fn renew(mut self, _: &Self::Plan, newest: i64) -> Self {
        self.restart(newest);
        self
    }

    fn newest(&self) -> i64 {
        self.newest()
    }

    fn any_in(&self, slot: i64) -> bool {
        self.any_in(slot)
    }

    fn heap(&self) -> usize {
        self.heap()
    }

    fn merge(&mut self, other: &Self) {
        self.merge(other);
    }

    fn write(&self, to: &mut Writer) {
        to.wide(self.filled());
        to.length(self.values().count());
        for (hash, slots) in self.values() {
            to.fixed(hash);
            to.wide(slots);
        }
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let filled = from.wide()?;
        for _ in 0..from.length()? {
            let value = (from.fixed()?, from.wide()?);
            self.refill(filled, std::iter::once(value));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::novelty::Known;
    use super::super::sequence::Track;
    use super::super::shard::Shard;
    use super::*;

    #[test]
    fn takes_as_much_as_is_documented() {
        fn entry<S: State>() -> usize {
            Shard::<S>::ENTRY
        }
        let windows = [entry::<Tracked<CountWindow>>(), entry::<Tracked<DistinctWindow>>()];
        let numbers = [entry::<Tracked<SumWindow>>(), entry::<Tracked<RankWindow>>()];
        let others = [entry::<Track>(), entry::<Known>()];
        assert_eq!((windows, numbers, others), ([208, 208], [784, 528], [144, 80]));
    }

    fn tracked(late: u64) -> Tracked<CountWindow> {
        let shape = WindowShape::new(Duration::from_secs(16), Duration::from_secs(late), 1024).unwrap();
        Tracked::new(CountWindow::new(&shape, 0))
    }

    fn slots(tracked: &mut Tracked<CountWindow>, slot: i64, at_least: u64) -> Option<Vec<i64>> {
        let enough =
            |window: &CountWindow, slot| Some(window.ending_in(slot)).filter(|count| *count >= at_least);
        let mut alarms = Vec::new();
        let counted = tracked.step(
            slot,
            |window| window.insert(slot, 1),
            |window, slot| enough(window, slot).map(|_| 0.0),
            |slot, _| alarms.push(slot),
        );
        counted.then_some(alarms)
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
