//! Correlations: which rules they refer to, and what becomes of these.

use autosec_core::event::{JsonReader, Schema};
use autosec_core::finding::{Detector, Findings};
use autosec_core::rule::{RuleSet, SigmaKind};
use autosec_core::time::Timestamp;

use super::correlations::RULES;
use super::found;

fn set(sources: &[&str]) -> RuleSet {
    let schema = Schema::ecs();
    let builder =
        sources.iter().fold(RuleSet::builder(&schema), |builder, text| builder.sigma("test.yml", *text));
    builder.build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// The ids of what is found in these events, a second apart.
fn ids(rules: &RuleSet, events: &[&str]) -> Vec<String> {
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let events = events.iter().zip(1_000..);
    events
        .flat_map(|(json, at)| {
            found(rules, &reader.read_at(json.as_bytes(), Timestamp::from_secs(at)).unwrap())
        })
        .collect()
}

fn correlation(id: &str, inside: &str) -> String {
    format!("title: {id}\nid: {id}\nname: {id}\ncorrelation: {{ timespan: 1m, {inside} }}\n")
}

#[test]
fn parts_give_findings_only_if_asked() {
    let events = [r#"{"a":1}"#, r#"{"a":1,"c":1}"#];
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[RULES]), &events), ["a", "a", "c"]);
    assert_eq!(ids(&set(&[RULES, &count]), &events), ["c", "count"]);
    let own = format!("{count}generate: true\n");
    assert_eq!(ids(&set(&[&own, RULES]), &events), ["a", "a", "c", "count"]);
    let inside = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }, generate: true");
    assert_eq!(ids(&set(&[&inside, RULES]), &events), ["a", "a", "c", "count"]);
    // One of two that refer to it is enough.
    let other = correlation("other", "type: event_count, rules: [a, c], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[&own, &other, RULES]), &events), ["a", "a", "count", "other"]);
    // A correlation gives its own in any case.
    let above = correlation("above", "type: temporal_ordered, rules: [count, b]");
    let events = [r#"{"a":1}"#, r#"{"a":1}"#, r#"{"b":1}"#];
    assert_eq!(ids(&set(&[&above, &count, RULES]), &events), ["count", "above"]);
}

#[test]
fn what_is_off_still_feeds() {
    let events = [r#"{"a":1}"#, r#"{"a":1}"#];
    let off = RULES.replace("name: a\n", "name: a\nstatus: deprecated\n");
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }, generate: true");
    assert_eq!(ids(&set(&[&off]), &events), Vec::<String>::new());
    assert_eq!(ids(&set(&[&off, &count]), &events), ["count"]);
    let none = format!("{count}status: unsupported\n");
    assert_eq!(ids(&set(&[RULES, &none]), &events), ["a", "a"]);
}

#[test]
fn rules_are_called_by_id_or_name() {
    let named = "title: T\nid: 0e95725d-7320-415d-80f7-004da920fc11\nname: by_name\nlogsource: {}\ndetection: { s: { a: 1 }, condition: s }\n";
    for reference in ["by_name", "0e95725d-7320-415d-80f7-004da920fc11"] {
        let count =
            correlation("count", &format!("type: event_count, rules: [{reference}], condition: {{ gt: 0 }}"));
        assert_eq!(ids(&set(&[&count, named]), &[r#"{"a":1}"#]), ["count"]);
    }
}

#[test]
fn without_group_by_all_events_are_one_group() {
    let count = correlation("count", "type: event_count, rules: [a], condition: { gte: 2 }");
    assert_eq!(ids(&set(&[RULES, &count]), &[r#"{"a":1,"User":"x"}"#, r#"{"a":1,"User":"y"}"#]), ["count"]);
    let by = correlation(
        "count",
        "type: event_count, rules: [a], group-by: [User, Computer], condition: { gte: 2 }",
    );
    let events = [
        r#"{"a":1,"User":"x","Computer":"p"}"#,
        r#"{"a":1,"User":"y","Computer":"p"}"#,
        r#"{"a":1,"User":"x","Computer":"q"}"#,
        r#"{"a":1,"User":"x"}"#,
    ];
    assert_eq!(ids(&set(&[RULES, &by]), &events), Vec::<String>::new());
    assert_eq!(ids(&set(&[RULES, &by]), &[events[0], events[1], events[0]]), ["count"]);
}

#[test]
fn aliases_bring_fields_together() {
    let inside = "type: temporal, rules: [a, b], group-by: [internal, remote], aliases: { internal: { a: destination.ip, b: source.ip }, remote: { a: source.ip, b: destination.ip } }";
    let rules = set(&[RULES, &correlation("both", inside)]);
    let error = r#"{"a":1,"source":{"ip":"203.0.113.1"},"destination":{"ip":"10.0.0.1"}}"#;
    let back = r#"{"b":1,"source":{"ip":"10.0.0.1"},"destination":{"ip":"203.0.113.1"}}"#;
    let same = r#"{"b":1,"source":{"ip":"203.0.113.1"},"destination":{"ip":"10.0.0.1"}}"#;
    assert_eq!(ids(&rules, &[error, same]), Vec::<String>::new());
    for (first, second) in [(error, back), (back, error)] {
        let rules = set(&[RULES, &correlation("both", inside)]);
        let reader = JsonReader::new(rules.schema(), &rules.fields());
        let mut findings = Findings::default();
        for (json, at) in [(first, 1), (second, 2)] {
            rules.detect(&reader.read_at(json.as_bytes(), Timestamp::from_secs(at)).unwrap(), &mut findings);
        }
        // Whichever completes it, it is about the same address.
        assert_eq!(findings.found()[0].subject.to_string(), "10.0.0.1");
    }
    // A rule that an alias says nothing about has a field of the alias's name; values have aliases, too.
    let inside = "type: value_count, rules: [a, b], group-by: [who], aliases: { who: { a: User }, what: { a: x, b: y } }, condition: { field: what, gte: 2 }";
    let rules = set(&[RULES, &correlation("values", inside)]);
    assert_eq!(ids(&rules, &[r#"{"a":1,"User":"e","x":"1"}"#, r#"{"b":1,"who":"e","y":"2"}"#]), ["values"]);
}

#[test]
fn several_fields_are_counted_together() {
    let inside = "type: value_count, rules: [a], condition: { field: [User, Image], gte: 3 }";
    let events = [
        r#"{"a":1,"User":"x","Image":"1"}"#,
        r#"{"a":1,"User":"x","Image":"2"}"#,
        r#"{"a":1,"User":"y","Image":"1"}"#,
    ];
    assert_eq!(ids(&set(&[RULES, &correlation("values", inside)]), &events), ["values"]);
    let again = [events[0], events[1], events[0], r#"{"a":1,"User":"y"}"#];
    assert_eq!(ids(&set(&[RULES, &correlation("values", inside)]), &again), Vec::<String>::new());
}

#[test]
fn what_a_correlation_says_about_itself_is_its_findings() {
    let text = "title: Many\nid: many\nstatus: stable\nlevel: critical\ntags: [attack.t1110]\nauthor: me\ncorrelation: { type: value_sum, rules: [a], group-by: [User], timespan: 1d, condition: { field: bytes, gt: 100 } }\n";
    let rules = set(&[RULES, text]);
    let read = rules.sigma_rules().find(|rule| rule.id == "many").unwrap();
    assert_eq!((read.kind, read.author.as_str()), (SigmaKind::Correlation, "me"));
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let mut findings = Findings::default();
    let json = br#"{"a":1,"User":"eve","bytes":101}"#;
    rules.detect(&reader.read_at(json, Timestamp::from_secs(1)).unwrap(), &mut findings);
    let [finding] = findings.found() else { panic!("{findings:?}") };
    assert_eq!((finding.severity.to_string().as_str(), finding.confidence.value()), ("critical", 0.8));
    assert_eq!((finding.analytic.name.as_ref(), finding.analytic.tags[0].as_ref()), ("Many", "attack.t1110"));
    assert_eq!(finding.subject.to_string(), "eve");
    let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(evidence.last().unwrap(), "sum of bytes is 101 within 1d (it takes more than 100)");
}

#[test]
fn filters_and_pipelines_reach_correlations() {
    let filter = "title: F\nlogsource: {}\nfilter: { rules: [a], selection: { User: admin }, condition: not selection }\n";
    let count =
        correlation("count", "type: event_count, rules: [a], group-by: [User], condition: { gte: 2 }");
    let pipeline = "name: P\ntransformations: [{ type: field_name_mapping, mapping: { User: user.name } }]\n";
    let schema = Schema::ecs();
    let builder = RuleSet::builder(&schema).sigma("c", count).sigma("f", filter).sigma("r", RULES);
    let rules = builder.sigma_pipeline("p", pipeline).build().unwrap();
    let event = |user: &str| format!(r#"{{"a":1,"user":{{"name":"{user}"}}}}"#);
    let (admin, eve, bob) = (event("admin"), event("eve"), event("bob"));
    assert_eq!(ids(&rules, &[&admin, &admin, &eve, &bob, &eve]), ["count"]);
}

#[test]
fn many_correlations_of_one_rule_all_fire() {
    let inside = "type: event_count, rules: [a], condition: { gte: 1 }";
    let many: Vec<String> = (0..300).map(|n| correlation(&format!("n{n}"), inside)).collect();
    let found = ids(&set(&[RULES, &many.join("---\n")]), &[r#"{"a":1}"#]);
    assert_eq!(found, (0..300).map(|n| format!("n{n}")).collect::<Vec<_>>());
}

#[test]
fn long_chains_and_dense_ones_end() {
    let one_by_one = |n: usize| if n == 0 { "a".to_owned() } else { format!("n{}", n - 1) };
    let all_before =
        |n: usize| (0..n).map(|n| format!("n{n}")).chain(["a".to_owned()]).collect::<Vec<_>>().join(", ");
    for (count, rules) in [(300, &one_by_one as &dyn Fn(usize) -> String), (60, &all_before)] {
        let inside = |n| format!("type: event_count, rules: [{}], condition: {{ gte: 1 }}", rules(n));
        let chain: Vec<String> =
            (0..count).rev().map(|n| correlation(&format!("n{n}"), &inside(n))).collect();
        let found = ids(&set(&[&chain.join("---\n"), RULES]), &[r#"{"a":1}"#]);
        assert_eq!(found, (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_counted_outlives_the_set_if_the_rules_stay() {
    let count = |at_least: u8| {
        let inside =
            format!("type: event_count, rules: [a], group-by: [User], condition: {{ gte: {at_least} }}");
        correlation("count", &inside)
    };
    let above = correlation("above", "type: temporal, rules: [count, b]");
    let event = r#"{"a":1,"User":"eve"}"#;
    let changed = RULES.replace("s: { a: 1 }", "s: { a: 1, User|exists: true }");
    let moved = format!("{RULES}---\n{}", count(3));
    // The set, how many of its rules go on, and what the next event finds.
    for (sources, kept, found) in [
        (vec![RULES, count(3).as_str(), &above], 2, vec!["count"]),
        // Wherever it stands, and whatever else there is.
        (vec![above.as_str(), &moved], 2, vec!["count"]),
        (vec![RULES, count(4).as_str(), &above], 0, vec![]),
        (vec![changed.as_str(), count(3).as_str(), &above], 0, vec![]),
    ] {
        let old = set(&[RULES, &count(3), &above]);
        assert_eq!(ids(&old, &[event, event]), Vec::<String>::new());
        let mut new = set(&sources);
        assert_eq!(new.take_state_from(&old), kept, "{sources:?}");
        assert_eq!(ids(&new, &[event]), found, "{sources:?}");
    }
}
