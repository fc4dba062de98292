//! A firewall that fails again and again is left alone for a while, then tried with one call.

use std::time::Duration;

use super::config::Pace;
use crate::time::Timestamp;

/// Whether a firewall is being asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Circuit {
    /// It is asked as usual.
    Closed,
    /// It failed too often in a row, and is left alone until then.
    Open {
        /// When it is tried again.
        until: Timestamp,
    },
    /// It is being tried again: by the next call everything is decided.
    HalfOpen,
}

/// Counts the failures of one firewall.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// In a row.
    failures: u32,
    /// How often it was opened in a row.
    openings: u32,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Timestamp,
    pause: Duration,
}

impl Breaker {
    pub(super) fn circuit(&mut self, now: Timestamp) -> Circuit {
        let Some(open) = &mut self.open else { return Circuit::Closed };
        // Where the clock was set back, the wait is counted from now on.
        open.until = open.until.min(now + open.pause);
        if open.until > now { Circuit::Open { until: open.until } } else { Circuit::HalfOpen }
    }

    /// Takes note of an answer; says whether that closes it.
    pub(super) fn succeeded(&mut self) -> bool {
        let closes = self.open.is_some();
        *self = Self::default();
        closes
    }

    /// Takes note of a call without an answer; says whether that opens it.
    pub(super) fn failed(&mut self, now: Timestamp, pace: &Pace) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = pace.breaker.failures > 0
            && self.failures >= pace.breaker.failures
            && !matches!(self.circuit(now), Circuit::Open { .. });
        if opens {
            let longest = pace.longest_pause.max(pace.breaker.pause);
            let pause = pace.breaker.pause.saturating_mul(2_u32.saturating_pow(self.openings)).min(longest);
            self.openings = self.openings.saturating_add(1);
            self.open = Some(Open { until: now + pause, pause });
        }
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforce::{BreakerConfig, EnforceConfig};

    fn pace() -> Pace {
        let breaker = BreakerConfig { failures: 3, pause: Duration::from_secs(10) };
        EnforceConfig { breaker, longest_pause: Duration::from_secs(30), ..EnforceConfig::default() }
            .pace("edge")
    }

    #[test]
    fn opens_after_failures_in_a_row_and_longer_each_time() {
        let (mut breaker, start) = (Breaker::default(), Timestamp::from_secs(1_000));
        assert!(!breaker.failed(start, &pace()) && !breaker.failed(start, &pace()));
        assert!(!breaker.succeeded(), "it was closed all the time");
        assert!(!breaker.failed(start, &pace()) && !breaker.failed(start, &pace()));
        assert!(breaker.failed(start, &pace()), "the third in a row");
        let mut now = start;
        for seconds in [10, 20, 30, 30] {
            let until = now + Duration::from_secs(seconds);
            assert_eq!(breaker.circuit(now), Circuit::Open { until });
            assert!(!breaker.failed(now, &pace()), "an answer that came late opens nothing twice");
            now = until;
            assert_eq!(breaker.circuit(now), Circuit::HalfOpen);
            assert!(breaker.failed(now, &pace()), "one failure is enough now");
        }
        now = now + Duration::from_secs(30);
        assert_eq!(breaker.circuit(now), Circuit::HalfOpen);
        assert!(breaker.succeeded());
        assert_eq!(breaker.circuit(now), Circuit::Closed);
    }

    #[test]
    fn a_clock_set_back_keeps_nothing_open() {
        let (mut breaker, start) = (Breaker::default(), Timestamp::from_secs(1_000_000));
        assert_eq!([0; 3].map(|_| breaker.failed(start, &pace())), [false, false, true]);
        let until = Timestamp::from_secs(10);
        assert_eq!(breaker.circuit(Timestamp::EPOCH), Circuit::Open { until });
        assert_eq!(breaker.circuit(until), Circuit::HalfOpen);
    }

    #[test]
    fn can_be_switched_off() {
        let never = Pace { breaker: BreakerConfig { failures: 0, ..pace().breaker }, ..pace() };
        let mut breaker = Breaker::default();
        assert!(!(0..100).any(|_| breaker.failed(Timestamp::EPOCH, &never)));
    }
}
