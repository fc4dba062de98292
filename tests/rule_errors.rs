//! Every diagnostic of the rule engine, as people see it: `data/rule-errors/NAME.yaml` (or `.toml`) is refused with exactly
//! `NAME.txt`. `AUTOSEC_BLESS=1` writes what the test sees.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use autosec_core::event::{Kind, Schema};
use autosec_core::measure::Severity;
use autosec_core::rule::{CODES, List, Rule, RuleErrors, RuleSet, RuleSetBuilder};
use proptest::prelude::*;

use crate::support::golden;

/// Codes that take an input too large for a file here; [`refuses_what_is_too_large`] has them.
const LARGE: [&str; 4] = ["E012", "E014", "E108", "E109"];

/// Codes of configurations, which have tests of their own.
const SETTINGS: [&str; 1] = ["E301"];

/// Loading that the host stopped.
const STOPPED: &str = "E110";

fn schema() -> Schema {
    let mut schema = Schema::ecs();
    schema.add("test.enabled", Kind::Boolean).unwrap();
    schema
}

fn refusal(name: &str, text: &str) -> RuleErrors {
    RuleSet::builder(&schema())
        .list("office", List::addresses(["192.0.2.0/24".parse().unwrap()]))
        .list("agents", List::texts(["curl"]))
        .source(name, text)
        .build()
        .expect_err(name)
}

fn cases() -> Vec<PathBuf> {
    [golden::cases("rule-errors", "yaml"), golden::cases("rule-errors", "toml")].concat()
}

#[test]
fn render_as_recorded() {
    golden::assert_rendered(&cases(), |name, text| refusal(name, text).to_string());
}

#[test]
fn cover_every_code() {
    let mut seen: BTreeSet<&str> = LARGE.into_iter().chain(SETTINGS).chain([STOPPED]).collect();
    for case in cases() {
        let name = case.file_name().unwrap().to_str().unwrap();
        let errors = refusal(name, &fs::read_to_string(&case).unwrap());
        assert!(errors.diagnostics().iter().all(|diagnostic| diagnostic.position().is_some()), "{errors}");
        seen.extend(errors.diagnostics().iter().map(|diagnostic| diagnostic.code()));
    }
    // Those of Sigma rules have tests of their own.
    let known = CODES.iter().map(|(code, _)| *code).filter(|code| !code.starts_with("E4"));
    let known: BTreeSet<&str> = known.collect();
    assert_eq!(seen, known);
}

#[test]
fn refuses_what_is_too_large() {
    let rule = |when: String| format!("- {{ id: a, name: A, severity: low, when: '{when}' }}");
    let codes = |errors: RuleErrors| errors.diagnostics().iter().map(|one| one.code()).collect::<Vec<_>>();
    assert_eq!(codes(refusal("x", &rule(format!("url.path == \"{}\"", "x".repeat(65_536))))), ["E012"]);
    assert_eq!(codes(refusal("x", &rule(format!("source.port in {{ {} }}", "1 ".repeat(10_001))))), ["E014"]);
    assert_eq!(codes(refusal("x", &format!("# {}", "x".repeat(1 << 20)))), ["E108"]);
    let many = (0..11).map(|n| Rule::new(format!("r{n}"), Severity::Low, "exists(url.path)"));
    let built =
        many.fold(RuleSet::builder(&schema()).rule_limit(10), |builder, rule| builder.rule(rule)).build();
    assert_eq!(codes(built.unwrap_err()), ["E109"]);
}

#[test]
fn are_one_where_the_host_stops_the_loading() {
    let schema = schema();
    let source = |builder: RuleSetBuilder<'_>| {
        builder.source("x", "- { id: a, name: A, severity: low, when: 'nonsense' }").build()
    };
    let stopped = source(RuleSet::builder(&schema).watched(|| ControlFlow::Break(()))).unwrap_err();
    assert_eq!(stopped.diagnostics().iter().map(|one| one.code()).collect::<Vec<_>>(), [STOPPED]);
    assert_eq!(
        stopped.to_string().lines().next(),
        Some("error[E110]: loading was stopped before all rules were read")
    );
}

