//! The form, one block for each subject:
//!
//! ```text
//! <time>: <action> <subject> for <duration>
//!   found  <analytic>: <name> (<severity>, confidence <0..1>)
//!          <evidence>, one a line
//!   risk   <score> = <share> <analytic> ×<times> + …
//!   why    <reasons>
//!   unless <what would have had to be different>
//!   held back: <refusal>
//! ```

use std::fmt;

use super::{Assessment, Verdict};
use crate::decision::Decision;
use crate::entity::printable;
use crate::finding::{Action, Finding};
use crate::time::human;

/// A verdict in words: what was found, by which analytic, the risk with its contributions, the decision, why, and what
/// would have to be different.
///
/// Evidence in it is bounded and free of control characters, so it may go to a terminal or a log. The words are for
/// people and may change between versions; programs read the [`Verdict`].
#[derive(Debug)]
pub struct Explanation<'a> {
    verdict: &'a Verdict,
}

impl<'a> Explanation<'a> {
    pub(super) fn new(verdict: &'a Verdict) -> Self {
        Self { verdict }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.verdict.is_quiet() {
            write!(f, "{}: nothing found", self.verdict.time)?;
        }
        for (index, assessment) in self.verdict.assessments.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{}: ", self.verdict.time)?;
            assess(f, assessment)?;
        }
        self.verdict.faults.iter().try_for_each(|fault| write!(f, "\nfault: {fault}"))
    }
}

fn assess(f: &mut fmt::Formatter<'_>, assessment: &Assessment) -> fmt::Result {
    let subject = &assessment.subject;
    match &assessment.decision {
        Some(decision) => write!(f, "{} {subject}{}", decision.action, length(decision))?,
        None => write!(f, "note {} {subject}", subject.kind())?,
    }
    assessment.findings.iter().try_for_each(|finding| found(f, finding))?;
    risk(f, assessment)?;
    let Some(decision) = &assessment.decision else { return Ok(()) };
    let why: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
    write!(f, "\n  why    {}", why.join(", "))?;
    write!(f, "\n  unless {}", decision.unless())?;
    match &assessment.refusal {
        Some(refusal) => write!(f, "\n  held back: {refusal}"),
        None if decision.dry_run => write!(f, "\n  dry run: no firewall is touched"),
        None => Ok(()),
    }
}

fn length(decision: &Decision) -> String {
    let duration = human::format(decision.duration);
    match decision.strikes {
        _ if decision.action < Action::Challenge => String::new(),
        0 => format!(" for {duration}"),
        1 => format!(" for {duration} (it was blocked once before)"),
        strikes => format!(" for {duration} (it was blocked {strikes} times before)"),
    }
}

fn found(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let shadow = if finding.shadow { ", shadow: reported only" } else { "" };
    let (id, name) = (printable(&finding.analytic.id), printable(&finding.analytic.name));
    write!(f, "\n  found  {id}: {name} ({}, confidence {}{shadow})", finding.severity, finding.confidence)?;
    finding.evidence.iter().try_for_each(|evidence| write!(f, "\n         {evidence}"))
}

fn risk(f: &mut fmt::Formatter<'_>, assessment: &Assessment) -> fmt::Result {
    write!(f, "\n  risk   {}", assessment.risk.score)?;
    // What has faded below what two decimals show is left out.
    let shown = assessment.risk.contributions.iter().filter(|part| part.share >= 0.005);
    for (index, part) in shown.enumerate() {
        let sign = if index == 0 { '=' } else { '+' };
        write!(f, " {sign} {:.2} {}", part.share, printable(&part.analytic.id))?;
        if part.times > 1 {
            write!(f, " ×{}", part.times)?;
        }
    }
    Ok(())
}
