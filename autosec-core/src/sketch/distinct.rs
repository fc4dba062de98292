use hashbrown::HashTable;

use super::WindowShape;

/// From how many values on they are looked for by an index: below, going through all of them is as fast.
const INDEXED: u16 = 64;

/// How many different values fell into a sliding window, for one key; values are given by 64-bit hashes.
///
/// At most `capacity` values are held, 24 bytes each (28 if there may be more than 64), beside 128 bytes; the memory grows
/// with the values seen and never beyond. While the kept slots hold no more than `capacity` different values, the count
/// is exact (but for hash collisions, 2^-64 a pair). Beyond, the value seen longest ago is dropped: the count is then
/// never too high, and of events in order never below `capacity` while the true one is not.
///
/// Noting a value, moving on to another slot and counting the newest window take constant time, also in a flood of values
/// (of moves about one in a hundred is O(capacity), and all if nearly 128 slots are kept). Counting a late window is
/// O(capacity).
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
    kept: u16,
    capacity: u16,
    /// How many slots may still come until what is held is written anew.
    lead: u16,
    /// How many values the newest window holds.
    current: u16,
    /// No value was last seen longer ago than so many slots; those of slots that are not kept count as just gone.
    oldest: u16,
    /// Where the search for a value as old as that goes on.
    hand: u16,
    /// Of the newest window how many values were last seen in each slot, at the slot's number modulo sixteen.
    last: [u16; SLOTS as usize],
    /// The slots in which any value was seen: bit n stands for the n-th slot before the newest.
    filled: u128,
    hashes: Vec<u64>,
    /// For each of the hashes the slots it was seen in: bit n stands for the n-th slot before the one that comes `lead`
    /// slots after the newest. So nothing is to be done about them when the window moves on. Bits of slots that are not
    /// kept mean nothing.
    slots: Vec<u128>,
    /// Where a hash stands, if there may be many.
    index: Option<Box<HashTable<u16>>>,
}

impl DistinctWindow {
    /// The most slots a window of distinct values may keep.
    pub const SLOT_LIMIT: u32 = 128;

    /// An empty window whose newest slot is `newest`, for up to `capacity` values (at least one, at most 65,535).
    ///
    /// A shape that keeps more than [`DistinctWindow::SLOT_LIMIT`] slots is cut to that many.
    pub fn new(shape: &WindowShape, capacity: u32, newest: i64) -> Self {
        let kept = small(shape.kept().min(Self::SLOT_LIMIT));
        let capacity = small(capacity.max(1));
        Self {
            newest,
            kept,
            capacity,
            lead: spare(kept),
            current: 0,
            oldest: 0,
            hand: 0,
            last: [0; _],
            filled: 0,
            hashes: Vec::new(),
            slots: Vec::new(),
            index: (capacity > INDEXED).then(Box::default),
        }
    }

    /// Forgets everything and starts again at `newest`.
    pub fn restart(&mut self, newest: i64) {
        self.newest = newest;
        self.empty();
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
        let late = u32::from(self.kept).saturating_sub(WindowShape::SLOTS);
        if self.age(slot).is_some_and(|age| age > late) {
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
        let mask = (mask & self.mask()) << self.lead;
        self.slots.iter().filter(|slots| **slots & mask != 0).count() as u64
    }

    /// Adds every value of `other`, which has the same shape: as if one window had seen them all.
    pub fn merge(&mut self, other: &DistinctWindow) {
        self.advance(other.newest);
        let behind = u32::try_from(self.newest.saturating_sub(other.newest)).unwrap_or(u32::MAX);
        self.filled |= other.filled.checked_shl(behind).unwrap_or(0) & self.mask();
        for (hash, slots) in other.values() {
            self.note(hash, slots.checked_shl(behind).unwrap_or(0) & self.mask());
        }
    }

    /// Every value with the slots it was seen in: bit n stands for the n-th slot before the newest.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u64, u128)> {
        let slots = self.slots.iter().map(|slots| *slots >> self.lead & self.mask());
        self.hashes.iter().copied().zip(slots).filter(|(_, slots)| *slots != 0)
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
        let index = self.index.as_ref().map_or(0, |index| size_of::<HashTable<u16>>() + index.capacity() * 4);
        self.hashes.capacity() * 24 + index
    }

