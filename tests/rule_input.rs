//! Rules that are too large, too many, too long or built to explode: each is refused, or takes no longer than its size
//! allows. The bounds on time are seconds where milliseconds are usual: they are for what never ends.

use std::time::{Duration, Instant};

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Classic, Count, Exception, Loaded, Rule, RuleErrors, RuleSet};
use autosec_core::time::Timestamp;

const LONG: Duration = Duration::from_secs(30);

fn codes(errors: &RuleErrors) -> Vec<&'static str> {
    errors.diagnostics().iter().map(|one| one.code()).collect()
}

/// What it gives, if that did not take for ever.
fn in_time<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    done
}

fn native(operator: &str) -> Result<RuleSet, RuleErrors> {
    let text = format!("- {{ id: a, name: A, severity: low, when: exists(source.ip), {operator} }}");
    RuleSet::builder(&Schema::ecs()).source("a.yaml", text).build()
}

#[test]
fn windows_of_nothing_and_of_ten_years_are_refused() {
    for (window, units) in
        [("0s", "0s"), ("3650d", "10y"), ("18446744073709551615d", "99999999999999999999y")]
    {
        for operator in [
            "count: { by: [source.ip], within: W, at_least: 3 }",
            "rate: { by: [source.ip], within: W, at_least: 3/m }",
            "distinct: { of: user.name, by: [source.ip], within: W, at_least: 3 }",
            "sum: { of: source.port, by: [source.ip], within: W, at_least: 3 }",
            "avg: { of: source.port, by: [source.ip], within: W, at_least: 3 }",
            "quantile: { of: source.port, q: 0.5, by: [source.ip], within: W, at_least: 3 }",
            "sequence: { by: [source.ip], within: W, steps: [{ when: exists(user.name) }, { when: exists(user.id) }] }",
            "new_value: { of: [user.name], by: [source.ip], forget: W }",
        ] {
            let errors = native(&operator.replace('W', window)).unwrap_err();
            assert!(["E206", "E212", "E105"].contains(&codes(&errors)[0]), "{errors}");
            assert_eq!(errors.diagnostics().len(), 1, "{errors}");
        }
        for (kind, rest) in [
            ("event_count", "condition: { gte: 3 }"),
            ("value_count", "condition: { field: b, gte: 3 }"),
            ("value_sum", "condition: { field: b, gte: 3 }"),
            ("value_avg", "condition: { field: b, gte: 3 }"),
            ("value_percentile", "condition: { field: b, gte: 3 }"),
            ("temporal", "generate: true"),
            ("temporal_ordered", "generate: true"),
        ] {
            let text = format!(
                "title: D\nname: d\nlogsource: {{}}\ndetection: {{ s: {{ a: 1 }}, condition: s }}\n---\n\
                 title: C\ncorrelation: {{ type: {kind}, rules: [d], timespan: {units}, {rest} }}\n"
            );
            let errors = RuleSet::builder(&Schema::ecs()).sigma("a.yml", text).build().unwrap_err();
            assert!(["E206", "E417"].contains(&codes(&errors)[0]), "{errors}");
        }
    }
    for within in [Duration::ZERO, Duration::MAX] {
        let count = Count { by: vec!["source.ip".into()], within, at_least: 3 };
        let rule = Rule::new("a", Severity::Low, "exists(source.ip)").counting(count);
        let errors = RuleSet::builder(&Schema::ecs()).rule(rule).build().unwrap_err();
        assert_eq!(codes(&errors), ["E206"], "{errors}");
    }
}

#[test]
fn a_lateness_no_window_can_have_is_refused() {
    let rule = "- { id: a, name: A, severity: low, when: exists(source.ip), count: { by: [source.ip], within: 1m, at_least: 3 } }";
    let schema = Schema::ecs();
    for lateness in [Duration::from_secs(10 * 366 * 86_400), Duration::MAX] {
        let errors = RuleSet::builder(&schema).lateness(lateness).source("a.yaml", rule).build().unwrap_err();
        assert_eq!(codes(&errors), ["E208"], "{errors}");
    }
}

/// An expression that would need gigabytes is refused in every place that takes one; one that makes others try every way
/// looks at each byte of a text once.
#[test]
fn regular_expressions_do_not_explode() {
    let schema = Schema::ecs();
    in_time(|| {
        for pattern in
            ["(a{1000}){1000}", "((a{100}){100}){100}", r"(\p{L}{500}){500}", "(a|b|ab){10000}{10000}"]
        {
            let rules = [
                Rule::new("when", Severity::Low, format!("url.path matches r\"{pattern}\"")),
                Rule::classic("simple", Severity::Low, Classic::Regex, [pattern]),
            ];
            for rule in rules {
                let errors =
                    RuleSet::builder(&schema).rule(Rule { field: None, ..rule }).build().unwrap_err();
                assert!(!errors.diagnostics().is_empty());
            }
            let sigma = format!(
                "title: T\nlogsource: {{}}\ndetection: {{ s: {{ a|re: '{pattern}' }}, condition: s }}\n"
            );
            let errors = RuleSet::builder(&schema).sigma("a.yml", sigma).build().unwrap_err();
            assert_eq!(codes(&errors), ["E009"], "{errors}");
            let exception = Exception::new("*", format!("url.path matches r\"{pattern}\""));
            let rule = Rule::new("a", Severity::Low, "exists(url.path)");
            let errors = RuleSet::builder(&schema).rule(rule).exception(exception).build().unwrap_err();
            assert_eq!(codes(&errors), ["E009"], "{errors}");
        }
    });
    let text = format!("{}!", "a".repeat(1_000_000));
    let event = Event::new(Timestamp::EPOCH).with(field::URL_PATH, text.as_str());
    in_time(|| {
        for pattern in ["^(a+)+$", "^(a|aa)+$", "(a*)*b", "(x+x+)+y"] {
            let rule = Rule::new("a", Severity::Low, format!("url.path matches r\"{pattern}\""));
            let rules = RuleSet::builder(&schema).rule(rule).build().unwrap();
            let mut findings = Findings::default();
            rules.detect(&event, &mut findings);
            assert!(findings.found().is_empty(), "{pattern}");
        }
    });
}

