use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::segments::Segments;
use super::table::{Key, State};

/// How many entries are looked at for one to replace.
const PROBES: usize = 8;
/// How many cells there are at first.
const CELLS: u32 = 8;

/// Keys and what is held for each: an entry has a lock of its own, and is found without one.
///
/// Who looks for a key reads cells that others may be changing meanwhile, and may miss it; so only a hit counts, which the
/// entry itself confirms. Who misses asks again under the lock that all changes are made under.
#[derive(Debug)]
pub(super) struct Shard<S> {
    /// Open addressing: entry numbers from 1 on, with as much of the key above them as there is room for; 0 in a free cell.
    /// Half of them at least are free.
    cells: Segments<AtomicU32>,
    /// How many cells there are, less one; 0 before the first.
    mask: AtomicU32,
    entries: Segments<Entry<S>>,
    changing: Apart<Mutex<Held>>,
}

/// A cache line or several of its own: threads with different keys write to different ones.
#[derive(Debug)]
#[repr(align(64))]
struct Entry<S>(Mutex<Option<(Key, S)>>);

/// As far from its neighbours as processors fetch at once.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

/// An entry that is locked.
pub(super) type Seat<'s, S> = MutexGuard<'s, Option<(Key, S)>>;

/// What changes with the keys. Entries are locked while it is, never the other way round.
#[derive(Debug)]
pub(super) struct Held {
    /// How many entries are in use: those before it.
    pub(super) count: usize,
    hand: usize,
}

impl<S> Default for Entry<S> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<S: State> Shard<S> {
    /// The most keys of a shard.
    pub(super) const LIMIT: usize = Segments::<u8>::LIMIT / 2;
    /// The bytes of an entry and of its cells, without the heap.
    pub(super) const ENTRY: usize = size_of::<Entry<S>>() + 4 * size_of::<AtomicU32>();

    pub(super) fn new() -> Self {
        Self {
            cells: Segments::new(),
            mask: AtomicU32::new(0),
            entries: Segments::new(),
            changing: Apart(Mutex::new(Held { count: 0, hand: 0 })),
        }
    }

