//! The form that baselines are kept in, in memory as in snapshots: about a quarter of what they take to be looked at.
//!
//! Numbers have variable length, the least significant seven bits first. Each feature that has values is its count, the mass
//! of what gave way, and for each value as many bytes of its hash as the feature keeps, then its mass with two bits: whether
//! it was seen twice, and whether anything of it waits in quarantine, which follows then.

use smallvec::SmallVec;

use super::entry::{Entry, HEAVIEST};
use super::place::Place;
use super::record::Baseline;
use super::tally::Tally;
use crate::behavior::Feature;
use crate::behavior::bytes::{Reader, put, put_little};
use crate::behavior::signal::{Level, Surprise};

/// A baseline as bytes; longer ones than most take the heap.
pub(in crate::behavior) type Packed = SmallVec<[u8; 512]>;

/// Bytes that a baseline takes beside its own: its key and where it is, at the mean filling of a table, and what the
/// allocator adds.
pub(in crate::behavior) const OVERHEAD: usize = 25 * 3 / 2 + 16;

const PLACE: u64 = 1;
const HIDDEN: u64 = 2;
const ACTION: u64 = 4;
const SUCCESSES: u64 = 8;
const FAILURES: u64 = 16;
const LEVEL: u64 = 32;
const SURPRISE: u64 = 64;

impl Baseline {
    /// Writes it down.
    pub(in crate::behavior) fn pack(&self) -> Packed {
        let mut to = Packed::new();
        put(&mut to, self.parts());
        put(&mut to, u64::from(self.newest));
        // A late event may be older than the first that was learned, and a failure newer than the last.
        put(&mut to, u64::from(self.first));
        put(&mut to, u64::from(self.learned));
        if let Some(place) = &self.place {
            pack_place(place, &mut to);
        }
        if let Some((action, at)) = self.action {
            put(&mut to, u64::from(action));
            put(&mut to, u64::from(at));
        }
        for tally in [&self.successes, &self.failures].into_iter().filter(|tally| !tally.is_empty()) {
            [tally.newest, tally.mass, tally.window]
                .into_iter()
                .for_each(|part| put(&mut to, u64::from(part)));
        }
        if self.level != Level::default() {
            pack_floats(self.level.parts(), &mut to);
            put(&mut to, u64::from(self.amounts));
        }
        if self.surprise != Surprise::default() {
            pack_floats(self.surprise.parts(), &mut to);
            put(&mut to, u64::from(self.steps));
        }
        let filled = Feature::ALL.iter().fold(0, |filled, feature| filled | self.bit(*feature));
        put(&mut to, filled);
        for feature in Feature::ALL.into_iter().filter(|feature| self.bit(*feature) != 0) {
            self.pack_feature(feature, &mut to);
        }
        to
    }

