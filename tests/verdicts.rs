//! From findings to a verdict through the public API: scoring, deciding, guarding, explaining, observing.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use autosec_core::decision::{Allowlist, GuardConfig, Refusal};
use autosec_core::engine::{Engine, EngineBuilder, Verdict};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, FieldMask, Schema, field};
use autosec_core::finding::{Action, Detector, FaultKind, Findings};
use autosec_core::observe::{Observer, Record};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;

const RULES: &str = r#"
- id: probe
  name: Probe
  severity: medium
  confidence: 1
  when: url.path starts_with "/admin"
- id: exploit
  name: Exploit
  severity: high
  confidence: 1
  when: url.query contains "exploit"
- id: backdoor
  name: Backdoor
  severity: critical
  confidence: 0.5
  when: url.path == "/backdoor"
  response: { action: block, for: 2h }
- id: rumour
  name: Rumour
  severity: critical
  confidence: 1
  mode: shadow
  when: url.path contains "rumour"
  response: { action: isolate }
- id: stolen-account
  name: Stolen account
  severity: high
  confidence: 1
  when: url.query contains "exploit" and exists(user.name)
  subject: user.name
"#;

fn builder() -> EngineBuilder {
    Engine::builder().detector(RuleSet::builder(&Schema::ecs()).source("test.yaml", RULES).build().unwrap())
}

fn request<'a>(second: i64, path: &'a str, query: &'a str) -> Event<'a> {
    Event::new(Timestamp::from_secs(1_750_000_000 + second))
        .with(field::SOURCE_IP, "203.0.113.7".parse::<IpAddr>().unwrap())
        .with(field::URL_PATH, path)
        .with(field::URL_QUERY, query)
}

fn address(text: &str) -> Entity {
    Entity::address(text.parse().unwrap())
}

#[test]
fn readers_are_asked_for_what_the_engine_itself_reads() {
    let engine = Engine::builder().build().unwrap();
    assert!(engine.fields().contains(field::SOURCE_IP), "the guard counts clients");
}

#[test]
fn quiet_events_stay_quiet() {
    let verdict = builder().build().unwrap().process(request(0, "/", ""));
    assert!(verdict.is_quiet() && verdict.faults.is_empty() && verdict.decision().is_none());
    assert_eq!(verdict.explain().to_string(), "2025-06-15T15:06:40Z: nothing found");
}

#[test]
fn findings_of_different_rules_and_events_add_up_to_a_block() {
    let engine = builder().build().unwrap();
    let first = engine.process(request(0, "/admin", ""));
    assert!((first.risk().value() - 0.45).abs() < 1e-12);
    assert!(first.decision().is_none(), "below every threshold");
    let second = engine.process(request(0, "/", "exploit"));
    assert_eq!(second.decision().unwrap().action, Action::Block);
    assert!((second.risk().value() - (1.0 - 0.55 * 0.3)).abs() < 1e-12);
    let shares: f64 = second.assessments[0].risk.contributions.iter().map(|part| part.share).sum();
    assert!((shares - second.risk().value()).abs() < 1e-12, "the shares add up");
}

#[test]
fn risk_fades_in_event_time() {
    let engine = builder().build().unwrap();
    engine.process(request(0, "/admin", ""));
    let hours_later = engine.process(request(24 * 3600, "/", "exploit"));
    assert!((hours_later.risk().value() - 0.7).abs() < 1e-6, "a day later the probe is forgotten");
    assert_eq!(hours_later.decision().unwrap().action, Action::Alert);
}

#[test]
fn an_event_can_be_about_several_subjects() {
    let event = request(0, "/", "exploit").with(field::USER_NAME, "alice");
    let verdict = builder().build().unwrap().process(event);
    let subjects: Vec<_> =
        verdict.assessments.iter().map(|one| (one.subject.kind(), one.findings.len())).collect();
    assert_eq!(subjects, [("address", 1), ("user", 1)]);
}

#[test]
fn shadow_rules_report_and_do_nothing() {
    let verdict = builder().build().unwrap().process(request(0, "/rumour", ""));
    assert!(verdict.findings().all(|finding| finding.shadow));
    assert_eq!(verdict.findings().count(), 1);
    assert!(verdict.decision().is_none() && verdict.risk().value() == 0.0);
}

