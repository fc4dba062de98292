use std::sync::atomic::{AtomicU64, Ordering};

use super::Feature;
use super::baseline::{Ageing, UNIT, spread};

/// Cells of a bucket: a cache line, so that to look a value up is one access to memory.
const CELLS: usize = 8;
/// How often a cell is tried again that another thread changed meanwhile.
const TRIES: usize = 4;

/// How often values were seen with everyone, and with each peer group: one table of fixed size for all.
///
/// A cell is 24 bits of a value's hash, the half-life its mass is kept as of, and its mass, so it fades when it is looked at
/// and never needs a sweep. A bucket that is full gives up its lightest cell; values that matter to a crowd are heavy.
/// Reading and counting take no lock; of two threads that change one cell at the same time both count.
#[derive(Debug)]
pub(super) struct Crowd {
    buckets: Box<[Bucket]>,
    evicted: AtomicU64,
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
        Self { buckets: (0..buckets).map(|_| Bucket::default()).collect(), evicted: AtomicU64::new(0) }
    }

    /// How many values with mass gave way.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The bytes it takes, all of them from the start.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets)
    }

    /// How common a value is.
    pub(super) fn share(&self, circle: Circle, feature: Feature, hash: u64, now: Moment) -> Share {
        Share {
            value: self.read(key(circle, feature, Of::Value(hash)), now),
            total: self.read(key(circle, feature, Of::Total), now),
            distinct: self.read(key(circle, feature, Of::Distinct), now),
        }
    }

    /// Counts a value as so many events.
    pub(super) fn count(&self, circle: Circle, feature: Feature, hash: u64, events: f64, now: Moment) {
        let fresh = self.add(key(circle, feature, Of::Value(hash)), events, now);
        self.add(key(circle, feature, Of::Total), events, now);
        if fresh {
            self.add(key(circle, feature, Of::Distinct), 1.0, now);
        }
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

    /// Adds what another table of the same size has in a bucket; none if there is no such bucket.
    pub(super) fn add_cell(&self, bucket: usize, cell: u64) -> Option<()> {
        let bucket = self.buckets.get(bucket)?;
        let cell = Cell::of(cell);
        bucket.add(cell.tag, cell.epoch, cell.mass);
        Some(())
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.buckets.iter().flat_map(|bucket| &bucket.0).for_each(|cell| cell.store(0, Ordering::Relaxed));
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
        let added = bucket.add(tag(key), now.epoch, mass);
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
    epoch: u8,
    growth: f64,
}

impl Moment {
    /// A second since 1970.
    pub(super) fn at(second: u32, ageing: &Ageing) -> Self {
        let phase = ageing.phase(second);
        Self { epoch: (phase.epoch & 0xff) as u8, growth: phase.growth }
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
            let held = self.0.each_ref().map(|cell| cell.load(Ordering::Relaxed));
            let cells = held.map(Cell::of);
            let known = cells.iter().position(|cell| cell.tag == tag && cell.mass > 0);
            let lightest =
                || (0..CELLS).min_by_key(|at| cells.get(*at).map(|cell| (cell.as_of(epoch), cell.mass)));
            let Some(at) = known.or_else(lightest) else { break };
            let (Some(cell), Some(before), Some(held)) = (self.0.get(at), cells.get(at), held.get(at)) else {
                break;
            };
            let (after, added) = match known {
                Some(_) => (before.plus(epoch, mass), Added::Known),
                None if before.as_of(epoch) == 0 => (Cell { tag, epoch, mass }, Added::New),
                None => (Cell { tag, epoch, mass }, Added::Instead),
            };
            let changed = cell.compare_exchange(*held, after.word(), Ordering::Relaxed, Ordering::Relaxed);
            if changed.is_ok() {
                return added;
            }
        }
        Added::Known
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
        f64::from(self.as_of(now.epoch)) / (UNIT * now.growth)
    }
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
        assert!((share(Circle::EVERYONE, 1, 19_980).value - 16.0).abs() < 0.6, "seen from before");
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