    /// The entry of the key. `None` is certain only while keys cannot change.
    #[inline]
    pub(super) fn find(&self, key: Key) -> Option<Seat<'_, S>> {
        let mask = self.mask.load(Ordering::Acquire);
        let tag = tag(key, mask);
        let mut at = home(key, mask);
        for _ in 0..=mask {
            let cell = self.cells.get(at as usize)?.load(Ordering::Acquire);
            if cell == 0 {
                return None;
            }
            if cell & !mask == tag
                && let Some(seat) = self.entry((cell & mask) as usize)
                && seat.as_ref().is_some_and(|(held, _)| *held == key)
            {
                return Some(seat);
            }
            at = (at + 1) & mask;
        }
        None
    }

    /// Keeps keys from changing.
    pub(super) fn hold(&self) -> MutexGuard<'_, Held> {
        lock(&self.changing.0)
    }

    /// Every entry in use.
    pub(super) fn each<'s>(&'s self, held: &Held) -> impl Iterator<Item = Seat<'s, S>> {
        (1..=held.count).filter_map(|number| self.entry(number))
    }

    /// Adds a key that is not there; `None` if there are too many.
    pub(super) fn add(&self, held: &mut Held, key: Key, state: S) -> Option<Seat<'_, S>> {
        let number = held.count + 1;
        if 2 * number > self.mask.load(Ordering::Relaxed) as usize {
            self.widen(held);
        }
        self.entries.reach(number);
        let mut seat = self.entry(number)?;
        *seat = Some((key, state));
        self.index(key, number);
        held.count = number;
        Some(seat)
    }

    /// Takes out the oldest of the entries at the hand, but not that of `spare`; the last entry moves into its place.
    pub(super) fn evict(&self, held: &mut Held, spare: Option<Key>) -> Option<S> {
        let count = held.count;
        let probed = (held.hand..held.hand + PROBES.min(count)).map(|at| at % count + 1);
        let aged = probed.filter_map(|number| {
            let seat = self.entry(number)?;
            let (key, state) = seat.as_ref()?;
            (Some(*key) != spare).then(|| (state.newest(), number))
        });
        let (_, victim) = aged.min_by_key(|(newest, _)| *newest)?;
        held.hand = (held.hand + PROBES) % count;
        let (key, state) = self.entry(victim)?.take()?;
        self.vacate(key, victim);
        if victim != count
            && let Some((moved, last)) = self.entry(count)?.take()
        {
            if let Some(cell) = self.cell(moved, count) {
                let mask = self.mask.load(Ordering::Relaxed);
                cell.store(tag(moved, mask) | number_bits(victim), Ordering::Release);
            }
            *self.entry(victim)? = Some((moved, last));
        }
        held.count = count - 1;
        Some(state)
    }

    /// Forgets every key; tells `gone` of each.
    pub(super) fn clear(&self, held: &mut Held, mut gone: impl FnMut(S)) {
        self.each(held).filter_map(|mut seat| seat.take()).for_each(|(_, state)| gone(state));
        self.cells().for_each(|cell| cell.store(0, Ordering::Release));
        *held = Held { count: 0, hand: 0 };
    }

    fn entry(&self, number: usize) -> Option<Seat<'_, S>> {
        self.entries.get(number.checked_sub(1)?).map(|entry| lock(&entry.0))
    }

    fn cells(&self) -> impl Iterator<Item = &AtomicU32> {
        (0..=self.mask.load(Ordering::Relaxed)).filter_map(|at| self.cells.get(at as usize))
    }

    /// Twice as many cells, into which all keys are sorted anew: who looks for one meanwhile may miss it.
    fn widen(&self, held: &Held) {
        let mask = (2 * self.mask.load(Ordering::Relaxed) + 1).max(CELLS - 1);
        self.cells.reach(mask as usize);
        self.mask.store(mask, Ordering::Release);
        self.cells().for_each(|cell| cell.store(0, Ordering::Release));
        for number in 1..=held.count {
            let key = self.entry(number).and_then(|seat| seat.as_ref().map(|(key, _)| *key));
            key.into_iter().for_each(|key| self.index(key, number));
        }
    }

    /// Enters a key into the first free cell.
    fn index(&self, key: Key, number: usize) {
        let mask = self.mask.load(Ordering::Relaxed);
        if let Some(cell) = self.cell(key, 0) {
            cell.store(tag(key, mask) | number_bits(number), Ordering::Release);
        }
    }

    /// The cell of the key's entry, or with 0 for an entry the first free one.
    fn cell(&self, key: Key, number: usize) -> Option<&AtomicU32> {
        let mask = self.mask.load(Ordering::Relaxed);
        let mut ahead = (0..=mask).map(|ahead| home(key, mask).wrapping_add(ahead) & mask);
        ahead.find_map(|at| self.cells.get(at as usize).filter(|cell| self.number(cell) == number))
    }

    /// Frees the cell of a key. Those behind it that stand where they do because it was taken move up.
    fn vacate(&self, key: Key, number: usize) {
        let mask = self.mask.load(Ordering::Relaxed);
        let cell = |at: u32| self.cells.get(at as usize);
        let ahead = (0..=mask).map(|ahead| home(key, mask).wrapping_add(ahead) & mask);
        let taken = |at: &u32| cell(*at).is_some_and(|cell| self.number(cell) == number);
        let Some(mut free) = ahead.into_iter().find(taken) else { return };
        let mut at = free;
        loop {
            at = (at + 1) & mask;
            let next = cell(at).map_or(0, |cell| cell.load(Ordering::Relaxed));
            if next == 0 {
                break;
            }
            let seat = self.entry((next & mask) as usize);
            let Some(home) = seat.and_then(|seat| seat.as_ref().map(|(key, _)| home(*key, mask))) else {
                continue;
            };
            // How far each stands from where the search for it begins.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(free) & mask {
                cell(free).into_iter().for_each(|cell| cell.store(next, Ordering::Release));
                free = at;
            }
        }
        cell(free).into_iter().for_each(|cell| cell.store(0, Ordering::Release));
    }

    fn number(&self, cell: &AtomicU32) -> usize {
        (cell.load(Ordering::Relaxed) & self.mask.load(Ordering::Relaxed)) as usize
    }
}

/// Where the search for a key begins.
#[inline]
fn home(key: Key, mask: u32) -> u32 {
    u32::try_from(key.1 & u64::from(mask)).unwrap_or(0)
}

/// What of a key stands above the number of its entry.
#[inline]
fn tag(key: Key, mask: u32) -> u32 {
    ((key.1 >> 32) as u32) & !mask
}

fn number_bits(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A panic elsewhere leaves at worst one window half counted, which is no reason to stop counting.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
