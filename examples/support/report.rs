//! What the quickstart prints: readable by a person, at most 100 columns wide.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use autosec_core::decision::Decision;
use autosec_core::enforce::{Block, Enforcement};
use autosec_core::engine::Verdict;
use autosec_core::entity::Entity;
use autosec_core::measure::RiskScore;
use autosec_core::{net, time::human};
use autosec_integrations::log::Unread;

use super::options::Log;

const WIDTH: usize = 100;

/// Everything worth telling, collected while the logs are read.
#[derive(Default)]
pub struct Report {
    subjects: BTreeMap<Entity, Case>,
    /// The first lines that could not be read, with their reasons.
    unread: Vec<String>,
    troubles: Vec<String>,
    faults: usize,
}

/// What was found about one subject.
struct Case {
    risk: RiskScore,
    decision: Option<Decision>,
    held_back: Option<String>,
    analytics: BTreeMap<String, usize>,
    /// The words of the verdict in which it was riskiest.
    explanation: String,
}

impl Report {
    /// Takes note of a line that gave no event.
    pub fn unread(&mut self, log: &str, unread: Unread) {
        if self.unread.len() < 10 {
            self.unread.push(format!("{log} {unread}"));
        }
    }

    /// Takes a verdict in.
    pub fn judged(&mut self, verdict: Verdict) {
        self.faults += verdict.faults.len();
        for assessment in &verdict.assessments {
            let case = self.subjects.entry(assessment.subject.clone()).or_insert_with(|| Case {
                risk: RiskScore::ZERO,
                decision: None,
                held_back: None,
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
            if let Some(decision) = &assessment.decision
                && case.decision.as_ref().is_none_or(|held| harshness(decision) > harshness(held))
            {
                case.decision = Some(decision.clone());
                case.held_back = assessment.refusal.as_ref().map(ToString::to_string);
            }
        }
    }

    /// Takes in what became of a decision.
    pub fn enforced(&mut self, enforcement: Enforcement) {
        let trouble = enforcement.to_string();
        if !enforcement.is_complete() && !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    /// The whole report.
    pub fn render(&self, logs: &[Log], blocked: &[Block], firewall: &str) -> String {
        let mut text = String::new();
        read(&mut text, logs);
        self.unread.iter().for_each(|line| wrap(&mut text, "    ", line));
        self.found(&mut text);
        self.why(&mut text);
        enforced(&mut text, blocked, firewall);
        if self.faults > 0 {
            let _ = writeln!(text, "\n{} faults were reported beside the verdicts.", self.faults);
        }
        if !self.troubles.is_empty() {
            let _ = writeln!(text, "\nNot enforced");
            self.troubles.iter().take(10).for_each(|trouble| wrap(&mut text, "  ", trouble));
        }
        text
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
            let decision = match (&case.decision, &case.held_back) {
                (_, Some(_)) => "held back".to_owned(),
                (Some(decision), None) => spelt(decision),
                (None, None) => "-".to_owned(),
            };
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

fn read(text: &mut String, logs: &[Log]) {
    let _ = writeln!(text, "What was read");
    for (name, log) in logs {
        let (lines, events, unread) =
            (log.summary().lines, log.summary().events, log.summary().total_unread());
        let _ = writeln!(text, "  {name:<22} {lines:>8} lines {events:>8} events {unread:>6} not read");
    }
}

fn enforced(text: &mut String, blocked: &[Block], firewall: &str) {
    let _ = writeln!(text, "\nWhat {firewall} holds now");
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

/// A row whose last column is wrapped under itself.
fn columns(text: &mut String, head: &str, last: &str) {
    let indent = head.chars().count();
    let mut line = head.to_owned();
    let mut filled = 0;
    for word in last.split(' ') {
        if filled > 0 && indent + filled + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{}", line.trim_end());
            line = " ".repeat(indent);
            filled = 0;
        }
        line.push_str(word);
        line.push(' ');
        filled += word.chars().count() + 1;
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

/// A line under its own indentation, wrapped at the width.
fn wrap(text: &mut String, indent: &str, line: &str) {
    let own = line.len() - line.trim_start().len();
    columns(text, &format!("{indent}{}", &line[..own]), line.trim_start());
}
