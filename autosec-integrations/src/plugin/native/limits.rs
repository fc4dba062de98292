use std::path::PathBuf;
use std::time::Duration;

/// What one plugin may take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NativeLimits {
    /// Calls of the host, of any kind, in one call of the plugin; 1000 by default.
    pub host_calls: u32,
    /// Bytes that come from the plugin at once: in one answer, or in the arguments of one call of the host; 4 MiB by default.
    pub answer: usize,
    /// How long a plugin may take to be opened and to describe itself, and to be configured; 5 s each by default.
    pub start: Duration,
}

impl Default for NativeLimits {
    fn default() -> Self {
        Self { host_calls: 1000, answer: 4 << 20, start: Duration::from_secs(5) }
    }
}

/// Where a plugin runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Runs {
    /// On a thread of this process.
    InProcess,
    /// In a process of its own.
    Isolated(Isolation),
}

/// The process of an isolated plugin.
///
/// It has no environment, no open files but its pipes, and `/` for its folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Isolation {
    /// The program `autosec-plugin-runner`, absolute.
    pub runner: PathBuf,
    /// The most bytes of addresses, 0 for no limit; 1 GiB by default. Reserved addresses count as used ones.
    pub memory: u64,
    /// The most open files, 0 for no limit; 64 by default.
    pub files: u64,
}

impl Isolation {
    /// With the default limits.
    pub fn new(runner: impl Into<PathBuf>) -> Self {
        Self { runner: runner.into(), memory: 1 << 30, files: 64 }
    }
}
