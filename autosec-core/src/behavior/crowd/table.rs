use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use prefetch_index::prefetch_index;

use super::super::Feature;
use super::super::baseline::{Gained, Settling, kept};
use super::bucket::{self, Added, Bucket, Cell, low};
use super::key::{Circle, Keys};
use super::moment::Moment;

/// After so many half-lives nothing is left of any mass.
const FADED: u32 = 32;
/// After so many half-lives what has faded is swept away. A cell keeps eight bits of its half-life's number, so no cell may
/// be 128 of them old: one is at most 32 + 64 old.
const SWEEP: u32 = 64;

/// The tags of totals.
const ALL: u32 = 0;
const DIFFERENT: u32 = 1;

/// How often values were seen with everyone, and with each peer group: one table of fixed size for all.
///
/// A cell is 24 bits of a value's hash, the half-life its mass is kept as of, and its mass, so it fades when it is looked at.
/// Once in 64 half-lives (five years of the default, 64 hours of the shortest) what has faded is swept away. A bucket that is
/// full gives up its lightest cell; values that matter to a crowd are heavy. Totals of everyone stand beside the table.
/// Reading and counting take no lock; of two threads that change one cell at the same time both count.
#[derive(Debug)]
pub(in crate::behavior) struct Crowd {
    buckets: Box<[Bucket]>,
    evicted: AtomicU64,
    /// The newest half-life that anything was counted in.
    newest: AtomicU32,
    /// The half-life of the last sweep.
    swept: AtomicU32,
    /// All values of each feature, and different ones, that everyone was seen with: every event asks for them and adds to them.
    totals: Box<[Total; Feature::ALL.len()]>,
}

/// A cell for all values, and one for different ones.
type Total = [AtomicU64; 2];

/// Where a key is: its bucket, and its tag there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::behavior) struct Spot {
    bucket: usize,
    tag: u32,
}

/// One value of a feature beside all values of it, in one circle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::behavior) struct Share {
    /// Events with the value.
    pub(in crate::behavior) value: f64,
    /// Events with any value.
    pub(in crate::behavior) total: f64,
    /// How many different values there were.
    pub(in crate::behavior) distinct: f64,
}

impl Crowd {
    /// A table of about so many bytes, at least one bucket.
    pub(in crate::behavior) fn new(bytes: usize) -> Self {
        let rest = bytes.saturating_sub(size_of::<[Total; Feature::ALL.len()]>());
        let buckets = (rest / size_of::<Bucket>()).max(1);
        Self {
            totals: Box::default(),
            buckets: (0..buckets).map(|_| Bucket::default()).collect(),
            evicted: AtomicU64::new(0),
            newest: AtomicU32::new(0),
            swept: AtomicU32::new(0),
        }
    }

    /// How many values with mass gave way.
    pub(in crate::behavior) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The bytes it takes, all of them from the start.
    pub(in crate::behavior) fn bytes(&self) -> usize {
        size_of_val(&*self.buckets) + size_of_val(&*self.totals)
    }

    /// How common a value is. More than a half-life before the newest event it is as common as it was then, or later.
    pub(in crate::behavior) fn share(
        &self,
        circle: Circle,
        feature: Feature,
        hash: u64,
        now: Moment,
    ) -> Share {
        let Some(now) = self.readable(now) else { return Share::default() };
        let keys = Keys::of(circle, feature);
        if circle == Circle::EVERYONE {
            return self.share_at(self.spot(keys.value(hash)), feature, now);
        }
        let read = |key| self.read(self.spot(key), now);
        Share { value: read(keys.value(hash)), total: read(keys.total()), distinct: read(keys.distinct()) }
    }

    /// How many events had a value, as [`Crowd::share`] says it.
    pub(in crate::behavior) fn seen(&self, circle: Circle, feature: Feature, hash: u64, now: Moment) -> f64 {
        let key = Keys::of(circle, feature).value(hash);
        self.readable(now).map_or(0.0, |now| self.read(self.spot(key), now))
    }

    /// Where everyone's counts of a value are, for which memory is asked.
    pub(in crate::behavior) fn ask_for(&self, feature: Feature, hash: u64) -> Spot {
        let spot = self.spot(Keys::of(Circle::EVERYONE, feature).value(hash));
        prefetch_index(&self.buckets, spot.bucket);
        spot
    }

    /// The time at which to read what is asked about at a time; none if nothing is left then.
    pub(super) fn readable(&self, now: Moment) -> Option<Moment> {
        let newest = self.newest();
        (now.epoch < newest.saturating_add(FADED)).then(|| now.not_before(newest.saturating_sub(1)))
    }

    /// [`Crowd::share`] of everyone's value at a spot.
    pub(super) fn share_at(&self, spot: Spot, feature: Feature, now: Moment) -> Share {
        let read = |cell: &AtomicU64| Cell::of(cell.load(Ordering::Relaxed)).events(now);
        let [total, distinct] =
            self.totals.get(feature.index()).map_or([0.0; 2], |total| total.each_ref().map(read));
        Share { value: self.read(spot, now), total, distinct }
    }

    /// Counts a value as so many events; nothing if it is so old that nothing would be left of it.
    pub(in crate::behavior) fn count(
        &self,
        circle: Circle,
        feature: Feature,
        hash: u64,
        events: f64,
        now: Moment,
    ) {
        if self.meet(now.epoch) - now.epoch >= FADED {
            return;
        }
        let keys = Keys::of(circle, feature);
        let (value, mass) = (self.spot(keys.value(hash)), now.mass(events));
        if circle == Circle::EVERYONE {
            return self.add_at(value, feature, mass, now);
        }
        let fresh = self.add(value, mass, now);
        self.add(self.spot(keys.total()), mass, now);
        if fresh {
            self.add(self.spot(keys.distinct()), now.mass(1.0), now);
        }
    }

