use std::sync::atomic::{AtomicU64, Ordering};

/// What went through a gate since it was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that were answered, redirects included.
    pub requests: u64,
    /// Programs that came to their end.
    pub commands: u64,
    /// Conversations with devices that came to their end.
    pub sessions: u64,
    /// What was denied.
    pub denied: u64,
    /// Lines of the log.
    pub lines: u64,
    /// Lines of the log that were left out, because they were too many.
    pub lines_left_out: u64,
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    commands: AtomicU64,
    sessions: AtomicU64,
    denied: AtomicU64,
    lines: AtomicU64,
    lines_left_out: AtomicU64,
}

impl Counters {
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn command(&self) {
        self.commands.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn session(&self) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn denied(&self) {
        self.denied.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn line(&self, is_kept: bool) {
        let counter = if is_kept { &self.lines } else { &self.lines_left_out };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            sessions: self.sessions.load(Ordering::Relaxed),
            denied: self.denied.load(Ordering::Relaxed),
            lines: self.lines.load(Ordering::Relaxed),
            lines_left_out: self.lines_left_out.load(Ordering::Relaxed),
        }
    }
}
