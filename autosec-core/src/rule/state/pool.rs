use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that all rules of a set may take together for what they remember, and how many they take.
#[derive(Debug)]
pub(crate) struct Pool {
    used: AtomicUsize,
    limit: usize,
}

impl Pool {
    /// So many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    /// As many bytes, none of them taken.
    pub(crate) fn emptied(&self) -> Self {
        Self::new(self.limit)
    }

    /// How many bytes there are.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether so many bytes more would be too many.
    pub(super) fn is_full(&self, more: usize) -> bool {
        self.used().saturating_add(more) > self.limit
    }

    /// Notes that state grew or shrank.
    pub(super) fn change(&self, before: usize, after: usize) {
        if after > before {
            self.used.fetch_add(after - before, Ordering::Relaxed);
        } else if before > after {
            self.used.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}
