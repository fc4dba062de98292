use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::Feature;
use super::baseline::{Ageing, Settling, UNIT, kept, spread};

/// Cells of a bucket: a cache line, so that to look a value up is one access to memory.
const CELLS: usize = 8;
/// How often a cell is tried again that another thread changed meanwhile.
const TRIES: usize = 4;
/// After so many half-lives nothing is left of any mass.
const FADED: u32 = 32;
/// After so many half-lives what has faded is swept away. A cell keeps eight bits of its half-life's number, so no cell may
/// be 128 of them old: one is at most 32 + 64 old.
const SWEEP: u32 = 64;

/// How often values were seen with everyone, and with each peer group: one table of fixed size for all.
///
/// A cell is 24 bits of a value's hash, the half-life its mass is kept as of, and its mass, so it fades when it is looked at.
/// Once in 64 half-lives (five years of the default, 64 hours of the shortest) what has faded is swept away. A bucket that is full gives up its lightest cell; values that matter to a crowd are heavy.
/// Reading and counting take no lock; of two threads that change one cell at the same time both count.
#[derive(Debug)]
pub(super) struct Crowd {
    buckets: Box<[Bucket]>,
    evicted: AtomicU64,
    /// The newest half-life that anything was counted in.
    newest: AtomicU32,
    /// The half-life of the last sweep.
    swept: AtomicU32,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket([AtomicU64; CELLS]);

/// Everyone, or one group of peers: part of each key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Circle(pub(super) u64);

impl Circle {
    /// All that are known.
    pub(super) const EVERYONE: Circle = Circle(0);
}

/// One value of a feature beside all values of it, in one circle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Share {
    /// Events with the value.
    pub(super) value: f64,
    /// Events with any value.
    pub(super) total: f64,
    /// How many different values there were.
    pub(super) distinct: f64,
}

/// What a cell says.
#[derive(Clone, Copy)]
struct Cell {
    tag: u32,
    epoch: u8,
    mass: u32,
}

/// What is counted under a key.
#[derive(Clone, Copy)]
enum Of {
    Value(u64),
    Total,
    Distinct,
}

impl Crowd {
    /// A table of about so many bytes, at least one bucket.
    pub(super) fn new(bytes: usize) -> Self {
        let buckets = (bytes / size_of::<Bucket>()).max(1);
        Self {
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            evicted: AtomicU64::new(0),
            newest: AtomicU32::new(0),
            swept: AtomicU32::new(0),
        }
    }

    /// How many values with mass gave way.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The bytes it takes, all of them from the start.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    /// How common a value is. More than a half-life before the newest event it is as common as it was then, or later.
    pub(super) fn share(&self, circle: Circle, feature: Feature, hash: u64, now: Moment) -> Share {
        let newest = self.newest();
        if now.epoch >= newest.saturating_add(FADED) {
            return Share::default();
        }
        let now = now.not_before(newest.saturating_sub(1));
        Share {
            value: self.read(key(circle, feature, Of::Value(hash)), now),
            total: self.read(key(circle, feature, Of::Total), now),
            distinct: self.read(key(circle, feature, Of::Distinct), now),
        }
    }

    /// Counts a value as so many events; nothing if it is so old that nothing would be left of it.
    pub(super) fn count(&self, circle: Circle, feature: Feature, hash: u64, events: f64, now: Moment) {
        if self.meet(now.epoch) - now.epoch >= FADED {
            return;
        }
        let fresh = self.add(key(circle, feature, Of::Value(hash)), events, now);
        self.add(key(circle, feature, Of::Total), events, now);
        if fresh {
            self.add(key(circle, feature, Of::Distinct), 1.0, now);
        }
    }

    /// Counts what an entity's quarantine let through as its group's. A route counts once for each entity that has it, so that
    /// how many events it has is how many know it.
    pub(super) fn settle(&self, group: Circle, settled: &Settling, now: Moment) {
        let events = match settled.feature {
            // Peers share a network or an office, hardly ever an address: to count those would fill the table.
            Feature::Address => return,
            // What everyone does next is counted at once, beside what they did before.
            Feature::Step => return,
            Feature::Route if settled.first => 1.0,
            Feature::Route => return,
            _ => settled.events,
        };
        self.count(group, settled.feature, u64::from(settled.value), events, now);
    }

