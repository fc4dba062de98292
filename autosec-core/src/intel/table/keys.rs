use std::hash::{BuildHasher, Hasher, RandomState};

/// A keyed hash: who writes feeds cannot know which values fall together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(RandomState);

impl Keys {
    /// The hash of a text in one of several spaces.
    #[inline]
    pub(crate) fn hash(&self, space: u8, text: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(text);
        hasher.write_u8(space);
        hasher.finish()
    }

    /// The hash of two texts.
    pub(crate) fn hash_pair(&self, first: &[u8], second: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(first);
        hasher.write_usize(first.len());
        hasher.write(second);
        hasher.finish()
    }
}
