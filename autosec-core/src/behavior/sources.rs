use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::baseline::Ageing;
use super::bytes::{Reader, put};
use crate::sketch::BoundedMap;
use crate::time::Timestamp;

/// Shards that clients are spread over: a power of two.
const SHARDS: usize = 16;
/// Seconds of the window in which users are counted.
const WINDOW: u32 = 3600;
/// Bits that users are counted with.
const BITS: u32 = 64;
/// More users than any client failed at before: what says more is no snapshot.
const MOST: f64 = 1e12;

/// At how many users each client fails: what tells spraying from a forgotten password.
///
/// A client is remembered once something fails, so a client at which all goes well costs nothing.
#[derive(Debug)]
pub(super) struct Sources {
    shards: Box<[Mutex<BoundedMap<u64, Source>>]>,
}

/// What is remembered of a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Source {
    first: u32,
    newest: u32,
    /// A bit for each user at which it failed in the hour of `newest`, by hash.
    users: u64,
    failures: u32,
    /// Users of each hour before, added up, faded.
    before: f64,
}

/// What a client did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    /// Users at which it failed in this hour.
    pub(super) users: f64,
    /// Failures in this hour.
    pub(super) failures: u32,
    /// Users of each hour before, added up, faded.
    pub(super) before: f64,
    /// Hours in which it was observed, of which old ones count less.
    pub(super) hours: f64,
}

impl Sources {
    /// None yet, at most so many.
    pub(super) fn new(capacity: usize) -> Self {
        let each = capacity.div_ceil(SHARDS);
        Self { shards: (0..SHARDS).map(|_| Mutex::new(BoundedMap::new(each))).collect() }
    }

    /// What a client did until `second`; none if nothing is remembered.
    pub(super) fn spread(&self, client: u64, second: u32, ageing: &Ageing) -> Option<Spread> {
        let shard = lock(self.shard(client)?);
        let mut source = *shard.get(&client)?;
        source.advance(second, ageing);
        Some(Spread {
            users: distinct(source.users),
            failures: source.failures,
            before: source.before,
            hours: ageing.exposure(source.first, source.newest) / f64::from(WINDOW),
        })
    }

    /// Notes that a client failed at a user. One who fails at `present` and did so beyond it is remembered anew, or a failure
    /// that says it is of next year would hide all of this one's.
    pub(super) fn failed(&self, client: u64, user: u64, second: u32, present: &Range<u32>, ageing: &Ageing) {
        let Some(shard) = self.shard(client) else { return };
        let mut shard = lock(shard);
        let at = Timestamp::from_secs(i64::from(second));
        let source = shard.entry(client, at, || Source::new(second));
        if present.contains(&second) && source.newest >= present.end {
            *source = Source::new(second);
        }
        source.advance(second, ageing);
        if second / WINDOW == source.newest / WINDOW {
            source.users |= 1 << (user % u64::from(BITS));
            source.failures = source.failures.saturating_add(1);
        }
    }

    /// Every client, by its key.
    pub(super) fn each(&self) -> Vec<(u64, Source)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).iter().map(|(client, source)| (*client, *source)));
        }
        all.sort_unstable_by_key(|(client, _)| *client);
        all
    }

    /// Adds what another state remembers of a client.
    pub(super) fn add(&self, client: u64, mut other: Source, ageing: &Ageing) {
        let Some(shard) = self.shard(client) else { return };
        let mut shard = lock(shard);
        let at = Timestamp::from_secs(i64::from(other.newest));
        let known = shard.get(&client).is_some();
        let source = shard.entry(client, at, || other);
        if known {
            other.advance(source.newest, ageing);
            source.advance(other.newest, ageing);
            source.first = source.first.min(other.first);
            source.users |= other.users;
            source.failures = source.failures.saturating_add(other.failures);
            source.before = (source.before + other.before).min(MOST);
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.shards.iter().for_each(|shard| lock(shard).clear());
    }

    fn shard(&self, client: u64) -> Option<&Mutex<BoundedMap<u64, Source>>> {
        self.shards.get((client >> 32) as usize % SHARDS)
    }
}

