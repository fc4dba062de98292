use smallvec::SmallVec;

use super::ageing::Ageing;
use super::entry::Entry;
use super::learn::kept;
use super::record::Baseline;
use crate::behavior::Feature;
use crate::behavior::bytes::{Reader, Writer};

/// Prefixes that are remembered.
const MOST: usize = 4;
/// For so many half-lives: 90 days by default.
const HALF_LIVES: u32 = 3;

/// Prefixes at which a challenge was failed, or that an account was taken over from, and when that was last.
///
/// What succeeds there is not learned until somebody passes a challenge there: who has the password and nothing else would
/// come again until a threshold misses him once, and be known from then on. At most four are remembered, the latest ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Doubts(SmallVec<[(u32, u32); MOST]>);

impl Doubts {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Doubts a prefix at a time.
    pub(super) fn note(&mut self, prefix: u32, second: u32) {
        let before = self.0.iter().position(|(held, _)| *held == prefix).map(|at| self.0.remove(at));
        self.0.push((prefix, before.map_or(second, |(_, at)| at.max(second))));
        // The same whatever the order they came in.
        self.0.sort_unstable_by_key(|(prefix, at)| (*at, *prefix));
        if self.0.len() > MOST {
            self.0.remove(0);
        }
    }

    /// Takes in those of another baseline.
    pub(super) fn unite(&mut self, other: &Self) {
        other.0.iter().for_each(|(prefix, at)| self.note(*prefix, *at));
    }

    /// Writes them down.
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.number(self.0.len() as u64);
        for (prefix, at) in &self.0 {
            to.little(*prefix, Feature::Prefix.width());
            to.number(u64::from(*at));
        }
    }

    /// Reads what [`Doubts::write`] wrote.
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let count = from.length().filter(|count| (1..=MOST).contains(count))?;
        let mut read = Self::default();
        for _ in 0..count {
            read.note(from.little(Feature::Prefix.width())?, from.small()?);
        }
        (read.0.len() == count).then_some(read)
    }
}

impl Baseline {
    /// Doubts the prefix that somebody failed to prove themselves at, unless it is one that was known before: one that a `young`
    /// baseline has seen at all, or that came out of an older one's quarantine.
    pub(in crate::behavior) fn doubt(&mut self, prefix: u64, second: u32, young: bool) {
        let prefix = kept(Feature::Prefix, prefix);
        let is_known = |entry: &Entry| entry.value == prefix && (young || entry.settled > 0);
        if self.learned > 0 && !self.of(Feature::Prefix).iter().any(is_known) {
            self.doubts.note(prefix, second);
        }
    }

    /// Doubts every prefix of which nothing but what waits in quarantine is known, beside others that are known.
    pub(super) fn doubt_unsettled(&mut self) {
        if self.of(Feature::Prefix).iter().all(|entry| entry.settled == 0) {
            return;
        }
        for at in self.entries.places(Feature::Prefix) {
            if let Some(entry) = self.entries.get(at).filter(|entry| entry.settled == 0) {
                self.doubts.note(entry.value, self.newest);
            }
        }
    }

    /// Whether what succeeds at a prefix proves nothing.
    pub(in crate::behavior) fn doubts(&self, prefix: u64, second: u32, ageing: &Ageing) -> bool {
        let lasts = ageing.half_life().saturating_mul(HALF_LIVES);
        let is_doubted = |(held, at): &(u32, u32)| {
            *held == kept(Feature::Prefix, prefix) && second.saturating_sub(*at) < lasts
        };
        self.doubts.0.iter().any(is_doubted)
    }

    /// Doubts a prefix no more.
    pub(in crate::behavior) fn trust(&mut self, prefix: u64) {
        self.doubts.0.retain(|(held, _)| *held != kept(Feature::Prefix, prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behavior::baseline::spread;

    const DAY: u32 = 86_400;

    #[test]
    fn four_are_doubted_for_three_half_lives() {
        let ageing = Ageing::default();
        let mut baseline = Baseline { learned: 20, newest: 100 * DAY, ..Baseline::default() };
        for number in (0..6).rev().chain(0..6) {
            baseline.doubt(spread(number + 1), (100 + u32::try_from(number).unwrap()) * DAY, false);
        }
        let doubted =
            |day| (0..6).filter(|number| baseline.doubts(spread(number + 1), day * DAY, &ageing)).count();
        assert_eq!((doubted(106), doubted(193), doubted(195), doubted(0)), (4, 2, 0, 4));
        assert_eq!(Baseline::unpack(&baseline.pack()), Some(baseline.clone()));
        let without = Baseline { doubts: Doubts::default(), ..baseline.clone() };
        assert_eq!(baseline.pack().len(), without.pack().len() + 2 + 4 * (3 + 4));
        baseline.trust(spread(6));
        assert!(!baseline.doubts(spread(6), 106 * DAY, &ageing));
    }
}