    /// Reads what [`Baseline::pack`] wrote; none if it is anything else.
    pub(in crate::behavior) fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let parts = from.number()?;
        let mut baseline =
            Self { newest: from.small()?, first: from.small()?, learned: from.small()?, ..Self::default() };
        if parts & PLACE != 0 {
            baseline.place = Some(unpack_place(&mut from, parts & HIDDEN != 0)?);
        }
        if parts & ACTION != 0 {
            baseline.action = Some((from.small()?, from.small()?));
        }
        if parts & SUCCESSES != 0 {
            baseline.successes = unpack_tally(&mut from)?;
        }
        if parts & FAILURES != 0 {
            baseline.failures = unpack_tally(&mut from)?;
        }
        if parts & LEVEL != 0 {
            baseline.level = Level::from_parts(unpack_floats(&mut from)?);
            baseline.amounts = from.small()?.try_into().ok()?;
        }
        if parts & SURPRISE != 0 {
            baseline.surprise = Surprise::from_parts(unpack_floats(&mut from)?);
            baseline.steps = from.small()?.try_into().ok()?;
        }
        let filled = from.number()?;
        for feature in Feature::ALL.into_iter().filter(|feature| filled & 1 << feature.index() != 0) {
            baseline.unpack_feature(feature, &mut from)?;
        }
        let known = PLACE | HIDDEN | ACTION | SUCCESSES | FAILURES | LEVEL | SURPRISE;
        (from.0.is_empty() && parts & !known == 0 && filled >> Feature::ALL.len() == 0).then_some(baseline)
    }

    /// The bytes it takes in memory: itself packed, its key, its part of a table, and what the allocator adds.
    pub fn bytes(&self) -> usize {
        self.pack().len() + OVERHEAD
    }

    /// When a packed baseline was last learned from, in seconds since 1970, and from how many events.
    pub(in crate::behavior) fn seen(packed: &[u8]) -> Option<(u32, u32)> {
        let mut from = Reader(packed);
        from.number()?;
        let newest = from.small()?;
        from.small()?;
        Some((newest, from.small()?))
    }

    fn parts(&self) -> u64 {
        let part = |is_there: bool, bit: u64| if is_there { bit } else { 0 };
        part(self.place.is_some(), PLACE)
            | part(self.place.is_some_and(|place| place.hidden), HIDDEN)
            | part(self.action.is_some(), ACTION)
            | part(!self.successes.is_empty(), SUCCESSES)
            | part(!self.failures.is_empty(), FAILURES)
            | part(self.level != Level::default(), LEVEL)
            | part(self.surprise != Surprise::default(), SURPRISE)
    }

    /// The bit of a feature that has anything; 0 for one that has not.
    fn bit(&self, feature: Feature) -> u64 {
        let rest = self.rest.get(feature.index()).copied().unwrap_or(0);
        if rest > 0 || !self.of(feature).is_empty() { 1 << feature.index() } else { 0 }
    }

    fn pack_feature(&self, feature: Feature, to: &mut Packed) {
        let entries = self.of(feature);
        put(to, entries.len() as u64);
        put(to, u64::from(self.rest.get(feature.index()).copied().unwrap_or(0)));
        for entry in entries {
            put_little(to, entry.value, feature.width());
            let waits = entry.fresh != [0; 2];
            put(to, u64::from(entry.settled) << 2 | u64::from(entry.repeated) << 1 | u64::from(waits));
            if waits {
                entry.fresh.iter().for_each(|part| put(to, u64::from(*part)));
            }
        }
    }

    fn unpack_feature(&mut self, feature: Feature, from: &mut Reader<'_>) -> Option<()> {
        let count = usize::try_from(from.number()?).ok().filter(|count| *count <= feature.limit())?;
        *self.rest.get_mut(feature.index())? = from.small()?;
        for _ in 0..count {
            let value = from.little(feature.width())?;
            let mass = from.number()?;
            let mut entry = Entry::new(feature, value);
            entry.settled = u32::try_from(mass >> 2).ok()?;
            entry.repeated = mass & 2 != 0;
            if mass & 1 != 0 {
                entry.fresh = [from.small()?, from.small()?];
            }
            let in_order = self.entries.last().is_none_or(|last| last.key() < entry.key());
            let in_range = match feature {
                Feature::Hour => value < 168,
                Feature::Cover => value < 2,
                _ => true,
            };
            let light = entry.mass() > 0 && entry.mass() <= 4 * HEAVIEST;
            self.entries.push(Some(entry).filter(|_| in_order && in_range && light)?);
        }
        Some(())
    }
}

fn pack_floats(parts: [f32; 3], to: &mut Packed) {
    parts.into_iter().for_each(|part| put_little(to, part.to_bits(), 4));
}

fn unpack_floats(from: &mut Reader<'_>) -> Option<[f32; 3]> {
    let mut part = || Some(f32::from_bits(from.little(4)?));
    Some([part()?, part()?, part()?])
}

fn pack_place(place: &Place, to: &mut Packed) {
    put(to, u64::from(place.at));
    put_little(to, u32::from(place.north.cast_unsigned()), 2);
    put_little(to, u32::from(place.east.cast_unsigned()), 2);
    put(to, u64::from(place.radius));
    put_little(to, place.network, Feature::Network.width());
}

fn unpack_place(from: &mut Reader<'_>, hidden: bool) -> Option<Place> {
    let at = from.small()?;
    let mut steps = || Some(u16::try_from(from.little(2)?).ok()?.cast_signed());
    let (north, east) = (steps()?, steps()?);
    let radius = from.small()?.try_into().ok()?;
    let network = from.little(Feature::Network.width())?;
    let on_earth = north != i16::MIN && east != i16::MIN;
    on_earth.then_some(Place { at, north, east, radius, network, hidden })
}

fn unpack_tally(from: &mut Reader<'_>) -> Option<Tally> {
    Some(Tally { newest: from.small()?, mass: from.small()?, window: from.small()? })
}
