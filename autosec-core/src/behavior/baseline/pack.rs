//! The form that baselines are kept in, in memory as in snapshots: about a quarter of what they take to be looked at.
//!
//! Numbers have variable length, the least significant seven bits first. Times are differences from when something was last
//! learned, because most are that very second. Each feature that has values is their count with a bit that says whether any
//! gave way, whose mass follows then. Each value is as many bytes of its hash as the feature keeps, then its mass with two
//! bits: whether it was seen twice, and whether anything of it waits in quarantine, which follows then: the mass of the newest
//! stretch with a bit that says whether there is any of the one before it.

use super::doubt::Doubts;
use super::entry::{Entry, HEAVIEST};
use super::place::Place;
use super::record::Baseline;
use super::tally::Tally;
use crate::behavior::Feature;
use crate::behavior::bytes::{Reader, Word, Writer};
use crate::behavior::signal::{Level, Surprise};

/// Bytes that a baseline takes beside its own: its key and where it is (24, and one to spare), at the mean filling of a
/// table, and what the allocator adds.
pub(in crate::behavior) const OVERHEAD: usize = 25 * 3 / 2 + 8;

/// The bytes that so many take in memory: allocators hand them out sixteen apart and need eight. Who takes all of them can
/// change most baselines in place, which at a million users spares as many waits for memory as it takes to read one.
pub(in crate::behavior) fn room(length: usize) -> usize {
    (length + 8).next_multiple_of(16) - 8
}

/// The most that a baseline says beside its entries takes, with what may change behind it, and the most that each of these takes.
const HEAD: usize = 256;
const ENTRY: usize = 18;

const PLACE: u64 = 1;
const HIDDEN: u64 = 2;
const ACTION: u64 = 4;
const SUCCESSES: u64 = 8;
const FAILURES: u64 = 16;
const LEVEL: u64 = 32;
const SURPRISE: u64 = 64;
/// Few have any: then the parts take a second byte.
const DOUBTS: u64 = 128;

impl Baseline {
    /// Writes it down.
    pub(in crate::behavior) fn pack(&self) -> Vec<u8> {
        let mut packed = Vec::new();
        let length = self.pack_into(&mut packed);
        packed.truncate(length);
        packed
    }

    /// Writes it down at the beginning of a list, which grows if it has to, and zeros behind it in all of its [`room`]; its own
    /// length.
    pub(in crate::behavior) fn pack_into(&self, scratch: &mut Vec<u8>) -> usize {
        let most = HEAD + ENTRY * self.entries.len();
        if scratch.len() < most {
            scratch.resize(most, 0);
        }
        let mut to = Writer::new(scratch);
        self.write(&mut to);
        let length = to.length();
        scratch.get_mut(length..room(length)).into_iter().for_each(|behind| behind.fill(0));
        length
    }

    fn write(&self, to: &mut Writer<'_>) {
        to.number(self.parts());
        to.number(u64::from(self.newest));
        to.number(u64::from(self.learned));
        put_time(to, self.newest, self.first);
        if let Some(place) = &self.place {
            pack_place(place, self.newest, to);
        }
        if let Some((action, at)) = self.action {
            to.little(action, Feature::Action.width());
            put_time(to, self.newest, at);
        }
        for tally in [&self.successes, &self.failures].into_iter().filter(|tally| !tally.is_empty()) {
            put_time(to, self.newest, tally.newest);
            [tally.mass, tally.window].into_iter().for_each(|part| to.number(u64::from(part)));
        }
        if self.level != Level::default() {
            pack_floats(self.level.parts(), to);
            to.number(u64::from(self.amounts));
        }
        if self.surprise != Surprise::default() {
            pack_floats(self.surprise.parts(), to);
            to.number(u64::from(self.steps));
        }
        if !self.doubts.is_empty() {
            self.doubts.write(to);
        }
        to.number(self.filled());
        for (feature, rest) in Feature::ALL.into_iter().zip(self.rest) {
            let entries = self.of(feature);
            if rest > 0 || !entries.is_empty() {
                pack_feature(feature, entries, rest, to);
            }
        }
    }

