//! Waiting where a plugin runs on a thread of its host's own.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

/// What a future comes to. It waits in `runtime`, of which this must be no thread.
pub(in crate::plugin) fn wait<R>(runtime: &Handle, answer: impl Future<Output = R>) -> R {
    let mut answer = pin!(answer);
    let _within = runtime.enter();
    // Most answers are there at once: the clock, a value, a refusal.
    match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => runtime.block_on(answer),
    }
}
