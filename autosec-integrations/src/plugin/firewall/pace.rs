//! How fast a plugin is asked, and with how much at a time.

use std::time::Duration;

use tokio::time::Instant;

/// A plugin's pace: pauses between changes, and calls that shrink when it breaks off.
///
/// A call that crashes may have done so for its size (memory, calls of the host, time) or for one item in it. Both are found by
/// asking for less: the next call has a quarter of the items, and each that comes to its end doubles the number again.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many items the next call has at most.
    width: usize,
    most: usize,
    interval: Duration,
    ready: Option<Instant>,
    /// Calls in a row that did not come to their end.
    crashes: u32,
}

impl Pace {
    pub(super) fn new(most: usize, interval: Duration) -> Self {
        Self { width: most.max(1), most: most.max(1), interval, ready: None, crashes: 0 }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How long the next change has to wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.ready.map_or(Duration::ZERO, |ready| ready.saturating_duration_since(now))
    }

    /// A change came to its end.
    pub(super) fn answered(&mut self, now: Instant) {
        self.crashes = 0;
        self.width = self.width.saturating_mul(2).min(self.most);
        self.rest(now, self.interval);
    }

    /// A change of so many items did not. Whether it is the first since one did, so that the plugin itself was well.
    pub(super) fn crashed(&mut self, items: usize, now: Instant) -> bool {
        let was_well = self.crashes == 0;
        self.crashes = self.crashes.saturating_add(1);
        self.width = (items / 4).max(1);
        self.rest(now, self.interval);
        was_well
    }

    /// No change for so long from now on.
    pub(super) fn rest(&mut self, now: Instant, pause: Duration) {
        let ready = now + pause;
        if !pause.is_zero() && self.ready.is_none_or(|held| held < ready) {
            self.ready = Some(ready);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_shrink_to_one_item_and_grow_again() {
        let (mut pace, now) = (Pace::new(100, Duration::ZERO), Instant::now());
        assert_eq!(pace.width(), 100);
        assert!(pace.crashed(100, now));
        assert_eq!(pace.width(), 25);
        assert!(!pace.crashed(25, now) && !pace.crashed(6, now));
        assert_eq!(pace.width(), 1);
        for expected in [2, 4, 8, 16, 32, 64, 100, 100] {
            pace.answered(now);
            assert_eq!(pace.width(), expected);
        }
        assert!(pace.crashed(1, now));
        assert_eq!(pace.wait(now), Duration::ZERO);
    }

    #[test]
    fn the_longest_pause_counts() {
        let (mut pace, now) = (Pace::new(1, Duration::from_millis(250)), Instant::now());
        pace.rest(now, Duration::from_secs(3));
        pace.answered(now);
        assert_eq!(pace.wait(now), Duration::from_secs(3));
        assert_eq!(pace.wait(now + Duration::from_secs(4)), Duration::ZERO);
        pace.answered(now + Duration::from_secs(4));
        assert_eq!(pace.wait(now + Duration::from_secs(4)), Duration::from_millis(250));
    }
}