    fn empty(&mut self) {
        self.hashes.clear();
        self.slots.clear();
        self.index.iter_mut().for_each(|index| index.clear());
        (self.filled, self.last, self.lead) = (0, [0; _], spare(self.kept));
        (self.current, self.oldest, self.hand) = (0, 0, 0);
    }

    /// Moves on to `slot` if it is newer.
    fn advance(&mut self, slot: i64) {
        if slot <= self.newest {
            return;
        }
        let ahead = slot.checked_sub(self.newest).and_then(|ahead| u16::try_from(ahead).ok());
        let Some(ahead) = ahead.filter(|ahead| *ahead < self.kept) else { return self.restart(slot) };
        for next in 1..=i64::from(ahead.min(SLOTS)) {
            // The slot that comes stands where the one stood that leaves the window.
            if let Some(last) = self.last.get_mut(place(self.newest.wrapping_add(next))) {
                self.current -= std::mem::take(last);
            }
        }
        self.newest = slot;
        self.filled = self.filled << ahead & self.mask();
        self.oldest = (self.oldest + ahead).min(self.kept);
        match self.lead.checked_sub(ahead) {
            Some(lead) => self.lead = lead,
            None => self.renew(ahead),
        }
    }

    /// Writes all slots anew, `ahead` slots on from where the lead counts, without values of slots that are not kept.
    fn renew(&mut self, ahead: u16) {
        let shift = u32::from(ahead - self.lead + spare(self.kept));
        self.lead = spare(self.kept);
        let mask = self.mask() << self.lead;
        self.slots.iter_mut().for_each(|slots| *slots = slots.checked_shl(shift).unwrap_or(0) & mask);
        let mut left = self.slots.iter().map(|slots| *slots != 0);
        let held = self.hashes.len();
        self.hashes.retain(|_| left.next().unwrap_or(true));
        self.slots.retain(|slots| *slots != 0);
        if self.hashes.len() < held
            && let Some(index) = &mut self.index
        {
            index.clear();
            for (at, hash) in (0u16..).zip(&self.hashes) {
                index.insert_unique(*hash, at, |at| position(&self.hashes, *at));
            }
        }
    }

    /// Notes a value in kept slots: bit n stands for the n-th slot before the newest.
    fn note(&mut self, hash: u64, slots: u128) {
        self.filled |= slots;
        if slots == 0 {
            return;
        }
        let (slots, mask) = (slots << self.lead, self.mask() << self.lead);
        if let Some(seen) = self.find(hash).and_then(|at| self.slots.get_mut(at)) {
            if *seen & slots == slots {
                return;
            }
            let before = *seen & mask;
            *seen = before | slots;
            self.leave(before);
            self.enter(before | slots);
            return;
        }
        if self.hashes.len() < usize::from(self.capacity) {
            self.oldest = self.oldest.max(self.since(slots));
            self.place(self.hashes.len(), hash);
            self.hashes.push(hash);
            self.slots.push(slots);
        } else {
            let Some(at) = self.older_than(self.since(slots)) else { return };
            let gone = self.hashes.get(at).copied().unwrap_or(0);
            if let Some(Ok(entry)) =
                self.index.as_mut().map(|index| index.find_entry(gone, |held| usize::from(*held) == at))
            {
                entry.remove();
            }
            self.place(at, hash);
            if let (Some(held), Some(seen)) = (self.hashes.get_mut(at), self.slots.get_mut(at)) {
                *held = hash;
                let before = std::mem::replace(seen, slots);
                self.leave(before);
            }
        }
        self.enter(slots);
    }

    /// Counts a value that was seen in these slots.
    fn enter(&mut self, slots: u128) {
        let age = self.since(slots);
        let slot = self.newest.wrapping_sub(i64::from(age));
        if age < SLOTS
            && let Some(last) = self.last.get_mut(place(slot))
        {
            *last += 1;
            self.current += 1;
        }
    }

