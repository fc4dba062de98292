use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who was noted lately. Most events are of a client that was, and need no lock then: threads share nothing but reads.
///
/// A slot holds the hash of the client and the interval it was last noted in; who is driven out of a slot is noted once
/// more, which changes nothing. The seed is random, so nobody can choose clients that pass for others.
#[derive(Debug)]
pub(super) struct Noted {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// 32 KiB.
const SLOTS: usize = 4_096;

impl Noted {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// Whether the client has yet to be noted in this interval; it passes for noted from then on.
    pub(super) fn is_new(&self, client: IpAddr, interval: i64) -> bool {
        // 0 is an empty slot.
        let hash = self.hasher.hash_one((client, interval)) | 1;
        let place = usize::try_from(hash >> 32).unwrap_or(0) % SLOTS;
        let Some(slot) = self.slots.get(place) else { return true };
        let is_new = slot.load(Ordering::Relaxed) != hash;
        if is_new {
            slot.store(hash, Ordering::Relaxed);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_new_once_an_interval() {
        let noted = Noted::new();
        let [ann, bob] = [[203, 0, 113, 7], [203, 0, 113, 8]].map(IpAddr::from);
        assert!(noted.is_new(ann, 1));
        assert!(!noted.is_new(ann, 1));
        assert!(noted.is_new(bob, 1));
        assert!(noted.is_new(ann, 2));
    }
}
