//! Leaving a plugin alone that crashes whenever it is asked.

use std::time::Duration;

use autosec_core::time::Timestamp;

/// When a plugin is left alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestConfig {
    /// After so many crashes in a row; default 5, at least 1.
    pub crashes: u32,
    /// For so long at first, and twice as long each time that it crashes again right away; default 30 s.
    pub pause: Duration,
    /// But never longer than this; default 10 minutes.
    pub longest: Duration,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self { crashes: 5, pause: Duration::from_secs(30), longest: Duration::from_secs(600) }
    }
}

/// Whether a plugin rests.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Crashes in a row.
    crashes: u32,
    pause: Duration,
    until: Option<Timestamp>,
}

impl Rest {
    /// Until when it is left alone, if it is.
    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        // A clock that was set back does not make it longer than it was meant to be.
        self.until.map(|until| until.min(now + self.pause)).filter(|until| *until > now)
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Whether it rests from now on.
    pub(super) fn crashed(&mut self, now: Timestamp, config: &RestConfig) -> bool {
        self.crashes = self.crashes.saturating_add(1);
        if self.crashes < config.crashes.max(1) || self.until(now).is_some() {
            return false;
        }
        let pause = if self.pause.is_zero() { config.pause } else { self.pause.saturating_mul(2) };
        self.pause = pause.min(config.longest);
        self.until = Some(now + self.pause);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn crashes_in_a_row_are_followed_by_longer_and_longer_rests() {
        let config = RestConfig { crashes: 2, pause: secs(30), longest: secs(100) };
        let mut rest = Rest::default();
        assert!(!rest.crashed(NOW, &config));
        assert_eq!(rest.until(NOW), None);
        assert!(rest.crashed(NOW, &config));
        assert_eq!(rest.until(NOW), Some(NOW + secs(30)));
        assert!(!rest.crashed(NOW, &config), "a call that began before does not make it longer");
        let mut now = NOW;
        for pause in [30, 60, 100, 100] {
            assert_eq!(rest.until(now), Some(now + secs(pause)));
            now = now + secs(pause);
            assert_eq!(rest.until(now), None);
            assert!(rest.crashed(now, &config), "one crash more is enough");
        }
        rest.succeeded();
        assert_eq!(rest.until(now), None);
        assert!(!rest.crashed(now, &config), "it begins anew");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_rest_longer() {
        let mut rest = Rest::default();
        assert!(rest.crashed(NOW, &RestConfig { crashes: 0, ..RestConfig::default() }));
        let before = Timestamp::from_secs(1_600_000_000);
        assert_eq!(rest.until(before), Some(before + secs(30)));
    }
}
