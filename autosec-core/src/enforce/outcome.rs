use std::fmt;

use ipnet::IpNet;

use super::{Change, EnforceError, LedgerError, Outcome, Status};
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
/// let enforcement = Enforcement::Fanned { reports: vec![report], unwritten: None };
/// assert!(!enforcement.is_complete());
/// assert_eq!(enforcement.to_string(), "`edge`: 1 done, 1 not; `2001:db8::/64`: it takes no IPv6");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Enforcement {
    /// A dry run: this is what would be asked of these firewalls. Neither they nor the ledger were touched.
    DryRun {
        /// What would be done.
        change: Change,
        /// To which addresses and prefixes.
        targets: Vec<IpNet>,
        /// The firewalls' names.
        firewalls: Vec<String>,
    },
    /// The ledger could not be kept, so no firewall was touched.
    Failed(LedgerError),
    /// The firewalls were brought to the ledger.
    Fanned {
        /// One report a firewall, in the order they were added.
        reports: Vec<FirewallReport>,
        /// What was let in could not be written down: after a restart it may be blocked again until its end, unless the
        /// allowlist holds it then.
        unwritten: Option<LedgerError>,
    },
    /// No firewall had to be asked.
    Nothing(Idle),
    /// The guard held it back.
    Refused(Refusal),
}

/// Why no firewall had to be asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Idle {
    /// It is in force already, for about as long.
    InForce,
    /// The host has no firewall.
    NoFirewall,
    /// Nothing of it is blocked.
    NotBlocked,
    /// Firewalls can do nothing about it: it is no block, or not of an address.
    NotForFirewalls,
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Idle::InForce => "it is already in force for about as long",
            Idle::NoFirewall => "the host has no firewall",
            Idle::NotBlocked => "nothing of it is blocked",
            Idle::NotForFirewalls => "only blocks of addresses are enforced by firewalls",
        })
    }
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
            Enforcement::Fanned { reports, unwritten } => {
                let is_done = |report: &FirewallReport| report.result.is_ok() && report.tally().1 == 0;
                unwritten.is_none() && reports.iter().all(is_done)
            }
            Enforcement::DryRun { .. } | Enforcement::Nothing(_) => true,
            Enforcement::Failed(_) | Enforcement::Refused(_) => false,
        }
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Enforcement::DryRun { change, targets, firewalls } => {
                let targets: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
                write!(f, "dry run: would {change} {} on {}", targets.join(", "), firewalls.join(", "))
            }
            Enforcement::Failed(error) => write!(f, "nothing was touched: {}", chain(error)),
            Enforcement::Nothing(idle) => write!(f, "nothing to enforce: {idle}"),
            Enforcement::Refused(refusal) => write!(f, "held back: {refusal}"),
            Enforcement::Fanned { reports, unwritten } => {
                for (index, report) in reports.iter().enumerate() {
                    let gap = if index == 0 { "" } else { "; " };
                    write!(f, "{gap}{report}")?;
                }
                unwritten.as_ref().map_or(Ok(()), |error| write!(f, "; not written down: {}", chain(error)))
            }
        }
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
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
