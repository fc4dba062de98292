use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers nobody can foresee.
pub trait Random: Debug + Send + Sync {
    /// The next one.
    fn next(&self) -> u64;
}

/// Numbers of a keyed hash over a counter, whose key the operating system gave: good for jitter and for telling requests
/// apart, not for keys.
#[derive(Debug, Default)]
pub struct SystemRandom {
    keys: RandomState,
    counter: AtomicU64,
}

impl Random for SystemRandom {
    fn next(&self) -> u64 {
        let mut hasher = self.keys.build_hasher();
        hasher.write_u64(self.counter.fetch_add(1, Ordering::Relaxed));
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_are_alike() {
        let (one, other) = (SystemRandom::default(), SystemRandom::default());
        let numbers: HashSet<u64> = (0..1_000).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(numbers.len(), 2_000);
    }
}
