use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

use super::codec::{Reader, Writer};
use super::pool::Pool;

const SHARDS: usize = 16;
/// How many entries are looked at for one to replace.
const PROBES: usize = 8;

/// State by key, at most so many keys and so many bytes; sharded, so that threads seldom wait for one another.
///
/// Every operation is O(1): when a shard is full, eight entries at a moving hand are looked at, and the one that was
/// touched longest ago in its own event time gives way.
#[derive(Debug)]
pub(super) struct KeyTable<S: State> {
    shards: [Mutex<Shard<S>>; SHARDS],
    plan: S::Plan,
    limit: usize,
    pool: Arc<Pool>,
}

/// A 128-bit keyed hash: the upper half picks the shard, the lower half the place in it.
pub(super) type Key = (u64, u64);

#[derive(Debug)]
struct Shard<S> {
    index: HashTable<usize>,
    entries: Vec<(Key, S)>,
    hand: usize,
}

/// What a table holds for a key.
pub(super) trait State: Debug + Send + Sized {
    /// What it is made by.
    type Plan: Debug + Send + Sync;
    /// State of a key that was not seen before.
    fn fresh(plan: &Self::Plan, newest: i64) -> Self;
    /// The same, in the memory of this one if that saves anything.
    fn renew(self, plan: &Self::Plan, newest: i64) -> Self {
        Self::fresh(plan, newest)
    }
    /// The newest slot or time it knows: the greater, the younger.
    fn newest(&self) -> i64;
    /// How many bytes it takes beside its own.
    fn heap(&self) -> usize;
    /// Adds what other state saw.
    fn merge(&mut self, other: &Self, plan: &Self::Plan);
    /// Writes it down, without what `fresh` is given.
    fn write(&self, to: &mut Writer);
    /// Reads what was written into fresh state.
    fn read(&mut self, from: &mut Reader<'_>) -> Option<()>;
}

/// What became of a visit.
pub(super) struct Visit<R> {
    /// What the visitor gave; `None` if there is no such key.
    pub(super) result: Option<R>,
    /// Whether another key had to give way.
    pub(super) evicted: bool,
}

impl<S: State> KeyTable<S> {
    /// The bytes of an entry and its place in the index, without the heap.
    const ENTRY: usize = size_of::<(Key, S)>() + 16;

    /// A table for about `keys` keys: a sixteenth of them a shard, and at least one.
    pub(super) fn new(plan: S::Plan, keys: usize, pool: Arc<Pool>) -> Self {
        let shard = |_| Mutex::new(Shard { index: HashTable::new(), entries: Vec::new(), hand: 0 });
        Self { shards: std::array::from_fn(shard), plan, limit: (keys / SHARDS).max(1), pool }
    }

    /// Looks at the state of `key`, if there is any.
    pub(super) fn look<R>(&self, key: Key, look: impl FnOnce(&S) -> R) -> Option<R> {
        let shard = lock(self.shards.get((key.0 >> 60) as usize)?);
        let at = shard.position(key)?;
        shard.entries.get(at).map(|(_, state)| look(state))
    }

    /// Visits the state of `key`; if there is none it is made, out of what had to give way if the table is full.
    pub(super) fn visit<R>(
        &self,
        key: Key,
        newest: i64,
        visit: impl FnOnce(&mut S, &S::Plan) -> R,
    ) -> Visit<R> {
        let Some(mut shard) = self.shard(key) else { return Visit { result: None, evicted: false } };
        let (at, mut evicted) = match shard.position(key) {
            Some(at) => (at, false),
            None => self.insert(&mut shard, key, newest),
        };
        let Some((_, state)) = shard.entries.get_mut(at) else { return Visit { result: None, evicted } };
        let before = state.heap();
        let result = visit(state, &self.plan);
        let after = state.heap();
        if after != before {
            self.pool.change(before, after);
            if after > before && self.pool.is_full(0) && shard.entries.len() > 1 {
                evicted |= self.evict(&mut shard, Some(key)).is_some();
            }
        }
        Visit { result: Some(result), evicted }
    }

    /// Visits the state of `key` if there is any.
    pub(super) fn visit_held<R>(&self, key: Key, visit: impl FnOnce(&mut S, &S::Plan) -> R) -> Option<R> {
        let mut shard = self.shard(key)?;
        let at = shard.position(key)?;
        let (_, state) = shard.entries.get_mut(at)?;
        let before = state.heap();
        let result = visit(state, &self.plan);
        self.pool.change(before, state.heap());
        Some(result)
    }

    /// Visits the state of every key.
    pub(super) fn each(&self, mut visit: impl FnMut(Key, &mut S)) {
        for shard in &self.shards {
            lock(shard).entries.iter_mut().for_each(|(key, state)| visit(*key, state));
        }
    }

    /// What its state is made by.
    pub(super) fn plan(&self) -> &S::Plan {
        &self.plan
    }

    fn shard(&self, key: Key) -> Option<MutexGuard<'_, Shard<S>>> {
        self.shards.get((key.0 >> 60) as usize).map(lock)
    }

    fn insert(&self, shard: &mut Shard<S>, key: Key, newest: i64) -> (usize, bool) {
        let full = shard.entries.len() >= self.limit || self.pool.is_full(Self::ENTRY);
        let old = if full { self.evict(shard, None) } else { None };
        let evicted = old.is_some();
        let state = match old {
            Some(old) => old.renew(&self.plan, newest),
            None => S::fresh(&self.plan, newest),
        };
        self.pool.change(0, Self::ENTRY + state.heap());
        let at = shard.entries.len();
        shard.entries.push((key, state));
        let entries = &shard.entries;
        shard.index.insert_unique(key.1, at, |at| entries.get(*at).map_or(0, |(key, _)| key.1));
        (at, evicted)
    }