#[test]
fn wildcards_do_not_explode() {
    let schema = Schema::ecs();
    let stars = "*a".repeat(64);
    let sigma =
        format!("title: T\nlogsource: {{}}\ndetection: {{ s: {{ url.path: '{stars}*b' }}, condition: s }}\n");
    let rules = RuleSet::builder(&schema).sigma("a.yml", sigma).build().unwrap();
    let text = "a".repeat(200_000);
    let event = Event::new(Timestamp::EPOCH).with(field::URL_PATH, text.as_str());
    let mut findings = Findings::default();
    in_time(|| rules.detect(&event, &mut findings));
    assert!(findings.found().is_empty());
}

#[test]
fn ten_megabytes_of_sigma_are_refused_for_their_size() {
    let text = format!(
        "title: T\nlogsource: {{}}\ndetection: {{ s: {{ a: '{}' }}, condition: s }}\n",
        "x".repeat(10 << 20)
    );
    let errors = in_time(|| RuleSet::builder(&Schema::ecs()).sigma("a.yml", text).build().unwrap_err());
    assert_eq!(codes(&errors), ["E108"]);
    assert!(errors.to_string().len() < 4_096, "what is wrong does not quote the whole");
}

/// A million rules, a thousand to a source: reading ends at the limit.
#[test]
fn a_million_sigma_rules_are_refused() {
    let schema = Schema::ecs();
    let rule = |n: u32| {
        format!("title: R{n}\nlogsource: {{}}\ndetection: {{ s: {{ a: {n} }}, condition: s }}\n---\n")
    };
    let sources =
        (0..1_000_u32).map(|source| (0..1_000).map(|n| rule(source * 1_000 + n)).collect::<String>());
    let builder = sources.fold(RuleSet::builder(&schema), |builder, text| builder.sigma("pack.yml", text));
    let errors = in_time(|| builder.rule_limit(1_000).build().unwrap_err());
    assert_eq!(codes(&errors), ["E109"]);
}

/// Every one of them refers to itself, or all of them to each other.
#[test]
fn many_circles_are_all_found() {
    let schema = Schema::ecs();
    let correlation = |n: usize, of: usize| {
        format!("title: N\nid: n{n}\ncorrelation: {{ type: temporal, rules: [n{of}], timespan: 1m }}\n---\n")
    };
    let count = 10_000;
    for (next, circles) in [(0, count), (1, 1)] {
        let documents: Vec<_> = (0..count).map(|n| correlation(n, (n + next) % count)).collect();
        let sources = || documents.chunks(2_000).map(|documents| documents.concat());
        let builder =
            || sources().fold(RuleSet::builder(&schema), |builder, text| builder.sigma("a.yml", text));
        let errors = in_time(|| builder().build().unwrap_err());
        assert_eq!(errors.diagnostics().len(), circles, "{}", errors.diagnostics()[0]);
        assert!(errors.diagnostics().iter().all(|one| one.code() == "E416"));
        let Loaded { rules, refused } = in_time(|| builder().build_lenient());
        assert_eq!(refused.len(), count, "each is left out, and it is said why");
        let mut findings = Findings::default();
        rules.detect(&Event::new(Timestamp::EPOCH), &mut findings);
        assert!(findings.found().is_empty());
    }
}

/// What refers to nothing is said of as many references as a correlation may have, and compared to each name once.
#[test]
fn many_references_to_nothing_are_refused() {
    let schema = Schema::ecs();
    let names: Vec<_> = (0..50_000).map(|n| format!("nothing{n}")).collect();
    let correlation =
        format!("title: N\ncorrelation: {{ type: temporal, rules: [{}], timespan: 1m }}\n", names.join(", "));
    let rule = |n: u32| {
        format!(
            "title: rule number {n}\nid: nothing-of-the-kind-{n}\nlogsource: {{}}\ndetection: {{ s: {{ a: {n} }}, condition: s }}\n---\n"
        )
    };
    let rules: String = (0..2_000).map(rule).collect();
    let builder = RuleSet::builder(&schema).sigma("a.yml", rules).sigma("b.yml", correlation);
    let errors = in_time(|| builder.build().unwrap_err());
    assert!(errors.diagnostics().len() <= 65, "{}", errors.diagnostics().len());
}

#[test]
fn many_exceptions_take_no_longer_than_their_number_allows() {
    let schema = Schema::ecs();
    for (of, count) in [("r", 10_000), ("unknown-", 1_000)] {
        let rules: String = (0..10_000)
            .map(|n| format!("- {{id: r{n}, name: R, severity: low, when: exists(url.path)}}\n"))
            .collect();
        let exceptions: String =
            (0..count).map(|n| format!("- {{rule: {of}{n}, when: exists(user.name)}}\n")).collect();
        let own = format!("exceptions:\n{exceptions}");
        let builder = RuleSet::builder(&schema).source("rules.yaml", rules).source("own.yaml", own);
        let Loaded { rules, refused } = in_time(|| builder.build_lenient());
        let expected = if of == "r" { 0 } else { count };
        assert_eq!((rules.rules().count(), refused.len()), (10_000, expected));
    }
}
