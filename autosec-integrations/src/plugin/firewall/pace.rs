//! How fast a plugin is asked, and with how much at a time.

use std::time::Duration;

use ipnet::IpNet;
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
    health: Health,
}

/// How the latest changes went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Health {
    /// The last one came to its end.
    Well,
    /// It was well, and since then only ever broke off over this one item by itself.
    SickOf(IpNet),
    /// It breaks off for another reason, or has not done anything well yet.
    Unwell,
}

impl Pace {
    pub(super) fn new(most: usize, interval: Duration) -> Self {
        Self { width: most.max(1), most: most.max(1), interval, ready: None, health: Health::Unwell }
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
        self.health = Health::Well;
        self.width = self.width.saturating_mul(2).min(self.most);
        self.rest(now, self.interval);
    }

    /// A change of these items did not. Whether the plugin itself is known to be well, so that it is the item's fault, which was
    /// alone.
    pub(super) fn crashed(&mut self, items: &[IpNet], now: Instant) -> bool {
        self.health = match (self.health, items) {
            (Health::Well, [item]) => Health::SickOf(*item),
            (Health::SickOf(before), [item]) if before == *item => self.health,
            _ => Health::Unwell,
        };
        self.width = (items.len() / 4).max(1);
        self.rest(now, self.interval);
        self.health != Health::Unwell
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

    fn items(count: u8) -> Vec<IpNet> {
        (0..count).map(|last| IpNet::from(std::net::IpAddr::from([203, 0, 113, last]))).collect()
    }

    #[test]
    fn calls_shrink_to_one_item_and_grow_again() {
        let (mut pace, now) = (Pace::new(100, Duration::ZERO), Instant::now());
        assert_eq!(pace.width(), 100);
        for (width, expected) in [(100, 25), (25, 6), (6, 1), (1, 1)] {
            assert!(!pace.crashed(&items(width), now));
            assert_eq!(pace.width(), expected);
        }
        for expected in [2, 4, 8, 16, 32, 64, 100, 100] {
            pace.answered(now);
            assert_eq!(pace.width(), expected);
        }
        assert_eq!(pace.wait(now), Duration::ZERO);
    }

    #[test]
    fn an_item_is_to_blame_if_the_plugin_is_well_without_it() {
        let (mut pace, now) = (Pace::new(100, Duration::ZERO), Instant::now());
        let [first, second] = [[items(2)[0]], [items(2)[1]]];
        assert!(!pace.crashed(&first, now), "it never did anything well");
        pace.answered(now);
        assert!(pace.crashed(&first, now) && pace.crashed(&first, now), "nothing else was asked meanwhile");
        assert!(!pace.crashed(&second, now), "then it is the plugin");
        assert!(!pace.crashed(&first, now));
        pace.answered(now);
        assert!(!pace.crashed(&items(2), now), "which of them is not known");
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
