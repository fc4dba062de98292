use prefetch_index::prefetch_index;

/// The fewest places of a table that has any: a power of two.
const FEWEST: usize = 16;
/// Bytes of a line of the cache.
const LINE: usize = 64;

/// A packed baseline and its key.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: u64,
    /// Zeros stand behind it, so that it can be changed in place.
    pub(super) packed: Box<[u8]>,
}

/// Packed baselines by key.
///
/// Where one is follows from its key, a hash, or is a few places behind it (open addressing with linear probing; Knuth, "The
/// Art of Computer Programming" 6.4, algorithms L and R). So it can be asked of memory before it is looked for, and what is
/// found stands beside the key: a table whose marks are apart from what it holds waits for memory once more.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// None at all, or a power of two of which at most seven eighths are taken.
    places: Vec<Option<Held>>,
    taken: usize,
}

impl Slots {
    /// How many it holds.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// How many places it has.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// What is at a place.
    pub(super) fn at(&self, place: usize) -> Option<&Held> {
        self.places.get(place)?.as_ref()
    }

    /// Each of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.places.iter().flatten()
    }

    /// What has a key.
    pub(super) fn find(&self, key: u64) -> Option<&Held> {
        self.at(self.place(key)?)
    }

    /// What has a key, to change it.
    pub(super) fn find_mut(&mut self, key: u64) -> Option<&mut Held> {
        let place = self.place(key)?;
        self.places.get_mut(place)?.as_mut()
    }

    /// Asks memory for where a key is, and waits for nothing.
    pub(super) fn ask_for_place(&self, key: u64) {
        let home = self.home(key);
        prefetch_index(&self.places, home);
        // Places reach over the end of a line, and a key may be behind its own.
        prefetch_index(&self.places, home + 1);
    }

    /// Asks memory for all of a baseline's lines at once: who reads on and on waits for each of them.
    pub(super) fn ask_for(&self, key: u64) {
        if let Some(held) = self.find(key) {
            (0..held.packed.len()).step_by(LINE).for_each(|at| prefetch_index(&held.packed, at));
        }
    }

    /// Takes one in, of which there is none with its key.
    pub(super) fn insert(&mut self, held: Held) {
        if (self.taken + 1) * 8 > self.places.len() * 7 {
            self.grow();
        }
        self.taken += 1;
        self.put(held);
    }

    /// Takes out what has a key.
    pub(super) fn remove(&mut self, key: u64) -> Option<Held> {
        let mut hole = self.place(key)?;
        let gone = self.places.get_mut(hole)?.take();
        self.taken -= 1;
        let mut next = self.behind(hole);
        while let Some(held) = self.at(next) {
            let home = self.home(held.key);
            // Whose own place is not behind the hole would not be found any more.
            if self.distance(home, next) >= self.distance(hole, next) {
                self.places.swap(hole, next);
                hole = next;
            }
            next = self.behind(next);
        }
        gone
    }

    /// Where a key is.
    fn place(&self, key: u64) -> Option<usize> {
        let mut place = self.home(key);
        loop {
            if self.at(place)?.key == key {
                return Some(place);
            }
            place = self.behind(place);
        }
    }

    fn grow(&mut self) {
        let more = (self.places.len() * 2).max(FEWEST);
        let held = std::mem::replace(&mut self.places, (0..more).map(|_| None).collect());
        held.into_iter().flatten().for_each(|held| self.put(held));
    }

    /// Puts one at the first free place from its own on; there is one.
    fn put(&mut self, held: Held) {
        let mut place = self.home(held.key);
        while self.at(place).is_some() {
            place = self.behind(place);
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(held);
        }
    }

    /// Where a key stands if that is free: keys are hashes already.
    fn home(&self, key: u64) -> usize {
        self.wrapped(usize::try_from(key & u64::from(u32::MAX)).unwrap_or(0))
    }

    fn behind(&self, place: usize) -> usize {
        self.wrapped(place + 1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        self.wrapped(to.wrapping_sub(from))
    }

    fn wrapped(&self, place: usize) -> usize {
        place & self.places.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn held(key: u64, byte: u8) -> Held {
        Held { key, packed: vec![byte; 40].into() }
    }

    proptest! {
        #[test]
        fn holds_what_a_map_holds(steps in prop::collection::vec((0u64..12, 0u64..6, any::<u8>()), 0..400)) {
            let (mut slots, mut map) = (Slots::default(), HashMap::new());
            // Few homes, most of them the last ones: runs that go round the end.
            for (low, high, byte) in steps {
                let key = high << 32 | low.wrapping_sub(5) & 0xffff_ffff;
                slots.ask_for_place(key);
                slots.ask_for(key);
                match slots.find_mut(key) {
                    Some(_) if byte % 3 == 0 => {
                        prop_assert_eq!(slots.remove(key).map(|held| held.packed[0]), map.remove(&key));
                    }
                    Some(held) => {
                        held.packed[0] = byte;
                        map.insert(key, byte);
                    }
                    None => {
                        slots.insert(held(key, byte));
                        map.insert(key, byte);
                    }
                }
                prop_assert_eq!(slots.remove(1 << 60).map(|held| held.key), None);
                prop_assert!(map.iter().all(|(key, byte)| slots.find(*key).is_some_and(|held| held.packed[0] == *byte)));
                prop_assert_eq!((slots.len(), slots.iter().count()), (map.len(), map.len()));
            }
        }
    }
}