    /// How common a value is in a group, in which values are counted as baselines keep them.
    pub(super) fn share_of(&self, group: Circle, feature: Feature, hash: u64, now: Moment) -> Share {
        self.share(group, feature, u64::from(kept(feature, hash)), now)
    }

    /// Every cell that holds anything, with the number of its bucket.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, u64)> {
        let buckets = self.buckets.iter().enumerate();
        let cells = buckets.flat_map(|(at, bucket)| bucket.0.iter().map(move |cell| (at, cell)));
        cells
            .map(|(at, cell)| (at, cell.load(Ordering::Relaxed)))
            .filter(|(_, cell)| Cell::of(*cell).mass > 0)
    }

    /// How many buckets there are.
    pub(super) fn buckets(&self) -> usize {
        self.buckets.len()
    }

    /// The newest half-life that anything was counted in.
    pub(super) fn newest(&self) -> u32 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Adds what another table of the same size, whose newest half-life is `newest`, has in a bucket; none if there is no
    /// such bucket.
    pub(super) fn add_cell(&self, bucket: usize, cell: u64, newest: u32) -> Option<()> {
        let bucket = self.buckets.get(bucket)?;
        let cell = Cell::of(cell);
        let age = u32::from(low(newest).wrapping_sub(cell.epoch)) + (self.meet(newest) - newest);
        if age < FADED {
            bucket.add(cell.tag, cell.epoch, cell.mass);
        }
        Some(())
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.newest.store(0, Ordering::Relaxed);
        self.swept.store(0, Ordering::Relaxed);
        self.buckets.iter().flat_map(|bucket| &bucket.0).for_each(|cell| cell.store(0, Ordering::Relaxed));
    }

    /// Notes that something is counted in a half-life; the newest one.
    fn meet(&self, epoch: u32) -> u32 {
        let before = self.newest();
        if epoch <= before {
            return before;
        }
        let swept = self.swept.load(Ordering::Relaxed);
        let mine = || self.swept.compare_exchange(swept, epoch, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if epoch.saturating_sub(swept) >= SWEEP && mine() {
            self.sweep(before, epoch);
        }
        self.newest.fetch_max(epoch, Ordering::Relaxed).max(epoch)
    }

    /// Frees the cells of which nothing is left at `epoch`; the newest half-life so far is `before`.
    fn sweep(&self, before: u32, epoch: u32) {
        for cell in self.buckets.iter().flat_map(|bucket| &bucket.0) {
            let word = cell.load(Ordering::Relaxed);
            let age = u32::from(low(before).wrapping_sub(Cell::of(word).epoch)) + (epoch - before);
            if word != 0 && age >= FADED {
                // Whoever changed it meanwhile has made it new.
                let _ = cell.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    fn read(&self, key: u64, now: Moment) -> f64 {
        let Some(bucket) = self.bucket(key) else { return 0.0 };
        let tag = tag(key);
        let cells = bucket.0.iter().map(|cell| Cell::of(cell.load(Ordering::Relaxed)));
        cells.filter(|cell| cell.tag == tag).fold(0.0, |sum, cell| sum + cell.events(now))
    }

    /// Adds to a cell; whether it is new.
    fn add(&self, key: u64, events: f64, now: Moment) -> bool {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let mass = (events * UNIT * now.growth + 0.5) as u32;
        let Some(bucket) = self.bucket(key).filter(|_| mass > 0) else { return false };
        let added = bucket.add(tag(key), low(now.epoch), mass);
        if added == Added::Instead {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        added != Added::Known
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product of 64 bits and the length, divided by 2^64"
    )]
    fn bucket(&self, key: u64) -> Option<&Bucket> {
        let at = ((u128::from(key) * self.buckets.len() as u128) >> 64) as usize;
        self.buckets.get(at)
    }
}

/// A point in time as the crowd sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    epoch: u32,
    growth: f64,
}

impl Moment {
    /// A second since 1970.
    pub(super) fn at(second: u32, ageing: &Ageing) -> Self {
        let phase = ageing.phase(second);
        Self { epoch: phase.epoch, growth: phase.growth }
    }

    /// The start of a half-life if it is before that.
    fn not_before(self, epoch: u32) -> Self {
        if self.epoch < epoch { Self { epoch, growth: 1.0 } } else { self }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Added {
    Known,
    New,
    Instead,
}

impl Bucket {
    /// Adds mass to the cell of a tag, to a free one, or in the place of the lightest.
    fn add(&self, tag: u32, epoch: u8, mass: u32) -> Added {
        for _ in 0..TRIES {
            let Some((cell, held)) = self.place(tag, epoch) else { break };
            let before = Cell::of(held);
            let (after, added) = if before.tag == tag && before.mass > 0 {
                (before.plus(epoch, mass), Added::Known)
            } else if before.as_of(epoch) == 0 {
                (Cell { tag, epoch, mass }, Added::New)
            } else {
                (Cell { tag, epoch, mass }, Added::Instead)
            };
            let changed = cell.compare_exchange(held, after.word(), Ordering::Relaxed, Ordering::Relaxed);
            if changed.is_ok() {
                return added;
            }
        }
        Added::Known
    }

    /// The cell of a tag, or the one that best gives way to it, and what it holds.
    fn place(&self, tag: u32, epoch: u8) -> Option<(&AtomicU64, u64)> {
        let mut lightest: Option<((u32, u32), &AtomicU64, u64)> = None;
        for cell in &self.0 {
            let word = cell.load(Ordering::Relaxed);
            let held = Cell::of(word);
            if held.tag == tag && held.mass > 0 {
                return Some((cell, word));
            }
            let weight = (held.as_of(epoch), held.mass);
            if lightest.is_none_or(|(least, ..)| weight < least) {
                lightest = Some((weight, cell, word));
            }
        }
        lightest.map(|(_, cell, word)| (cell, word))
    }
}

impl Cell {
    fn of(word: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the parts of a word")]
        Self { tag: (word >> 40) as u32, epoch: (word >> 32) as u8, mass: word as u32 }
    }

    fn word(self) -> u64 {
        u64::from(self.tag) << 40 | u64::from(self.epoch) << 32 | u64::from(self.mass)
    }

    /// The mass as of a half-life. Numbers of half-lives go round after 256, so half of them are taken for earlier ones.
    fn as_of(self, epoch: u8) -> u32 {
        match epoch.wrapping_sub(self.epoch).cast_signed() {
            since @ 0.. => self.mass.checked_shr(u32::from(since.unsigned_abs())).unwrap_or(0),
            until => self
                .mass
                .saturating_mul(1_u32.checked_shl(u32::from(until.unsigned_abs())).unwrap_or(u32::MAX)),
        }
    }

    fn plus(self, epoch: u8, mass: u32) -> Self {
        if epoch.wrapping_sub(self.epoch).cast_signed() >= 0 {
            Self { epoch, mass: self.as_of(epoch).saturating_add(mass), ..self }
        } else {
            let late = Self { tag: self.tag, epoch, mass };
            Self { mass: self.mass.saturating_add(late.as_of(self.epoch)), ..self }
        }
    }

    fn events(self, now: Moment) -> f64 {
        f64::from(self.as_of(low(now.epoch))) / (UNIT * now.growth)
    }
}

/// What a cell keeps of a half-life's number.
fn low(epoch: u32) -> u8 {
    (epoch & 0xff) as u8
}

/// The highest bits choose the bucket, the lowest are the tag.
fn tag(key: u64) -> u32 {
    (key & 0xff_ffff) as u32
}

fn key(circle: Circle, feature: Feature, of: Of) -> u64 {
    let (kind, hash) = match of {
        Of::Value(hash) => (1, hash),
        Of::Total => (2, 0),
        Of::Distinct => (3, 0),
    };
    let place = (feature.index() as u64) << 2 | kind;
    spread(hash ^ spread(circle.0 ^ spread(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 86_400;
    const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

    fn at(day: u32) -> Moment {
        Moment::at(day * DAY, &Ageing::default())
    }

    #[test]
    fn counts_each_circle_by_itself_and_fades() {
        let crowd = Crowd::new(1 << 16);
        let peers = Circle(7);
        for _ in 0..8 {
            crowd.count(Circle::EVERYONE, Feature::Country, 1, 1.0, at(20_010));
            crowd.count(Circle::EVERYONE, Feature::Country, 2, 0.5, at(20_010));
        }
        crowd.count(peers, Feature::Country, 2, 1.0, at(20_010));
        let share = |circle, hash, day| crowd.share(circle, Feature::Country, hash, at(day));
        let Share { value, total, distinct } = share(Circle::EVERYONE, 1, 20_010);
        assert!((value - 8.0).abs() < 0.3 && (total - 12.0).abs() < 0.5 && (distinct - 2.0).abs() < 0.1);
        assert!((share(peers, 2, 20_010).value - 1.0).abs() < 0.1);
        assert_eq!(share(peers, 1, 20_010).value, 0.0);
        assert!((share(Circle::EVERYONE, 1, 20_040).value - 4.0).abs() < 0.2);
        assert_eq!(share(Circle::EVERYONE, 1, 22_000).value, 0.0);
        assert_eq!(
            share(Circle::EVERYONE, 1, 20_010 + 30 * 200).total,
            0.0,
            "numbers of half-lives went round"
        );
        assert!((share(Circle::EVERYONE, 1, 19_980).value - 16.0).abs() < 0.6, "seen from before");
    }

    #[test]
    fn what_is_from_another_age_changes_nothing() {
        let crowd = Crowd::new(1 << 12);
        crowd.count(Circle::EVERYONE, Feature::City, 5, 4.0, at(20_000));
        let before = crowd.share(Circle::EVERYONE, Feature::City, 5, at(20_010));
        for day in [0, 5_000, 16_160, 19_000] {
            crowd.count(Circle::EVERYONE, Feature::City, 5, 1e6, at(day));
        }
        assert_eq!(crowd.share(Circle::EVERYONE, Feature::City, 5, at(20_010)), before);
        let long_ago = crowd.share(Circle::EVERYONE, Feature::City, 5, at(7));
        assert!((4.0..16.1).contains(&long_ago.value), "{long_ago:?}");
    }

    #[test]
    fn what_faded_is_swept_before_numbers_go_round() {
        let ageing = Ageing::new(HOUR, HOUR, HOUR);
        let crowd = Crowd::new(1 << 12);
        for hour in (0..2_000_u32).map(|hour| 400_000 + 7 * hour) {
            let now = Moment::at(hour * 3600, &ageing);
            crowd.count(Circle::EVERYONE, Feature::City, u64::from(hour), 1.0, now);
            let share = crowd.share(Circle::EVERYONE, Feature::City, u64::from(hour), now);
            assert!((share.total - 1.0).abs() < 0.1 && share.distinct < 1.2, "{hour}: {share:?}");
        }
        assert!(crowd.cells().count() <= 30, "{} cells", crowd.cells().count());
    }

    #[test]
    fn order_of_days_changes_little() {
        let (one, two) = (Crowd::new(4096), Crowd::new(4096));
        let days = [20_000, 20_031, 20_065, 20_100];
        days.iter().for_each(|day| one.count(Circle(1), Feature::City, 5, 1.0, at(*day)));
        days.iter().rev().for_each(|day| two.count(Circle(1), Feature::City, 5, 1.0, at(*day)));
        let value = |crowd: &Crowd| crowd.share(Circle(1), Feature::City, 5, at(20_101)).value;
        assert!((value(&one) - value(&two)).abs() < 0.3, "{} {}", value(&one), value(&two));
    }

    #[test]
    fn a_flood_leaves_the_heavy_in_place() {
        let crowd = Crowd::new(4096);
        for _ in 0..50 {
            crowd.count(Circle::EVERYONE, Feature::Address, 1, 1.0, at(20_000));
        }
        let before = crowd.share(Circle::EVERYONE, Feature::Address, 1, at(20_000)).value;
        for hash in 2..100_000u64 {
            crowd.count(
                Circle::EVERYONE,
                Feature::Address,
                hash.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                1.0,
                at(20_000),
            );
        }
        assert_eq!(crowd.share(Circle::EVERYONE, Feature::Address, 1, at(20_000)).value, before);
        assert!(crowd.evicted() > 90_000);
        assert_eq!(crowd.bytes(), 4096);
    }
}
