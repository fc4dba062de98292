//! What the quickstart prints: readable by a person, at most 100 columns wide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use autosec_core::decision::Decision;
use autosec_core::enforce::{Block, EnforceError, Enforcement};
use autosec_core::engine::Verdict;
use autosec_core::entity::Entity;
use autosec_core::measure::RiskScore;
use autosec_core::{net, time::human};
use autosec_integrations::log::{Unread, UnreadReason};

use super::layout::{clipped, clipped_start, columns, wrap};
use super::options::{Log, Options};

/// A subject is shown by so many characters, a log's name by as many.
const NAME: usize = 40;
/// So many rows a section has of what may be endless.
const ROWS: usize = 20;

/// Everything worth telling, collected while the logs are read.
#[derive(Default)]
pub struct Report {
    subjects: BTreeMap<Entity, Case>,
    /// For each log and reason, how many lines could not be read and which was the first.
    unread: BTreeMap<(String, UnreadReason), (usize, u64)>,
    /// The logs that ended early, with the reason.
    broken: Vec<(String, String)>,
    /// The decisions held back, by subject and reason: what was decided, and how often.
    held_back: BTreeMap<(Entity, String), (String, usize)>,
    /// For each kind of fault, how many there were and what the first said.
    faults: BTreeMap<&'static str, (usize, String)>,
    troubles: BTreeSet<String>,
}

/// What was found about one subject.
struct Case {
    risk: RiskScore,
    decision: Option<Decision>,
    is_held_back: bool,
    analytics: BTreeMap<String, usize>,
    /// The words of the verdict in which it was riskiest.
    explanation: String,
}

impl Report {
    /// Takes note of a line that gave no event.
    pub fn unread(&mut self, log: &str, unread: Unread) {
        self.unread.entry((log.to_owned(), unread.reason)).or_insert((0, unread.line)).0 += 1;
    }

    /// Takes note of a log that cannot be read any further; so there is no next line.
    pub fn broken<T>(&mut self, log: &str, error: &io::Error) -> Option<T> {
        self.broken.push((log.to_owned(), error.to_string()));
        None
    }

    /// Takes a verdict in.
    pub fn judged(&mut self, verdict: Verdict) {
        for fault in &verdict.faults {
            let first = || (0, format!("`{}`: {}", fault.origin, fault.detail));
            self.faults.entry(fault.kind.code()).or_insert_with(first).0 += 1;
        }
        for assessment in &verdict.assessments {
            let case = self.subjects.entry(assessment.subject.clone()).or_insert_with(|| Case {
                risk: RiskScore::ZERO,
                decision: None,
                is_held_back: false,
                analytics: BTreeMap::new(),
                explanation: verdict.explain().to_string(),
            });
            for finding in &assessment.findings {
                *case.analytics.entry(finding.analytic.id.to_string()).or_default() += 1;
            }
            if assessment.risk.score > case.risk {
                case.risk = assessment.risk.score;
                case.explanation = verdict.explain().to_string();
            }
            if let (Some(decision), Some(refusal)) = (&assessment.decision, &assessment.refusal) {
                let held = (assessment.subject.clone(), refusal.to_string());
                self.held_back.entry(held).or_insert_with(|| (spelt(decision), 0)).1 += 1;
            }
            if let Some(decision) = &assessment.decision
                && case.decision.as_ref().is_none_or(|held| harshness(decision) > harshness(held))
            {
                case.decision = Some(decision.clone());
                case.is_held_back = assessment.refusal.is_some();
            }
        }
    }

    /// Takes in what became of a decision.
    pub fn enforced(&mut self, enforcement: Enforcement) {
        if !enforcement.is_complete() {
            self.troubles.insert(enforcement.to_string());
        }
    }

    /// Whether every log was read to its end and every decision came into force.
    pub fn is_complete(&self) -> bool {
        self.broken.is_empty() && self.troubles.is_empty()
    }

    /// The whole report.
    pub fn render(
        &self,
        options: &Options,
        logs: &[Log],
        blocked: &Result<Vec<Block>, EnforceError>,
        firewall: &str,
    ) -> String {
        let mut text = String::new();
        self.read(&mut text, logs);
        self.found(&mut text);
        self.why(&mut text);
        self.spared(&mut text, options);
        self.amiss(&mut text);
        enforced(&mut text, blocked, firewall);
        let undo = options.enforces && blocked.as_ref().is_ok_and(|blocked| !blocked.is_empty());
        if undo {
            text.push_str("\nTo take all of it back: nft delete table inet autosec\n");
        }
        text
    }

