use std::hash::{BuildHasher, Hash, RandomState};

use hashbrown::HashTable;

use crate::time::Timestamp;

/// How many entries are looked at to find one to give up: constant work, and close to the stalest of all.
const INSPECTED: usize = 8;

/// A map that never holds more than its capacity: a new key then takes the place of a stale one, in constant time.
///
/// Stale is what was last of use longest ago, by the times that [`BoundedMap::entry`] is given. Eight entries at a moving
/// hand are compared, not all: that takes constant time, and an entry in use is given up only if all eight are. Keys are
/// hashed with a random seed, so that nobody can choose keys that collide.
///
/// ```
/// use autosec_core::sketch::BoundedMap;
/// use autosec_core::time::Timestamp;
///
/// let mut tries = BoundedMap::new(2);
/// *tries.entry("ann", Timestamp::from_secs(1), || 0) += 1;
/// *tries.entry("eve", Timestamp::from_secs(2), || 0) += 1;
/// *tries.entry("eve", Timestamp::from_secs(3), || 0) += 1;
/// *tries.entry("bob", Timestamp::from_secs(4), || 0) += 1;
/// assert_eq!((tries.get(&"eve"), tries.get(&"ann")), (Some(&2), None));
/// assert_eq!((tries.len(), tries.evicted()), (2, 1));
/// ```
#[derive(Debug)]
pub struct BoundedMap<K, V> {
    /// Positions in `slots`. Values stay where they are when the index grows, so that the hand can walk over them.
    index: HashTable<usize>,
    slots: Vec<Slot<K, V>>,
    hasher: RandomState,
    capacity: usize,
    /// Where the next search for a stale entry begins; moves on, so that no entry is overlooked for ever.
    hand: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    touched: Timestamp,
}

impl<K: Eq + Hash, V> BoundedMap<K, V> {
    /// An empty map for at most `capacity` keys, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            hasher: RandomState::new(),
            capacity: capacity.max(1),
            hand: 0,
            evicted: 0,
        }
    }

    /// The value of `key`, which is made if it is absent; `at` is when it was last of use.
    pub fn entry(&mut self, key: K, at: Timestamp, make: impl FnOnce() -> V) -> &mut V {
        let hash = self.hasher.hash_one(&key);
        let slot = match self.position(hash, &key) {
            Some(slot) => slot,
            None => self.insert(hash, Slot { key, value: make(), touched: at }),
        };
        #[expect(clippy::indexing_slicing, reason = "the index holds only positions of slots")]
        let slot = &mut self.slots[slot];
        slot.touched = slot.touched.max(at);
        &mut slot.value
    }

    /// The value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        let slot = self.position(self.hasher.hash_one(key), key)?;
        self.slots.get(slot).map(|slot| &slot.value)
    }

    /// Every key, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.slots.iter().map(|slot| &slot.key)
    }

    /// Every key with its value, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.slots.iter().map(|slot| (&slot.key, &slot.value))
    }

    /// Forgets every key; how many were given up stays.
    pub fn clear(&mut self) {
        self.index.clear();
        self.slots.clear();
        self.hand = 0;
    }

    /// How many keys were given up so far.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many keys it holds.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds no key.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn position(&self, hash: u64, key: &K) -> Option<usize> {
        self.index.find(hash, |slot| self.slots.get(*slot).is_some_and(|slot| slot.key == *key)).copied()
    }

    fn insert(&mut self, hash: u64, fresh: Slot<K, V>) -> usize {
        let position = if self.slots.len() < self.capacity {
            self.slots.push(fresh);
            self.slots.len() - 1
        } else {
            self.replace_stale(fresh)
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        let rehash = |slot: &usize| slots.get(*slot).map_or(0, |slot| hasher.hash_one(&slot.key));
        self.index.insert_unique(hash, position, rehash);
        position
    }

    fn replace_stale(&mut self, fresh: Slot<K, V>) -> usize {
        let touched = |position: &usize| self.slots.get(*position).map(|slot| slot.touched);
        let candidates = (0..INSPECTED).map(|step| (self.hand + step) % self.slots.len());
        let stalest = candidates.min_by_key(touched).unwrap_or(0);
        self.hand = (self.hand + INSPECTED) % self.slots.len();
        if let Some(slot) = self.slots.get_mut(stalest) {
            let hash = self.hasher.hash_one(&slot.key);
            if let Ok(entry) = self.index.find_entry(hash, |held| *held == stalest) {
                entry.remove();
            }
            *slot = fresh;
        }
        self.evicted += 1;
        stalest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_empty_once_cleared_and_goes_on() {
        let mut map = BoundedMap::new(2);
        for n in 0..3 {
            map.entry(n, Timestamp::from_secs(n), || n);
        }
        assert_eq!(map.iter().count(), 2);
        map.clear();
        assert!(map.is_empty() && map.get(&2).is_none());
        map.entry(7, Timestamp::from_secs(7), || 70);
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&7, &70)]);
    }

    #[test]
    fn never_exceeds_its_capacity_and_keeps_what_is_in_use() {
        let mut map = BoundedMap::new(100);
        for n in 0..10_000_i64 {
            let at = Timestamp::from_secs(n);
            *map.entry(-1, at, || 0) += 1;
            map.entry(n, at, || 1);
            assert_eq!(map.get(&n), Some(&1));
        }
        assert_eq!(map.len(), 100);
        assert_eq!(map.evicted(), 10_001 - 100);
        assert_eq!(map.get(&-1), Some(&10_000), "the key in use survived the flood");
    }
}
