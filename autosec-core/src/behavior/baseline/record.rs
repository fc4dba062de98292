use super::ageing::{Ageing, UNIT, shrunk};
use super::doubt::Doubts;
use super::entries::Entries;
use super::entry::Entry;
use super::place::Place;
use super::tally::Tally;
use crate::behavior::Feature;
use crate::behavior::signal::{Level, Surprise};
use crate::time::Timestamp;

/// What is usual for one entity: the values it was seen with, where it last was, how often it does things.
///
/// It takes in events in any order and forgets with time (see [`Ageing`]); two of them about the same entity can be merged.
/// It holds hashes and numbers only, no text of an event.
///
/// **Bounds.** At most [`Feature::limit`] values of each feature; as bytes at most [`Baseline::LARGEST`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Baseline {
    /// When the first event was, in seconds since 1970.
    pub(super) first: u32,
    /// When the last event was that was learned; masses are kept as of its half-life and its stretch of quarantine.
    pub(super) newest: u32,
    /// Events learned.
    pub(super) learned: u32,
    pub(super) entries: Entries,
    /// Forward mass of values that gave way, by feature.
    pub(super) rest: [u32; Feature::ALL.len()],
    pub(super) place: Option<Place>,
    /// The last action's hash and when it was.
    pub(super) action: Option<(u32, u32)>,
    pub(super) successes: Tally,
    pub(super) failures: Tally,
    /// How much it moves at a time.
    pub(super) level: Level,
    /// How surprising its steps usually are.
    pub(super) surprise: Surprise,
    /// Amounts, and steps, that were observed in the newest stretch of quarantine.
    pub(super) amounts: u8,
    pub(super) steps: u8,
    /// Where somebody failed to prove who they are.
    pub(super) doubts: Doubts,
}

/// A value that comes out of quarantine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::behavior) struct Settling {
    pub(in crate::behavior) feature: Feature,
    pub(in crate::behavior) value: u32,
    /// As how many events.
    pub(in crate::behavior) events: f64,
    /// Nothing of it counted before.
    pub(in crate::behavior) first: bool,
}

impl Baseline {
    /// The most bytes that a baseline takes: 4 KiB.
    pub const LARGEST: usize = 4_096;

    /// How many events it has learned from.
    pub fn learned(&self) -> u32 {
        self.learned
    }

    /// When the first event was, to the second.
    pub fn first_seen(&self) -> Timestamp {
        Timestamp::from_secs(i64::from(self.first))
    }

    /// When the last event was that it learned from, to the second.
    pub fn last_learned(&self) -> Timestamp {
        Timestamp::from_secs(i64::from(self.newest))
    }

    /// The same in seconds since 1970.
    pub(in crate::behavior) fn newest(&self) -> u32 {
        self.newest
    }

    /// How many values of `feature` it holds.
    pub fn distinct(&self, feature: Feature) -> usize {
        self.of(feature).len()
    }

    /// How far what was learned lately, and still waits in quarantine, is from what was learned before: half the sum of the
    /// differences of the shares of each value, 0 for the same habits, 1 for nothing in common. None if either is missing.
    ///
    /// A single login abroad makes it 1 for a day or two; what stays near 1 is somebody who moved, or somebody else.
    pub fn drift(&self, feature: Feature) -> Option<f64> {
        let entries = self.of(feature);
        let fresh = |entry: &Entry| f64::from(entry.mass() - entry.settled);
        let (settled, waiting) = entries.iter().fold((0.0, 0.0), |(settled, waiting), entry| {
            (settled + f64::from(entry.settled), waiting + fresh(entry))
        });
        let apart = |entry: &Entry| (fresh(entry) / waiting - f64::from(entry.settled) / settled).abs();
        (settled > 0.0 && waiting > 0.0).then(|| entries.iter().map(apart).sum::<f64>() / 2.0)
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.learned == 0 && self.successes.is_empty() && self.failures.is_empty()
    }

