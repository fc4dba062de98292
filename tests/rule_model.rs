//! What rules can say beside their expressions, in every format: priorities, expiry, exceptions, tests, lists, simple
//! types; and packs of which a part is broken.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autosec_core::event::{Event, Schema, field};
use autosec_core::finding::{Action, Detector, Findings, Response};
use autosec_core::measure::{Confidence, Severity};
use autosec_core::rule::{
    Classic, Count, Distinct, Exception, Expectation, List, ListError, Loaded, Mode, Rule, RuleSet, RuleTest,
    TestEvent,
};
use autosec_core::time::Timestamp;

const WHOAMI: &str = r"
title: Whoami
logsource: { category: process_creation }
detection:
  selection: { Image|endswith: '\whoami.exe' }
  condition: selection
";

fn build(name: &str, text: &str) -> RuleSet {
    RuleSet::builder(&Schema::ecs()).source(name, text).build().unwrap_or_else(|errors| panic!("{errors}"))
}

fn visit(secs: i64, address: &str) -> Event<'static> {
    Event::new(Timestamp::from_secs(secs))
        .with(field::URL_PATH, "/admin")
        .with(field::SOURCE_IP, address.parse::<IpAddr>().unwrap())
}

/// The ids of the rules that find something in an event.
fn found(set: &RuleSet, event: &Event<'_>) -> Vec<String> {
    let mut findings = Findings::default();
    set.detect(event, &mut findings);
    findings.found().iter().map(|finding| finding.analytic.id.to_string()).collect()
}

fn admin(id: &str) -> Rule {
    Rule::new(id, Severity::Low, "url.path starts_with \"/admin\"")
}

/// A rule with everything that a rule can have.
fn full() -> Rule {
    let events =
        vec![TestEvent { repeat: Some(3), every: Some(Duration::from_secs(2)), ..TestEvent::default() }];
    let test = RuleTest {
        name: "three".into(),
        each: [("source.ip".to_owned(), "203.0.113.7".into()), ("destination.port".to_owned(), 23.into())]
            .into(),
        events,
        expect: Expectation::Exactly { findings: Some(1), subject: Some("203.0.113.7".into()) },
    };
    Rule {
        field: Some("destination.port".into()),
        when: "source.ip in { 203.0.113.0/24 }".into(),
        tests: vec![test],
        ..Rule::classic("full", Severity::High, Classic::Port, ["23", "2300..2399"])
    }
    .named("Full")
    .described("Everything.")
    .tagged(["attack.t1110"])
    .sure(Confidence::clamped(0.5))
    .counting(Count { by: vec!["source.ip".into()], within: Duration::from_secs(60), at_least: 3 })
    .about("source.ip")
    .responding(Response::new(Action::Block).lasting(Duration::from_secs(3_600)))
    .in_mode(Mode::Shadow)
    .with_priority(-7)
    .until(Timestamp::parse("2030-01-01T00:00:00Z").unwrap())
}

#[test]
fn every_format_says_the_same() {
    let yaml = r#"
- id: full
  name: Full
  description: Everything.
  severity: high
  confidence: 0.5
  tags: [attack.t1110]
  when: source.ip in { 203.0.113.0/24 }
  type: port
  value: [23, 2300..2399]
  field: destination.port
  count: { by: [source.ip], within: 1m, at_least: 3 }
  subject: source.ip
  response: { action: block, for: 1h }
  mode: shadow
  priority: -7
  expires: 2030-01-01
  tests:
  - name: three
    each: { source.ip: 203.0.113.7, destination.port: 23 }
    events: [{ repeat: 3, every: 2s }]
    expect: { findings: 1, subject: 203.0.113.7 }
"#;
    let toml = r#"
[[rule]]
id = "full"
name = "Full"
description = "Everything."
severity = "high"
confidence = 0.5
tags = ["attack.t1110"]
when = "source.ip in { 203.0.113.0/24 }"
type = "port"
value = [23, "2300..2399"]
field = "destination.port"
count = { by = ["source.ip"], within = "1m", at_least = 3 }
subject = "source.ip"
response = { action = "block", for = "1h" }
mode = "shadow"
priority = -7
expires = 2030-01-01

[[rule.tests]]
name = "three"
each = { "source.ip" = "203.0.113.7", "destination.port" = 23 }
events = [{ repeat = 3, every = "2s" }]
expect = { findings = 1, subject = "203.0.113.7" }
"#;
    let json = serde_json::to_string(&[full()]).unwrap();
    let keyed = format!("{{\"rules\": {json}}}");
    for (name, text) in
        [("a.yaml", yaml), ("a.TOML", toml), ("a.json", &json), ("b.json", &keyed), ("a", yaml)]
    {
        let set = build(name, text);
        assert_eq!(set.rules().collect::<Vec<_>>(), [&full()], "{name}");
        assert!(set.test().passed(), "{name}: {}", set.test());
    }
}

