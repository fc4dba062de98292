use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

const SHARDS: usize = 16;
/// How many entries are looked at for one to replace.
const PROBES: usize = 8;

/// Windows by key, at most so many; sharded, so that threads seldom wait for one another.
///
/// Every operation is O(1): when a shard is full, eight entries at a moving hand are looked at, and the one that was
/// touched longest ago in its own event time gives way.
#[derive(Debug)]
pub(super) struct KeyTable<W> {
    shards: [Mutex<Shard<W>>; SHARDS],
    limit: usize,
}

/// A 128-bit keyed hash: the upper half picks the shard, the lower half the place in it.
pub(super) type Key = (u64, u64);

#[derive(Debug)]
struct Shard<W> {
    index: HashTable<usize>,
    entries: Vec<(Key, W)>,
    hand: usize,
}

/// What a table holds.
pub(super) trait Ages {
    /// The newest slot it holds: the greater, the younger.
    fn newest(&self) -> i64;
}

impl<W: Ages> KeyTable<W> {
    /// A table for about `keys` keys: a sixteenth of them a shard, and at least one.
    pub(super) fn new(keys: usize) -> Self {
        let shard = |_| Mutex::new(Shard { index: HashTable::new(), entries: Vec::new(), hand: 0 });
        Self { shards: std::array::from_fn(shard), limit: (keys / SHARDS).max(1) }
    }

    /// An empty table of the same size.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.limit.saturating_mul(SHARDS))
    }

    /// How many keys a shard holds at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Looks at the window of `key`, if there is one.
    pub(super) fn look<R>(&self, key: Key, look: impl FnOnce(&W) -> R) -> Option<R> {
        let shard = lock(self.shards.get((key.0 >> 60) as usize)?);
        let at = shard.position(key)?;
        shard.entries.get(at).map(|(_, window)| look(window))
    }

    /// Visits the window of `key`; if there is none, `restart` makes one, out of a window that had to give way if the
    /// table is full. Tells whether one did.
    pub(super) fn visit<R>(
        &self,
        key: Key,
        restart: impl FnOnce(Option<W>) -> W,
        visit: impl FnOnce(&mut W) -> R,
    ) -> (Option<R>, bool) {
        let Some(shard) = self.shards.get((key.0 >> 60) as usize) else { return (None, false) };
        let mut shard = lock(shard);
        let (at, evicted) = match shard.position(key) {
            Some(at) => (at, false),
            None => shard.insert(key, self.limit, restart),
        };
        (shard.entries.get_mut(at).map(|(_, window)| visit(window)), evicted)
    }

    /// How many keys are held.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).entries.len()).sum()
    }
}

impl<W: Ages> Shard<W> {
    fn position(&self, key: Key) -> Option<usize> {
        self.index.find(key.1, |at| self.entries.get(*at).is_some_and(|(held, _)| *held == key)).copied()
    }

    fn insert(&mut self, key: Key, limit: usize, restart: impl FnOnce(Option<W>) -> W) -> (usize, bool) {
        let evicted = self.entries.len() >= limit;
        let old = if evicted { self.evict() } else { None };
        let at = self.entries.len();
        self.entries.push((key, restart(old)));
        let entries = &self.entries;
        self.index.insert_unique(key.1, at, |at| entries.get(*at).map_or(0, |(key, _)| key.1));
        (at, evicted)
    }

    /// Takes out the oldest of the entries at the hand; the last entry moves into its place.
    fn evict(&mut self) -> Option<W> {
        let length = self.entries.len();
        let probed = (self.hand..self.hand + PROBES.min(length)).map(|at| at % length);
        let victim =
            probed.min_by_key(|at| self.entries.get(*at).map_or(i64::MAX, |(_, window)| window.newest()))?;
        self.hand = (self.hand + PROBES) % length;
        let (key, _) = self.entries.get(victim)?;
        if let Ok(held) = self.index.find_entry(key.1, |at| *at == victim) {
            held.remove();
        }
        let (_, window) = self.entries.swap_remove(victim);
        if let Some((moved, _)) = self.entries.get(victim)
            && let Some(at) = self.index.find_mut(moved.1, |at| *at == length - 1)
        {
            *at = victim;
        }
        Some(window)
    }
}

/// A panic elsewhere leaves at worst one window half counted, which is no reason to stop counting.
fn lock<W>(shard: &Mutex<Shard<W>>) -> MutexGuard<'_, Shard<W>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Cell(i64, u64);

    impl Ages for Cell {
        fn newest(&self) -> i64 {
            self.0
        }
    }

    fn count(table: &KeyTable<Cell>, key: Key, at: i64) -> (u64, bool) {
        let (count, evicted) = table.visit(
            key,
            |_| Cell(at, 0),
            |cell| {
                cell.0 = at;
                cell.1 += 1;
                cell.1
            },
        );
        (count.unwrap(), evicted)
    }

    proptest! {
        #[test]
        fn counts_like_a_map_until_it_is_full(keys in prop::collection::vec(0u64..40, 1..200)) {
            let table = KeyTable::new(64 * SHARDS);
            let mut map: HashMap<u64, u64> = HashMap::new();
            for (at, key) in (0i64..).zip(keys) {
                let truth = map.entry(key).or_default();
                *truth += 1;
                prop_assert_eq!(count(&table, (key << 58, key), at), (*truth, false));
            }
            prop_assert_eq!(table.len(), map.len());
        }
    }

    #[test]
    fn replaces_the_oldest_when_full() {
        let table = KeyTable::new(8 * SHARDS);
        for (at, key) in (0i64..).zip(0u64..8) {
            assert!(!count(&table, (0, key), at).1);
        }
        assert_eq!(count(&table, (0, 0), 100), (2, false));
        assert_eq!(count(&table, (0, 8), 101), (1, true));
        assert_eq!(count(&table, (0, 0), 102), (3, false));
        assert_eq!(count(&table, (0, 1), 103), (1, true));
        assert_eq!(table.len(), 8);
        for (at, key) in (200i64..).zip(0u64..5_000) {
            count(&table, (0, key), at);
        }
        assert_eq!(table.len(), 8);
    }
}
