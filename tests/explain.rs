//! What a rule says about an event: goldens of the text, and that it tells the truth.

use std::path::Path;
use std::time::Duration;

use autosec_core::event::{Event, JsonReader, Schema, Value, field};
use autosec_core::finding::{Detector, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Clause, Count, Distinct, Explanation, List, Mode, Outcome, Rule, RuleSet, Says};
use autosec_core::time::Timestamp;
use proptest::prelude::*;

use crate::support::{address, golden};

const SIGMA: &str = r"
title: Shells that web servers start
id: web-shell
logsource: { category: process_creation, product: windows }
detection:
  parent: { ParentImage|endswith: ['\w3wp.exe', '\httpd.exe', '\nginx.exe', '\php-cgi.exe', '\php.exe', '\tomcat.exe', '\caddy.exe'] }
  shell:
    - Image|endswith: ['\cmd.exe', '\powershell.exe']
    - OriginalFileName: 'Cmd.Exe'
  pattern: { CommandLine|windash|contains: ' -enc*x?' }
  regex: { CommandLine|re|i: '^whoami\s' }
  network: { DestinationIp|cidr: [10.0.0.0/8, '2001:db8::/32'] }
  relation: { User|fieldref|startswith: TargetUser }
  number: { ProcessId|gte: 1000, LogonId: null }
  time: { UtcTime|hour: 3 }
  keyword: [ 'mimikatz', 'sekur*lsa' ]
  noise: { CommandLine|contains|all: [ 'backup', 'nightly' ] }
  condition: ((parent and shell) or 1 of pattern or regex or network or relation or number or time or keyword) and not noise
level: high
";

fn rules() -> RuleSet {
    let by = vec!["source.ip".to_owned()];
    let login = r#"event.action == "login" and event.outcome == "failure""#;
    let within = Duration::from_secs(600);
    let count = Rule {
        name: "Brute force".into(),
        count: Some(Count { by: by.clone(), within, at_least: 5 }),
        ..Rule::new("brute-force", Severity::High, login)
    };
    let distinct = Rule {
        distinct: Some(Distinct { of: "user.name".into(), by, within, at_least: 3 }),
        mode: Mode::Shadow,
        ..Rule::new("spray", Severity::High, login)
    };
    let every = r#"
        exists(user.name) and not user.name in { "a" "b" "c" "d" "e" "f" "g" "h" }
        and (source.port < 1024 or source.port in { 4711 8000..8080 })
        and not (source.ip in $office or source.ip in { 203.0.113.0/24 198.51.100.1 2001:db8::/32 })
        and lower(url.path) contains { "/../" "%2e%2e" } and url.path matches r"/etc/(passwd|shadow)$"
        and (lower(user_agent.original) matches "curl" or user.name != "root")"#;
    let off = Rule { mode: Mode::Off, ..Rule::new("off", Severity::Low, "source.port == 22") };
    RuleSet::builder(&Schema::ecs())
        .rule(count)
        .rule(distinct)
        .rule(Rule::new("every-test", Severity::Medium, every))
        .rule(Rule::new(
            "twice",
            Severity::Low,
            r#"(source.port == 1 or tags == "x") and (source.port == 1 or tags == "y")"#,
        ))
        .rule(Rule::new("never", Severity::Low, "source.port == 1 and not source.port == 1"))
        .rule(off)
        .list("office", List::addresses(["192.0.2.0/24".parse().unwrap()]))
        .sigma("web-shell.yml", SIGMA)
        .build()
        .unwrap()
}

fn failure(second: i64, source: &str, user: &'static str) -> Event<'static> {
    Event::new(Timestamp::from_secs(1_795_000_000 + second))
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "failure")
        .with(field::SOURCE_IP, address(source))
        .with(field::USER_NAME, user)
}

fn looked(rules: &RuleSet, event: &Event<'_>) -> Vec<String> {
    let mut findings = Findings::default();
    rules.detect(event, &mut findings);
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}