    fn read(&self, text: &mut String, logs: &[Log]) {
        let _ = writeln!(text, "What was read");
        for (name, log) in logs {
            let summary = log.summary();
            let (lines, events, unread) = (summary.lines, summary.events, summary.total_unread());
            let shown = clipped_start(name, NAME);
            let _ = writeln!(text, "  {shown:<22} {lines:>8} lines {events:>8} events {unread:>6} not read");
            for ((_, reason), (lines, first)) in self.unread.iter().filter(|((log, _), _)| log == name) {
                let lines = if *lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
                columns(text, "    ", &format!("{lines}, first line {first}: {reason}"));
            }
        }
        for (name, error) in &self.broken {
            columns(text, "  ", &format!("cannot read `{name}`: {error}"));
        }
    }

    fn found(&self, text: &mut String) {
        let mut cases: Vec<(&Entity, &Case)> = self.subjects.iter().collect();
        cases.sort_by(|a, b| b.1.risk.value().total_cmp(&a.1.risk.value()).then_with(|| a.0.cmp(b.0)));
        let _ = writeln!(text, "\nWhat was found");
        if cases.is_empty() {
            let _ = writeln!(text, "  nothing");
            return;
        }
        let _ = writeln!(text, "  {:<22} {:>4}  {:<16} by", "subject", "risk", "decision");
        for (subject, case) in cases {
            let decision = match &case.decision {
                Some(_) if case.is_held_back => "held back".to_owned(),
                Some(decision) => spelt(decision),
                None => "-".to_owned(),
            };
            let subject = clipped(&subject.to_string(), NAME);
            let head = format!("  {subject:<22} {:>4}  {decision:<16} ", case.risk);
            let analytics: Vec<String> = case
                .analytics
                .iter()
                .map(|(id, times)| if *times > 1 { format!("{id} ×{times}") } else { id.clone() })
                .collect();
            columns(text, &head, &analytics.join(", "));
        }
    }

    fn why(&self, text: &mut String) {
        let worst = self.subjects.values().max_by(|a, b| a.risk.value().total_cmp(&b.risk.value()));
        let Some(worst) = worst else { return };
        let _ = writeln!(text, "\nWhy, in the riskiest case");
        worst.explanation.lines().for_each(|line| wrap(text, "  ", line));
    }

    /// What is not blocked although it looks like it should be.
    fn spared(&self, text: &mut String, options: &Options) {
        if !options.allowed.is_empty() {
            let _ = writeln!(text, "\nWhat is never blocked");
            for (network, why) in &options.allowed {
                columns(text, &format!("  {:<22} ", net::display(*network)), why);
            }
        }
        if !self.held_back.is_empty() {
            let _ = writeln!(text, "\nHeld back");
            for ((subject, reason), (decision, times)) in self.held_back.iter().take(ROWS) {
                let subject = clipped(&subject.to_string(), NAME);
                let times = if *times > 1 { format!(" ×{times}") } else { String::new() };
                columns(text, &format!("  {subject:<22} "), &format!("{decision}{times}: {reason}"));
            }
            more(text, self.held_back.len());
        }
    }

    /// What did not go as it should.
    fn amiss(&self, text: &mut String) {
        if !self.faults.is_empty() {
            let _ = writeln!(text, "\nFaults beside the verdicts");
            for (kind, (times, first)) in &self.faults {
                columns(text, &format!("  {kind:<22} {times:>4}  "), &format!("first: {first}"));
            }
        }
        if !self.troubles.is_empty() {
            let _ = writeln!(text, "\nNot enforced");
            self.troubles.iter().take(ROWS).for_each(|trouble| wrap(text, "  ", trouble));
            more(text, self.troubles.len());
        }
    }
}

/// Harsher actions first, then longer ones.
fn harshness(decision: &Decision) -> (autosec_core::finding::Action, std::time::Duration) {
    (decision.action, decision.duration)
}

fn spelt(decision: &Decision) -> String {
    if decision.action.is_enforced() {
        format!("{} for {}", decision.action, human::format(decision.duration))
    } else {
        decision.action.to_string()
    }
}

/// Says how many rows are not shown, if any.
fn more(text: &mut String, rows: usize) {
    if rows > ROWS {
        let _ = writeln!(text, "  and {} more", rows - ROWS);
    }
}

fn enforced(text: &mut String, blocked: &Result<Vec<Block>, EnforceError>, firewall: &str) {
    let _ = writeln!(text, "\nWhat {firewall} holds now");
    let blocked = match blocked {
        Ok(blocked) => blocked,
        Err(error) => {
            columns(text, "  ", &format!("not known: {error}"));
            return;
        }
    };
    if blocked.is_empty() {
        let _ = writeln!(text, "  nothing");
        return;
    }
    let _ = writeln!(text, "  {:<22} {:<16} reason", "drops all from", "for another");
    for block in blocked {
        let left = block.ttl.map_or("ever".to_owned(), |ttl| {
            human::format(std::time::Duration::from_secs(ttl.as_secs_f64().round() as u64))
        });
        columns(text, &format!("  {:<22} {left:<16} ", net::display(block.target)), &block.reason);
    }
}
