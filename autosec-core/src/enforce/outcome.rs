use std::fmt;

use ipnet::IpNet;

use super::{Change, EnforceError, LedgerError, Outcome, Require, Status};
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

/// What became of many decisions that were enforced together.
#[derive(Debug)]
pub struct Bulk {
    /// Decisions that no firewall was asked about, by their place among those given, and why.
    pub apart: Vec<(usize, Enforcement)>,
    /// What became of all the others together.
    pub together: Enforcement,
}

impl Bulk {
    /// Whether every firewall is as it should be now, for every decision.
    pub fn is_complete(&self) -> bool {
        self.together.is_complete() && self.apart.iter().all(|(_, apart)| apart.is_complete())
    }
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
    /// How many items are as they should be, and how many are not. What is only observed is neither.
    pub fn tally(&self) -> (usize, usize) {
        let Ok(outcomes) = &self.result else { return (0, self.pending) };
        let of = |status: Status| outcomes.iter().filter(|outcome| outcome.status == status).count();
        let done = of(Status::Done);
        (done, outcomes.len() - done - of(Status::Observed))
    }

    /// Whether the firewall is only observed.
    fn is_observed(&self) -> bool {
        let is_observed = |outcome: &Outcome| outcome.status == Status::Observed;
        self.result.as_ref().is_ok_and(|outcomes| outcomes.iter().any(is_observed))
    }

    /// Whether the firewall really holds it all as it should be.
    pub fn is_done(&self) -> bool {
        let is_done = |outcome: &Outcome| outcome.status == Status::Done;
        self.result.as_ref().is_ok_and(|outcomes| !outcomes.is_empty() && outcomes.iter().all(is_done))
    }
}

impl Enforcement {
    /// Whether as many firewalls as required hold it now. Firewalls that are only observed do not count.
    ///
    /// ```
    /// use autosec_core::enforce::{Enforcement, FirewallReport, Outcome, Require, Status};
    ///
    /// let report = |name: &str, status| {
    ///     let outcome = Outcome { target: "192.0.2.1/32".parse().unwrap(), status };
    ///     FirewallReport { firewall: name.to_owned(), result: Ok(vec![outcome]), pending: 0 }
    /// };
    /// let reports = vec![report("a", Status::Done), report("b", Status::Deferred), report("c", Status::Done)];
    /// let enforcement = Enforcement::Fanned { reports, unwritten: None };
    /// assert!(enforcement.satisfies(Require::Any) && enforcement.satisfies(Require::Quorum(2)));
    /// assert!(!enforcement.satisfies(Require::All) && !enforcement.satisfies(Require::Quorum(3)));
    /// ```
    pub fn satisfies(&self, require: Require) -> bool {
        match self {
            Enforcement::Fanned { reports, .. } => {
                let acting = reports.iter().filter(|report| !report.is_observed());
                let done = reports.iter().filter(|report| report.is_done()).count();
                done >= require.of(acting.count())
            }
            other => other.is_complete(),
        }
    }

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
                let observed = outcomes.iter().filter(|one| one.status == Status::Observed).count();
                if observed > 0 {
                    write!(f, ", {observed} only observed")?;
                }
                for Outcome { target, status } in outcomes {
                    match status {
                        Status::Rejected(why) | Status::Unsupported(why) => write!(f, "; `{target}`: {why}")?,
                        Status::Evicted => write!(f, "; `{target}`: no room beside more important ones")?,
                        Status::Deferred | Status::Done | Status::Observed => {}
                    }
                }
            }
        }
        if self.pending > 0 { write!(f, " ({} will be tried again)", self.pending) } else { Ok(()) }
    }
}
