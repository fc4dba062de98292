use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::human;

/// How long firewalls are given and how often they are asked again.
///
/// The defaults suit a firewall on this machine or in this data centre. The time limit is for each exchange by itself:
/// waiting for an earlier change of the same firewall, and each batch. A host that wants its answer sooner lowers
/// `attempts` and leaves the rest to `maintain`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnforceConfig {
    /// The time one call to one firewall may take; default 5 s.
    #[serde(with = "human")]
    pub timeout: Duration,
    /// How often a transient failure is tried within one call to AutoSec, the first included; default 3.
    pub attempts: u32,
    /// The pause before the second try, doubled for each further one, with full jitter; default 100 ms.
    #[serde(with = "human")]
    pub backoff: Duration,
    /// The longest pause before what failed is tried again by `maintain`; default 5 minutes.
    #[serde(with = "human")]
    pub longest_pause: Duration,
    /// The most blocks in force at once; default 1,000,000. Beyond them a new block is refused.
    pub capacity: usize,
}

impl Default for EnforceConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            attempts: 3,
            backoff: Duration::from_millis(100),
            longest_pause: Duration::from_secs(300),
            capacity: 1_000_000,
        }
    }
}