/// Every explanation, one after the other.
#[test]
fn reads_well() {
    let rules = rules();
    for (second, user) in (0..).zip(["ann", "bob", "ann"]) {
        assert!(looked(&rules, &failure(second, "203.0.113.7", user)).is_empty());
    }
    let success = failure(3, "203.0.113.7", "ann").with(field::EVENT_OUTCOME, "success");
    let keyless = Event::new(Timestamp::from_secs(1_795_000_000))
        .with(field::EVENT_ACTION, "login")
        .with(field::EVENT_OUTCOME, "failure");
    let request = Event::new(Timestamp::from_secs(1_795_000_000))
        .with(field::USER_NAME, "root")
        .with(field::SOURCE_PORT, 4711_i64)
        .with(field::SOURCE_IP, address("192.0.2.9"))
        .with(field::URL_PATH, "/x/%2E%2E/etc/passwd\u{1b}[2J")
        .with(field::TAGS, Value::List(vec!["y".into(), "z".into()]));
    let reader = JsonReader::new(rules.schema(), &rules.fields());
    let read =
        |text: &'static str| reader.read_at(text.as_bytes(), Timestamp::from_secs(1_795_000_000)).unwrap();
    let shell = read(
        r#"{"ParentImage":"C:\\nginx.exe","Image":"C:\\cmd.exe","Computer":"web1","Note":"x Mimikatz"}"#,
    );
    let backup = read(r#"{"CommandLine":"backup --nightly","ProcessId":17,"Image":"C:\\Ünï.exe"}"#);
    let asked = [
        ("brute-force", failure(3, "203.0.113.7", "ann")),
        ("brute-force", failure(3, "203.0.113.8", "ann")),
        ("brute-force", failure(-100_000, "203.0.113.7", "ann")),
        ("brute-force", success),
        ("brute-force", keyless),
        ("spray", failure(3, "203.0.113.7", "ann")),
        ("every-test", request.clone()),
        ("twice", request.clone()),
        ("never", request.clone()),
        ("off", request),
        ("web-shell", shell),
        ("web-shell", backup),
    ];
    let explained = asked.iter().map(|(rule, event)| rules.explain(rule, event).unwrap().to_string());
    let text = explained.collect::<Vec<_>>().join("\n\n") + "\n";
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rule-explanations.txt");
    assert_eq!(golden::differs(&golden, &text), None);
    assert!(rules.explain("unknown", &asked[0].1).is_none());
}

#[test]
fn says_where_a_rule_ends() {
    let rules = rules();
    let event = failure(0, "203.0.113.7", "ann");
    let outcome = |rule: &str, event: &Event<'_>| rules.explain(rule, event).unwrap().outcome;
    for observed in 0..5 {
        let explanation = rules.explain("brute-force", &event).unwrap();
        assert_eq!(explanation.window.unwrap().observed, Some(f64::from(observed)));
        assert_eq!(explanation.outcome, Outcome::Counts);
        looked(&rules, &event);
    }
    assert_eq!(outcome("brute-force", &event), Outcome::Finds);
    assert_eq!(outcome("brute-force", &failure(-86_400, "203.0.113.7", "ann")), Outcome::Late);
    assert_eq!(outcome("brute-force", &failure(86_400, "203.0.113.7", "ann")), Outcome::Counts);
    let bare =
        Event::new(Timestamp::EPOCH).with(field::EVENT_ACTION, "login").with(field::EVENT_OUTCOME, "failure");
    assert_eq!(outcome("brute-force", &bare), Outcome::NoSubject);
    assert_eq!(outcome("spray", &bare.with(field::SOURCE_IP, address("203.0.113.9"))), Outcome::NoKey);
    assert_eq!(outcome("off", &event), Outcome::Off);
    assert_eq!(outcome("never", &event), Outcome::NoMatch);
    let before: Vec<_> = rules.stats().collect();
    rules.explain("brute-force", &event);
    assert_eq!(before, rules.stats().collect::<Vec<_>>(), "asking changes nothing");
}

#[test]
fn goes_to_programs() {
    let rules = rules();
    let json =
        serde_json::to_value(rules.explain("twice", &failure(0, "203.0.113.7", "ann")).unwrap()).unwrap();
    assert_eq!(json["outcome"], "no_match");
    assert_eq!(json["clause"]["all"][0]["any"][1]["test"]["test"], r#"tags == "x""#);
    assert_eq!(json["changes"], serde_json::json!([{ "test": "source.port == 1", "holds": true }]));
}

/// Forty levels of correlations, each of two over both of the level below: a million million ways to the rule at the bottom.
#[test]
fn tells_of_correlations_that_share_what_is_below_them() {
    let mut rules = String::from(
        "title: A\nid: a\nlogsource: {}\ndetection: { s: { user.name: eve }, condition: s }\n---\n\
         title: B\nid: b\nlogsource: {}\ndetection: { s: { user.name: bob }, condition: s }\n",
    );
    let mut below = ["a".to_owned(), "b".to_owned()];
    for level in 0..40 {
        let names = ["c", "d"].map(|side| format!("{side}{level}"));
        for name in &names {
            rules += &format!(
                "---\ntitle: {name}\nid: {name}\ncorrelation:\n  type: event_count\n  rules: [{}]\n  timespan: 1m\n  \
                 condition: {{ gte: 1 }}\n",
                below.join(", ")
            );
        }
        below = names;
    }
    let rules = RuleSet::builder(&Schema::ecs()).sigma("levels.yml", rules).build().unwrap();
    for (user, outcome) in [("eve", Outcome::Counts), ("bob", Outcome::Finds), ("ann", Outcome::NoMatch)] {
        let event = Event::new(Timestamp::EPOCH).with(field::USER_NAME, user);
        let explanation = rules.explain("c39", &event).unwrap();
        assert_eq!((explanation.outcome, explanation.clause.holds), (outcome, user != "ann"));
        // Of one window there is one finding, which the first event gives.
        assert_eq!(looked(&rules, &event).contains(&"c39".to_owned()), user == "eve");
    }
}

/// What a clause says follows from its parts.
fn is_consistent(clause: &Clause) -> bool {
    match &clause.says {
        Says::All(parts) => {
            parts.iter().all(is_consistent) && clause.holds == parts.iter().all(|part| part.holds)
        }
        Says::Any(parts) => {
            parts.iter().all(is_consistent) && clause.holds == parts.iter().any(|part| part.holds)
        }
        Says::Not(part) => is_consistent(part) && clause.holds != part.holds,
        _ => true,
    }
}

fn holds(explanation: &Explanation) -> bool {
    is_consistent(&explanation.clause) && explanation.clause.holds
}

proptest! {
    /// An explanation says what the set does.
    #[test]
    fn agrees_with_the_set(
        texts in prop::collection::vec((0usize..8, "(cmd|x|\\\\cmd\\.exe|whoami a|mimikatz|10\\.1\\.2\\.3| -encxy|nightly backup)"), 0..6),
        port in prop::option::of(0i64..5),
        user in prop::sample::select(&["ann", "root", "a"][..]),
    ) {
        static RULES: std::sync::LazyLock<RuleSet> = std::sync::LazyLock::new(rules);
        let names = ["Image", "ParentImage", "CommandLine", "DestinationIp", "User", "TargetUser", "tags", "url.path"];
        let mut event = Event::new(Timestamp::EPOCH).with(field::SOURCE_IP, address("198.51.100.7"));
        event.set(field::USER_NAME, user);
        port.into_iter().for_each(|port| event.set(field::SOURCE_PORT, port));
        for (at, text) in &texts {
            event.set(RULES.schema().field(names[*at]).unwrap(), text.clone());
        }
        let rules = RULES.fresh();
        looked(&rules, &event);
        for stats in rules.stats() {
            let explanation = rules.explain(&stats.id, &event).unwrap();
            prop_assert_eq!(holds(&explanation), stats.matches == 1, "{}", explanation);
            prop_assert!(explanation.smallest);
        }
    }
}
