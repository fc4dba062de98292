use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id};

/// A pause that is being waited for.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The host's way of waiting: what gives calls to firewalls their time limits, and tries their pauses.
///
/// The library starts no thread, so it cannot wait by itself. By default tokio's timer is used ([`TokioTimer`]); a host on
/// another executor hands in that executor's. A [`Clock`](super::Clock) says what time it is, a timer lets some pass.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::{Sleep, Timer};
///
/// /// Waits not at all: for tests, where pauses are of no interest.
/// #[derive(Debug)]
/// struct Impatient;
///
/// impl Timer for Impatient {
///     fn sleep(&self, _span: Duration) -> Option<Sleep> {
///         Some(Box::pin(std::future::ready(())))
///     }
/// }
///
/// assert!(Impatient.sleep(Duration::from_secs(3600)).is_some());
/// ```
pub trait Timer: Debug + Send + Sync {
    /// A future that completes once `span` has passed; none where the caller's executor has no timer. Then calls to
    /// firewalls have no time limit, and further tries follow each other at once.
    fn sleep(&self, span: Duration) -> Option<Sleep>;
}

/// The timer of the tokio runtime that a call is made on; none on another executor, or on a runtime that was built
/// without its timer.
///
/// Of the latter tokio says nothing but by a panic. It is caught, once a runtime; what it prints on standard error tells
/// the host which switch it forgot. A host that aborts on a panic must enable the timer, or hand in another.
///
/// ```
/// use std::time::Duration;
///
/// use autosec_core::time::{Timer, TokioTimer};
///
/// assert!(TokioTimer::new().sleep(Duration::ZERO).is_none(), "there is no runtime here");
/// ```
#[derive(Debug, Default)]
pub struct TokioTimer {
    /// The runtime that was last found to have no timer.
    without: Mutex<Option<Id>>,
}

impl TokioTimer {
    /// The timer of whatever tokio runtime it is used on.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Timer for TokioTimer {
    fn sleep(&self, span: Duration) -> Option<Sleep> {
        let runtime = Handle::try_current().ok()?.id();
        let mut without = self.without.lock().unwrap_or_else(PoisonError::into_inner);
        if *without == Some(runtime) {
            return None;
        }
        let asked = std::panic::catch_unwind(|| -> Sleep { Box::pin(tokio::time::sleep(span)) });
        *without = asked.is_err().then_some(runtime);
        asked.ok()
    }
}

impl<T: Timer + ?Sized> Timer for Arc<T> {
    fn sleep(&self, span: Duration) -> Option<Sleep> {
        (**self).sleep(span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_out_whether_there_is_a_timer() {
        let timer = TokioTimer::new();
        let asleep = |runtime: &tokio::runtime::Runtime| {
            runtime.block_on(async { timer.sleep(Duration::ZERO).is_some() })
        };
        let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let whole = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        assert!(!asleep(&bare) && !asleep(&bare));
        assert!(asleep(&whole), "what holds for one runtime does not for another");
        assert!(!asleep(&bare) && asleep(&whole));
    }
}