#[test]
fn what_is_allowed_is_assessed_and_held_back() {
    let allowlist = Allowlist::new();
    allowlist.insert(address("203.0.113.7"), "scanner of our own");
    let verdict = builder().allowlist(allowlist).build().unwrap().process(request(0, "/backdoor", ""));
    assert!(verdict.decision().is_none(), "nothing for a host to enforce");
    let assessment = &verdict.assessments[0];
    assert!(matches!(assessment.refusal, Some(Refusal::Allowlisted { .. })));
    assert_eq!(
        assessment.decision.as_ref().unwrap().action,
        Action::Block,
        "what would have been done is told"
    );
}

#[test]
fn those_who_come_back_are_blocked_for_longer() {
    let engine = builder().build().unwrap();
    let hours = |second| {
        engine.process(request(second, "/backdoor", "")).decision().unwrap().duration.as_secs() / 3600
    };
    assert_eq!([0, 3 * 3600, 12 * 3600, 13 * 3600].map(hours), [2, 8, 32, 32]);
}

/// A detector with a bug.
#[derive(Debug)]
struct Broken;

impl Detector for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn fields(&self) -> FieldMask {
        FieldMask::default()
    }

    fn detect(&self, event: &Event<'_>, _findings: &mut Findings) {
        assert!(event.text(field::URL_PATH) != Some("/admin"), "a bug");
    }
}

#[test]
fn a_detector_that_panics_stops_none_of_the_others() {
    let engine = Engine::builder().detector(Broken);
    let rules = RuleSet::builder(&Schema::ecs()).source("test.yaml", RULES).build().unwrap();
    let verdict = engine.detector(rules).build().unwrap().process(request(0, "/admin", ""));
    assert_eq!(verdict.findings().count(), 1);
    assert_eq!((verdict.faults[0].kind, &*verdict.faults[0].origin), (FaultKind::Detector, "broken"));
}

#[derive(Clone, Debug, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Observer for Diary {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        self.0.lock().unwrap().push(match record {
            Record::Decided { subject, action, .. } => format!("decided {action} {subject}"),
            Record::Found(finding) => format!("found {}", finding.analytic.id),
            Record::Refused { subject, why } => format!("refused {subject}: {why}"),
            Record::Faulted(fault) => format!("fault {fault}"),
            other => format!("{other:?}"),
        });
    }
}

#[test]
fn observers_are_told_everything() {
    let diary = Diary::default();
    let guard = GuardConfig { max_new: 0, ..GuardConfig::default() };
    let engine = builder().observer(diary.clone()).guard(guard).build().unwrap();
    engine.process(request(0, "/backdoor", ""));
    assert_eq!(
        *diary.0.lock().unwrap(),
        [
            "found backdoor",
            "decided block 203.0.113.7",
            "refused 203.0.113.7: 0 new blocks in one interval is the most that `guard.max_new` allows",
        ]
    );
}

/// The rendering of verdicts is a golden file: `AUTOSEC_BLESS=1` writes it anew.
#[test]
fn explains_as_recorded() {
    let allowlist = Allowlist::new();
    let engine = builder().allowlist(allowlist.clone()).build().unwrap();
    let mut words = String::new();
    let mut say = |title: &str, verdict: Verdict| words += &format!("## {title}\n{}\n\n", verdict.explain());
    say("a finding that asks for nothing", engine.process(request(0, "/admin", "")));
    say("a block by risk", engine.process(request(1, "/", "exploit")));
    say("a block by a rule", engine.process(request(2, "/backdoor", "a=\u{1b}[31m")));
    say("a shadow finding", engine.process(request(3, "/rumour", "")));
    say("two subjects", engine.process(request(4, "/", "exploit").with(field::USER_NAME, "alice")));
    say("blocked before", engine.process(request(40_000, "/backdoor", "")));
    allowlist.insert(address("203.0.113.7"), "office");
    say("held back", engine.process(request(40_001, "/backdoor", "")));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explanations.txt");
    assert_eq!(crate::support::golden::differs(&golden, &words), None);
}
