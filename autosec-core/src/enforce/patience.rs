//! Time limits and pauses, on whatever executor the host has.

use std::time::Duration;

use tokio::runtime::Handle;

/// What `future` gives, or nothing if it takes longer than `limit`.
///
/// The timer is tokio's. On another executor there is none, and the library starts no thread of its own to make one:
/// there, calls are as long as they are.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    if Handle::try_current().is_err() {
        return Some(future.await);
    }
    tokio::time::timeout(limit, future).await.ok()
}

/// Waits for `span`; not at all where there is no timer.
pub(super) async fn pause(span: Duration) {
    if Handle::try_current().is_ok() {
        tokio::time::sleep(span).await;
    }
}