#[test]
fn findings_come_by_priority_and_then_in_order() {
    let schema = Schema::ecs();
    let rules = [("a", 0), ("b", 5), ("c", -1), ("d", 5), ("e", i32::MAX), ("f", i32::MIN)];
    let builder = rules.into_iter().fold(RuleSet::builder(&schema), |builder, (id, priority)| {
        builder.rule(admin(id).with_priority(priority))
    });
    let set = builder.build().unwrap();
    assert_eq!(found(&set, &visit(0, "192.0.2.1")), ["e", "b", "d", "a", "c", "f"]);
    assert_eq!(set.rules().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn a_rule_expires_in_event_time() {
    let count = Count { by: vec!["source.ip".into()], within: Duration::from_secs(60), at_least: 2 };
    let (one, counted) = (admin("one"), admin("counted").counting(count));
    let set = RuleSet::builder(&Schema::ecs())
        .rule(one.until(Timestamp::from_secs(1_000)))
        .rule(counted.until(Timestamp::from_secs(1_000)))
        .build()
        .unwrap();
    assert_eq!(found(&set, &visit(998, "192.0.2.1")), ["one"]);
    assert_eq!(found(&set, &visit(1_000, "192.0.2.1")), [""; 0]);
    assert_eq!(found(&set, &visit(999, "192.0.2.1")), ["one", "counted"], "an event of before counts still");
    assert_eq!(set.stats().map(|stats| stats.matches).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn exceptions_hold_for_every_kind_of_rule() {
    let (by, within) = (vec!["source.ip".to_owned()], Duration::from_secs(600));
    let count = Count { by: by.clone(), within, at_least: 2 };
    let distinct = Distinct { of: "user.name".into(), by, within, at_least: 2 };
    let schema = Schema::ecs();
    let rules = |exception: Option<&str>| {
        let builder = RuleSet::builder(&schema)
            .rule(admin("admin-one"))
            .rule(admin("admin-count").counting(count.clone()))
            .rule(admin("admin-distinct").counting_distinct(distinct.clone()))
            .rule(Rule { when: String::new(), ..Rule::classic("port", Severity::Low, Classic::Port, ["23"]) })
            .sigma("whoami.yml", WHOAMI);
        let exception =
            exception.map(|rule| Exception::new(rule, "user.id == \"excepted\"").because("a test"));
        exception
            .into_iter()
            .fold(builder, |builder, exception| builder.exception(exception))
            .build()
            .unwrap()
    };
    let seen = |set: &RuleSet, id: &'static str| {
        let mut seen = Vec::new();
        for user in ["ann", "bob"] {
            let image = set.schema().field("Image").unwrap();
            let event = visit(1, "192.0.2.1").with(field::USER_NAME, user).with(field::USER_ID, id);
            let event = event.with(field::DESTINATION_PORT, 23_i64).with(image, r"C:\whoami.exe");
            seen.extend(found(set, &event));
        }
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    let all = ["admin-count", "admin-distinct", "admin-one", "port", "whoami"];
    assert_eq!(seen(&rules(None), "excepted"), all);
    for (exception, left) in [
        ("*", &[][..]),
        ("admin-*", &["port", "whoami"]),
        ("*-count", &["admin-distinct", "admin-one", "port", "whoami"]),
        ("whoami", &["admin-count", "admin-distinct", "admin-one", "port"]),
    ] {
        let set = rules(Some(exception));
        assert!(set.fields().contains(field::USER_ID), "readers fill what exceptions read");
        assert_eq!(seen(&set, "excepted"), left, "{exception}");
        assert_eq!(seen(&rules(Some(exception)), "other"), all, "{exception}");
        assert_eq!(
            set.exceptions().map(|exception| exception.reason.as_str()).collect::<Vec<_>>(),
            ["a test"]
        );
    }
}

#[test]
fn an_exception_expires_in_event_time() {
    let exception = Exception::new("a", "source.ip == 192.0.2.1").until(Timestamp::from_secs(100));
    let set = RuleSet::builder(&Schema::ecs()).rule(admin("a")).exception(exception).build().unwrap();
    assert_eq!(found(&set, &visit(99, "192.0.2.1")), [""; 0]);
    assert_eq!(found(&set, &visit(100, "192.0.2.1")), ["a"]);
    assert_eq!(found(&set, &visit(99, "192.0.2.2")), ["a"]);
}

#[test]
fn a_source_may_except_from_rules_of_another() {
    let own = "exceptions: [{ rule: a, when: source.ip in $office }]\nlists: { office: [192.0.2.0/24] }";
    let schema = Schema::ecs();
    let builder = || RuleSet::builder(&schema).rule(admin("a")).source("own.yaml", own);
    let set = builder().build().unwrap();
    assert_eq!(found(&set, &visit(0, "192.0.2.1")), [""; 0]);
    assert_eq!(found(&set, &visit(0, "198.51.100.1")), ["a"]);
    let replaced =
        builder().list("office", List::addresses(["198.51.100.0/24".parse().unwrap()])).build().unwrap();
    assert_eq!(found(&replaced, &visit(0, "192.0.2.1")), ["a"], "the host's list of the same name wins");
    assert_eq!(found(&replaced, &visit(0, "198.51.100.1")), [""; 0]);
}

#[test]
fn lists_are_replaced_under_running_rules() {
    let whens = [
        ("address", "source.ip in $addresses"),
        ("outside", "not source.ip in $addresses"),
        ("text", "user.name in $names"),
        ("folded", "lower(user.name) in $names"),
        ("number", "destination.port in $ports"),
    ];
    let schema = Schema::ecs();
    let builder = whens.into_iter().fold(RuleSet::builder(&schema), |builder, (id, when)| {
        builder.rule(Rule::new(id, Severity::Low, when))
    });
    let empty = builder.list("addresses", List::addresses([])).list("names", List::texts([""; 0]));
    let set = empty.list("ports", List::integers([])).build().unwrap();
    let event = visit(0, "192.0.2.1").with(field::USER_NAME, "ann").with(field::DESTINATION_PORT, 23_i64);
    assert_eq!(found(&set, &event), ["outside"]);
    set.replace_list("addresses", List::addresses(["192.0.2.0/24".parse().unwrap()])).unwrap();
    set.replace_list("names", List::texts(["ANN"])).unwrap();
    set.replace_list("ports", List::ranges([20..=30])).unwrap();
    assert_eq!(found(&set, &event), ["address", "folded", "number"]);
    set.replace_list("names", List::texts(["bob", "ann"])).unwrap();
    assert_eq!(found(&set, &event), ["address", "text", "folded", "number"]);
    assert!(matches!(set.replace_list("names", List::integers([1])), Err(ListError::Kind { .. })));
    let unknown = set.replace_list("port", List::integers([1])).unwrap_err();
    assert_eq!(unknown.to_string(), "the rule set has no list `port`: did you mean `ports`?");
    let mut names: Vec<_> = set.lists().collect();
    names.sort_unstable();
    assert_eq!(names, ["addresses", "names", "ports"]);
}

#[test]
fn readers_see_old_or_new_members_and_nothing_between() {
    let set = RuleSet::builder(&Schema::ecs())
        .rule(Rule::new("a", Severity::Low, "destination.port in $ports"))
        .list("ports", List::ranges([0..=9_999]))
        .build()
        .unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..2_000 {
                // Port 5,000 belongs to every one of the lists.
                set.replace_list("ports", List::ranges([round..=5_000, 5_000..=9_999])).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            let event = visit(0, "192.0.2.1").with(field::DESTINATION_PORT, 5_000_i64);
            while !done.load(Ordering::Relaxed) {
                assert_eq!(found(&set, &event), ["a"]);
            }
        });
    });
}

#[test]
fn simple_rules_find_what_their_expressions_would() {
    let yaml = r#"
lists: { watched: [203.0.113.0/24] }
rules:
- { id: ip, name: A, severity: low, type: ip, value: [192.0.2.1, "2001:db8::1"] }
- { id: cidr, name: A, severity: low, type: cidr, value: 192.0.2.0/24 }
- { id: listed, name: A, severity: low, type: ip, value: $watched }
- { id: country, name: A, severity: low, type: country, value: [xx, YY] }
- { id: asn, name: A, severity: low, type: asn, value: AS64500 }
- { id: port, name: A, severity: low, type: port, value: [22, 8000..8100] }
- { id: source-port, name: A, severity: low, type: port, field: source.port, value: 0 }
- { id: user, name: A, severity: low, type: user, value: root }
- { id: agent, name: A, severity: low, type: user_agent, value: [SQLMap, nikto] }
- { id: path, name: A, severity: low, type: path, value: /wp- }
- { id: regex, name: A, severity: low, type: regex, field: url.path, value: 'login\.php$' }
- { id: domain, name: A, severity: low, type: domain, value: bad.example }
- { id: hash, name: A, severity: low, type: hash, value: D41D8CD98F00B204E9800998ECF8427E }
- { id: both, name: A, severity: low, type: user, value: root, when: destination.port == 22 }
"#;
    let set = build("simple.yaml", yaml);
    let nobody = || visit(0, "198.51.100.1");
    let at = |address| visit(0, address);
    for (event, ids) in [
        (nobody(), &[][..]),
        (at("192.0.2.1"), &["ip", "cidr"]),
        (at("203.0.113.9"), &["listed"]),
        (nobody().with(field::SOURCE_GEO_COUNTRY_ISO_CODE, "XX"), &["country"]),
        (nobody().with(field::SOURCE_AS_NUMBER, 64_500_i64), &["asn"]),
        (nobody().with(field::DESTINATION_PORT, 8_080_i64), &["port"]),
        (nobody().with(field::SOURCE_PORT, 0_i64), &["source-port"]),
        (nobody().with(field::USER_NAME, "root"), &["user"]),
        (
            nobody().with(field::USER_NAME, "root").with(field::DESTINATION_PORT, 22_i64),
            &["port", "user", "both"],
        ),
        (nobody().with(field::USER_AGENT_ORIGINAL, "sqlmap/1.9"), &["agent"]),
        (nobody().with(field::URL_PATH, "/wp-login.php"), &["path", "regex"]),
        (nobody().with(field::DNS_QUESTION_NAME, "BAD.example"), &["domain"]),
        (nobody().with(field::DNS_QUESTION_NAME, "a.bad.example"), &["domain"]),
        (nobody().with(field::DNS_QUESTION_NAME, "notbad.example"), &[]),
        (nobody().with(field::FILE_HASH_MD5, "d41d8cd98f00b204e9800998ecf8427e"), &["hash"]),
    ] {
        assert_eq!(found(&set, &event), ids, "{event:?}");
    }
}

#[test]
fn what_is_broken_is_left_out_and_named() {
    let pack = r#"
- { id: good, name: A, severity: low, when: exists(url.path) }
- { id: typo, name: A, severity: low, when: exists(url.pth) }
- { id: good, name: Again, severity: low, when: exists(url.path) }
- { id: short, name: A }
- { id: "open, name: A }
- { id: last, name: A, severity: low, when: exists(url.path) }
---
{
---
- { id: next, name: A, severity: low, when: exists(url.path) }
"#;
    let sigma = format!(
        "{WHOAMI}---\ntitle: Broken\n{}",
        WHOAMI.replace("title: Whoami", "").replace("endswith", "ends")
    );
    let schema = Schema::ecs();
    let builder = || {
        RuleSet::builder(&schema)
            .source("pack.yaml", pack)
            .source("broken.toml", "[[rule]\nid = 1")
            .source(
                "good.toml",
                "[[rule]]\nid = 'toml'\nname = 'T'\nseverity = 'low'\nwhen = 'exists(url.path)'",
            )
            .sigma("pack.yml", &*sigma)
            .rule(Rule::new("Odd Id", Severity::Low, "exists(url.path)"))
    };
    let Loaded { rules, refused } = builder().build_lenient();
    assert_eq!(
        rules.rules().map(|rule| rule.id.as_str()).collect::<Vec<_>>(),
        ["good", "last", "next", "toml"]
    );
    assert_eq!(rules.sigma_rules().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["whoami"]);
    assert_eq!(found(&rules, &visit(0, "192.0.2.1")), ["good", "last", "next", "toml"]);
    let mut about: Vec<_> = refused.iter().filter_map(|one| Some((one.rule()?, one.code()))).collect();
    about.sort_unstable();
    let expected =
        [("Broken", "E401"), ("Odd Id", "E201"), ("good", "E202"), ("short", "E103"), ("typo", "E002")];
    assert_eq!(about, expected);
    let strict = builder().build().unwrap_err();
    assert_eq!(strict.diagnostics(), refused, "the same is wrong either way");
}

#[test]
fn nothing_is_left_out_of_a_sound_pack() {
    let schema = Schema::ecs();
    let loaded = RuleSet::builder(&schema).starter().build_lenient();
    assert_eq!(loaded.refused, []);
    let strict = RuleSet::builder(&schema).starter().build().unwrap();
    assert_eq!(loaded.rules.rules().collect::<Vec<_>>(), strict.rules().collect::<Vec<_>>());
    assert_eq!(RuleSet::builder(&schema).build_lenient().rules.rules().count(), 0);
}

#[test]
fn a_broken_exception_takes_its_rules_along() {
    let schema = Schema::ecs();
    let builder = || {
        RuleSet::builder(&schema)
            .rule(admin("a"))
            .rule(admin("b"))
            .exception(Exception::new("a", "source.ipp == 192.0.2.1"))
    };
    assert_eq!(builder().build().unwrap_err().diagnostics().len(), 1);
    let loaded = builder().build_lenient();
    assert_eq!(found(&loaded.rules, &visit(0, "192.0.2.1")), ["b"]);
    assert_eq!((loaded.refused.len(), loaded.rules.exceptions().count()), (1, 0));
}

#[test]
fn a_limit_of_rules_leaves_the_rest_out() {
    let schema = Schema::ecs();
    let rules = (0..5).map(|n| admin(&format!("r{n}")));
    let builder =
        rules.fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule)).sigma("x", WHOAMI);
    let loaded = builder.rule_limit(3).build_lenient();
    assert_eq!(found(&loaded.rules, &visit(0, "192.0.2.1")), ["r0", "r1", "r2"]);
    assert_eq!(loaded.rules.sigma_rules().count(), 0);
    assert!(loaded.refused.iter().all(|one| one.code() == "E109"), "{:?}", loaded.refused);
}

#[test]
fn the_starter_pack_passes_its_tests() {
    let report = RuleSet::builder(&Schema::ecs()).starter().build().unwrap().test();
    assert!(report.passed(), "{report}");
    assert_eq!(report.untested, [""; 0]);
    assert!(report.passes >= 70, "a match and something harmless for each of 35 rules: {report}");
}

#[test]
fn failed_tests_say_what_happened() {
    let set = build(
        "failing.yaml",
        r#"
- id: guessing
  name: Guessing
  severity: low
  when: event.action == "login"
  count: { by: [source.ip], within: 1m, at_least: 3 }
  mode: off
  tests:
  - { name: too few, each: { event.action: login, source.ip: 192.0.2.1 }, events: [{ repeat: 2 }], expect: match }
  - { name: others, events: [{ event.action: logout, source.ip: 192.0.2.1 }], expect: match }
  - { name: enough, each: { event.action: login, source.ip: 192.0.2.1 }, events: [{ repeat: 3 }], expect: no_match }
  - { name: two, each: { event.action: login, source.ip: 192.0.2.1 }, events: [{ repeat: 3 }], expect: { findings: 2 } }
  - { name: whom, each: { event.action: login, source.ip: 192.0.2.1 }, events: [{ repeat: 3 }], expect: { subject: 192.0.2.2 } }
  - { name: unnamed, events: [{ event.action: login }], expect: match }
  - { name: apart, each: { event.action: login, source.ip: 192.0.2.1 }, events: [{ repeat: 2 }, { at: 2h }], expect: no_match }
- { id: untested, name: U, severity: low, when: exists(url.path) }
"#,
    );
    let report = set.test();
    assert_eq!(
        report.to_string(),
        "rule `guessing`, test `too few`: expected a finding, 2 of 2 events satisfied the rule, too few for a finding
rule `guessing`, test `others`: expected a finding, none of 1 events satisfied the rule; the last held event.action = logout, source.ip = 192.0.2.1
rule `guessing`, test `enough`: expected 0 findings, 1 came of 3 events, the first about 192.0.2.1: event.action = login, 3 events within 1m (it takes 3)
rule `guessing`, test `two`: expected 2 findings, 1 came of 3 events, the first about 192.0.2.1: event.action = login, 3 events within 1m (it takes 3)
rule `guessing`, test `whom`: expected findings about 192.0.2.2, one is about 192.0.2.1
rule `guessing`, test `unnamed`: expected a finding, 1 of 1 events satisfied the rule, too few for a finding; the event matched but lacks the field that names the subject
1 passed, 6 failed, 1 rules without a test"
    );
    assert_eq!((report.passes, report.untested.as_slice()), (1, &["untested".to_owned()][..]));
    assert_eq!(set.stats().map(|stats| stats.matches).sum::<u64>(), 0, "tests leave the set alone");
}

#[test]
fn tests_see_exceptions_and_lists() {
    let yaml = r#"
rules:
- id: a
  name: A
  severity: low
  when: source.ip in $watched
  tests:
  - { name: excepted, events: [{ source.ip: 192.0.2.1, user.name: ann }], expect: no_match }
  - { name: not excepted, events: [{ source.ip: 192.0.2.1, user.name: bob }], expect: match }
exceptions: [{ rule: a, when: user.name == "ann" }]
lists: { watched: [192.0.2.1] }
"#;
    let set = build("a.yaml", yaml);
    assert!(set.test().passed(), "{}", set.test());
    set.replace_list("watched", List::addresses([])).unwrap();
    assert_eq!(set.test().failures.len(), 1, "the members of now count");
}

#[test]
fn repetitions_are_numbered_in_lists_and_objects_too() {
    let yaml = r#"
- id: a
  name: A
  severity: low
  when: exists(user.name)
  distinct: { of: user.name, by: [source.ip], within: 1m, at_least: 3 }
  tests:
  - { name: text, events: [{ source.ip: 192.0.2.1, user.name: "u{n}", repeat: 3 }], expect: match }
  - { name: object, events: [{ source: { ip: 192.0.2.1 }, user: { name: "u{n}" }, repeat: 3 }], expect: match }
  - { name: list, events: [{ source.ip: 192.0.2.1, user.name: ["u{n}", "v"], repeat: 3 }], expect: match }
  - { name: once, events: [{ source.ip: 192.0.2.1, user.name: "u{n}" }], expect: no_match }
"#;
    let report = build("a.yaml", yaml).test();
    assert!(report.passed(), "{report}");
}