    /// Reads what [`Baseline::pack`] wrote; none if it is anything else.
    pub(in crate::behavior) fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut baseline = Self::default();
        baseline.fill(bytes).filter(|rest| rest.is_empty()).map(|_| baseline)
    }

    /// [`Baseline::unpack`] in place, where the baseline is empty: to move one costs as much as to read it. What stands behind it is
    /// handed back.
    pub(in crate::behavior) fn fill<'b>(&mut self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let mut from = Reader(bytes);
        let parts = from.number()?;
        let newest = from.small()?;
        (self.newest, self.learned) = (newest, from.small()?);
        self.first = time(&mut from, newest)?;
        if parts & PLACE != 0 {
            self.place = Some(unpack_place(&mut from, newest, parts & HIDDEN != 0)?);
        }
        if parts & ACTION != 0 {
            self.action = Some((from.little(Feature::Action.width())?, time(&mut from, newest)?));
        }
        if parts & SUCCESSES != 0 {
            self.successes = unpack_tally(&mut from, newest)?;
        }
        if parts & FAILURES != 0 {
            self.failures = unpack_tally(&mut from, newest)?;
        }
        if parts & LEVEL != 0 {
            self.level = Level::from_parts(unpack_floats(&mut from)?);
            self.amounts = from.small()?.try_into().ok()?;
        }
        if parts & SURPRISE != 0 {
            self.surprise = Surprise::from_parts(unpack_floats(&mut from)?);
            self.steps = from.small()?.try_into().ok()?;
        }
        if parts & DOUBTS != 0 {
            self.doubts = Doubts::read(&mut from)?;
        }
        let filled = from.number()?;
        for feature in Feature::ALL.into_iter().filter(|feature| filled & 1 << feature.index() != 0) {
            self.fill_feature(feature, &mut from)?;
        }
        let known = PLACE | HIDDEN | ACTION | SUCCESSES | FAILURES | LEVEL | SURPRISE | DOUBTS;
        (parts & !known == 0 && filled >> Feature::ALL.len() == 0).then_some(from.0)
    }

    /// The bytes it takes in memory: itself packed, its key, its part of a table, and what the allocator adds.
    pub fn bytes(&self) -> usize {
        room(self.pack().len()) + OVERHEAD
    }

    /// When a packed baseline was last learned from, in seconds since 1970, and from how many events.
    pub(in crate::behavior) fn seen(packed: &[u8]) -> Option<(u32, u32)> {
        let mut from = Reader(packed);
        from.number()?;
        Some((from.small()?, from.small()?))
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
            | part(!self.doubts.is_empty(), DOUBTS)
    }

    /// A bit for each feature that has anything.
    fn filled(&self) -> u64 {
        Feature::ALL.into_iter().zip(self.rest).fold(0, |filled, (feature, rest)| {
            let is_filled = rest > 0 || !self.entries.places(feature).is_empty();
            filled | u64::from(is_filled) << feature.index()
        })
    }

    fn fill_feature(&mut self, feature: Feature, from: &mut Reader<'_>) -> Option<()> {
        let number = from.number()?;
        let count = usize::try_from(number >> 1).ok().filter(|count| *count <= feature.limit())?;
        if number & 1 != 0 {
            *self.rest.get_mut(feature.index())? = from.small().filter(|rest| *rest > 0)?;
        }
        let end = match feature {
            Feature::Hour => 168,
            Feature::Cover => 2,
            _ => 1 << (8 * feature.width()),
        };
        let width = feature.width();
        let mut least = 0;
        for entry in self.entries.append(feature, count) {
            let has_mass = match unpack_short(entry, width, from) {
                // None of its numbers is large.
                true => entry.settled | entry.fresh[0] > 0,
                false => {
                    unpack_long(entry, width, from)?;
                    (1..=4 * HEAVIEST).contains(&entry.mass())
                }
            };
            if !has_mass || !(least..end).contains(&entry.value) {
                return None;
            }
            least = entry.value + 1;
        }
        Some(())
    }
}

fn pack_feature(feature: Feature, entries: &[Entry], rest: u32, to: &mut Writer<'_>) {
    let count = (entries.len() as u64) << 1 | u64::from(rest > 0);
    to.number(count);
    if rest > 0 {
        to.number(u64::from(rest));
    }
    entries.iter().for_each(|entry| pack_entry(entry, feature.width(), to));
}

fn pack_entry(entry: &Entry, width: u32, to: &mut Writer<'_>) {
    let [newest, before] = entry.fresh;
    let waits = newest > 0 || before > 0;
    let mass = u64::from(entry.settled) << 2 | u64::from(entry.repeated) << 1 | u64::from(waits);
    let newest = u64::from(newest) << 1 | u64::from(before > 0);
    let word = Word::little(entry.value, width).with(mass);
    match if waits { word.and_then(|word| word.with(newest)) } else { word } {
        Some(word) => word.put(to),
        None => {
            to.little(entry.value, width);
            to.number(mass);
            if waits {
                to.number(newest);
            }
        }
    }
    if before > 0 {
        to.number(u64::from(before));
    }
}

/// Reads an entry as most are: no number of it takes more than two bytes, and none of its mass has waited long. False for others.
#[inline]
fn unpack_short(entry: &mut Entry, width: u32, from: &mut Reader<'_>) -> bool {
    let Some(mut word) = Word::of(from) else { return false };
    entry.value = word.take_little(width);
    let Some(mass) = word.take() else { return false };
    (entry.settled, entry.repeated) = (mass >> 2, mass & 2 != 0);
    if mass & 1 != 0 {
        let Some(newest) = word.take().filter(|newest| newest & 1 == 0) else { return false };
        entry.fresh = [newest >> 1, 0];
    }
    from.skip(word).is_some()
}

