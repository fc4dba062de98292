use std::fmt;

/// The secret with which values are hashed.
pub(super) type Seed = (u64, u64);

/// Hashes a tag and what is written behind it: SipHash with one round a word and three at the end (Aumasson and Bernstein 2012).
///
/// An event has about 17 values of a few bytes each. Made for these, it reads eight bytes at once where they are; to gather them
/// for a hasher that takes any kind of value costs twice the instructions.
#[derive(Clone, Copy)]
pub(super) struct Hashing {
    state: [u64; 4],
    /// The bytes that are no whole word yet, the first one lowest, and how many there are: at most seven.
    rest: u64,
    held: usize,
    length: usize,
}

impl Hashing {
    /// Begins with a tag.
    #[inline]
    pub(super) fn new((first, second): Seed, tag: u8) -> Self {
        let state = [
            first ^ 0x736f_6d65_7073_6575,
            second ^ 0x646f_7261_6e64_6f6d,
            first ^ 0x6c79_6765_6e65_7261,
            second ^ 0x7465_6462_7974_6573,
        ];
        Self { state, rest: u64::from(tag), held: 1, length: 1 }
    }

    /// Adds bytes.
    #[inline]
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.compress(u64::from_le_bytes(*word), 8);
        }
        self.compress(short(rest), rest.len());
        self.length += bytes.len();
    }

    /// Adds the eight bytes of a number, the lowest first.
    #[inline]
    pub(super) fn number(&mut self, number: u64) {
        self.compress(number, 8);
        self.length += 8;
    }

    /// The hash.
    #[inline]
    pub(super) fn finish(mut self) -> u64 {
        let last = (self.length as u64) << 56 | self.rest;
        self.word(last);
        let [_, _, v2, _] = &mut self.state;
        *v2 ^= 0xff;
        (0..3).for_each(|_| self.round());
        let [v0, v1, v2, v3] = self.state;
        v0 ^ v1 ^ v2 ^ v3
    }

    /// Adds so many bytes, of which the first is lowest; those beyond are zero.
    #[inline]
    fn compress(&mut self, bytes: u64, count: usize) {
        let (all, held) = (self.rest | bytes << (8 * self.held), self.held + count);
        if held < 8 {
            (self.rest, self.held) = (all, held);
            return;
        }
        self.word(all);
        // Shifted by 64 nothing would be left, which takes two steps.
        (self.rest, self.held) = (bytes >> (63 - 8 * self.held) >> 1, held - 8);
    }

    #[inline]
    fn word(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.state[0] ^= word;
    }

    #[inline]
    fn round(&mut self) {
        let [mut v0, mut v1, mut v2, mut v3] = self.state;
        v0 = v0.wrapping_add(v1);
        v2 = v2.wrapping_add(v3);
        v1 = v1.rotate_left(13) ^ v0;
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.rotate_left(32).wrapping_add(v3);
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v3 = v3.rotate_left(21) ^ v0;
        self.state = [v0, v1, v2.rotate_left(32), v3];
    }
}

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

/// At most seven bytes as a number, the first one lowest.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        // Where both have a byte, it is the same one.
        let beyond = 8 * (bytes.len() - 4);
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << beyond;
    }
    match *bytes {
        [one] => u64::from(one),
        [one, two] => u64::from(u16::from_le_bytes([one, two])),
        [one, two, three] => u64::from(u32::from_le_bytes([one, two, three, 0])),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use proptest::prelude::*;
    use siphasher::sip::SipHasher13;

    use super::*;

    proptest! {
        #[test]
        fn is_the_hash_of_the_same_bytes(seed: Seed, tag: u8, numbers: bool, parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let (mut ours, mut theirs) = (Hashing::new(seed, tag), SipHasher13::new_with_keys(seed.0, seed.1));
            theirs.write(&[tag]);
            for part in parts {
                if numbers {
                    ours.number(part.len() as u64);
                    theirs.write(&(part.len() as u64).to_le_bytes());
                }
                ours.add(&part);
                theirs.write(&part);
                prop_assert_eq!(ours.finish(), theirs.finish());
            }
        }
    }
}
