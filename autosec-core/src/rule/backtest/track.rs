use std::collections::HashMap;
use std::sync::Arc;

use super::report::{RuleReport, Sample};
use crate::entity::Entity;
use crate::finding::Finding;
use crate::rule::model::Mode;
use crate::rule::set::{Definition, RuleSet};
use crate::time::Timestamp;

/// So many subjects of a rule are told apart.
const SUBJECTS: usize = 1_024;
/// So many of them are reported.
const REPORTED: usize = 5;

/// What is kept of a rule while events are looked at.
#[derive(Debug, Default)]
pub(super) struct Track {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    samples: Vec<Sample>,
    subjects: HashMap<Entity, u64>,
}

impl Track {
    pub(super) fn add(&mut self, finding: &Finding, samples: usize) {
        self.first = Some(self.first.map_or(finding.time, |first| first.min(finding.time)));
        self.last = self.last.max(Some(finding.time));
        if self.samples.len() < samples {
            self.samples.push(Sample {
                time: finding.time,
                subject: finding.subject.clone(),
                evidence: finding.evidence.iter().map(ToString::to_string).collect(),
            });
        }
        if let Some(times) = self.subjects.get_mut(&finding.subject) {
            *times += 1;
        } else if self.subjects.len() < SUBJECTS {
            self.subjects.insert(finding.subject.clone(), 1);
        }
    }

    /// Puts what was kept together with what the set has counted.
    fn report(self, definition: &Definition<'_>) -> RuleReport {
        let stats = definition.compiled.map(|rule| rule.stats());
        let distinct_subjects = self.subjects.len();
        let mut subjects: Vec<_> = self.subjects.into_iter().collect();
        subjects.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        subjects.truncate(REPORTED);
        let mode = match definition.compiled {
            None => Mode::Off,
            Some(rule) if rule.shadow => Mode::Shadow,
            Some(_) => Mode::Enforce,
        };
        RuleReport {
            id: definition.id().into(),
            name: definition.name().to_owned(),
            mode,
            matches: stats.as_ref().map_or(0, |stats| stats.matches),
            findings: stats.as_ref().map_or(0, |stats| stats.findings),
            late: stats.as_ref().map_or(0, |stats| stats.late),
            evicted: stats.as_ref().map_or(0, |stats| stats.evicted),
            unnamed: stats.as_ref().map_or(0, |stats| stats.unnamed),
            first: self.first,
            last: self.last,
            samples: self.samples,
            subjects,
            distinct_subjects,
            cost: None,
        }
    }
}

/// The report of every rule, in the order of the set.
pub(super) fn reports(rules: &RuleSet, mut tracks: HashMap<Arc<str>, Track>) -> Vec<RuleReport> {
    let report =
        |definition: Definition<'_>| tracks.remove(definition.id()).unwrap_or_default().report(&definition);
    rules.definitions().map(report).collect()
}
