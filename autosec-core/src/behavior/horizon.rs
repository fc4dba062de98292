use std::sync::atomic::{AtomicU32, Ordering};

/// Times further ahead of the newest one than this are not believed: 90 days.
const AHEAD: u32 = 90 * 86_400;
/// Times further ahead than this don't move the newest one by themselves: a day.
const STEP: u32 = 86_400;
/// So many events in a row, all of them further ahead, do: there was a silence.
const IN_A_ROW: u32 = 8;

/// The newest time of all events that were learned, by which one from the future is recognised.
///
/// Nobody's clock is asked. A time more than 90 days ahead is taken as the newest one; what is ahead by more than a day
/// counts at its own time, but moves the newest one only if eight learned events in a row are, so that nobody goes
/// into the future step by step while others are at present. Of such a row the earliest is believed, and so is the first
/// event of all.
#[derive(Debug, Default)]
pub(super) struct Horizon {
    /// 0 before the first event.
    newest: AtomicU32,
    /// How many events in a row were ahead, and the earliest of them.
    ahead: AtomicU32,
    earliest: AtomicU32,
}

impl Horizon {
    /// The newest time, in seconds since 1970; 0 before the first event.
    pub(super) fn newest(&self) -> u32 {
        self.newest.load(Ordering::Relaxed)
    }

    /// The time that an event is taken to be at which says that it was at `second`.
    pub(super) fn bound(&self, second: u32) -> u32 {
        let newest = self.newest();
        if newest > 0 && second > newest.saturating_add(AHEAD) { newest } else { second }
    }

    /// Notes that an event was learned that said it was at `second`.
    pub(super) fn meet(&self, second: u32) {
        let newest = self.newest();
        if newest == 0 || second <= newest.saturating_add(STEP) {
            if second > newest {
                self.newest.fetch_max(second, Ordering::Relaxed);
            }
            if self.ahead.load(Ordering::Relaxed) > 0 {
                self.ahead.store(0, Ordering::Relaxed);
            }
            return;
        }
        let before = self.ahead.fetch_add(1, Ordering::Relaxed);
        let earliest = match before {
            0 => second,
            _ => self.earliest.load(Ordering::Relaxed).min(second),
        };
        self.earliest.store(earliest, Ordering::Relaxed);
        if before + 1 >= IN_A_ROW {
            self.newest.fetch_max(earliest, Ordering::Relaxed);
            self.ahead.store(0, Ordering::Relaxed);
        }
    }

    /// Takes over what another state says was the newest time.
    pub(super) fn restore(&self, second: u32) {
        self.newest.fetch_max(second, Ordering::Relaxed);
    }

    /// Forgets it.
    pub(super) fn clear(&self) {
        self.newest.store(0, Ordering::Relaxed);
        self.ahead.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_780_000_000;

    #[test]
    fn a_future_that_others_do_not_share_does_not_come() {
        let horizon = Horizon::default();
        assert_eq!(horizon.bound(u32::MAX), u32::MAX, "nothing is known");
        horizon.meet(NOW);
        for round in 0..100 {
            (0..3).for_each(|_| horizon.meet(u32::MAX));
            (1..5).for_each(|day| horizon.meet(NOW + day * 30 * STEP));
            horizon.meet(NOW + round);
        }
        assert_eq!(horizon.newest(), NOW + 99);
        assert_eq!(horizon.bound(u32::MAX), NOW + 99);
        assert_eq!(horizon.bound(NOW + 80 * STEP), NOW + 80 * STEP);
        assert_eq!(horizon.bound(5), 5);
    }

    #[test]
    fn a_silence_ends_with_eight_events() {
        let horizon = Horizon::default();
        horizon.meet(NOW);
        let later = NOW + 1_000 * STEP;
        for second in 0..8 {
            assert_eq!(horizon.bound(later), NOW);
            horizon.meet(later + second);
        }
        assert_eq!(horizon.newest(), later);
        assert_eq!(horizon.bound(later + 60), later + 60);
    }
}
