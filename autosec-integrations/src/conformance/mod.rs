//! A kit that tries any [`FirewallIntegration`]: does it keep the promises that the
//! [enforcer](autosec_core::enforce) relies on?
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use autosec_core::enforce::MemoryFirewall;
//! use autosec_integrations::conformance::{self, Conformance};
//!
//! let report = conformance::check(&MemoryFirewall::new("edge"), &Conformance::default()).await;
//! assert!(report.is_passed(), "{report}");
//! # }
//! ```
//!
//! It really blocks, reads back and unblocks: prefixes that are set aside for documentation (192.0.2.0/24,
//! 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32), which nobody sends from. Blocks of them that are there before are
//! taken out first. It stops at nothing: every promise is tried, and the report says which hold.
//!
//! | promise | tried by |
//! |---|---|
//! | one outcome an item, in order | calls with none, one, several, and as many as the firewall says it takes |
//! | idempotence | blocking what is blocked, unblocking what is not |
//! | prefixes are exact | a prefix, its neighbours, a host within it; each is taken out by itself |
//! | times | a block ends by itself, and can be made longer and shorter, where the firewall says it keeps times |
//! | partial failure | items that the firewall says it cannot hold do not stand in the way of the others |
//! | reasons are data | a reason of quotes, brackets and `;` changes nothing |
//! | cancel-safety | a call that is dropped at each of its first waits leaves every item as it was or as asked for |
//! | ownership | what the host says stands beside is the same afterwards |
//!
//! [`FirewallIntegration`]: autosec_core::enforce::FirewallIntegration

mod promise;
mod report;
mod trial;

use std::fmt;
use std::time::Duration;

use autosec_core::enforce::FirewallIntegration;

pub use report::{Outcome, Promise, Report};

/// Reads what stands on the device beside what is AutoSec's, as text.
pub type Beside<'b> = dyn Fn() -> String + Send + Sync + 'b;

/// How thorough the kit is.
pub struct Conformance<'b> {
    /// The most items of one call; default 2,000.
    pub largest_call: usize,
    /// The shortest time that the firewall keeps, for the trial in which a block ends by itself; default 2 s, which is
    /// also how long that trial takes. `None` leaves it out.
    pub shortest_ttl: Option<Duration>,
    /// What stands on the device beside what is AutoSec's; left out by default.
    pub beside: Option<Box<Beside<'b>>>,
}

impl Default for Conformance<'_> {
    fn default() -> Self {
        Self { largest_call: 2_000, shortest_ttl: Some(Duration::from_secs(2)), beside: None }
    }
}

impl fmt::Debug for Conformance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conformance")
            .field("largest_call", &self.largest_call)
            .field("shortest_ttl", &self.shortest_ttl)
            .field("beside", &self.beside.is_some())
            .finish()
    }
}

/// Tries every promise.
pub async fn check(firewall: &dyn FirewallIntegration, how: &Conformance<'_>) -> Report {
    let before = how.beside.as_ref().map(|beside| beside());
    let mut report = promise::each(firewall, how).await;
    report.add(
        Promise::Ownership,
        match (&how.beside, before) {
            (Some(beside), Some(before)) => {
                let after = beside();
                if before == after {
                    Outcome::Kept
                } else {
                    Outcome::Broken(format!("what stood beside was `{before}` and is `{after}`"))
                }
            }
            _ => Outcome::Untried("the host does not say what stands beside".to_owned()),
        },
    );
    report
}
