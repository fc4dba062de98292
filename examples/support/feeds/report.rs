//! What the example prints of the logs: lines of at most 100 columns, each section bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use autosec_core::enforce::{Block, Enforcement};
use autosec_core::engine::Verdict;
use autosec_core::entity::Entity;
use autosec_core::finding::{Evidence, Finding};
use autosec_core::net;
use autosec_integrations::log::Summary;

use crate::layout::{clipped, clipped_start, columns, wrap};

/// So many rows a section has of what may be endless, and so many different hits are remembered.
const ROWS: usize = 20;
const MOST_HITS: usize = 10_000;

/// Whose event it was, the source, and the indicator's id there.
type Key = (Entity, Arc<str>, Arc<str>);

/// Everything worth telling, collected while the logs are read.
#[derive(Default)]
pub struct Report {
    logs: Vec<String>,
    broken: Vec<String>,
    hits: BTreeMap<Key, Hit>,
    /// Hits that were not remembered.
    forgotten: usize,
    /// The riskiest verdict, in words.
    riskiest: Option<(f64, String)>,
    troubles: BTreeSet<String>,
}

/// An indicator that was seen.
struct Hit {
    events: usize,
    /// Of the event in which the feed was surest.
    finding: Finding,
}

impl Report {
    /// Takes note of a log that was read.
    pub fn read(&mut self, name: String, summary: &Summary) {
        let name = clipped_start(&name, 40);
        self.logs.push(format!("{name:<22} {:>8} lines {:>8} events", summary.lines, summary.events));
    }

    /// Takes note of a log that cannot be read any further; so there is no next line.
    pub fn broken<T>(&mut self, log: &str, error: &io::Error) -> Option<T> {
        self.broken.push(format!("cannot read `{log}`: {error}"));
        None
    }

    /// Takes a verdict in.
    pub fn judged(&mut self, verdict: &Verdict) {
        let risk = verdict.risk().value();
        if !verdict.is_quiet() && self.riskiest.as_ref().is_none_or(|(most, _)| *most < risk) {
            self.riskiest = Some((risk, verdict.explain().to_string()));
        }
        verdict.findings().for_each(|finding| self.found(finding));
    }

    fn found(&mut self, finding: &Finding) {
        for evidence in &finding.evidence {
            let Evidence::Indicator { id, source, .. } = evidence else { continue };
            let key = (finding.subject.clone(), Arc::clone(source), Arc::clone(id));
            if self.hits.len() >= MOST_HITS && !self.hits.contains_key(&key) {
                self.forgotten += 1;
                continue;
            }
            let new = || Hit { events: 0, finding: finding.clone() };
            let hit = self.hits.entry(key).or_insert_with(new);
            hit.events += 1;
            if finding.confidence > hit.finding.confidence {
                hit.finding = finding.clone();
            }
        }
    }

    /// Takes in what became of a decision.
    pub fn enforced(&mut self, enforcement: Enforcement) {
        if !enforcement.is_complete() && self.troubles.len() < ROWS {
            self.troubles.insert(enforcement.to_string());
        }
    }

    /// Whether every log was read to its end and every decision came into force.
    pub fn is_complete(&self) -> bool {
        self.broken.is_empty() && self.troubles.is_empty()
    }

    /// The whole report.
    pub fn render(&self, blocked: &[Block]) -> String {
        let mut text = String::from("\nWhat was read\n");
        self.logs.iter().for_each(|log| columns(&mut text, "  ", log));
        self.broken.iter().for_each(|broken| columns(&mut text, "  ", broken));
        self.section(&mut text, "What was seen of it", false);
        self.section(&mut text, "What was seen and held back by a warninglist", true);
        if let Some((_, words)) = &self.riskiest {
            text.push_str("\nWhy, in the riskiest case\n");
            words.lines().take(ROWS).for_each(|line| wrap(&mut text, "  ", line));
        }
        text.push_str("\nWhat a firewall in memory holds now\n");
        if blocked.is_empty() {
            text.push_str("  nothing\n");
        }
        for block in blocked.iter().take(ROWS) {
            columns(&mut text, &format!("  {:<22} ", net::display(block.target)), &block.reason);
        }
        more(&mut text, blocked.len());
        self.troubles.iter().for_each(|trouble| wrap(&mut text, "  ", trouble));
        text
    }

    fn section(&self, text: &mut String, title: &str, held_back: bool) {
        let mut rows: Vec<(&Key, &Hit)> =
            self.hits.iter().filter(|(_, hit)| hit.finding.shadow == held_back).collect();
        let surest = |hit: &Hit| hit.finding.confidence.value();
        rows.sort_by(|one, other| surest(other.1).total_cmp(&surest(one.1)));
        let _ = writeln!(text, "\n{title}");
        if rows.is_empty() {
            text.push_str("  nothing\n");
        }
        for ((subject, ..), hit) in rows.iter().take(ROWS) {
            let events = if hit.events == 1 { "event " } else { "events" };
            let head = format!("  {:<22} {:>5} {events}  ", clipped(&subject.to_string(), 22), hit.events);
            columns(text, &head, &why(&hit.finding));
        }
        more(text, rows.len());
        if self.forgotten > 0 && !held_back {
            let _ = writeln!(text, "  and {} hits that were not remembered", self.forgotten);
        }
    }
}

/// What is listed by whom, how sure that is, and which lists it is on.
fn why(finding: &Finding) -> String {
    let mut words: Vec<String> = finding.evidence.iter().map(spelt).collect();
    if !finding.analytic.tags.is_empty() {
        let tags: Vec<&str> = finding.analytic.tags.iter().map(AsRef::as_ref).collect();
        words.push(format!("tagged {}", tags.join(" ")));
    }
    clipped(&words.join("; "), 600)
}

fn spelt(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Indicator { source, value, stated, left, .. } => {
            format!("{value} is listed by {source}, sure to {stated:.2} and to {left:.2} on that day")
        }
        other => other.to_string(),
    }
}

/// Says how many rows are not shown, if any.
fn more(text: &mut String, rows: usize) {
    if rows > ROWS {
        let _ = writeln!(text, "  and {} more", rows - ROWS);
    }
}
