use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Who was noted lately. Most events are of a client that was, and need no lock then: threads share nothing but reads.
///
/// A slot holds a part of the hash of the client and of the interval it was last noted in; who is driven out of a slot is
/// noted once more, which changes nothing. That somebody passes for another happens once in 250 million times, and the seed
/// is random, so nobody can choose to.
///
/// It is read at every event, and so has no cache line in common with what changes.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Noted {
    sets: Box<[Set]>,
    hasher: RandomState,
}

/// 32 KiB.
const SETS: usize = 1_024;

/// Eight slots that a client may be in: with four, one in 18 of 2,000 clients took the lock at every event.
#[derive(Debug, Default)]
#[repr(align(32))]
struct Set([AtomicU32; 8]);

impl Noted {
    pub(super) fn new() -> Self {
        Self { sets: (0..SETS).map(|_| Set::default()).collect(), hasher: RandomState::new() }
    }

    /// Whether the client has yet to be noted in this interval; it passes for noted from then on.
    pub(super) fn is_new(&self, client: IpAddr, interval: i64) -> bool {
        // As numbers: of an `IpAddr` the kind, the length and the bytes would be hashed one by one.
        let hash = match client {
            IpAddr::V4(client) => self.hasher.hash_one((u32::from(client), interval)),
            IpAddr::V6(client) => self.hasher.hash_one((u128::from(client), interval)),
        };
        let place = usize::try_from(hash >> 32).unwrap_or(0);
        // 0 is an empty slot.
        let mark = u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(0) | 1;
        let Some(Set(slots)) = self.sets.get(place % SETS) else { return true };
        if slots.iter().any(|slot| slot.load(Ordering::Relaxed) == mark) {
            return false;
        }
        let free = slots.iter().find(|slot| slot.load(Ordering::Relaxed) == 0);
        let given_up = || slots.get(place / SETS % slots.len());
        free.or_else(given_up).into_iter().for_each(|slot| slot.store(mark, Ordering::Relaxed));
        true
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

    #[test]
    fn clients_hardly_drive_each_other_out() {
        let noted = Noted::new();
        let clients = || (0..2_000_u32).map(|number| IpAddr::from(std::net::Ipv4Addr::from(number)));
        assert_eq!(clients().filter(|client| noted.is_new(*client, 1)).count(), 2_000);
        let driven_out = clients().filter(|client| noted.is_new(*client, 1)).count();
        assert!(driven_out < 20, "{driven_out}");
    }
}
