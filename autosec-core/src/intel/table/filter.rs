/// Says of most hashes that are not among those given that they are not, from one word of memory.
///
/// A blocked Bloom filter: a hash names a word and four of its bits. At 12 bits a hash one in a hundred others passes, and a
/// million hashes take 1.5 MB, where the table behind takes 9 MB and two reads of which the second waits for the first.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    words: Box<[u64]>,
}

/// How many hashes share a word: 12 bits each.
const HASHES: (usize, usize) = (16, 3);

impl Filter {
    /// The filter of these hashes.
    pub(crate) fn new(hashes: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut words = vec![0; (hashes.len() * HASHES.1).div_ceil(HASHES.0)];
        for hash in hashes {
            let place = place(hash, words.len());
            if let Some(word) = words.get_mut(place) {
                *word |= bits(hash);
            }
        }
        Self { words: words.into() }
    }

    /// False only if it was not given this hash.
    #[inline]
    pub(crate) fn may_have(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.words.get(place(hash, self.words.len())).is_some_and(|word| word & bits == bits)
    }

    /// How many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}

/// The upper half of the hash says which word.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than the length")]
fn place(hash: u64, length: usize) -> usize {
    ((u128::from(hash) * length as u128) >> 64) as usize
}

/// The lower bits say which four, or fewer.
#[inline]
fn bits(hash: u64) -> u64 {
    let bit = |shift: u32| 1 << (hash >> shift & 63);
    bit(0) | bit(6) | bit(12) | bit(18)
}

#[cfg(test)]
mod tests {
    use super::super::Keys;
    use super::*;

    #[test]
    fn has_what_it_was_given_and_little_else() {
        let keys = Keys::default();
        let hash = |number: u32| keys.hash(0, &number.to_le_bytes());
        for count in [0, 1, 2, 7, 100, 100_000] {
            let filter = Filter::new((0..count).map(hash).collect::<Vec<_>>().into_iter());
            assert!((0..count).all(|number| filter.may_have(hash(number))));
            let others = (count..count + 100_000).filter(|number| filter.may_have(hash(*number))).count();
            assert!(others < 2_500 || (1..100).contains(&count), "{others} of 100,000 others at {count}");
            assert!(filter.bytes() <= count as usize * 12 / 8 + 8);
        }
        assert!(!Filter::default().may_have(7));
    }
}
