//! Sigma rules: the real corpus, the recorded events.

mod corpus;
mod regression;

use autosec_core::event::Event;
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::RuleSet;

/// The ids of the rules that find something in the event, in order.
fn found(rules: &RuleSet, event: &Event<'_>) -> Vec<String> {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    assert!(findings.faults().is_empty(), "{:?}", findings.faults());
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}