impl Source {
    /// Writes it down.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        [self.first, self.newest, self.failures].into_iter().for_each(|part| put(to, u64::from(part)));
        to.extend(self.users.to_le_bytes());
        to.extend(self.before.to_bits().to_le_bytes());
    }

    /// Reads what [`Source::write`] wrote.
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (first, newest, failures) = (from.small()?, from.small()?, from.small()?);
        let (users, before) = (from.fixed()?, f64::from_bits(from.fixed()?));
        (0.0..=MOST).contains(&before).then_some(Self { first, newest, users, failures, before })
    }

    fn new(second: u32) -> Self {
        Self { first: second, newest: second, users: 0, failures: 0, before: 0.0 }
    }

    /// Lets time pass until `second`; nothing happens if that is in the past.
    fn advance(&mut self, second: u32, ageing: &Ageing) {
        if second <= self.newest {
            return;
        }
        if second / WINDOW != self.newest / WINDOW {
            let kept = ageing.rate_decay(second - self.newest);
            self.before = (self.before + distinct(self.users)) * kept;
            (self.users, self.failures) = (0, 0);
        }
        self.newest = second;
    }
}

/// How many users set these bits, by linear counting (Whang, Vander-Zanden and Taylor 1990): to a tenth or so up to 100, and
/// at most 266.
fn distinct(bits: u64) -> f64 {
    let all = f64::from(BITS);
    let free = f64::from(bits.count_zeros().max(1));
    let single = f64::from(bits.count_ones());
    // Few are counted exactly but for collisions.
    (-all * libm::log(free / all)).max(single)
}

/// A panic elsewhere leaves at worst one failure uncounted.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::baseline::spread;
    use super::*;

    #[test]
    fn counts_users_of_an_hour() {
        let (sources, ageing) = (Sources::new(100), Ageing::default());
        assert_eq!(sources.spread(1, 0, &ageing), None);
        let start = 20_000 * 86_400;
        for user in 0..40u64 {
            sources.failed(1, spread(user) >> 40, start + 60, &(0..0), &ageing);
        }
        let spread = sources.spread(1, start + 90, &ageing).unwrap();
        assert!((spread.users - 40.0).abs() < 10.0, "{spread:?}");
        assert_eq!(spread.failures, 40);
        let later = sources.spread(1, start + 7200, &ageing).unwrap();
        assert_eq!((later.users, later.failures), (0.0, 0));
        assert!((later.before - spread.users).abs() < 1.0, "{later:?}");
        sources.failed(1, 5, start - 7200, &(0..0), &ageing);
        assert_eq!(sources.spread(1, start + 90, &ageing).unwrap().failures, 40, "too late for this hour");
    }

    #[test]
    fn a_failure_of_next_year_hides_none_of_today() {
        let (sources, ageing) = (Sources::new(100), Ageing::default());
        let now = 20_000 * 86_400;
        let present = now - 86_400..now + 86_400;
        let failed = |user: u64, second| sources.failed(1, spread(user) >> 40, second, &present, &ageing);
        failed(1, now + 365 * 86_400);
        (0..40).for_each(|user| failed(user, now + 60));
        assert_eq!(sources.spread(1, now + 90, &ageing).unwrap().failures, 40);
        failed(1, now - 2 * 86_400);
        assert_eq!(sources.spread(1, now + 90, &ageing).unwrap().failures, 40, "a late one changes nothing");
    }

    #[test]
    fn is_read_back_and_added_in_either_order() {
        let ageing = Ageing::default();
        let start = 20_000 * 86_400;
        let of = |users: Range<u64>, second| {
            let sources = Sources::new(100);
            users.for_each(|user| sources.failed(1, spread(user) >> 40, second, &(0..0), &ageing));
            sources
        };
        let (one, two) = (of(0..10, start + 60), of(5..20, start + 7_200));
        let read = |sources: &Sources| {
            let [(1, source)] = sources.each()[..] else { panic!("there is one") };
            let mut bytes = Vec::new();
            source.write(&mut bytes);
            assert_eq!(Source::read(&mut Reader(&bytes)), Some(source));
            source
        };
        let (first, second) = (read(&one), read(&two));
        one.add(1, second, &ageing);
        two.add(1, first, &ageing);
        assert_eq!(one.each(), two.each());
        let spread = one.spread(1, start + 7_300, &ageing).unwrap();
        assert!(spread.failures == 15 && (spread.before - 10.0).abs() < 2.0, "{spread:?}");
        for before in [f64::NAN, -1.0, f64::INFINITY] {
            let mut bytes = Vec::new();
            Source { before, ..first }.write(&mut bytes);
            assert_eq!(Source::read(&mut Reader(&bytes)), None);
        }
    }

    #[test]
    fn stays_bounded() {
        let (sources, ageing) = (Sources::new(160), Ageing::default());
        (0..100_000u64).for_each(|client| sources.failed(client << 30, 1, 5, &(0..0), &ageing));
        let held: usize = sources.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert_eq!(held, 160);
    }
}
