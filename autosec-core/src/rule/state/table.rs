use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use super::codec::{Reader, Writer};
use super::pool::Pool;
use super::shard::{Held, Seat, Shard};

const SHARDS: usize = 16;

/// State by key, at most so many keys and so many bytes. Threads with different keys do not wait for one another, but for
/// keys that are new: each key has a lock of its own, and what leads to it is read alone.
///
/// Every operation is O(1): when a shard is full, eight entries at a moving hand are looked at, and the one that was
/// touched longest ago in its own event time gives way.
#[derive(Debug)]
pub(super) struct KeyTable<S: State> {
    /// Each made when it is first needed: a rule that has seen nothing takes little.
    shards: [OnceLock<Box<Shard<S>>>; SHARDS],
    plan: S::Plan,
    limit: usize,
    pool: Arc<Pool>,
}

/// A 128-bit keyed hash: the upper half picks the shard, the lower half the place in it.
pub(super) type Key = (u64, u64);

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
    const ENTRY: usize = Shard::<S>::ENTRY;

    /// A table for about `keys` keys: a sixteenth of them a shard, and at least one.
    pub(super) fn new(plan: S::Plan, keys: usize, pool: Arc<Pool>) -> Self {
        let limit = (keys / SHARDS).clamp(1, Shard::<S>::LIMIT);
        Self { shards: [const { OnceLock::new() }; SHARDS], plan, limit, pool }
    }

    /// Looks at the state of `key`, if there is any.
    pub(super) fn look<R>(&self, key: Key, look: impl FnOnce(&S) -> R) -> Option<R> {
        self.held(key)?.as_ref().map(|(_, state)| look(state))
    }

    /// Visits the state of `key`; if there is none it is made, out of what had to give way if the table is full.
    #[inline]
    pub(super) fn visit<R>(
        &self,
        key: Key,
        newest: i64,
        visit: impl FnOnce(&mut S, &S::Plan) -> R,
    ) -> Visit<R> {
        let nothing = |evicted| Visit { result: None, evicted };
        let Some(shard) = self.shards.get((key.0 >> 60) as usize) else { return nothing(false) };
        let shard = shard.get_or_init(|| Box::new(Shard::new()));
        let (seat, mut evicted) = match shard.find(key) {
            Some(seat) => (Some(seat), false),
            None => self.insert(shard, key, newest),
        };
        let Some(mut seat) = seat else { return nothing(evicted) };
        let Some((_, state)) = seat.as_mut() else { return nothing(evicted) };
        let before = state.heap();
        let result = visit(state, &self.plan);
        let after = state.heap();
        if after != before {
            self.pool.change(before, after);
            drop(seat);
            if after > before && self.pool.is_full(0) {
                let mut held = shard.hold();
                evicted |= held.count > 1 && self.evict(shard, &mut held, Some(key)).is_some();
            }
        }
        Visit { result: Some(result), evicted }
    }

    /// Visits the state of `key` if there is any.
    pub(super) fn visit_held<R>(&self, key: Key, visit: impl FnOnce(&mut S, &S::Plan) -> R) -> Option<R> {
        let mut seat = self.held(key)?;
        let (_, state) = seat.as_mut()?;
        let before = state.heap();
        let result = visit(state, &self.plan);
        self.pool.change(before, state.heap());
        Some(result)
    }

    /// Visits the state of every key.
    pub(super) fn each(&self, mut visit: impl FnMut(Key, &mut S)) {
        for shard in self.shards() {
            for mut seat in shard.each(&shard.hold()) {
                seat.iter_mut().for_each(|(key, state)| visit(*key, state));
            }
        }
    }

    /// What its state is made by.
    pub(super) fn plan(&self) -> &S::Plan {
        &self.plan
    }

    /// The shards that ever held anything.
    fn shards(&self) -> impl Iterator<Item = &Shard<S>> {
        self.shards.iter().filter_map(|shard| shard.get().map(|shard| &**shard))
    }

    /// The entry of `key`, if there is one.
    fn held(&self, key: Key) -> Option<Seat<'_, S>> {
        let shard = self.shards.get((key.0 >> 60) as usize)?.get()?;
        shard.find(key).or_else(|| {
            let _held = shard.hold();
            shard.find(key)
        })
    }

    #[inline(never)]
    fn insert<'s>(&self, shard: &'s Shard<S>, key: Key, newest: i64) -> (Option<Seat<'s, S>>, bool) {
        let mut held = shard.hold();
        // Another thread may have been faster.
        if let Some(seat) = shard.find(key) {
            return (Some(seat), false);
        }
        let full = held.count >= self.limit || self.pool.is_full(Self::ENTRY);
        let old = if full { self.evict(shard, &mut held, None) } else { None };
        let evicted = old.is_some();
        let state = match old {
            Some(old) => old.renew(&self.plan, newest),
            None => S::fresh(&self.plan, newest),
        };
        self.pool.change(0, Self::ENTRY + state.heap());
        (shard.add(&mut held, key, state), evicted)
    }

    fn evict(&self, shard: &Shard<S>, held: &mut Held, spare: Option<Key>) -> Option<S> {
        let old = shard.evict(held, spare)?;
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
        self.shards().map(|shard| shard.hold().count).sum()
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn clear(&self) {
        for shard in self.shards() {
            shard.clear(&mut shard.hold(), |state| self.pool.change(Self::ENTRY + state.heap(), 0));
        }
    }

    fn write(&self, to: &mut Writer) {
        for shard in &self.shards {
            let Some(shard) = shard.get() else {
                to.length(0);
                continue;
            };
            let held = shard.hold();
            to.length(held.count);
            for seat in shard.each(&held) {
                if let Some((key, state)) = seat.as_ref() {
                    to.fixed(key.0);
                    to.fixed(key.1);
                    to.signed(i128::from(state.newest()));
                    state.write(to);
                }
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
    fn threads_lose_nothing() {
        let (table, threads, keys) = (table(1 << 20, 1 << 30), 4, 500);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let table = &table;
                // Half of the keys belong to all threads; all are new while the tables grow.
                let key =
                    move |key: u64| if key.is_multiple_of(2) { key } else { key + 1_000 * (thread + 1) };
                scope.spawn(move || {
                    (0..20 * keys).for_each(|at| _ = count(table, (at << 58, key(at % keys)), 1));
                });
            }
        });
        let mut sums = [0; 2];
        table.each(|key, cell| sums[usize::from(key.1 > keys)] += cell.1);
        assert_eq!(sums, [threads * 10 * keys; 2]);
    }

    #[test]
    fn threads_may_evict() {
        let (table, threads) = (table(8 * SHARDS, 1 << 20), 4);
        let pool = Arc::clone(&table.pool);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let table = &table;
                scope.spawn(move || {
                    (0..20_000_u64).for_each(|at| {
                        let key = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
                        count(table, (key << 60, key % (20 + thread)), at.cast_signed());
                    });
                });
            }
        });
        let mut held = Vec::new();
        table.each(|key, _| held.push(key));
        assert_eq!(held.len(), table.len());
        assert_eq!(pool.used(), held.len() * KeyTable::<Cell>::ENTRY);
        assert!(held.iter().all(|key| table.look(*key, |_| ()).is_some()), "each is found");
        held.sort_unstable();
        held.dedup();
        assert_eq!(held.len(), table.len(), "none is there twice");
        table.clear();
        assert_eq!((table.len(), pool.used()), (0, 0));
    }

    proptest! {
        /// Cells move up when one before them is freed, and nothing that is held may be lost by it.
        #[test]
        fn finds_all_that_is_left(keys in prop::collection::vec(0u64..64, 1..300)) {
            let table = table(12 * SHARDS, 1 << 20);
            for (at, key) in (0i64..).zip(keys) {
                let key = (0, key * 5);
                count(&table, key, at);
                prop_assert!(table.look(key, |_| ()).is_some());
                let mut held = Vec::new();
                table.each(|key, _| held.push(key));
                prop_assert!(held.len() <= 12 && held.iter().all(|key| table.look(*key, |_| ()).is_some()));
            }
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
