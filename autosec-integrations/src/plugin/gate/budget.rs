use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::plugin::manifest::Limits;

const MINUTE: Duration = Duration::from_secs(60);

/// So many denials are told of within a minute; a plugin that tries on is not to fill the host's records.
const DENIALS: u32 = 600;

/// What a plugin has used of its limits.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    /// When the call that runs has to be over; none before the first.
    ends: Option<Instant>,
    requests: u32,
    commands: u32,
    requests_in_minute: Minute,
    lines_in_minute: Minute,
    denials_in_minute: Minute,
}

/// A count that starts anew each minute.
#[derive(Debug, Default)]
struct Minute {
    began: Option<Instant>,
    count: u32,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    /// A call begins that may take so long.
    pub(super) fn begin(&self, within: Duration) {
        self.used().begin(Instant::now() + within.min(self.limits.deadline));
    }

    /// Takes one request from what is left.
    ///
    /// # Errors
    /// Nothing is.
    pub(super) fn request(&self) -> Result<(), String> {
        self.used().request(&self.limits, Instant::now())
    }

    /// Takes one program or session from what is left.
    ///
    /// # Errors
    /// Nothing is.
    pub(super) fn command(&self) -> Result<(), String> {
        self.used().command(&self.limits, Instant::now())
    }

    /// Whether there is room for one more line of the log.
    pub(super) fn line(&self) -> bool {
        self.used().lines_in_minute.take(self.limits.log_lines, Instant::now())
    }

    /// Whether one more denial is told of.
    pub(super) fn denial(&self) -> bool {
        self.used().denials_in_minute.take(DENIALS, Instant::now())
    }

    /// How long something may take: as long as asked for, but no longer than the call that runs.
    pub(super) fn time(&self, asked_ms: Option<u32>) -> Duration {
        let left = self.used().left(&self.limits, Instant::now());
        asked_ms.map_or(left, |asked| left.min(Duration::from_millis(asked.into())))
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn begin(&mut self, ends: Instant) {
        self.ends = Some(ends);
        (self.requests, self.commands) = (0, 0);
    }

    /// What is asked for after the end of a call belongs to none: a fresh instance is being configured, say.
    fn end(&mut self, now: Instant) {
        if self.ends.is_some_and(|ends| now > ends) {
            self.ends = None;
        }
    }

    fn request(&mut self, limits: &Limits, now: Instant) -> Result<(), String> {
        self.end(now);
        self.requests = self.requests.saturating_add(1);
        if self.ends.is_some() && self.requests > limits.http_calls {
            return Err(format!("one call may make {} requests", limits.http_calls));
        }
        if !self.requests_in_minute.take(limits.http_per_minute, now) {
            return Err(format!("a minute may have {} requests", limits.http_per_minute));
        }
        Ok(())
    }

    fn command(&mut self, limits: &Limits, now: Instant) -> Result<(), String> {
        self.end(now);
        self.commands = self.commands.saturating_add(1);
        if self.ends.is_some() && self.commands > limits.commands {
            return Err(format!("one call may run {} commands", limits.commands));
        }
        Ok(())
    }

    fn left(&mut self, limits: &Limits, now: Instant) -> Duration {
        self.end(now);
        self.ends.map_or(limits.deadline, |ends| ends.saturating_duration_since(now))
    }
}

impl Minute {
    /// Counts one; false if that is one too many.
    fn take(&mut self, most: u32, now: Instant) -> bool {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= MINUTE) {
            *self = Self { began: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_call_and_by_minute() {
        let limits =
            Limits { http_calls: 2, http_per_minute: 3, commands: 1, log_lines: 1, ..Limits::default() };
        let now = Instant::now();
        let mut used = Used::default();
        used.begin(now);
        assert!(used.request(&limits, now).is_ok() && used.request(&limits, now).is_ok());
        assert_eq!(used.request(&limits, now).unwrap_err(), "one call may make 2 requests");
        assert!(used.command(&limits, now).is_ok() && used.command(&limits, now).is_err());
        used.begin(now);
        assert!(used.command(&limits, now).is_ok() && used.request(&limits, now).is_ok());
        assert_eq!(used.request(&limits, now).unwrap_err(), "a minute may have 3 requests");
        assert!(used.lines_in_minute.take(1, now) && !used.lines_in_minute.take(1, now));
        let later = now + MINUTE;
        used.begin(later);
        assert!(used.request(&limits, later).is_ok() && used.lines_in_minute.take(1, later));
    }

    #[test]
    fn nothing_outlasts_its_call() {
        let limits = Limits { deadline: Duration::from_secs(2), ..Limits::default() };
        let now = Instant::now();
        let mut used = Used::default();
        assert_eq!(used.left(&limits, now), Duration::from_secs(2));
        used.begin(now + Duration::from_secs(2));
        assert_eq!(used.left(&limits, now + Duration::from_millis(500)), Duration::from_millis(1500));
        assert_eq!(used.left(&limits, now + Duration::from_secs(2)), Duration::ZERO);
        // What comes later belongs to no call.
        assert_eq!(used.left(&limits, now + Duration::from_secs(5)), Duration::from_secs(2));
        let budget = Budget::new(limits);
        budget.begin(Duration::from_secs(9));
        assert!(budget.time(None) <= Duration::from_secs(2));
        assert_eq!(budget.time(Some(100)), Duration::from_millis(100));
    }
}
