use std::fmt;

use super::load::Compiled;
use super::rules::RuleSet;
use super::watch::Watch;
use super::{build, exempt, trial};
use crate::event::{Event, FieldMask, JsonReader};
use crate::finding::{Detector, Finding, Findings};
use crate::rule::lang::check::Scope;
use crate::rule::model::{Expectation, Mode, Rule, RuleTest};
use crate::rule::state::key::KeyHasher;

/// The most fields of an event that a failure quotes.
const QUOTED: usize = 8;

/// What came of the inline tests of a rule set; made by [`RuleSet::test`].
///
/// Displayed, it is a line for each failure and one for all.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TestReport {
    /// How many tests did as they were to.
    pub passes: usize,
    /// Those that did not, in the order of the rules.
    pub failures: Vec<TestFailure>,
    /// The ids of rules without a test.
    pub untested: Vec<String>,
}

/// An inline test that failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TestFailure {
    /// The id of the rule.
    pub rule: String,
    /// The name of the test.
    pub test: String,
    /// What happened instead, for people.
    pub detail: String,
    /// How many events the test has.
    pub events: usize,
    /// How many of them satisfied what the rule asks of an event.
    pub matched: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl TestReport {
    /// Whether no test failed.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        let (passes, failures, untested) = (self.passes, self.failures.len(), self.untested.len());
        write!(f, "{passes} passed, {failures} failed, {untested} rules without a test")
    }
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule `{}`, test `{}`: {}", self.rule, self.test, self.detail)
    }
}

impl RuleSet {
    /// Runs the [tests](Rule::tests) that stand in the rules, of Sigma rules none.
    ///
    /// Each test has a rule set of its own, with nothing but its rule and the exceptions and the lists of this one: what
    /// this set counts is neither seen nor changed. Rules that are off or in shadow are tested as well.
    pub fn test(&self) -> TestReport {
        let mut report = TestReport::default();
        for rule in self.rules() {
            if rule.tests.is_empty() {
                report.untested.push(rule.id.clone());
            }
            for test in &rule.tests {
                match self.run(rule, test) {
                    None => report.passes += 1,
                    Some(failure) => report.failures.push(failure),
                }
            }
        }
        report
    }

    /// Runs one test; gives how it failed, if it did.
    fn run(&self, rule: &Rule, test: &RuleTest) -> Option<TestFailure> {
        let mut failure = TestFailure {
            rule: rule.id.clone(),
            test: test.name.clone(),
            detail: String::new(),
            events: 0,
            matched: 0,
            findings: Vec::new(),
        };
        let Some(alone) = self.alone(rule) else {
            failure.detail = "the rule cannot be run by itself".to_owned();
            return Some(failure);
        };
        let reader = JsonReader::new(alone.schema(), &FieldMask::all(alone.schema()));
        let mut findings = Findings::default();
        let mut last = String::new();
        for (time, fields) in trial::events(test) {
            failure.events += 1;
            let looked = trial::with_event(&reader, time, &fields, |event| {
                alone.detect(event, &mut findings);
                last = described(event, &alone);
            });
            if let Err(reason) = looked {
                failure.detail = format!("event {} cannot be read: {reason}", failure.events);
                return Some(failure);
            }
        }
        failure.matched = alone.stats().map(|stats| stats.matches).sum();
        let faults: Vec<_> = findings.faults().iter().map(|fault| fault.detail.to_string()).collect();
        failure.findings = findings.into_parts().0;
        let wrong = wrong(&test.expect, &failure, &last)?;
        failure.detail = [wrong].into_iter().chain(faults).collect::<Vec<_>>().join("; ");
        Some(failure)
    }

    /// A rule set of one rule, with nothing counted.
    fn alone(&self, rule: &Rule) -> Option<RuleSet> {
        let written = &self.written;
        let scope = Scope { schema: self.schema(), lists: &written.lists };
        let rule = Rule { mode: Mode::Enforce, tests: Vec::new(), ..rule.clone() };
        let budget = written.budget.emptied();
        let mut assembled = build::one(&rule, &scope, &budget).ok()?;
        for exception in written.exceptions.iter().filter(|exception| exempt::is_named(exception, &rule.id)) {
            assembled.narrow(&exempt::condition(exception, &scope).ok()?, &exempt::said(exception));
        }
        let nothing =
            Compiled::nothing(self.schema().clone(), budget, KeyHasher::new(None, self.hasher.ipv6_prefix()));
        Some(nothing.with(assembled).finish(&Watch::default()))
    }
}

/// What happened instead of what was expected.
fn wrong(expected: &Expectation, seen: &TestFailure, last: &str) -> Option<String> {
    let (count, subject) = match expected {
        Expectation::NoMatch => (Some(0), None),
        Expectation::Match => (None, None),
        Expectation::Exactly { findings, subject } => (*findings, subject.as_deref()),
    };
    let found = seen.findings.len();
    let is_right = count.map_or(found > 0, |count| usize::try_from(count).is_ok_and(|count| count == found));
    if !is_right {
        let wanted = count.map_or("a finding".to_owned(), |count| format!("{count} findings"));
        return Some(format!("expected {wanted}, {}", happened(seen, last)));
    }
    let stranger = seen.findings.iter().map(|finding| finding.subject.to_string());
    let stranger = stranger.into_iter().find(|named| subject.is_some_and(|subject| subject != named))?;
    Some(format!("expected findings about {}, one is about {stranger}", subject.unwrap_or_default()))
}

fn happened(seen: &TestFailure, last: &str) -> String {
    let TestFailure { events, matched, .. } = seen;
    let Some(first) = seen.findings.first() else {
        return match matched {
            0 => format!("none of {events} events satisfied the rule; the last held {last}"),
            matched => format!("{matched} of {events} events satisfied the rule, too few for a finding"),
        };
    };
    let evidence: Vec<_> = first.evidence.iter().map(ToString::to_string).collect();
    let count = seen.findings.len();
    format!("{count} came of {events} events, the first about {}: {}", first.subject, evidence.join(", "))
}

/// The fields of an event in words.
fn described(event: &Event<'_>, rules: &RuleSet) -> String {
    let field = |(field, value)| format!("{} = {value}", rules.schema().name(field));
    let fields: Vec<_> = event.fields().take(QUOTED).map(field).collect();
    if fields.is_empty() { "no field".to_owned() } else { fields.join(", ") }
}
