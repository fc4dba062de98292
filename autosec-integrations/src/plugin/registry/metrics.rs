use std::time::Duration;

use autosec_core::time::Timestamp;

/// So many powers of two of microseconds are told apart; the last is about half an hour.
const BUCKETS: usize = 32;

/// What one plugin did since it was loaded, whatever was done to it meanwhile.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PluginMetrics {
    /// The plugin's name.
    pub name: String,
    /// Calls that came to their end, well or not.
    pub calls: u64,
    /// Calls in which an item, or all of it, failed by the plugin's own word.
    pub failures: u64,
    /// Calls that crashed: broke off, took too long, went over a limit, or broke the interface.
    pub crashes: u64,
    /// Calls that the host gave up before they came to an end.
    pub abandoned: u64,
    /// What it asked the host for and was denied.
    pub denials: u64,
    /// Items that it was asked to block or unblock.
    pub items: u64,
    /// How long its calls took.
    pub times: Times,
    /// The last crash, and when.
    pub last_crash: Option<(Timestamp, String)>,
    /// The most memory that an instance of it has taken, in bytes, where that is known.
    pub memory_peak: Option<u64>,
}

/// How long calls took: how many took less than 1 µs, 2 µs, 4 µs, and so on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Times {
    counts: [u64; BUCKETS],
    sum: Duration,
}

impl Times {
    /// Counts one call.
    pub(super) fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bits = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(BUCKETS);
        if let Some(count) = self.counts.get_mut(bits.min(BUCKETS - 1)) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(took);
    }

    /// How many calls.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The time that a share of the calls, between 0 and 1, did not exceed: to the next power of two of microseconds. `None`
    /// before the first call.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let mut seen = 0_u64;
        let wanted = share.clamp(0.0, 1.0) * count as f64;
        self.buckets().find_map(|(below, count)| {
            seen += count;
            (seen as f64 >= wanted).then_some(below)
        })
    }

    /// The times that occurred, as upper ends, and how often each did.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let ends = (0..).map(|power: u32| Duration::from_micros(1 << power.min(62)));
        ends.zip(self.counts).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_apart_by_powers_of_two() {
        let mut times = Times::default();
        assert_eq!(times.quantile(0.5), None);
        for micros in [0, 1, 3, 3, 900, 5_000_000] {
            times.note(Duration::from_micros(micros));
        }
        times.note(Duration::MAX);
        assert_eq!(times.count(), 7);
        assert_eq!(times.quantile(0.0), Some(Duration::from_micros(1)));
        assert_eq!(times.quantile(0.5), Some(Duration::from_micros(4)));
        assert_eq!(times.quantile(0.7), Some(Duration::from_micros(1_024)));
        assert_eq!(times.quantile(0.85), Some(Duration::from_micros(1 << 23)));
        assert_eq!(times.quantile(1.0), Some(Duration::from_micros(1 << 31)));
        assert_eq!(times.sum(), Duration::MAX);
    }
}
