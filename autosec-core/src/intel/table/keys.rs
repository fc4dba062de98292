use std::hash::{BuildHasher, RandomState};

/// A keyed hash: who writes feeds cannot know which values fall together.
///
/// Sixteen bytes a step: half of them with what was before, the other half with a key, and the product of both folded
/// into 64 bits. Texts whose factors are alike or zero are other ones under every key. It is no secret of a message, as
/// SipHash may be, and need not be: no hash leaves the process, and the tables that hold them bound equal ones. SipHash-1-3
/// of an event's names, URL and digest was a third of all instructions of a look-up that finds nothing (callgrind,
/// 2026-11-23).
#[derive(Clone, Debug)]
pub(crate) struct Keys([u64; 3]);

/// Other keys each time.
impl Default for Keys {
    fn default() -> Self {
        let random = RandomState::new();
        Self([0_u64, 1, 2].map(|number| random.hash_one(number)))
    }
}

impl Keys {
    /// The hash of a text in one of several spaces.
    #[inline]
    pub(crate) fn hash(&self, space: u8, text: &[u8]) -> u64 {
        self.hash_after(u64::from(space), text)
    }

    /// The hash of several texts, which is another one if they are divided elsewhere.
    pub(crate) fn hash_all<const N: usize>(&self, texts: [&[u8]; N]) -> u64 {
        texts.into_iter().fold(0, |before, text| self.hash_after(before, text))
    }

    #[inline]
    fn hash_after(&self, before: u64, text: &[u8]) -> u64 {
        let [first, second, third] = self.0;
        // The lowest byte is that of the space.
        let mut state = first ^ before ^ (text.len() as u64) << 8;
        for block in text.as_chunks::<16>().0 {
            let (low, high) = halves(block);
            state = fold(state ^ low, second ^ high);
        }
        let (low, high) = end(text);
        fold(fold(state ^ low, second ^ high), third)
    }
}

#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[inline]
fn halves(block: &[u8; 16]) -> (u64, u64) {
    let [low, high] = [block.first_chunk(), block.last_chunk()]
        .map(|half| u64::from_le_bytes(half.copied().unwrap_or_default()));
    (low, high)
}

/// The last 16 bytes, or all there are: read twice where they overlap, which the length tells apart.
#[inline]
fn end(text: &[u8]) -> (u64, u64) {
    if let Some(block) = text.last_chunk() {
        halves(block)
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
    } else {
        (text.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tells_texts_apart() {
        let keys = Keys::default();
        let mut texts: Vec<Vec<u8>> = (0..70).map(|length| vec![0; length]).collect();
        for number in 0..100_000_u32 {
            texts.push(number.to_le_bytes().to_vec());
            texts.push(format!("host{number}.example.org").into_bytes());
            texts.push(u128::from(number).to_be_bytes().to_vec());
            texts.push((u128::from(number) << 96).to_be_bytes().to_vec());
        }
        let hashes: HashSet<u64> = texts.iter().map(|text| keys.hash(3, text)).collect();
        assert_eq!(hashes.len(), texts.iter().collect::<HashSet<_>>().len());
        let others: HashSet<u64> = texts.iter().map(|text| keys.hash(4, text)).collect();
        assert!(hashes.is_disjoint(&others), "a space is a part of what is hashed");
        let pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")];
        let pairs = pairs.map(|(first, second)| keys.hash_all([first.as_bytes(), second.as_bytes()]));
        assert_eq!(HashSet::from(pairs).len(), 4);
        assert_ne!(keys.hash(3, b"text"), Keys::default().hash(3, b"text"), "keys are other ones each time");
    }

    /// Every bit of a hash is set in half of them, whichever bit of a text changes.
    #[test]
    fn spreads_over_all_bits() {
        let keys = Keys::default();
        for length in [1, 3, 4, 7, 8, 15, 16, 17, 33] {
            for bit in 0..length * 8 {
                let mut changed = [0_u32; 64];
                for number in 0..256_u32 {
                    let mut text: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(length).collect();
                    let before = keys.hash(0, &text);
                    text[bit / 8] ^= 1 << (bit % 8);
                    let difference = before ^ keys.hash(0, &text);
                    changed
                        .iter_mut()
                        .zip(0..)
                        .for_each(|(count, at)| *count += (difference >> at & 1) as u32);
                }
                let total: u32 = changed.iter().sum();
                assert!((7_300..9_100).contains(&total), "{total} of 16,384 at bit {bit} of {length} bytes");
            }
        }
    }
}
