use std::hash::{BuildHasher, RandomState};

use siphasher::sip::SipHasher13;

/// A keyed hash: who writes feeds cannot know which values fall together.
///
/// SipHash-1-3 in one call: a hasher of [`RandomState`] is written to piece by piece, and keeps what is left of each piece.
#[derive(Clone, Debug)]
pub(crate) struct Keys(u64, u64);

/// Other keys each time.
impl Default for Keys {
    fn default() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(0_u64), random.hash_one(1_u64))
    }
}

impl Keys {
    /// The hash of a text in one of several spaces.
    #[inline]
    pub(crate) fn hash(&self, space: u8, text: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.0 ^ u64::from(space), self.1).hash(text)
    }

    /// The hash of two texts.
    pub(crate) fn hash_pair(&self, first: &[u8], second: &[u8]) -> u64 {
        let first = SipHasher13::new_with_keys(self.0, self.1).hash(first);
        SipHasher13::new_with_keys(self.0 ^ first, self.1).hash(second)
    }
}
