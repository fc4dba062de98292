/// Numbers by 64-bit hashes, in sorted buckets of about four.
///
/// It takes 9 to 10 bytes an entry at any size, where an open-addressing table takes 6 to 12 of a size that doubles, and
/// equal hashes stand side by side: a million entries of one hash are sorted like any others, while each would look through
/// all before it in a table with probes.
#[derive(Debug, Default)]
pub(crate) struct Hashed {
    /// Where each bucket starts, and the end.
    starts: Box<[u32]>,
    /// The lower half of the hash, and the number.
    entries: Box<[(u32, u32)]>,
    shift: u32,
}

impl Hashed {
    /// The most numbers of one hash that are kept.
    pub(crate) const MOST_EQUAL: usize = 256;

    /// The table of these hashes and numbers, of which there are fewer than 2^32, and how many had to be left out
    /// because too many have the same hash.
    pub(crate) fn new(mut given: Vec<(u64, u32)>) -> (Self, usize) {
        given.sort_unstable();
        let before = given.len();
        let mut equal = 0;
        let mut last = None;
        given.retain(|(hash, _)| {
            equal = if last == Some(*hash) { equal + 1 } else { 0 };
            last = Some(*hash);
            equal < Self::MOST_EQUAL
        });
        let bits = (given.len() / 4).max(1).ilog2().max(1);
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (place, (hash, _)) in (0_u32..).zip(&given) {
            let bucket = bucket(*hash, shift);
            while starts.len() <= bucket {
                starts.push(place);
            }
        }
        starts.resize((1 << bits) + 1, u32::try_from(given.len()).unwrap_or(u32::MAX));
        let entries = given.iter().map(|(hash, number)| (lower(*hash), *number)).collect();
        (Self { starts: starts.into(), entries, shift }, before - given.len())
    }

    /// The numbers of this hash, smallest first; with a probability of 2^-30 some of another hash.
    #[inline]
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = u32> + '_ {
        let bucket = bucket(hash, self.shift);
        let bounds = self.starts.get(bucket).zip(self.starts.get(bucket + 1));
        let entries = bounds.and_then(|(first, end)| self.entries.get(*first as usize..*end as usize));
        let tag = lower(hash);
        entries.unwrap_or_default().iter().filter(move |entry| entry.0 == tag).map(|entry| entry.1)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.entries)
    }
}

/// Beyond all buckets if it cannot be a place in memory.
fn bucket(hash: u64, shift: u32) -> usize {
    usize::try_from(hash.checked_shr(shift).unwrap_or(0)).unwrap_or(usize::MAX - 1)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn lower(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// None that differ but in bits that a table of few buckets does not keep.
    fn hash() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            0u64..4,
            (u64::MAX - 3)..=u64::MAX,
            (0u64..64).prop_map(|top| top << 58 | (top + 4))
        ]
    }

    proptest! {
        #[test]
        fn finds_what_a_map_finds(given in prop::collection::vec((hash(), 0u32..1_000), 0..300), asked in prop::collection::vec(hash(), 20)) {
            let mut map: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            given.iter().for_each(|(hash, number)| map.entry(*hash).or_default().push(*number));
            map.values_mut().for_each(|numbers| numbers.sort_unstable());
            let (table, left_out) = Hashed::new(given.clone());
            prop_assert_eq!(left_out, map.values().map(|numbers| numbers.len().saturating_sub(Hashed::MOST_EQUAL)).sum::<usize>());
            for hash in asked.into_iter().chain(given.iter().map(|(hash, _)| *hash)) {
                let mut expected = map.get(&hash).cloned().unwrap_or_default();
                expected.truncate(Hashed::MOST_EQUAL);
                prop_assert_eq!(table.find(hash).collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn is_bounded_for_equal_hashes() {
        let (table, left_out) = Hashed::new((0..1_000_000).map(|number| (7, number)).collect());
        assert_eq!((table.find(7).count(), left_out), (256, 999_744));
        assert_eq!(Hashed::default().find(7).count(), 0);
    }
}