    /// [`Crowd::count`] of everyone's values at their spots, of those that their baseline gained.
    pub(super) fn count_at(
        &self,
        spots: &[Option<Spot>; Feature::ALL.len()],
        gained: Gained,
        events: f64,
        now: Moment,
    ) {
        if self.meet(now.epoch) - now.epoch >= FADED {
            return;
        }
        let mass = now.mass(events);
        for (feature, spot) in Feature::ALL.into_iter().zip(spots) {
            if let Some(spot) = spot.filter(|_| gained.has(feature)) {
                self.add_at(spot, feature, mass, now);
            }
        }
    }

    /// Adds mass to a value of everyone.
    fn add_at(&self, spot: Spot, feature: Feature, mass: u32, now: Moment) {
        let fresh = self.add(spot, mass, now);
        let Some([total, distinct]) = self.totals.get(feature.index()).filter(|_| mass > 0) else { return };
        bucket::add(total, ALL, low(now.epoch), mass);
        if fresh {
            bucket::add(distinct, DIFFERENT, low(now.epoch), now.mass(1.0));
        }
    }

    /// Counts what an entity's quarantine let through as its group's. A route counts once for each entity that has it, so that
    /// how many events it has is how many know it.
    pub(in crate::behavior) fn settle(&self, group: Circle, settled: &Settling, now: Moment) {
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
    pub(in crate::behavior) fn share_of(
        &self,
        group: Circle,
        feature: Feature,
        hash: u64,
        now: Moment,
    ) -> Share {
        self.share(group, feature, u64::from(kept(feature, hash)), now)
    }

    /// Every cell that holds anything, with the number of its bucket.
    pub(in crate::behavior) fn cells(&self) -> impl Iterator<Item = (usize, u64)> {
        let numbered = self.groups().enumerate();
        let cells = numbered.flat_map(|(at, cells)| cells.iter().map(move |cell| (at, cell)));
        cells
            .map(|(at, cell)| (at, cell.load(Ordering::Relaxed)))
            .filter(|(_, cell)| Cell::of(*cell).mass > 0)
    }

    /// How many buckets there are, those of the totals among them.
    pub(in crate::behavior) fn buckets(&self) -> usize {
        self.buckets.len() + self.totals.len()
    }

    /// The cells of each bucket, at last those of the totals.
    fn groups(&self) -> impl Iterator<Item = &[AtomicU64]> {
        let totals = self.totals.iter().map(<[AtomicU64; 2]>::as_slice);
        self.buckets.iter().map(|bucket| bucket.0.as_slice()).chain(totals)
    }

    /// The newest half-life that anything was counted in.
    pub(in crate::behavior) fn newest(&self) -> u32 {
        self.newest.load(Ordering::Relaxed)
    }

    /// Adds what another table of the same size, whose newest half-life is `newest`, has in a bucket; none if there is no
    /// such bucket.
    pub(in crate::behavior) fn add_cell(&self, bucket: usize, cell: u64, newest: u32) -> Option<()> {
        let cell = Cell::of(cell);
        let age = u32::from(low(newest).wrapping_sub(cell.epoch)) + (self.meet(newest) - newest);
        let totals = || self.totals.get(bucket.checked_sub(self.buckets.len())?)?.get(cell.tag as usize);
        match self.buckets.get(bucket) {
            _ if age >= FADED => {}
            Some(bucket) => _ = bucket.add(cell.tag, cell.epoch, cell.mass),
            None => bucket::add(totals()?, cell.tag, cell.epoch, cell.mass),
        }
        Some(())
    }

    /// Forgets everything.
    pub(in crate::behavior) fn clear(&self) {
        self.newest.store(0, Ordering::Relaxed);
        self.swept.store(0, Ordering::Relaxed);
        self.groups().flatten().for_each(|cell| cell.store(0, Ordering::Relaxed));
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
        for cell in self.groups().flatten() {
            let word = cell.load(Ordering::Relaxed);
            let age = u32::from(low(before).wrapping_sub(Cell::of(word).epoch)) + (epoch - before);
            if word != 0 && age >= FADED {
                // Whoever changed it meanwhile has made it new.
                let _ = cell.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    fn read(&self, spot: Spot, now: Moment) -> f64 {
        self.buckets.get(spot.bucket).map_or(0.0, |bucket| bucket.events(spot.tag, now))
    }

    /// Adds to a cell; whether it is new.
    fn add(&self, spot: Spot, mass: u32, now: Moment) -> bool {
        let Some(bucket) = self.buckets.get(spot.bucket).filter(|_| mass > 0) else { return false };
        let added = bucket.add(spot.tag, low(now.epoch), mass);
        if added == Added::Instead {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        added != Added::Known
    }

    fn spot(&self, key: u64) -> Spot {
        spot(key, self.buckets.len())
    }
}

/// Where a key is among so many buckets: its highest bits choose the bucket, the lowest are the tag.
#[expect(clippy::cast_possible_truncation, reason = "the product of 64 bits and the length, divided by 2^64")]
fn spot(key: u64, buckets: usize) -> Spot {
    Spot { bucket: ((u128::from(key) * buckets as u128) >> 64) as usize, tag: (key & 0xff_ffff) as u32 }
}

#[cfg(test)]
mod tests {
    use super::super::super::Ageing;
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
