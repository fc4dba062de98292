use std::time::Duration;

use super::Cache;

/// What one plugin may take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WasmLimits {
    /// Bytes of memory, over all memories of the component; 32 MiB by default, and never more than
    /// [`WasmRuntimeConfig::memory`].
    pub memory: usize,
    /// Entries of one table; 10,000 by default, which is also the most.
    pub table: usize,
    /// Calls of the host, of any kind, in one call of the plugin; 1000 by default.
    pub host_calls: u32,
    /// Bytes that come from the plugin at once: in one answer, or in the arguments of one call of the host; 4 MiB by default.
    pub answer: usize,
    /// How long a plugin may take to describe itself and to be configured; 5 s by default.
    pub start: Duration,
}

impl Default for WasmLimits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            table: 10_000,
            host_calls: 1000,
            answer: 4 << 20,
            start: Duration::from_secs(5),
        }
    }
}

/// What all plugins of a runtime share.
#[derive(Clone, Debug)]
pub struct WasmRuntimeConfig {
    /// Configured plugins at the same time; 256 by default. Their places are reserved as addresses, not as memory.
    pub instances: u32,
    /// The most memory that any plugin may be given, in bytes; 64 MiB by default.
    pub memory: usize,
    /// Bytes of the largest file that is compiled; 16 MiB by default. Compiling takes about a second for 2 MiB.
    pub file: usize,
    /// How long a load may take, waiting for its turn included; 30 s by default.
    pub compile: Duration,
    /// Where compiled code is kept; nowhere by default.
    pub cache: Option<Cache>,
}

impl Default for WasmRuntimeConfig {
    fn default() -> Self {
        Self {
            instances: 256,
            memory: 64 << 20,
            file: 16 << 20,
            compile: Duration::from_secs(30),
            cache: None,
        }
    }
}
