use super::super::limits::MatchLimits;
use super::super::stream::StreamLimits;

/// How much [`LivePatterns`](super::LivePatterns) take in and hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PatternLimits {
    /// The most indicators, those that were revoked included; 10,000.
    pub patterns: usize,
    /// The most bytes of all patterns as they are written; 4 MiB.
    pub text: usize,
    /// The most bytes of all observations that are held, all patterns together; 16 MiB. If there are more, what is too old
    /// leaves, then the oldest of the patterns that hold most, until an eighth is free.
    pub held: usize,
    /// What one pattern may hold and a search cost. Its lateness is that of all patterns. Less than a stream by itself
    /// has, since an event may concern many patterns: 256 observations, 20,000 search steps, 10,000 path values.
    pub stream: StreamLimits,
}

impl Default for PatternLimits {
    fn default() -> Self {
        let search = MatchLimits { steps: 20_000, alternatives: 64, slots: 1_024, path_values: 10_000 };
        let stream = StreamLimits { observations: 256, search, ..StreamLimits::default() };
        Self { patterns: 10_000, text: 4 << 20, held: 16 << 20, stream }
    }
}
