//! What became of enforcement, as plain values that the Python records are made from.

use autosec_core::enforce::{EnforceError, Enforcement, Entry, FirewallReport, Health, Outcome, Status};
use autosec_core::net;
use autosec_core::time::human;
use serde_json::{Value, json};

pub(crate) fn enforcement(made: &Enforcement) -> Value {
    let kind = match made {
        Enforcement::DryRun { .. } => "dry_run",
        Enforcement::Failed(_) => "failed",
        Enforcement::Fanned { .. } => "fanned",
        Enforcement::Nothing(_) => "nothing",
        Enforcement::Refused(_) => "refused",
        _ => "other",
    };
    let each = if let Enforcement::Fanned { reports, .. } = made { reports.as_slice() } else { &[] };
    json!({ "kind": kind, "complete": made.is_complete(), "text": made.to_string(), "reports": reports(each) })
}

pub(crate) fn reports(made: &[FirewallReport]) -> Value {
    made.iter().map(report).collect()
}

fn report(report: &FirewallReport) -> Value {
    let (done, failed) = report.tally();
    let error = report.result.as_ref().err().map(EnforceError::to_string);
    let outcomes = report.result.iter().flatten().map(outcome).collect::<Vec<_>>();
    json!({
        "firewall": report.firewall, "done": done, "failed": failed, "pending": report.pending, "error": error,
        "outcomes": outcomes,
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let (status, why) = match &outcome.status {
        Status::Deferred => ("deferred", ""),
        Status::Done => ("done", ""),
        Status::Evicted => ("evicted", ""),
        Status::Observed => ("observed", ""),
        Status::Unsupported(why) => ("unsupported", why.as_str()),
        Status::Rejected(why) => ("rejected", why.as_str()),
        _ => ("other", ""),
    };
    json!({ "target": net::display(outcome.target), "status": status, "why": why })
}

pub(crate) fn entries(held: &[Entry]) -> Value {
    let entry = |entry: &Entry| {
        json!({
            "target": net::display(entry.target), "until": entry.until, "duration": human::format(entry.duration),
            "decision": &*entry.decision, "reason": entry.reason,
        })
    };
    held.iter().map(entry).collect()
}

pub(crate) fn health(each: &[(String, Result<Health, EnforceError>)]) -> Value {
    let one = |(name, health): &(String, Result<Health, EnforceError>)| match health {
        Ok(health) => json!({ "firewall": name, "enforcing": health.enforcing, "detail": health.detail }),
        Err(error) => json!({ "firewall": name, "enforcing": false, "detail": error.to_string() }),
    };
    each.iter().map(one).collect()
}
