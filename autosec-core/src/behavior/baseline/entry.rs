use super::ageing::shrunk;
use crate::behavior::Feature;

/// The most mass of one part of an entry: 65,536 events and more.
pub(super) const HEAVIEST: u32 = 1 << 21;

/// A value that was seen: how much mass it has, and how much of it still waits in quarantine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::behavior) struct Entry {
    pub(in crate::behavior) feature: Feature,
    /// As many bytes of the value's hash as the feature keeps.
    pub(in crate::behavior) value: u32,
    /// Seen at least twice.
    pub(in crate::behavior) repeated: bool,
    /// Forward mass that counts.
    pub(in crate::behavior) settled: u32,
    /// Forward mass of the newest stretch of quarantine, and of the one before it.
    pub(in crate::behavior) fresh: [u32; 2],
}

impl Entry {
    /// A value without mass.
    pub(super) fn new(feature: Feature, value: u32) -> Self {
        Self { feature, value, repeated: false, settled: 0, fresh: [0; 2] }
    }

    /// What entries are sorted by.
    pub(super) fn key(&self) -> (Feature, u32) {
        (self.feature, self.value)
    }

    /// All of its mass.
    pub(in crate::behavior) fn mass(&self) -> u32 {
        self.fresh.iter().fold(self.settled, |sum, part| sum.saturating_add(*part))
    }

    /// Lets so many half-lives go by.
    pub(super) fn fade(&mut self, half_lives: u32) {
        self.settled = shrunk(self.settled, half_lives);
        self.fresh = self.fresh.map(|part| shrunk(part, half_lives));
    }

    /// Lets so many stretches of quarantine go by: what is older than the one before the newest counts.
    pub(super) fn settle(&mut self, stretches: u32) {
        let [newest, before] = self.fresh;
        (self.settled, self.fresh) = match stretches {
            0 => return,
            1 => (self.settled.saturating_add(before), [0, newest]),
            _ => (self.mass(), [0, 0]),
        };
    }

    /// The mass that comes out of quarantine when so many stretches go by.
    pub(super) fn settling(&self, stretches: u32) -> u32 {
        let [newest, before] = self.fresh;
        match stretches {
            0 => 0,
            1 => before,
            _ => newest.saturating_add(before),
        }
    }

    /// Adds the mass of another entry of the same value.
    pub(super) fn unite(&mut self, other: &Self) {
        self.repeated = true;
        self.settled = self.settled.saturating_add(other.settled);
        for (mine, theirs) in self.fresh.iter_mut().zip(other.fresh) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Whether any part is so heavy that its feature has to be made lighter.
    pub(super) fn is_too_heavy(&self) -> bool {
        self.settled > HEAVIEST || self.fresh.iter().any(|part| *part > HEAVIEST)
    }
}
