use std::ops::{Deref, Range};

use smallvec::SmallVec;

use super::entry::Entry;
use crate::behavior::Feature;

/// Entries that are held without the heap while a baseline is looked at.
const INLINE: usize = 64;

/// The entries of a baseline, sorted by feature and value; where those of a feature are costs no search.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries {
    held: SmallVec<[Entry; INLINE]>,
    /// Where those of each feature end.
    ends: [usize; Feature::ALL.len()],
}

impl Entries {
    /// Where those of a feature are.
    #[inline]
    pub(super) fn places(&self, feature: Feature) -> Range<usize> {
        let end = |index: usize| self.ends.get(index).copied().unwrap_or(0);
        end(feature.index().wrapping_sub(1))..end(feature.index())
    }

    /// Those of a feature.
    #[inline]
    pub(super) fn of(&self, feature: Feature) -> &[Entry] {
        self.held.get(self.places(feature)).unwrap_or_default()
    }

    /// Each of them, to change its mass.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.held.iter_mut()
    }

    /// The one at a place, to change its mass.
    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Entry> {
        self.held.get_mut(place)
    }

    /// Puts one where it belongs.
    pub(super) fn insert(&mut self, place: usize, entry: Entry) {
        self.held.insert(place, entry);
        self.ends.iter_mut().skip(entry.feature.index()).for_each(|end| *end += 1);
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, place: usize) -> Entry {
        let gone = self.held.remove(place);
        self.ends.iter_mut().skip(gone.feature.index()).for_each(|end| *end -= 1);
        gone
    }

    /// Adds so many of a feature, where there are none of it nor of any behind it: they are to be filled in, sorted.
    #[inline]
    pub(super) fn append(&mut self, feature: Feature, count: usize) -> &mut [Entry] {
        let start = self.held.len();
        let end = start + count;
        // Filled in where they stand: 2,000 instructions a baseline less than one by one.
        self.held.resize(end, Entry::new(feature, 0));
        self.ends.iter_mut().skip(feature.index()).for_each(|held| *held = end);
        self.held.get_mut(start..).unwrap_or_default()
    }

    /// Keeps some.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        let before = self.held.len();
        self.held.retain(|entry| keep(entry));
        if self.held.len() < before {
            self.count();
        }
    }

    /// Takes in others that are sorted like these.
    pub(super) fn unite(&mut self, others: &Self) {
        self.held.extend(others.iter().copied());
        // Stable, and both halves are sorted: a merge.
        self.held.sort_by_key(Entry::key);
        self.held.dedup_by(|right, left| {
            let same = left.key() == right.key();
            if same {
                left.unite(right);
            }
            same
        });
        self.count();
    }

    fn count(&mut self) {
        let mut end = 0;
        for (feature, held) in Feature::ALL.into_iter().zip(&mut self.ends) {
            let behind = self.held.get(end..).unwrap_or_default();
            end += behind.iter().take_while(|entry| entry.feature == feature).count();
            *held = end;
        }
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.held
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(number: u32) -> Entry {
        let feature = Feature::ALL[number as usize % Feature::ALL.len()];
        Entry { settled: 1 + number % 3, ..Entry::new(feature, number / 16 % 4) }
    }

    /// The places that are found by looking at all of them.
    fn searched(entries: &Entries, feature: Feature) -> Vec<Entry> {
        entries.iter().filter(|entry| entry.feature == feature).copied().collect()
    }

    proptest! {
        #[test]
        fn knows_where_those_of_a_feature_are(numbers in prop::collection::vec(0u32..64, 0..90), gone in 0u32..3) {
            let (mut one, mut two) = (Entries::default(), Entries::default());
            for (at, number) in numbers.into_iter().enumerate() {
                let (entry, to) = (entry(number), if at % 3 == 0 { &mut one } else { &mut two });
                match to.binary_search_by_key(&entry.key(), Entry::key) {
                    Ok(place) if at % 5 == 0 => _ = to.remove(place),
                    Ok(_) => {}
                    Err(place) => to.insert(place, entry),
                }
            }
            one.unite(&two);
            prop_assert!(one.is_sorted_by_key(Entry::key));
            one.retain(|entry| entry.settled != gone);
            let mut again = Entries::default();
            for feature in Feature::ALL {
                prop_assert_eq!(one.of(feature), searched(&one, feature));
                if !one.of(feature).is_empty() {
                    again.append(feature, one.of(feature).len()).copy_from_slice(one.of(feature));
                }
            }
            prop_assert_eq!(again, one);
        }
    }
}
