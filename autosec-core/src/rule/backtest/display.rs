//! The form:
//!
//! ```text
//! <n> events, <first> to <last>; <n> bytes, <n> not read
//! findings   matches  subjects        ns   rule
//!        1         5         1     104.2   <id> <name, if the id is a UUID>
//!                                          <time> <subject>: <last evidence>
//! <n> rules matched nothing
//! the other rules: <n> findings gained, <n> lost
//!   changed  <id>
//!   <id>: <n> gained, <n> lost
//!     + <time> <subject>
//! ```

use std::fmt;
use std::sync::Arc;

use super::report::{BacktestReport, Difference, RuleReport, Sample};
use crate::entity::printable;
use crate::rule::model::Mode;

/// So many rules, and so many ids of a list, are shown.
const SHOWN: usize = 40;
/// So many of the dearest rules are shown.
const DEAREST: usize = 5;
/// So much of a piece of evidence is shown, in characters.
const EVIDENCE: usize = 60;

impl fmt::Display for BacktestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events", self.events)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, ", {first} to {last}")?;
        }
        if self.bytes > 0 {
            write!(f, "; {} bytes", self.bytes)?;
        }
        if self.unread > 0 {
            write!(f, "; {} not read", self.unread)?;
        }
        table(f, &self.rules)?;
        dearest(f, &self.rules)?;
        for (kind, count) in &self.faults {
            write!(f, "\nfaults of the kind `{kind}`: {count}")?;
        }
        self.difference.as_ref().map_or(Ok(()), |difference| write!(f, "\n{difference}"))
    }
}

fn table(f: &mut fmt::Formatter<'_>, rules: &[RuleReport]) -> fmt::Result {
    let mut matched: Vec<&RuleReport> = rules.iter().filter(|rule| rule.matches > 0).collect();
    matched.sort_by_key(|rule| std::cmp::Reverse((rule.findings, rule.matches)));
    if !matched.is_empty() {
        write!(f, "\nfindings   matches  subjects   rule")?;
    }
    matched.iter().take(SHOWN).try_for_each(|rule| row(f, rule))?;
    if matched.len() > SHOWN {
        write!(f, "\n{:>31}… {} more", "", matched.len() - SHOWN)?;
    }
    let quiet = rules.iter().filter(|rule| rule.matches == 0 && rule.mode != Mode::Off).count();
    let off = rules.iter().filter(|rule| rule.mode == Mode::Off).count();
    for (count, what) in [(quiet, "matched nothing"), (off, "off")] {
        let rules = if count == 1 { "rule" } else { "rules" };
        if count > 0 {
            write!(f, "\n{count} {rules} {what}")?;
        }
    }
    Ok(())
}

fn row(f: &mut fmt::Formatter<'_>, rule: &RuleReport) -> fmt::Result {
    let RuleReport { findings, matches, distinct_subjects, id, name, .. } = rule;
    write!(f, "\n{findings:>8}{matches:>10}{distinct_subjects:>10}   {}", printable(id))?;
    if is_uuid(id) {
        write!(f, " {}", printable(name))?;
    }
    let mut remarks = Vec::new();
    if rule.mode == Mode::Shadow {
        remarks.push("shadow".to_owned());
    }
    for (count, what) in [(rule.late, "late"), (rule.evicted, "evicted"), (rule.unnamed, "without a subject")]
    {
        if count > 0 {
            remarks.push(format!("{count} {what}"));
        }
    }
    if !remarks.is_empty() {
        write!(f, " ({})", remarks.join(", "))?;
    }
    rule.samples.first().map_or(Ok(()), |sample| write!(f, "\n{:>31}{sample}", ""))
}

/// Whether it is what rules of Sigma are called: then people know a rule by its name alone.
fn is_uuid(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.time, self.subject)?;
        let Some(evidence) = self.evidence.last() else { return Ok(()) };
        let shown: String = evidence.chars().take(EVIDENCE).collect();
        write!(f, ": {shown}{}", if shown.len() < evidence.len() { "…" } else { "" })
    }
}

fn dearest(f: &mut fmt::Formatter<'_>, rules: &[RuleReport]) -> fmt::Result {
    let mut costs: Vec<_> = rules.iter().filter_map(|rule| Some((rule.cost?, &rule.id))).collect();
    let Some((one, _)) = costs.first() else { return Ok(()) };
    let events = one.evaluations;
    costs.sort_by(|a, b| b.0.nanoseconds.total_cmp(&a.0.nanoseconds));
    write!(f, "\nthe dearest rules, each by itself on {events} of the events")?;
    for (cost, id) in costs.iter().take(DEAREST) {
        let (nanoseconds, share) = (cost.nanoseconds, cost.share * 100.0);
        write!(f, "\n{nanoseconds:>15.1} ns{share:>7.1} %   {}", printable(id))?;
    }
    Ok(())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the other rules: {} findings gained, {} lost", self.gained, self.lost)?;
        for (what, ids) in [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)] {
            if !ids.is_empty() {
                write!(f, "\n  {what:<8} {}", named(ids))?;
            }
        }
        for rule in self.rules.iter().take(SHOWN) {
            write!(f, "\n  {}: {} gained, {} lost", printable(&rule.id), rule.gained, rule.lost)?;
            for moved in &rule.samples {
                let sign = if moved.gained { '+' } else { '-' };
                let shadow = if moved.shadow { " (shadow)" } else { "" };
                write!(f, "\n    {sign} {} {}{shadow}", moved.time, moved.subject)?;
            }
        }
        let more = self.rules.len().saturating_sub(SHOWN);
        if more > 0 { write!(f, "\n  … {more} more rules") } else { Ok(()) }
    }
}

fn named(ids: &[Arc<str>]) -> String {
    let shown: Vec<_> = ids.iter().take(SHOWN).map(|id| printable(id)).collect();
    let more = ids.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", … {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
