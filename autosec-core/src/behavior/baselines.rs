use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::baseline::{Baseline, OVERHEAD, room};
use super::slots::{Held, Slots};

/// Shards that baselines are spread over: a power of two.
const SHARDS: usize = 64;
/// How many places of a table are looked at for a baseline to give up.
const PROBES: usize = 16;
/// How much longer a baseline is kept for each time its events double, in seconds: a week.
const ESTEEM: u32 = 7 * 86_400;

/// The baselines of many entities, within a budget of bytes.
///
/// They are kept packed and are unpacked to be looked at. What is beyond the budget gives way: of some at a moving hand the
/// one that was not learned from for longest, where one with more events behind it is kept for a week longer for each
/// doubling. So a flood of entities that are seen once pushes out its own before those that are known well.
#[derive(Debug)]
pub(super) struct Baselines {
    shards: Box<[Mutex<Shard>]>,
    /// Bytes of each shard.
    budget: usize,
    evicted: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    held: Slots,
    used: usize,
    hand: usize,
    /// Where baselines are packed before they are kept.
    scratch: Vec<u8>,
}

impl Baselines {
    /// None yet, within so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, budget: bytes / SHARDS, evicted: AtomicU64::new(0) }
    }

    /// The baseline of a key.
    pub(super) fn find(&self, key: u64) -> Option<Baseline> {
        let shard = self.shard(key)?;
        let held = shard.held.find(key)?;
        let mut baseline = Baseline::default();
        baseline.fill(&held.packed).map(|_| baseline)
    }

    /// Changes the baseline of a key, which is empty if there is none, and keeps it unless it is still empty.
    pub(super) fn change(&self, key: u64, change: impl FnOnce(&mut Baseline)) {
        let and_keep = |baseline: &mut Baseline| {
            change(baseline);
            true
        };
        self.visit(key, and_keep);
    }

    /// Asks memory for where the baseline of a key is, for who wants to look at it soon and has something else to do until then.
    pub(super) fn ask_for_place(&self, key: u64) {
        self.hurried(key, |held| held.ask_for_place(key));
    }

    /// Asks memory for the baseline of a key, once [`Baselines::ask_for_place`] has been answered.
    pub(super) fn ask_for(&self, key: u64) {
        self.hurried(key, |held| held.ask_for(key));
    }

    /// Looks at the baseline of a key, which is empty if there is none; what the visitor made of it is kept if he says so and it
    /// is not empty. Others who want a baseline of the same shard wait meanwhile.
    pub(super) fn visit(&self, key: u64, visit: impl FnOnce(&mut Baseline) -> bool) {
        let Some(mut shard) = self.shard(key) else { return };
        let Shard { held: table, used, scratch, .. } = &mut *shard;
        let mut baseline = Baseline::default();
        let held = table.find_mut(key);
        if held.as_ref().is_some_and(|held| baseline.fill(&held.packed).is_none()) {
            baseline = Baseline::default();
        }
        if !visit(&mut baseline) || baseline.is_empty() {
            return;
        }
        let length = room(baseline.pack_into(scratch));
        let packed = scratch.get(..length).unwrap_or_default();
        match held {
            Some(held) => {
                *used = *used - held.packed.len() + packed.len();
                if held.packed.len() == packed.len() {
                    held.packed.copy_from_slice(packed);
                } else {
                    held.packed = packed.into();
                }
            }
            None => {
                *used += packed.len() + OVERHEAD;
                table.insert(Held { key, packed: packed.into() });
            }
        }
        if *used > self.budget {
            self.evicted.fetch_add(shard.shrink(self.budget, key), Ordering::Relaxed);
        }
    }

    /// Forgets the baseline of a key; whether there was one.
    pub(super) fn forget(&self, key: u64) -> bool {
        let Some(mut shard) = self.shard(key) else { return false };
        shard.take(key).is_some()
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.shards.iter().for_each(|shard| *lock(shard) = Shard::default());
    }

    /// Each key with its baseline packed, in no order.
    pub(super) fn each(&self, mut tell: impl FnMut(u64, &[u8])) {
        for shard in &self.shards {
            lock(shard).held.iter().for_each(|held| tell(held.key, trimmed(&held.packed)));
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).held.len()).sum()
    }

    /// The bytes they take, as they are counted against the budget.
    pub(super) fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).used).sum()
    }

    /// How many gave way so far.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// Does something with the table of a key, unless somebody else is at it.
    fn hurried(&self, key: u64, act: impl FnOnce(&Slots)) {
        if let Some(shard) = self.mutex(key).and_then(|shard| shard.try_lock().ok()) {
            act(&shard.held);
        }
    }

    fn shard(&self, key: u64) -> Option<MutexGuard<'_, Shard>> {
        self.mutex(key).map(lock)
    }

    fn mutex(&self, key: u64) -> Option<&Mutex<Shard>> {
        // Bits of the middle: tables use the lowest.
        self.shards.get((key >> 40) as usize % SHARDS)
    }
}

impl Shard {
    /// Gives baselines up until the rest is within the budget, but not that of `spare`; how many.
    fn shrink(&mut self, budget: usize, spare: u64) -> u64 {
        let mut evicted = 0;
        while self.used > budget && self.held.len() > 1 {
            let Some(victim) = self.stalest(spare) else { break };
            self.take(victim);
            evicted += 1;
        }
        evicted
    }

    /// The key of the baseline that can best be spared of those at the hand.
    fn stalest(&mut self, spare: u64) -> Option<u64> {
        let places = self.held.places();
        let mut found: Option<(u64, u64)> = None;
        let mut seen = 0;
        // At least a quarter or so of the places are taken, or the table is small.
        for _ in 0..places.max(PROBES) {
            self.hand = (self.hand + 1) % places;
            let Some(held) = self.held.at(self.hand).filter(|held| held.key != spare) else {
                continue;
            };
            let candidate = (worth(&held.packed), held.key);
            found = Some(found.map_or(candidate, |best| best.min(candidate)));
            seen += 1;
            if seen == PROBES {
                break;
            }
        }
        found.map(|(_, key)| key)
    }

    fn take(&mut self, key: u64) -> Option<Held> {
        let held = self.held.remove(key)?;
        self.used = self.used.saturating_sub(held.packed.len() + OVERHEAD);
        Some(held)
    }
}

/// A packed baseline without the zeros behind it.
fn trimmed(packed: &[u8]) -> &[u8] {
    let rest = Baseline::default().fill(packed).map_or(0, <[u8]>::len);
    packed.get(..packed.len() - rest).unwrap_or_default()
}

/// Until when, in seconds since 1970, a baseline is worth its place.
fn worth(packed: &[u8]) -> u64 {
    let (newest, learned) = Baseline::seen(packed).unwrap_or((0, 0));
    u64::from(newest) + u64::from(ESTEEM) * u64::from(u32::BITS - learned.leading_zeros())
}

/// A panic elsewhere leaves at worst one event unlearned.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
