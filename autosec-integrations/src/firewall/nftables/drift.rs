//! Which commits to the ruleset are others', and when to tell of them.
//!
//! Every commit by anybody in the network namespace raises the ruleset's generation by one, and each of ours is made for
//! one generation only. So a generation that ours do not lead to is somebody else's, found at the cost of one short
//! question. Being told by the kernel instead would make it write a message for each of 100,000 elements of our own.

use std::time::{Duration, Instant};

/// How often to ask: a tenth of the second within which a flushed ruleset is to be back. An answer takes 3 µs (2-core
/// x86-64 VM, 2026-11-22).
pub(super) const PAUSE: Duration = Duration::from_millis(100);
/// Commits of others that leave our chain, sets and rules as they are make a comparison once in so long: a host whose
/// containers change rules all the time would list all elements all the time.
const QUIET: Duration = Duration::from_secs(5);

/// Up to where the ruleset's history is known.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The generation up to which every commit was ours, or was told of.
    known: Option<u32>,
    /// When a change was told of that did no damage to be seen.
    told: Option<Instant>,
}

impl Watch {
    /// From this generation on changes are of interest, if none was before.
    pub(super) fn begin(&mut self, generation: u32) {
        self.known.get_or_insert(generation);
    }

    /// A commit of ours led from one generation to another. What others did before it is still to be told of.
    pub(super) fn made(&mut self, before: u32, after: u32) {
        if self.known.is_none_or(|known| known == before) {
            self.known = Some(after);
        }
    }

    /// Whether nothing is to be told of at this generation.
    pub(super) fn is_known(&mut self, generation: u32) -> bool {
        *self.known.get_or_insert(generation) == generation
    }

    /// Whether to tell now that others have led to this generation. Once told of, it is known.
    pub(super) fn tells(&mut self, generation: u32, is_damaged: bool) -> bool {
        let rests = self.told.is_some_and(|told| told.elapsed() < QUIET);
        if rests && !is_damaged {
            return false;
        }
        if !is_damaged {
            self.told = Some(Instant::now());
        }
        self.known = Some(generation);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_of_others_are_told_of_once_and_ours_never() {
        let mut watch = Watch::default();
        assert!(watch.is_known(7), "before anything is known nothing is missed");
        watch.made(7, 8);
        assert!(watch.is_known(8) && !watch.is_known(9));
        // Ours after somebody else's hides nothing.
        watch.made(9, 10);
        assert!(!watch.is_known(10) && watch.tells(10, true) && watch.is_known(10));
        watch.begin(12);
        assert!(watch.is_known(10) && !watch.is_known(12), "it has long begun");
    }

    #[test]
    fn what_did_no_damage_is_told_of_now_and_then() {
        let mut watch = Watch::default();
        watch.begin(1);
        assert!(watch.tells(2, false) && !watch.tells(3, false), "not again so soon");
        assert!(!watch.is_known(3), "but not forgotten");
        assert!(watch.tells(3, true), "damage is told of at once");
    }
}
