//! A second plugin that works while the first misbehaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::{WasmGuest, says};

/// A plugin of the same component that is called again and again, on a thread of its own.
pub struct Neighbour {
    stop: Arc<AtomicBool>,
    calls: JoinHandle<Vec<Duration>>,
}

impl Neighbour {
    pub fn of(guest: Arc<WasmGuest>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let calls = tokio::spawn(async move {
            let mut calls = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let before = Instant::now();
                // The instance counts its calls: one that was replaced would begin again.
                assert_eq!(says(&guest, "calls").await, (calls.len() + 1).to_string());
                calls.push(before.elapsed());
                tokio::task::yield_now().await;
            }
            calls
        });
        Self { stop, calls }
    }

    /// How long half of its calls took at most, and how many there were.
    pub async fn median(self) -> (Duration, usize) {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = self.calls.await.unwrap();
        calls.sort_unstable();
        (calls.get(calls.len() / 2).copied().unwrap_or_default(), calls.len())
    }
}