/// Both are refused for their size, before anybody looks at what they say.
#[test]
fn refuses_a_million_rules_and_a_rule_of_ten_megabytes_quickly() {
    let started = Instant::now();
    let schema = schema();
    let source = |first: u32| -> String {
        let rule = |n| format!("- {{id: r{n}, name: R, severity: low, when: exists(url.path)}}\n");
        (first..first + 12_500).map(rule).collect()
    };
    let sources = (0..80).map(|n| source(n * 12_500));
    let builder = sources.fold(RuleSet::builder(&schema), |builder, text| builder.source("pack.yaml", text));
    let refused = builder.build().unwrap_err();
    assert_eq!(refused.diagnostics().iter().map(|one| one.code()).collect::<Vec<_>>(), ["E109"]);
    let rule = Rule::new("huge", Severity::Low, format!("url.path == \"{}\"", "x".repeat(10 << 20)));
    let text = format!("- {{ id: a, name: A, severity: low, when: '{}' }}", rule.when);
    let refused = RuleSet::builder(&schema).rule(rule).source("x.yaml", text).build().unwrap_err();
    assert_eq!(refused.diagnostics().iter().map(|one| one.code()).collect::<Vec<_>>(), ["E108", "E012"]);
    // Seconds unoptimised; the bound is for a hang.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn refuses_a_source_that_explodes() {
    let mut bomb = "- &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        let aliases = vec![format!("*{before}"); 10].join(", ");
        bomb.push_str(&format!("- &{name} [{aliases}]\n"));
    }
    bomb.push_str("- { id: a, name: *j, severity: low, when: x }\n");
    assert!(!refusal("bomb.yaml", &bomb).diagnostics().is_empty());
    let deep = format!("- {}x{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!refusal("deep.yaml", &deep).diagnostics().is_empty());
}

proptest! {
    #[test]
    fn any_source_is_read_or_refused(
        quote in prop::sample::select(vec!["\"", "'", "", ">-\n    ", "|\n    "]),
        when in "[a-z .\"\\\\(){}$=!<>&|0-9:/,#\n\u{e4}'-]{0,40}",
        tail in "[a-z: \n\\[\\]{},\u{e4}0-9-]{0,40}",
    ) {
        let source = format!("- id: a\n  name: A\n  severity: low\n  when: {quote}{when}{}\n  {tail}", quote.trim_end());
        if let Err(errors) = RuleSet::builder(&schema()).source("x", source).build() {
            prop_assert!(errors.to_string().contains("error[E"));
        }
    }
}

proptest! {
    #[test]
    fn any_toml_source_is_read_or_refused(
        quote in prop::sample::select(vec!["\"", "'", "\"\"\"", "'''", ""]),
        when in "[a-z .\"\\\\(){}$=!<>&|0-9:/,#\n\u{e4}'-]{0,40}",
        tail in "[a-z=\n\\[\\]{},.\"\u{e4}0-9-]{0,40}",
    ) {
        let source = format!("[[rule]]\nid = 'a'\nname = 'A'\nseverity = 'low'\nwhen = {quote}{when}{quote}\n{tail}");
        if let Err(errors) = RuleSet::builder(&schema()).source("x.toml", source).build() {
            prop_assert!(errors.to_string().contains("error[E"));
        }
    }

    #[test]
    fn any_part_of_a_source_is_read_or_refused(text in "[a-z{}\\[\\]:,#*&\"'\n -]{0,60}") {
        let loaded = RuleSet::builder(&schema()).source("x.yaml", format!("rules:\n- {text}")).build_lenient();
        prop_assert!(loaded.refused.iter().all(|one| one.to_string().contains("error[E")));
    }
}

#[test]
fn place_rules_given_in_code() {
    let schema = schema();
    let errors =
        RuleSet::builder(&schema).rule(Rule::new("a", Severity::Low, "exists(url.pth)")).build().unwrap_err();
    let [diagnostic] = errors.diagnostics() else { panic!("{errors}") };
    assert_eq!(
        (diagnostic.code(), diagnostic.rule(), diagnostic.position()),
        ("E002", Some("a"), Some((1, 8)))
    );
    assert_eq!(diagnostic.help_line(), Some("did you mean `url.path`?"));
}
