use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::report::{Difference, Moved, RuleDifference};
use crate::entity::Entity;
use crate::event::Event;
use crate::finding::{Detector, Finding, Findings};
use crate::rule::set::{Definition, RuleSet};
use crate::time::Timestamp;

/// The other set, and how its findings differ so far.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) rules: RuleSet,
    by_rule: BTreeMap<Arc<str>, RuleDifference>,
}

/// What makes two findings the same.
type Same<'f> = (&'f Arc<str>, &'f Entity, Timestamp, bool);

impl Comparison {
    pub(super) fn new(rules: RuleSet) -> Self {
        Self { rules, by_rule: BTreeMap::new() }
    }

    /// Shows the event to the other set and compares what both found in it. Both see every event once and in the same
    /// order, so a finding that both give is given at the same event.
    pub(super) fn look(&mut self, event: &Event<'_>, before: &[Finding], samples: usize) {
        let mut after = Findings::default();
        self.rules.detect(event, &mut after);
        let (before, after) = (sorted(before), sorted(after.found()));
        let mut gained = after.clone();
        before.iter().for_each(|one| remove(&mut gained, one));
        let mut lost = before;
        after.iter().for_each(|one| remove(&mut lost, one));
        let moved = gained.into_iter().map(|one| (one, true)).chain(lost.into_iter().map(|one| (one, false)));
        for ((id, subject, time, shadow), gained) in moved {
            let rule = self.by_rule.entry(Arc::clone(id)).or_default();
            if gained {
                rule.gained += 1;
            } else {
                rule.lost += 1;
            }
            if rule.samples.len() < samples {
                rule.samples.push(Moved { gained, time, subject: subject.clone(), shadow });
            }
        }
    }

    /// All of it, compared with the set before.
    pub(super) fn finish(self, before: &RuleSet) -> Difference {
        let mut difference = written(before, &self.rules);
        difference.rules = self.by_rule.into_iter().map(|(id, rule)| RuleDifference { id, ..rule }).collect();
        difference.gained = difference.rules.iter().map(|rule| rule.gained).sum();
        difference.lost = difference.rules.iter().map(|rule| rule.lost).sum();
        difference
    }
}

fn sorted(findings: &[Finding]) -> Vec<Same<'_>> {
    let mut same: Vec<Same<'_>> = findings
        .iter()
        .map(|finding| (&finding.analytic.id, &finding.subject, finding.time, finding.shadow))
        .collect();
    same.sort();
    same
}

fn remove<'f>(from: &mut Vec<Same<'f>>, one: &Same<'f>) {
    if let Ok(at) = from.binary_search(one) {
        from.remove(at);
    }
}

/// Which rules are written otherwise.
fn written(before: &RuleSet, after: &RuleSet) -> Difference {
    let by_id = |rules| -> HashMap<&str, Definition<'_>> {
        let definitions = RuleSet::definitions(rules);
        definitions.map(|definition| (definition.id(), definition)).collect()
    };
    let (old, new) = (by_id(before), by_id(after));
    let same = |a: &Definition<'_>, b: &Definition<'_>| a.said == b.said && a.blueprint == b.blueprint;
    let ids = |rules, keep: &dyn Fn(&Definition<'_>) -> bool| -> Vec<Arc<str>> {
        let kept = RuleSet::definitions(rules).filter(|definition| keep(definition));
        kept.map(|definition| definition.id().into()).collect()
    };
    Difference {
        added: ids(after, &|definition| !old.contains_key(definition.id())),
        removed: ids(before, &|definition| !new.contains_key(definition.id())),
        changed: ids(after, &|definition| old.get(definition.id()).is_some_and(|old| !same(old, definition))),
        ..Difference::default()
    }
}