    fn evict(&self, shard: &mut Shard<S>, spare: Option<Key>) -> Option<S> {
        let old = shard.evict(spare)?;
        self.pool.change(Self::ENTRY + old.heap(), 0);
        Some(old)
    }
}

impl<S: State> Drop for KeyTable<S> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What can be done with a table without knowing what it holds.
pub(super) trait Table {
    /// How many keys are held.
    fn len(&self) -> usize;
    /// How many keys a shard may hold.
    fn limit(&self) -> usize;
    /// Forgets every key.
    fn clear(&self);
    /// Writes every key down.
    fn write(&self, to: &mut Writer);
    /// Adds what was written to what is held, and what was written of a key that is held to that; `None` if the bytes make
    /// no sense, of which some may then have been taken up.
    fn merge(&self, from: &mut Reader<'_>) -> Option<()>;
}

impl<S: State> Table for KeyTable<S> {
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).entries.len()).sum()
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn clear(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let bytes = |(_, state): &(Key, S)| Self::ENTRY + state.heap();
            self.pool.change(shard.entries.iter().map(bytes).sum(), 0);
            shard.index.clear();
            shard.entries.clear();
        }
    }

    fn write(&self, to: &mut Writer) {
        for shard in &self.shards {
            let shard = lock(shard);
            to.length(shard.entries.len());
            for (key, state) in &shard.entries {
                to.fixed(key.0);
                to.fixed(key.1);
                to.signed(i128::from(state.newest()));
                state.write(to);
            }
        }
    }

    fn merge(&self, from: &mut Reader<'_>) -> Option<()> {
        for _ in &self.shards {
            for _ in 0..from.length()? {
                let key = (from.fixed()?, from.fixed()?);
                let newest = from.place()?;
                let mut state = S::fresh(&self.plan, newest);
                state.read(from)?;
                self.visit(key, newest, |held, plan| held.merge(&state, plan));
            }
        }
        Some(())
    }
}

impl<S: State> Shard<S> {
    fn position(&self, key: Key) -> Option<usize> {
        self.index.find(key.1, |at| self.entries.get(*at).is_some_and(|(held, _)| *held == key)).copied()
    }

    /// Takes out the oldest of the entries at the hand, but not that of `spare`; the last entry moves into its place.
    fn evict(&mut self, spare: Option<Key>) -> Option<S> {
        let length = self.entries.len();
        let probed = (self.hand..self.hand + PROBES.min(length)).map(|at| at % length);
        let aged = probed.filter_map(|at| Some((at, self.entries.get(at)?)));
        let (victim, (key, _)) =
            aged.filter(|(_, (key, _))| Some(*key) != spare).min_by_key(|(_, (_, state))| state.newest())?;
        self.hand = (self.hand + PROBES) % length;
        if let Ok(held) = self.index.find_entry(key.1, |at| *at == victim) {
            held.remove();
        }
        let (_, state) = self.entries.swap_remove(victim);
        if let Some((moved, _)) = self.entries.get(victim)
            && let Some(at) = self.index.find_mut(moved.1, |at| *at == length - 1)
        {
            *at = victim;
        }
        Some(state)
    }
}

/// A panic elsewhere leaves at worst one window half counted, which is no reason to stop counting.
fn lock<S>(shard: &Mutex<Shard<S>>) -> MutexGuard<'_, Shard<S>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Cell(i64, u64);

    impl State for Cell {
        type Plan = ();

        fn fresh((): &(), newest: i64) -> Self {
            Self(newest, 0)
        }

        fn newest(&self) -> i64 {
            self.0
        }

        fn heap(&self) -> usize {
            0
        }

        fn merge(&mut self, other: &Self, (): &()) {
            *self = Self(self.0.max(other.0), self.1 + other.1);
        }

        fn write(&self, to: &mut Writer) {
            to.number(self.1);
        }

        fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
            self.1 = from.number()?;
            Some(())
        }
    }

    fn table(keys: usize, bytes: usize) -> KeyTable<Cell> {
        KeyTable::new((), keys, Arc::new(Pool::new(bytes)))
    }

    fn count(table: &KeyTable<Cell>, key: Key, at: i64) -> (u64, bool) {
        let visit = table.visit(key, at, |cell, ()| {
            cell.0 = at;
            cell.1 += 1;
            cell.1
        });
        (visit.result.unwrap(), visit.evicted)
    }

    #[test]
    fn holds_no_more_bytes_than_it_may() {
        let table = table(1 << 20, 10 * KeyTable::<Cell>::ENTRY);
        let evicted = (0..1_000_i64).filter(|at| count(&table, (0, at.unsigned_abs()), *at).1).count();
        assert_eq!((table.len(), evicted), (10, 990));
        let pool = Arc::clone(&table.pool);
        drop(table);
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn reads_what_it_wrote() {
        let (first, second) = (table(100, 1 << 20), table(100, 1 << 20));
        (0..6_u64).for_each(|key| _ = count(&first, (key << 62, key), 1));
        (4..9_u64).for_each(|key| _ = count(&second, (key << 62, key), 2));
        let mut written = Writer::default();
        first.write(&mut written);
        second.merge(&mut Reader(&written.0)).unwrap();
        assert_eq!(second.len(), 9);
        assert_eq!(count(&second, (4 << 62, 4), 3).0, 3);
        for end in 0..written.0.len() {
            assert_eq!(table(100, 1 << 20).merge(&mut Reader(&written.0[..end])), None, "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn counts_like_a_map_until_it_is_full(keys in prop::collection::vec(0u64..40, 1..200)) {
            let table = table(64 * SHARDS, 1 << 20);
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
        let table = table(8 * SHARDS, 1 << 20);
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
