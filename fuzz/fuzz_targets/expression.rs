//! Any text is an expression or is refused with diagnostics that render; an expression is asked, explained and written.
#![no_main]

use std::net::IpAddr;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{List, Rule, RuleSet};
use autosec_core::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|when: &str| {
    let schema = Schema::ecs();
    let build = |when: &str| {
        let rule = Rule { subject: Some("source.ip".into()), ..Rule::new("rule", Severity::Low, when) };
        let list = List::addresses(["10.0.0.0/8".parse().expect("a prefix")]);
        RuleSet::builder(&schema).list("list", list).rule(rule).build()
    };
    let rules = match build(when) {
        Ok(rules) => rules,
        Err(errors) => {
            assert!(!errors.diagnostics().is_empty() && errors.to_string().contains("error[E"));
            return;
        }
    };
    let event = Event::new(Timestamp::EPOCH)
        .with(field::SOURCE_IP, IpAddr::from([10, 1, 2, 3]))
        .with(field::SOURCE_PORT, 22_i64)
        .with(field::USER_NAME, "Root")
        .with(field::URL_PATH, "/a/../etc/passwd");
    let matches = |rules: &RuleSet| {
        let mut findings = Findings::default();
        rules.detect(&event, &mut findings);
        !findings.found().is_empty()
    };
    let matched = matches(&rules);
    // What explains it agrees, and so does what comes back from an image, and its opposite does not.
    let explanation = rules.explain("rule", &event).expect("it is there");
    assert_eq!(explanation.clause.holds, matched, "{explanation}");
    explanation.to_string();
    let image = rules.image().expect("it is small");
    let list = List::addresses(["10.0.0.0/8".parse().expect("a prefix")]);
    let read = RuleSet::builder(&schema).image("rule.img", &image).expect("it was just written");
    assert_eq!(matches(&read.list("list", list).build().expect("it was built before")), matched);
    if let Ok(opposite) = build(&format!("not ({when})")) {
        assert_ne!(matches(&opposite), matched);
    }
});
