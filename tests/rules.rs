//! The rule engine through its public interface: what rules find, whatever the order of events, within bounds.

use std::net::IpAddr;
use std::time::Duration;

use autosec_core::entity::Entity;
use autosec_core::event::{Event, FieldId, Kind, Schema, field};
use autosec_core::finding::{Action, Detector, Evidence, FaultKind, Finding, Findings};
use autosec_core::measure::Severity;
use autosec_core::rule::{Count, Distinct, List, Mode, Rule, RuleSet};
use autosec_core::time::Timestamp;

const SSH: &str = r#"
- id: ssh-brute-force
  name: SSH brute force
  description: Many failed logins from one client.
  severity: high
  tags: [attack.t1110]
  when: event.action == "ssh_login" and event.outcome == "failure"
  count: { by: [source.ip], within: 10m, at_least: 3 }
  response: { action: block, for: 1h }
"#;

fn build(source: &str) -> RuleSet {
    RuleSet::builder(&Schema::ecs())
        .source("test.yaml", source)
        .build()
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn login(secs: i64, address: &str) -> Event<'static> {
    Event::new(Timestamp::from_secs(secs))
        .with(field::EVENT_ACTION, "ssh_login")
        .with(field::EVENT_OUTCOME, "failure")
        .with(field::SOURCE_IP, address.parse::<IpAddr>().unwrap())
}

fn found(set: &RuleSet, event: &Event<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    set.detect(event, &mut findings);
    assert_eq!(findings.faults(), []);
    findings.into_parts().0
}

#[test]
fn counts_to_a_finding_with_its_evidence() {
    let set = build(SSH);
    assert!(found(&set, &login(0, "192.0.2.7")).is_empty());
    assert!(found(&set, &login(60, "192.0.2.7")).is_empty());
    assert!(found(&set, &login(61, "192.0.2.8")).is_empty());
    let findings = found(&set, &login(120, "192.0.2.7"));
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.analytic.id.as_ref(), "ssh-brute-force");
    assert_eq!(finding.analytic.tags.as_ref(), ["attack.t1110".into()]);
    assert_eq!(finding.subject.to_string(), "192.0.2.7");
    assert_eq!(
        (finding.time, finding.severity, finding.shadow),
        (Timestamp::from_secs(120), Severity::High, false)
    );
    assert_eq!(finding.confidence.value(), 0.8);
    assert_eq!(finding.response.map(|response| response.action), Some(Action::Block));
    let evidence: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
    assert_eq!(
        evidence,
        ["event.action = ssh_login", "event.outcome = failure", "3 events within 10m (it takes 3)"]
    );
    assert!(found(&set, &login(130, "192.0.2.7")).is_empty(), "one finding a window");
}

#[test]
fn counts_ipv6_by_client() {
    let set = build(SSH);
    let addresses = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
    let last = (0i64..).zip(addresses).map(|(at, address)| found(&set, &login(at, address))).last().unwrap();
    assert_eq!(last[0].subject, Entity::Address("2001:db8::/64".parse().unwrap()));
    let narrow = RuleSet::builder(&Schema::ecs()).source("x", SSH).ipv6_prefix(128).build().unwrap();
    assert!((0i64..).zip(addresses).all(|(at, address)| found(&narrow, &login(at, address)).is_empty()));
}

#[test]
fn reports_what_comes_too_late_and_keeps_keys_apart() {
    let set = build(SSH);
    found(&set, &login(4_000_000_000, "192.0.2.7"));
    let mut findings = Findings::default();
    set.detect(&login(1_000, "192.0.2.7"), &mut findings);
    assert_eq!(findings.faults().iter().map(|fault| fault.kind).collect::<Vec<_>>(), [FaultKind::Late]);
    assert_eq!(findings.faults()[0].origin.as_ref(), "ssh-brute-force");
    assert!(found(&set, &login(1_000, "192.0.2.8")).is_empty());
    assert!(found(&set, &login(1_001, "192.0.2.8")).is_empty());
    assert_eq!(found(&set, &login(1_002, "192.0.2.8")).len(), 1, "an absurd time elsewhere changes nothing");
    let stats: Vec<_> = set.stats().collect();
    assert_eq!((stats[0].matches, stats[0].findings, stats[0].late, stats[0].keys), (5, 1, 1, 2));
}

