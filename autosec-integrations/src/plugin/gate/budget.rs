use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::plugin::manifest::Limits;

const MINUTE: Duration = Duration::from_secs(60);

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
}

/// A count that starts anew each minute.
#[derive(Debug, Default)]
struct Minute {
    began: Option<Instant>,
    count: u32,
}

impl Minute {
    /// Counts one; false if that is one too many.
    fn take(&mut self, most: u32) -> bool {
        let now = Instant::now();
        if self.began.is_none_or(|began| now.duration_since(began) >= MINUTE) {
            *self = Self { began: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    /// A call begins that may take so long.
    pub(super) fn begin(&self, within: Duration) {
        let mut used = self.used();
        used.ends = Some(Instant::now() + within.min(self.limits.deadline));
        (used.requests, used.commands) = (0, 0);
    }

    /// Takes one request from what is left.
    ///
    /// # Errors
    /// Nothing is.
    pub(super) fn request(&self) -> Result<(), String> {
        let mut used = self.used();
        used.requests = used.requests.saturating_add(1);
        if used.ends.is_some() && used.requests > self.limits.http_calls {
            return Err(format!("one call may make {} requests", self.limits.http_calls));
        }
        if !used.requests_in_minute.take(self.limits.http_per_minute) {
            return Err(format!("a minute may have {} requests", self.limits.http_per_minute));
        }
        Ok(())
    }

    /// Takes one program or session from what is left.
    ///
    /// # Errors
    /// Nothing is.
    pub(super) fn command(&self) -> Result<(), String> {
        let mut used = self.used();
        used.commands = used.commands.saturating_add(1);
        if used.ends.is_some() && used.commands > self.limits.commands {
            return Err(format!("one call may run {} commands", self.limits.commands));
        }
        Ok(())
    }

    /// Whether there is room for one more line of the log.
    pub(super) fn line(&self) -> bool {
        self.used().lines_in_minute.take(self.limits.log_lines)
    }

    /// How long something may take: as long as asked for, but no longer than the call that runs.
    pub(super) fn time(&self, asked_ms: Option<u32>) -> Duration {
        let left = match self.used().ends {
            Some(ends) => ends.saturating_duration_since(Instant::now()),
            None => self.limits.deadline,
        };
        asked_ms.map_or(left, |asked| left.min(Duration::from_millis(asked.into())))
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counts_by_call_and_by_minute() {
        let limits =
            Limits { http_calls: 2, http_per_minute: 3, commands: 1, log_lines: 1, ..Limits::default() };
        let budget = Budget::new(limits);
        budget.begin(Duration::from_secs(1));
        assert!(budget.request().is_ok() && budget.request().is_ok());
        assert_eq!(budget.request().unwrap_err(), "one call may make 2 requests");
        assert!(budget.command().is_ok() && budget.command().is_err());
        budget.begin(Duration::from_secs(1));
        assert!(budget.command().is_ok() && budget.request().is_ok());
        assert_eq!(budget.request().unwrap_err(), "a minute may have 3 requests");
        assert!(budget.line() && !budget.line());
        tokio::time::advance(MINUTE).await;
        budget.begin(Duration::from_secs(1));
        assert!(budget.request().is_ok() && budget.line());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_outlasts_its_call() {
        let budget = Budget::new(Limits { deadline: Duration::from_secs(2), ..Limits::default() });
        assert_eq!(budget.time(None), Duration::from_secs(2));
        budget.begin(Duration::from_secs(9));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(budget.time(None), Duration::from_millis(1500));
        assert_eq!(budget.time(Some(100)), Duration::from_millis(100));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(budget.time(Some(100)), Duration::ZERO);
    }
}
