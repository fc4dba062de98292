use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use super::WasmLimits;
use crate::plugin::interface::{Crash, Services};

/// What the host knows of a running instance.
#[derive(Debug)]
pub(super) struct State {
    pub(super) services: Arc<dyn Services>,
    limits: WasmLimits,
    /// How long the call may take, and when that is over.
    time: Duration,
    deadline: Instant,
    host_calls: u32,
    /// Bytes of all its memories together, and the most that any instance of the plugin had.
    memory: usize,
    peak: Arc<AtomicUsize>,
    /// Whether it asked for more memory than it may have, in this call.
    refused: bool,
}

impl State {
    pub(super) fn new(services: Arc<dyn Services>, limits: &WasmLimits, peak: Arc<AtomicUsize>) -> Self {
        Self {
            services,
            limits: limits.clone(),
            time: Duration::ZERO,
            deadline: Instant::now(),
            host_calls: 0,
            memory: 0,
            peak,
            refused: false,
        }
    }

    pub(super) fn limits(&self) -> &WasmLimits {
        &self.limits
    }

    /// Begins a call that may take `time`, which is over at `end`.
    pub(super) fn begin(&mut self, time: Duration, end: Instant) {
        self.time = time;
        self.deadline = end;
        self.host_calls = 0;
        self.refused = false;
    }

    /// What happens at each tick of the engine: either the time is over, or others on this thread have their turn.
    pub(super) fn tick(&self) -> UpdateDeadline {
        match self.tick_alone() {
            UpdateDeadline::Continue(ticks) => {
                UpdateDeadline::YieldCustom(ticks, Box::pin(tokio::task::yield_now()))
            }
            over => over,
        }
    }

    /// The same on a thread that nobody else waits for.
    pub(super) fn tick_alone(&self) -> UpdateDeadline {
        if Instant::now() >= self.deadline { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) }
    }

    /// Counts a call of the host.
    pub(super) fn count(&mut self) -> Result<(), Crash> {
        self.host_calls = self.host_calls.saturating_add(1);
        if self.host_calls > self.limits.host_calls {
            return Err(Crash::Limit(format!("{} host calls", self.limits.host_calls)));
        }
        Ok(())
    }

    /// What a call of the host came to, unless the time is over before.
    pub(super) async fn within<R>(&self, answer: impl Future<Output = R>) -> Result<R, Crash> {
        let mut answer = pin!(answer);
        // Most answers are there at once: the clock, a value, a refusal. They need no timer.
        if let Poll::Ready(answer) = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await {
            return Ok(answer);
        }
        // In a box, so that the answers above are waited for in little room.
        let answer = Box::pin(tokio::time::timeout_at(self.deadline, answer));
        answer.await.map_err(|_| self.late())
    }

    pub(super) fn late(&self) -> Crash {
        Crash::Deadline(self.time)
    }

    /// The limit on memory, if it ran into it in this call.
    pub(super) fn refused(&self) -> Option<Crash> {
        self.refused.then(|| Crash::Limit(format!("{} bytes of memory", self.limits.memory)))
    }
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if memory > self.limits.memory {
            self.refused = true;
            return Ok(false);
        }
        self.memory = memory;
        self.peak.fetch_max(memory, Ordering::Relaxed);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.limits.table)
    }

    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        4
    }
}
