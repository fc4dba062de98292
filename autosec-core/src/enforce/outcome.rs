use std::fmt;

use ipnet::IpNet;

use super::{EnforceError, LedgerError, Outcome, Status};
use crate::decision::Refusal;

/// What became of a change, firewall by firewall.
///
/// Displayed, it is a sentence for a log. What a host may want to act on are [`Failed`](Self::Failed), because nothing at
/// all was done, and reports with items [pending](FirewallReport::pending).
///
/// ```
/// use autosec_core::enforce::{Enforcement, FirewallReport, Outcome, Status};
///
/// let outcome = |target: &str, status| Outcome { target: target.parse().unwrap(), status };
/// let outcomes = vec![
///     outcome("192.0.2.1/32", Status::Done),
///     outcome("2001:db8::/64", Status::Unsupported("it takes no IPv6".to_owned())),
/// ];
/// let report = FirewallReport { firewall: "edge".to_owned(), result: Ok(outcomes), pending: 0 };
/// assert_eq!(report.tally(), (1, 1));
/// let enforcement = Enforcement::Fanned { reports: vec![report] };
/// assert!(!enforcement.is_complete());
/// assert_eq!(enforcement.to_string(), "`edge`: 1 done, 1 not; `2001:db8::/64`: it takes no IPv6");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Enforcement {
    /// A dry run: this is what would be asked of these firewalls.
    DryRun {
        /// The address or prefix.
        target: IpNet,
        /// The firewalls' names.
        firewalls: Vec<String>,
    },
    /// The ledger could not be kept, so no firewall was touched.
    Failed(LedgerError),
    /// The firewalls were brought to the ledger.
    Fanned {
        /// One report a firewall, in the order they were added.
        reports: Vec<FirewallReport>,
    },
    /// The decision asks nothing of a firewall.
    Nothing {
        /// Why not.
        why: &'static str,
    },
    /// The guard held it back.
    Refused(Refusal),
}

/// What became of a change on one firewall.
///
/// Displayed, it names the firewall, the items done and not done with the reasons, and what will be tried again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FirewallReport {
    /// The firewall's name.
    pub firewall: String,
    /// What became of each item, or why the call as a whole failed.
    pub result: Result<Vec<Outcome>, EnforceError>,
    /// Items that are not yet as they should be and will be tried again by `maintain`.
    pub pending: usize,
}

impl FirewallReport {
    /// How many items are as they should be, and how many are not.
    pub fn tally(&self) -> (usize, usize) {
        let Ok(outcomes) = &self.result else { return (0, self.pending) };
        let done = outcomes.iter().filter(|outcome| outcome.status == Status::Done).count();
        (done, outcomes.len() - done)
    }
}

impl Enforcement {
    /// Whether every firewall is as it should be now.
    pub fn is_complete(&self) -> bool {
        match self {
            Enforcement::Fanned { reports } => reports.iter().all(|report| {
                report
                    .result
                    .as_ref()
                    .is_ok_and(|outcomes| outcomes.iter().all(|one| one.status == Status::Done))
            }),
            Enforcement::DryRun { .. } | Enforcement::Nothing { .. } => true,
            Enforcement::Failed(_) | Enforcement::Refused(_) => false,
        }
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Enforcement::DryRun { target, firewalls } => {
                write!(f, "dry run: would block `{target}` on {}", firewalls.join(", "))
            }
            Enforcement::Failed(error) => write!(f, "nothing was touched: {error}"),
            Enforcement::Nothing { why } => write!(f, "nothing to enforce: {why}"),
            Enforcement::Refused(refusal) => write!(f, "held back: {refusal}"),
            Enforcement::Fanned { reports } => {
                for (index, report) in reports.iter().enumerate() {
                    let gap = if index == 0 { "" } else { "; " };
                    write!(f, "{gap}{report}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for FirewallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Err(error) => write!(f, "{error}")?,
            Ok(outcomes) => {
                let (done, failed) = self.tally();
                write!(f, "`{}`: {done} done", self.firewall)?;
                if failed > 0 {
                    write!(f, ", {failed} not")?;
                }
                for outcome in outcomes {
                    if let Status::Rejected(why) | Status::Unsupported(why) = &outcome.status {
                        write!(f, "; `{}`: {why}", outcome.target)?;
                    }
                }
            }
        }
        if self.pending > 0 { write!(f, " ({} will be tried again)", self.pending) } else { Ok(()) }
    }
}
