//! Every diagnostic of Sigma rules, as people see it: `data/sigma-errors/NAME.yml` is refused with exactly `NAME.txt`. A
//! name with `pipeline-` is of a pipeline for rules that are good.
//! `AUTOSEC_BLESS=1` writes what the test sees.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use autosec_core::event::{Kind, Schema};
use autosec_core::measure::Severity;
use autosec_core::rule::{CODES, Rule, RuleErrors, RuleSet};

use crate::support::golden;

/// Two rules and correlations of them.
const GOOD: &str = "
title: Failed login
name: failed
logsource: { category: authentication }
detection: { selection: { action: failure }, condition: selection }
---
title: Login
name: login
logsource: { product: linux }
detection: { selection: { action: success }, condition: selection }
---
title: Login after failure
correlation: { type: temporal_ordered, rules: [failed, login], group-by: [User], timespan: 5m }
---
title: Either
name: either
correlation: { type: event_count, rules: [failed, login], timespan: 5m, condition: { gte: 2 } }
---
title: Either again
correlation: { type: event_count, rules: [either], group-by: [User], timespan: 5m, condition: { gte: 2 } }
";

fn refusal(name: &str, text: &str) -> RuleErrors {
    let schema = Schema::ecs();
    let builder = RuleSet::builder(&schema);
    let builder = match name.starts_with("pipeline-") {
        true => builder.sigma("good.yml", GOOD).sigma_pipeline(name, text),
        false => builder.sigma(name, text),
    };
    builder.build().err().unwrap_or_else(|| panic!("{name} is accepted"))
}

fn codes(errors: &RuleErrors) -> Vec<&'static str> {
    errors.diagnostics().iter().map(|one| one.code()).collect()
}

fn cases() -> Vec<PathBuf> {
    golden::cases("sigma-errors", "yml")
}

#[test]
fn render_as_recorded() {
    golden::assert_rendered(&cases(), |name, text| refusal(name, text).to_string());
}

#[test]
fn cover_every_code() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let errors = refusal(name, &fs::read_to_string(&case).unwrap());
        assert!(errors.diagnostics().iter().all(|diagnostic| diagnostic.position().is_some()), "{errors}");
        seen.extend(codes(&errors).into_iter().filter(|code| code.starts_with("E4")));
    }
    let known: BTreeSet<&str> =
        CODES.iter().map(|(code, _)| *code).filter(|code| code.starts_with("E4")).collect();
    assert_eq!(seen, known);
}

#[test]
fn refuses_what_is_too_large() {
    assert_eq!(codes(&refusal("x", &format!("# {}", "x".repeat(1 << 20)))), ["E108"]);
    let rule = |body: &str| format!("title: T\nlogsource: {{}}\ndetection:\n{body}");
    let repeated = rule(&format!(
        "  s: {{ a: {} }}\n  condition: {}\n",
        "x".repeat(300_000),
        ["s"; 10_000].join(" or ")
    ));
    assert_eq!(codes(&refusal("x", &repeated)), ["E411"]);
    let deep = rule(&format!("  s: {{ a: b }}\n  condition: {}s\n", "not ".repeat(100)));
    assert_eq!(codes(&refusal("x", &deep)), ["E411"]);
    let regexes: String = (0..257).map(|n| format!("      - x{n}\n")).collect();
    assert_eq!(codes(&refusal("x", &rule(&format!("  s:\n    a|re:\n{regexes}  condition: s\n")))), ["E411"]);
    let placeholders = rule(&format!("  s: {{ a|expand: '{}' }}\n  condition: s\n", "%p%".repeat(100)));
    let schema = Schema::ecs();
    let set = RuleSet::builder(&schema).placeholder("p", ["1", "2"]).sigma("x", placeholders);
    assert_eq!(codes(&set.build().unwrap_err()), ["E014"]);
}

#[test]
fn refuses_too_many_rules_and_fields() {
    let schema = Schema::ecs();
    let rule = "title: T\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n";
    let own = (0..100).map(|n| Rule::new(format!("r{n}"), Severity::Low, "exists(url.path)"));
    let builder = own.fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule));
    assert_eq!(codes(&builder.rule_limit(100).sigma("x", rule).build().unwrap_err()), ["E109"]);
    let mut full = Schema::ecs();
    while full.add(&format!("x{}", full.fields().count()), Kind::Text).is_ok() {}
    let errors = RuleSet::builder(&full).sigma("x", rule).build().unwrap_err();
    assert!(codes(&errors).iter().all(|code| *code == "E412"), "{errors}");
}

#[test]
fn an_id_belongs_to_one_rule_of_either_kind() {
    let rule = "title: Own\nlogsource: {}\ndetection: {s: {a: b}, condition: s}\n";
    let own = Rule::new("own", Severity::Low, "exists(url.path)");
    let errors = RuleSet::builder(&Schema::ecs()).rule(own).sigma("x", rule).build().unwrap_err();
    assert_eq!(codes(&errors), ["E202"]);
}

/// A correlation is judged when something happens, so it never comes to 0; and of two rules no three happen.
#[test]
fn refuses_correlations_that_can_never_find_anything() {
    let built = |kind: &str, condition: &str| {
        let text = format!(
            "title: A\nname: a\nlogsource: {{}}\ndetection: {{ s: {{ user.name: eve }}, condition: s }}\n---\n\
             title: B\nname: b\nlogsource: {{}}\ndetection: {{ s: {{ user.name: bob }}, condition: s }}\n---\n\
             title: C\ncorrelation: {{ type: {kind}, rules: [a, b], timespan: 1m, group-by: [host.name], condition: {condition} }}\n"
        );
        RuleSet::builder(&Schema::ecs()).sigma("c.yml", text).build()
    };
    for (kind, condition) in [
        ("event_count", "{ eq: 0 }"),
        ("event_count", "{ lt: 1 }"),
        ("event_count", "{ gt: 4, lt: 5 }"),
        ("temporal", "{ gte: 3 }"),
        ("value_count", "{ gte: 2000000, field: user.name }"),
    ] {
        let errors = built(kind, condition).unwrap_err();
        let codes: Vec<_> = errors.diagnostics().iter().map(|diagnostic| diagnostic.code()).collect();
        assert_eq!(codes, ["E418"], "{kind} {condition}");
    }
    for (kind, condition) in [
        ("event_count", "{ eq: 1 }"),
        ("event_count", "{ lt: 2 }"),
        ("event_count", "{ neq: 1 }"),
        ("event_count", "{ gt: 4, lt: 6 }"),
        ("temporal", "{ gte: 2 }"),
    ] {
        assert!(built(kind, condition).is_ok(), "{kind} {condition}");
    }
}
