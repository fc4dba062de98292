use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Timestamp;

/// The host's wall clock.
///
/// Detection runs on event time alone; the clock only bounds how far in the future an event may claim to be, and
/// drives enforcement (expiry, retries).
///
/// A clock of the host's own makes enforcement follow a replayed log instead of the wall:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use autosec_core::time::{Clock, Timestamp};
///
/// /// Stands where the newest line of the log stands.
/// #[derive(Clone, Debug, Default)]
/// struct LogClock(Arc<AtomicI64>);
///
/// impl Clock for LogClock {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_micros(self.0.load(Ordering::Relaxed))
///     }
/// }
///
/// let clock = LogClock::default();
/// clock.0.store(1_800_000_000_000_000, Ordering::Relaxed);
/// assert_eq!(clock.now(), Timestamp::from_secs(1_800_000_000));
/// ```
pub trait Clock: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
///
/// It may be set back by an administrator or by time synchronization. Blocks then last longer by as much, and no
/// block is lost. A clock before 1970 reads as 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::EPOCH + since_epoch
    }
}

/// A clock that moves only when told to: for tests and replays.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::new(Timestamp::from_secs(100));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now(), Timestamp::from_secs(105));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::SeqCst);
    }

    /// Moves the clock forwards by `span`.
    pub fn advance(&self, span: Duration) {
        self.set(self.now() + span);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}