#[test]
fn counts_different_values() {
    let mut rule = Rule::new("spray", Severity::Medium, "event.outcome == \"failure\"");
    rule.distinct = Some(Distinct {
        of: "user.name".into(),
        by: vec!["source.ip".into()],
        within: Duration::from_secs(600),
        at_least: 3,
    });
    let set = RuleSet::builder(&Schema::ecs()).rule(rule).build().unwrap();
    let attempt = |at, user: &'static str| found(&set, &login(at, "192.0.2.7").with(field::USER_NAME, user));
    assert!(["ann", "bob", "ann", "bob"].into_iter().all(|user| attempt(1, user).is_empty()));
    assert!(found(&set, &login(2, "192.0.2.7")).is_empty(), "an event without the field is not counted");
    let findings = attempt(3, "eve");
    assert!(matches!(
        findings[0].evidence.last(),
        Some(Evidence::Window { what, observed: 3, threshold: 3, .. }) if what == "distinct user.name"
    ));
}

#[test]
fn shadow_rules_are_marked_and_off_rules_checked_only() {
    let rule = |id: &str, mode| Rule { mode, ..Rule::new(id, Severity::Low, "exists(source.ip)") };
    let schema = Schema::ecs();
    let builder = || RuleSet::builder(&schema).rule(rule("a", Mode::Off)).rule(rule("b", Mode::Shadow));
    let set = builder().rule(rule("c", Mode::Enforce)).build().unwrap();
    let findings = found(&set, &login(0, "192.0.2.7"));
    let seen: Vec<_> =
        findings.iter().map(|finding| (finding.analytic.id.as_ref(), finding.shadow)).collect();
    assert_eq!(seen, [("b", true), ("c", false)]);
    assert_eq!((set.rules().count(), set.stats().count()), (3, 2));
    let broken = Rule { mode: Mode::Off, ..Rule::new("d", Severity::Low, "exists(source.ipp)") };
    assert!(builder().rule(broken).build().is_err());
}

#[test]
fn names_subjects_by_their_field() {
    let mut schema = Schema::ecs();
    let tenant = schema.add("app.tenant", Kind::Text).unwrap();
    let subject = |name: &str, id: FieldId| {
        let rule =
            Rule { subject: Some(name.into()), ..Rule::new("a", Severity::Low, "event.action == \"x\"") };
        let set = RuleSet::builder(&schema).rule(rule).build().unwrap();
        let event = Event::new(Timestamp::EPOCH).with(field::EVENT_ACTION, "x").with(id, "it");
        found(&set, &event)[0].subject.clone()
    };
    assert_eq!(subject("source.user.name", field::SOURCE_USER_NAME), Entity::User("it".into()));
    assert_eq!(subject("host.name", field::HOST_NAME), Entity::Host("it".into()));
    assert_eq!(subject("app.tenant", tenant), Entity::Other("it".into()));
    assert_eq!(subject("user_agent.original", field::USER_AGENT_ORIGINAL), Entity::Other("it".into()));
}

#[test]
fn reports_a_match_without_a_subject() {
    let set = RuleSet::builder(&Schema::ecs())
        .rule(Rule::new("a", Severity::Low, "event.action == \"x\""))
        .build()
        .unwrap();
    let mut findings = Findings::default();
    for _ in 0..1_025 {
        set.detect(&Event::new(Timestamp::EPOCH).with(field::EVENT_ACTION, "x"), &mut findings);
    }
    assert_eq!((findings.found().len(), findings.faults().len()), (0, 2), "the first and the 1,025th");
    assert_eq!(set.stats().next().unwrap().unnamed, 1_025);
}

#[test]
fn finds_in_the_order_of_rules_whatever_their_gates() {
    let whens = [
        "exists(source.ip)",
        "event.outcome == \"failure\" and event.action == \"ssh_login\"",
        "event.outcome in { \"failure\" \"unknown\" }",
        "event.action == \"ssh_login\"",
        "lower(event.action) == \"SSH_LOGIN\"",
        "event.action == \"http\"",
        "not event.action == \"http\"",
    ];
    let rules = whens.iter().enumerate().map(|(n, when)| Rule::new(format!("r{n}"), Severity::Low, *when));
    let schema = Schema::ecs();
    let set = rules.fold(RuleSet::builder(&schema), |builder, rule| builder.rule(rule)).build().unwrap();
    let ids = |event: &Event<'_>| {
        found(&set, event).iter().map(|finding| finding.analytic.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&login(0, "192.0.2.7")), ["r0", "r1", "r2", "r3", "r4", "r6"]);
    assert_eq!(ids(&login(0, "192.0.2.7").with(field::EVENT_ACTION, "http")), ["r0", "r2", "r5"]);
}

