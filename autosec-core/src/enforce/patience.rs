//! Time limits and pauses by the host's timer, and pauses that are not all alike.

use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::time::Timer;

/// What `future` gives, or nothing if it takes longer than `limit`. Where there is no timer, it takes as long as it takes.
pub(super) async fn within<T>(
    timer: &dyn Timer,
    limit: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let Some(over) = timer.sleep(limit) else { return Some(future.await) };
    match select(pin!(future), over).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// Waits for `span`; says whether it could.
pub(super) async fn pause(timer: &dyn Timer, span: Duration) -> bool {
    let Some(over) = timer.sleep(span) else { return false };
    over.await;
    true
}

/// Spreads pauses, so that many hosts do not come back to a firewall at the same moment. From the same seed come the
/// same pauses.
#[derive(Debug)]
pub(super) struct Jitter(AtomicU64);

impl Jitter {
    /// A sequence of its own for each `seed`; a random one without.
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self(AtomicU64::new(seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8))))
    }

    /// Somewhere between nothing and `pause`: "full jitter".
    pub(super) fn up_to(&self, pause: Duration) -> Duration {
        // SplitMix64: a counter in golden-ratio steps, its bits mixed twice.
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let share = f64::from(u32::try_from(mixed >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        pause.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let second = Duration::from_secs(1);
        let pauses = |seed| {
            let jitter = Jitter::new(Some(seed));
            (0..1_000).map(|_| jitter.up_to(second)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(7), pauses(7));
        assert_ne!(pauses(7), pauses(8));
        assert!(pauses(7).iter().all(|pause| *pause <= second));
        let mean = pauses(7).iter().sum::<Duration>() / 1_000;
        assert!(mean.abs_diff(second / 2) < second / 20, "spread over the whole: {mean:?}");
    }
}