    /// Counts a value no more that was seen in these slots.
    fn leave(&mut self, slots: u128) {
        let age = self.since(slots);
        let slot = self.newest.wrapping_sub(i64::from(age));
        if age < SLOTS
            && let Some(last) = self.last.get_mut(place(slot))
        {
            *last -= 1;
            self.current -= 1;
        }
    }

    /// How many slots ago the newest of these was; of none that is kept as many as are kept.
    fn since(&self, slots: u128) -> u16 {
        small(slots.trailing_zeros()).saturating_sub(self.lead).min(self.kept)
    }

    #[inline]
    fn find(&self, hash: u64) -> Option<usize> {
        match &self.index {
            Some(index) => {
                let same = |at: &u16| position(&self.hashes, *at) == hash;
                index.find(hash, same).map(|at| usize::from(*at))
            }
            None => self.hashes.iter().position(|held| *held == hash),
        }
    }

    /// The place of one of the values that were last seen longest ago, if that is longer than `age` slots.
    ///
    /// A hand goes round for values as old as the oldest can be; each round that finds none shows how old they are now.
    /// So a round is paid for by the values found in it.
    fn older_than(&mut self, age: u16) -> Option<usize> {
        while self.oldest > age {
            let mut next = 0;
            for _ in 0..self.slots.len() {
                let at = usize::from(self.hand);
                self.hand = if at + 1 < self.slots.len() { self.hand + 1 } else { 0 };
                let seen = self.since(self.slots.get(at).copied().unwrap_or(0));
                if seen >= self.oldest {
                    return Some(at);
                }
                next = seen.max(next);
            }
            self.oldest = next;
        }
        None
    }

    fn place(&mut self, at: usize, hash: u64) {
        if let (Some(index), Ok(at)) = (&mut self.index, u16::try_from(at)) {
            index.insert_unique(hash, at, |at| position(&self.hashes, *at));
        }
    }

    /// How many slots `slot` lies behind the newest; `None` if it is newer.
    fn age(&self, slot: i64) -> Option<u32> {
        u64::try_from(self.newest.saturating_sub(slot)).ok().map(|age| u32::try_from(age).unwrap_or(u32::MAX))
    }

    /// The bits of the slots that are kept.
    fn mask(&self) -> u128 {
        u128::MAX >> spare(self.kept)
    }
}

/// How many slots make up the newest window.
const SLOTS: u16 = 16;
/// The bits of the slots of the newest window.
const WINDOW: u128 = (1 << SLOTS) - 1;

/// How many bits of 128 are free if so many slots are kept.
fn spare(kept: u16) -> u16 {
    128_u16.saturating_sub(kept)
}

/// Where the values are counted that were last seen in a slot.
fn place(slot: i64) -> usize {
    usize::try_from(slot.rem_euclid(i64::from(SLOTS))).unwrap_or(0)
}

fn small(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// The hash at this place.
fn position(hashes: &[u64], at: u16) -> u64 {
    hashes.get(usize::from(at)).copied().unwrap_or(0)
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

    const _: () = assert!(SLOTS as u32 == WindowShape::SLOTS);

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
        fn goes_on_and_on(steps in prop::collection::vec((0i64..12, 0u64..9), 1..200), late in 0u64..112) {
            let shape = WindowShape::new(Duration::from_secs(16), Duration::from_secs(late), 128).unwrap();
            let mut window = DistinctWindow::new(&shape, 9, 0);
            let (mut slot, mut events) = (0, Vec::new());
            for (ahead, value) in steps {
                slot += ahead;
                window.insert(slot, value);
                events.push((slot, value));
                let mut copy = DistinctWindow::new(&shape, 9, slot);
                copy.refill(window.filled(), window.values());
                for end in [slot, slot - i64::try_from(late).unwrap()] {
                    prop_assert_eq!(window.ending_in(end), ending_in(&events, end));
                    prop_assert_eq!(copy.ending_in(end), ending_in(&events, end));
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