#[test]
fn asks_for_the_fields_it_reads() {
    let mut rule = Rule::new("a", Severity::Low, "url.path contains \"x\" or exists(user.name)");
    rule.count = Some(Count { by: vec!["client.ip".into()], within: Duration::from_secs(60), at_least: 2 });
    rule.subject = Some("host.name".into());
    let fields = RuleSet::builder(&Schema::ecs()).rule(rule).build().unwrap().fields();
    let read = [field::URL_PATH, field::USER_NAME, field::CLIENT_IP, field::HOST_NAME];
    assert_eq!(fields, read.into_iter().collect());
}

#[test]
fn reads_json_and_named_lists() {
    let json = r#"[{"id": "a", "name": "A", "severity": "low", "when": "not source.ip in $office and user.name in $watched"}]"#;
    let set = RuleSet::builder(&Schema::ecs())
        .source("a.json", json)
        .source("empty.yaml", "# nothing yet\n")
        .list("office", List::addresses(["192.0.2.0/24".parse().unwrap()]))
        .list("watched", List::texts(["root", "admin"]))
        .build()
        .unwrap();
    assert_eq!(found(&set, &login(0, "198.51.100.1").with(field::USER_NAME, "root")).len(), 1);
    assert_eq!(found(&set, &login(0, "192.0.2.1").with(field::USER_NAME, "root")).len(), 0);
    assert_eq!(found(&set, &login(0, "198.51.100.1").with(field::USER_NAME, "ann")).len(), 0);
}

#[test]
fn reads_what_a_rule_writes() {
    let mut rule = Rule::new("a", Severity::Critical, "event.action == \"x\\ty\"");
    rule.distinct = Some(Distinct {
        of: "user.name".into(),
        by: vec!["source.ip".into(), "host.name".into()],
        within: Duration::from_secs(5_400),
        at_least: 512,
    });
    rule.mode = Mode::Off;
    let json = serde_json::to_string(&[&rule]).unwrap();
    assert_eq!(build(&json).rules().collect::<Vec<_>>(), [&rule]);
}

#[test]
fn reads_modes_as_people_write_them() {
    let rule = |mode| format!("- {{ id: a, name: A, severity: low, when: exists(source.ip), mode: {mode} }}");
    for (written, mode) in [("off", Mode::Off), ("shadow", Mode::Shadow), ("enforce", Mode::Enforce)] {
        assert_eq!(build(&rule(written)).rules().next().unwrap().mode, mode);
    }
}

#[test]
fn reads_ten_thousand_rules() {
    let rule = |n| format!("- {{ id: r{n}, name: R, severity: low, when: url.path == \"/{n}\" }}\n");
    let source: String = (0..10_000).map(rule).collect();
    assert_eq!(build(&source).rules().count(), 10_000);
}

#[test]
fn stays_within_its_budget_under_a_flood() {
    let rule = Rule::new("flooded", Severity::Low, "event.action == \"ssh_login\"");
    let (by, within) = (vec!["source.ip".to_owned()], Duration::from_secs(600));
    let count = Count { by: by.clone(), within, at_least: 5 };
    let distinct = Distinct { of: "event.outcome".into(), by, within, at_least: 5 };
    flood(Rule { count: Some(count), ..rule.clone() }, 1_000_000);
    flood(Rule { distinct: Some(distinct), ..rule }, 100_000);
}

fn flood(rule: Rule, keys: u32) {
    let set = RuleSet::builder(&Schema::ecs()).rule(rule).keys_per_rule(1_000).seed(7).build().unwrap();
    let mut findings = Findings::default();
    let mut event = login(0, "192.0.2.7");
    for n in 0..keys {
        event.set_time(Timestamp::from_secs(i64::from(n / 1_000)));
        event.set(field::SOURCE_IP, IpAddr::from(n.to_be_bytes()));
        set.detect(&event, &mut findings);
    }
    let stats = set.stats().next().unwrap();
    assert!(stats.keys <= 1_000, "{stats:?}");
    assert_eq!(stats.evicted, u64::from(keys) - stats.keys as u64);
    assert_eq!(findings.found(), []);
    assert_eq!(findings.faults().len() as u64, stats.evicted.div_ceil(1_024));
    assert!(findings.faults().iter().all(|fault| fault.kind == FaultKind::Evicted));
}

#[test]
fn counts_the_same_from_many_threads() {
    let set = RuleSet::builder(&Schema::ecs())
        .source("x", SSH.replace("at_least: 3", "at_least: 400"))
        .build()
        .unwrap();
    let findings: usize = std::thread::scope(|scope| {
        let count = || (0..100).map(|_| found(&set, &login(5, "192.0.2.7")).len()).sum::<usize>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((findings, set.stats().next().unwrap().matches), (1, 400));
}
