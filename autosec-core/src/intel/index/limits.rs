use ipnet::IpNet;

use super::super::{Indicator, Observable};
use super::packed::is_sound;
use super::report::Refusal;
use crate::net::PrefixTable;

/// How much an index takes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IndexLimits {
    /// The most indicators, up to 67,108,864. 4,000,000 unless set.
    pub indicators: usize,
    /// The most bytes that they and all tables take, up to 4 GiB; while an update is made it takes up to twice that. What
    /// changes counts twice until the segments it lies in are merged. 512 MiB unless set.
    pub bytes: usize,
    /// The widest IPv4 prefix: 8 unless set, so that `0.0.0.0/0` and its like never get in.
    pub widest_v4: u8,
    /// The widest IPv6 prefix: 16 unless set.
    pub widest_v6: u8,
}

/// Places in a segment are numbers of 32 bits.
const MOST_BYTES: usize = u32::MAX as usize;

impl Default for IndexLimits {
    fn default() -> Self {
        Self { indicators: 4_000_000, bytes: 512 << 20, widest_v4: 8, widest_v6: 16 }
    }
}

impl IndexLimits {
    pub(super) fn most_indicators(&self) -> usize {
        self.indicators.min(PrefixTable::MOST_PREFIXES)
    }

    pub(super) fn most_bytes(&self) -> usize {
        self.bytes.min(MOST_BYTES)
    }

    /// Why this indicator cannot be taken in, whatever else is there.
    pub(super) fn refusal(&self, indicator: &Indicator) -> Option<Refusal> {
        if indicator.id.is_empty() || indicator.id.len() > Indicator::LONGEST_ID {
            return Some(Refusal::Id);
        }
        if indicator.source.is_empty() || indicator.source.len() > Indicator::LONGEST_ID {
            return Some(Refusal::Source);
        }
        let values = indicator.values.len();
        if values > Indicator::MOST_VALUES || (values == 0 && !indicator.revoked) {
            return Some(Refusal::Values);
        }
        if !is_sound(indicator.decay) {
            return Some(Refusal::Decay);
        }
        let mut parts = indicator.values.iter().flat_map(|value| value.parts());
        parts.any(|part| self.is_too_wide(part)).then_some(Refusal::TooWide)
    }

    fn is_too_wide(&self, part: &Observable) -> bool {
        match part.as_network() {
            Some(IpNet::V4(v4)) => v4.prefix_len() < self.widest_v4,
            Some(IpNet::V6(v6)) => v6.prefix_len() < self.widest_v6,
            None => false,
        }
    }
}