fn unpack_long(entry: &mut Entry, width: u32, from: &mut Reader<'_>) -> Option<()> {
    entry.value = from.little(width)?;
    let mass = from.number()?;
    (entry.settled, entry.repeated) = (u32::try_from(mass >> 2).ok()?, mass & 2 != 0);
    entry.fresh = [0; 2];
    if mass & 1 != 0 {
        let newest = from.number()?;
        let before = if newest & 1 != 0 { from.small()? } else { 0 };
        entry.fresh = [u32::try_from(newest >> 1).ok()?, before];
    }
    Some(())
}

/// Writes a time as its difference from another one. Either may be the later: a late event is older than the first that was
/// learned, a failure newer than the last. Small ones of both signs are small numbers.
fn put_time(to: &mut Writer<'_>, newest: u32, time: u32) {
    let since = newest.wrapping_sub(time);
    let sign = since.cast_signed() >> 31;
    to.number(u64::from(since << 1 ^ sign.cast_unsigned()));
}

/// Reads what [`put_time`] wrote.
fn time(from: &mut Reader<'_>, newest: u32) -> Option<u32> {
    let number = from.small()?;
    let since = number >> 1 ^ (number & 1).wrapping_neg();
    Some(newest.wrapping_sub(since))
}

fn pack_floats(parts: [f32; 3], to: &mut Writer<'_>) {
    parts.into_iter().for_each(|part| to.little(part.to_bits(), 4));
}

fn unpack_floats(from: &mut Reader<'_>) -> Option<[f32; 3]> {
    let mut part = || Some(f32::from_bits(from.little(4)?));
    Some([part()?, part()?, part()?])
}

fn pack_place(place: &Place, newest: u32, to: &mut Writer<'_>) {
    put_time(to, newest, place.at);
    to.little(u32::from(place.north.cast_unsigned()), 2);
    to.little(u32::from(place.east.cast_unsigned()), 2);
    to.number(u64::from(place.radius));
    to.little(place.network, Feature::Network.width());
}

fn unpack_place(from: &mut Reader<'_>, newest: u32, hidden: bool) -> Option<Place> {
    let at = time(from, newest)?;
    let mut steps = || Some(u16::try_from(from.little(2)?).ok()?.cast_signed());
    let (north, east) = (steps()?, steps()?);
    let radius = from.small()?.try_into().ok()?;
    let network = from.little(Feature::Network.width())?;
    let on_earth = north != i16::MIN && east != i16::MIN;
    on_earth.then_some(Place { at, north, east, radius, network, hidden })
}

fn unpack_tally(from: &mut Reader<'_>, newest: u32) -> Option<Tally> {
    Some(Tally { newest: time(from, newest)?, mass: from.small()?, window: from.small()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behavior::Ageing;
    use crate::behavior::baseline::{Lesson, spread};

    #[test]
    fn times_before_and_after_are_read_back() {
        let near = 1_780_000_000;
        for newest in [0, near, u32::MAX] {
            for other in [0, near - 3_600, near, near + 90, u32::MAX] {
                let mut to = [0; 16];
                put_time(&mut Writer::new(&mut to), newest, other);
                assert_eq!(time(&mut Reader(&to), newest), Some(other));
            }
        }
        let mut to = [0; 16];
        let mut to = Writer::new(&mut to);
        put_time(&mut to, near, near);
        put_time(&mut to, near, near - 60);
        put_time(&mut to, near, near + 60);
        assert_eq!(to.length(), 1 + 1 + 1, "what is near takes a byte");
    }

    #[test]
    fn a_login_takes_few_bytes() {
        let values = Feature::ALL.map(|feature| Some(spread(1 + feature.index() as u64)));
        let mut baseline = Baseline::default();
        let lesson = Lesson {
            second: 1_780_000_000,
            arrival: 1_780_000_000,
            values: &values,
            place: Place::new(48.2, 16.4, 20.0),
            amount: None,
            step: None,
            weight: 1.0,
            proved: false,
            floor: 10.0,
            share: 1.0,
        };
        baseline.learn(&lesson, &Ageing::default());
        baseline.succeeded(lesson.second, &Ageing::default());
        let packed = baseline.pack();
        // 14 values, of which each takes its hash of two bytes or three, a byte of count and two of mass.
        assert!(packed.len() <= 14 * (2 + 1 + 2) + 28, "{} bytes", packed.len());
        assert_eq!(Baseline::unpack(&packed), Some(baseline));
    }
}
