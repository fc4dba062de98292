//! Sigma rules: the real corpus, the recorded events, the semantics by a slow reference, the diagnostics; correlations,
//! filters, pipelines, routing and the schemas.

mod binding;
pub mod corpus;
mod correlations;
mod filters;
mod meaning;
mod pipelines;
mod property;
mod reference;
mod refusals;
mod regression;
mod routing;
mod schema;
mod schemas;

use autosec_core::event::{Event, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::{RuleErrors, RuleSet};

/// A set of one rule with this detection, given as YAML that is indented by two.
fn detection(detection: &str) -> Result<RuleSet, RuleErrors> {
    let rule = format!("title: Test\nid: test\nlogsource: {{ product: test }}\ndetection:\n{detection}");
    RuleSet::builder(&Schema::ecs()).sigma("test.yml", rule).build()
}

/// The ids of the rules that find something in the event, in order.
pub fn found(rules: &RuleSet, event: &Event<'_>) -> Vec<String> {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    assert!(findings.faults().is_empty(), "{:?}", findings.faults());
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}
