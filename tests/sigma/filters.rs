//! Filters: which rules they are for, and what becomes of these.

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::Detector;
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;

use super::found;

const RULES: &str = "
title: One
id: one
name: first
logsource: { product: windows, category: process_creation }
detection: { selection: { Image: x }, condition: selection }
---
title: Two
id: two
logsource: { product: windows, category: process_creation }
detection:
  filter: { Image: y }
  condition:
    - filter
    - not filter
---
title: Three
id: three
logsource: { product: linux, category: process_creation }
detection: { selection: { Image: x }, condition: selection }
";

/// The ids of the rules that find something in an event of `x` by this user.
fn ids(filters: &[&str], user: &str) -> Vec<String> {
    let schema = Schema::ecs();
    // Filters stand before the rules they are for as well as behind.
    let mut builder = RuleSet::builder(&schema);
    for (at, filter) in filters.iter().enumerate() {
        if at == 1 {
            builder = builder.sigma("rules.yml", RULES);
        }
        builder = builder.sigma(format!("filter-{at}.yml"), *filter);
    }
    let builder = if filters.len() < 2 { builder.sigma("rules.yml", RULES) } else { builder };
    let rules = builder.build().unwrap_or_else(|errors| panic!("{errors}"));
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let json = format!(r#"{{"Image":"x","User":"{user}"}}"#);
    found(&rules, &reader.read_at(json.as_bytes(), Timestamp::EPOCH).unwrap())
}

fn filter(logsource: &str, rules: &str, rest: &str) -> String {
    format!("title: Filter\nlogsource: {logsource}\nfilter:\n  rules: {rules}\n{rest}")
}

const NOT_ADMIN: &str = "  selection: { User|startswith: adm_ }\n  condition: not selection\n";

#[test]
fn without_filters_every_rule_finds() {
    assert_eq!(ids(&[], "adm_eve"), ["one", "two", "three"]);
}

#[test]
fn exclude_where_the_logsource_fits() {
    for (logsource, rules, left) in [
        ("{}", "any", vec![]),
        ("{}", "[any]", vec![]),
        ("{ product: windows }", "any", vec!["three"]),
        ("{ product: Windows, category: process_creation }", "[one]", vec!["two", "three"]),
        ("{ product: windows }", "[first, two]", vec!["three"]),
        ("{ category: process_creation }", "[three]", vec!["one", "two"]),
        // A rule of another logsource is passed over though it is named.
        ("{ product: linux }", "[one]", vec!["one", "two", "three"]),
        ("{ product: windows, service: sysmon }", "any", vec!["one", "two", "three"]),
    ] {
        let filter = filter(logsource, rules, NOT_ADMIN);
        assert_eq!(ids(&[&filter], "adm_eve"), left, "{logsource} {rules}");
        assert_eq!(ids(&[&filter], "eve"), ["one", "two", "three"], "{logsource} {rules}");
    }
}

#[test]
fn conditions_are_joined_as_they_are() {
    let only = filter("{}", "[one]", "  selection: { User|startswith: adm_ }\n  condition: selection\n");
    assert_eq!(ids(&[&only], "adm_eve"), ["one", "two", "three"]);
    assert_eq!(ids(&[&only], "eve"), ["two", "three"]);
    let names = "  a: { User: eve }\n  b: [adm_]\n  condition: not 1 of them\n";
    let several = filter("{}", "any", names);
    assert_eq!(ids(&[&several], "eve"), Vec::<String>::new());
    assert_eq!(ids(&[&several], "the_adm_of_all"), Vec::<String>::new());
    assert_eq!(ids(&[&several], "bob"), ["one", "two", "three"]);
}

#[test]
fn several_filters_all_count() {
    let eve = filter("{}", "[one]", "  selection: { User: eve }\n  condition: not selection\n");
    let bob = filter("{}", "[one, three]", "  selection: { User: bob }\n  condition: not selection\n");
    assert_eq!(ids(&[&eve, &bob], "eve"), ["two", "three"]);
    assert_eq!(ids(&[&eve, &bob], "bob"), ["two"]);
    assert_eq!(ids(&[&eve, &bob], "ann"), ["one", "two", "three"]);
}

#[test]
fn are_no_rules() {
    let filter = filter("{}", "any", NOT_ADMIN);
    let set = RuleSet::builder(&Schema::ecs()).sigma("r.yml", RULES).sigma("f.yml", filter).build().unwrap();
    assert_eq!((set.sigma_rules().count(), set.stats().count()), (3, 3));
}