    /// Drops all that still waits in quarantine, as if it had never been learned: for an account that was taken over.
    /// Where somebody last was is dropped with it, and prefixes that are dropped are not learned again until a challenge is
    /// passed there, for three half-lives.
    pub fn drop_unsettled(&mut self) {
        self.doubt_unsettled();
        self.entries.iter_mut().for_each(|entry| entry.fresh = [0; 2]);
        self.tidy();
        self.place = None;
        self.action = None;
    }

    /// What comes out of quarantine when time passes until `second`: of each value the events, faded to then, and whether
    /// nothing of it counted before.
    pub(in crate::behavior) fn settling(
        &self,
        second: u32,
        ageing: &Ageing,
    ) -> impl Iterator<Item = Settling> {
        let second = second.max(self.newest);
        let (then, now) = (ageing.phase(self.newest), ageing.phase(second));
        let scale = libm::exp2(f64::from(then.epoch) - f64::from(now.epoch)) / (UNIT * now.growth);
        let stretches = ageing.stretch(second) - ageing.stretch(self.newest);
        let entries: &[Entry] = if stretches > 0 { &self.entries } else { &[] };
        let settling = entries.iter().map(move |entry| Settling {
            feature: entry.feature,
            value: entry.value,
            events: scale * f64::from(entry.settling(stretches)),
            first: entry.settled == 0,
        });
        settling.filter(|settling| settling.events > 0.0)
    }

    /// Lets time pass until `second`; nothing happens if that is in the past.
    pub(in crate::behavior) fn advance(&mut self, second: u32, ageing: &Ageing) {
        if second <= self.newest {
            return;
        }
        let stretches = ageing.stretch(second) - ageing.stretch(self.newest);
        let half_lives = ageing.epoch(second) - ageing.epoch(self.newest);
        self.newest = second;
        if stretches > 0 {
            self.entries.iter_mut().for_each(|entry| entry.settle(stretches));
            (self.amounts, self.steps) = (0, 0);
        }
        if half_lives > 0 {
            self.fade(half_lives);
        }
    }

    /// The entries of a feature.
    pub(super) fn of(&self, feature: Feature) -> &[Entry] {
        self.entries.of(feature)
    }

    /// Halves everything so many times.
    fn fade(&mut self, half_lives: u32) {
        self.entries.iter_mut().for_each(|entry| entry.fade(half_lives));
        self.rest = self.rest.map(|mass| shrunk(mass, half_lives));
        self.tidy();
    }

    /// Forgets values without mass.
    pub(super) fn tidy(&mut self) {
        self.entries.retain(|entry| entry.mass() > 0);
    }

    /// Halves one feature if one of its entries is so heavy that it could not grow: so its share of the whole stays. Values of
    /// which nothing is left are forgotten.
    pub(super) fn lighten(&mut self, feature: Feature) {
        while self.of(feature).iter().any(Entry::is_too_heavy) {
            self.entries.iter_mut().filter(|entry| entry.feature == feature).for_each(|entry| entry.fade(1));
            if let Some(rest) = self.rest.get_mut(feature.index()) {
                *rest = shrunk(*rest, 1);
            }
            self.tidy();
        }
    }

    /// Makes room: the lightest values beyond the limit of a feature give way, and leave their mass.
    pub(super) fn make_room(&mut self, feature: Feature) {
        while self.entries.len() > feature.limit() && self.of(feature).len() > feature.limit() {
            let start = self.entries.places(feature).start;
            let lightest =
                self.of(feature).iter().enumerate().min_by_key(|(_, entry)| (entry.mass(), entry.value));
            let Some((position, _)) = lightest else { break };
            let gone = self.entries.remove(start + position);
            if let Some(rest) = self.rest.get_mut(feature.index()) {
                *rest = rest.saturating_add(gone.mass());
            }
        }
    }
}
