//! Parts of a host's own, written against the public API alone: what they may rely on, and what their bugs may do.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use autosec_core::decision::{Decision, Policy, Reason, ThresholdPolicy};
use autosec_core::engine::{Engine, EngineBuilder, EngineConfig};
use autosec_core::entity::Entity;
use autosec_core::event::{Event, FieldMask, field};
use autosec_core::finding::{
    Action, Analytic, AnalyticKind, Detector, Evidence, Fault, FaultKind, Finding, Findings, Response,
};
use autosec_core::measure::{Confidence, RiskScore, Severity};
use autosec_core::observe::Silent;
use autosec_core::score::{Contribution, NoisyOr, Risk, Scorer};
use autosec_core::store::MemoryStore;
use autosec_core::time::{SystemClock, Timestamp};

/// Finds every user of a login, under a name with an escape sequence in it.
#[derive(Debug)]
struct Logins(Arc<Analytic>);

impl Logins {
    fn new() -> Self {
        let name = "Log\u{1b}[2Jin";
        Self(Arc::new(Analytic::new(AnalyticKind::Behavioral, "login\n", name).with_tags(["attack.t1078"])))
    }
}

impl Detector for Logins {
    fn name(&self) -> &str {
        "logins"
    }

    fn fields(&self) -> FieldMask {
        [field::USER_NAME].into_iter().collect()
    }

    fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
        let Some(user) = event.text(field::USER_NAME) else { return };
        let finding =
            Finding::new(Arc::clone(&self.0), Entity::User(user.into()), event.time(), Severity::High)
                .with_confidence(Confidence::clamped(0.5))
                .with_evidence([Evidence::field("user.name", user)])
                .with_response(Response::new(Action::Block).lasting(Duration::from_secs(60)));
        findings.push(finding.clone());
        findings.push(finding.as_shadow());
        findings.fault(Fault::new(FaultKind::Evicted, "log\u{7}ins", format!("forgot {user}")));
    }
}

fn login(user: &str) -> Event<'_> {
    Event::new(Timestamp::from_secs(1_750_000_000)).with(field::USER_NAME, user)
}

fn builder() -> EngineBuilder {
    Engine::builder().detector(Logins::new())
}

/// A scorer and policy with bugs.
#[derive(Debug)]
struct Buggy;

impl Scorer for Buggy {
    fn score(&self, _subject: &Entity, findings: &[Finding], now: Timestamp) -> Risk {
        assert!(findings.is_empty(), "a bug");
        Risk::new(RiskScore::ONE, vec![Contribution::new(Logins::new().0, 1.0, 1, now)])
    }
}

impl Policy for Buggy {
    fn decide(&self, subject: &Entity, risk: &Risk, _findings: &[Finding]) -> Option<Decision> {
        assert!(subject.name() != "eve", "a bug");
        let (time, minute) = (Timestamp::from_secs(1), Duration::from_secs(60));
        let reason = Reason::Reached { threshold: RiskScore::clamped(0.1) };
        Some(
            Decision::new(subject.clone(), Action::Alert, time, minute)
                .with_risk(risk.score)
                .with_scenario("buggy")
                .with_reasons([reason]),
        )
    }

    fn admitted(&self, _decision: &Decision) {
        panic!("a bug");
    }
}

fn faults(engine: &Engine, user: &str) -> (Vec<FaultKind>, usize, Option<Action>) {
    let verdict = engine.process(login(user));
    let kinds = verdict.faults.iter().map(|fault| fault.kind).skip(1).collect();
    (kinds, verdict.findings().count(), verdict.decision().map(|decision| decision.action))
}

#[test]
fn a_panic_in_a_scorer_or_policy_is_a_fault_and_loses_no_finding() {
    let scorer = builder().scorer(Buggy).build().unwrap();
    assert_eq!(faults(&scorer, "eve"), (vec![FaultKind::Scorer], 2, None));
    let policy = builder().policy(Buggy).build().unwrap();
    assert_eq!(faults(&policy, "eve"), (vec![FaultKind::Policy], 2, None));
    assert_eq!(faults(&policy, "bob"), (vec![FaultKind::Policy], 2, Some(Action::Alert)));
    let sound = builder().build().unwrap();
    assert_eq!(faults(&sound, "eve"), (vec![], 2, Some(Action::Block)));
}

#[test]
fn nothing_foreign_reaches_a_terminal_unescaped() {
    let engine = builder().build().unwrap();
    engine.allowlist().insert(Entity::User("eve\u{1b}]0;\n\u{7}".into()), "bre\u{9b}ak");
    let words = engine.process(login("eve\u{1b}]0;\n\u{7}")).explain().to_string();
    assert!(words.lines().all(|line| !line.chars().any(char::is_control)), "{words:?}");
    for shown in [
        r"block eve\u{1b}]0;\n\u{7} for 1m",
        r"found  login\n: Log\u{1b}[2Jin (high",
        r"user.name = eve\u{1b}]0;\n\u{7}",
        r"0.28 login\n",
        r"why    `login\n` asks for it",
        r"unless `login\n` had not fired",
        r"held back: the allowlist holds `eve\u{1b}]0;\n\u{7}` (bre\u{9b}ak)",
        r"fault: evicted: `log\u{7}ins`: forgot eve\u{1b}]0;\n\u{7}",
    ] {
        assert!(words.contains(shown), "{shown} in\n{words}");
    }
    let long = "x".repeat(10_000);
    assert!(engine.process(login(&long)).explain().to_string().len() < 2_000);
}

#[test]
fn a_subject_has_one_form_whoever_names_it() {
    #[derive(Debug)]
    struct Mapped(Arc<Analytic>);

    impl Detector for Mapped {
        fn name(&self) -> &str {
            "mapped"
        }

        fn fields(&self) -> FieldMask {
            FieldMask::default()
        }

        fn detect(&self, event: &Event<'_>, findings: &mut Findings) {
            for form in ["::ffff:192.0.2.7/128", "192.0.2.7/32"] {
                let subject = Entity::Address(form.parse().unwrap());
                let user = Entity::User("eve".into());
                let mut finding = Finding::new(Arc::clone(&self.0), user, event.time(), Severity::Low);
                finding.subject = subject;
                findings.push(finding);
            }
        }
    }

    let detector = Mapped(Arc::new(Analytic::new(AnalyticKind::Rule, "mapped", "Mapped")));
    let verdict = Engine::builder().detector(detector).build().unwrap().process(login("eve"));
    assert_eq!(verdict.assessments.len(), 1);
    let address: IpAddr = "192.0.2.7".parse().unwrap();
    assert_eq!(verdict.assessments[0].subject, Entity::address(address));
}

#[test]
fn shared_parts_are_parts() {
    let detector: Arc<dyn Detector> = Arc::new(Logins::new());
    let policy: Arc<dyn Policy> = Arc::new(ThresholdPolicy::default());
    let scorer: Arc<dyn Scorer> = Arc::new(NoisyOr::default());
    let engine = Engine::builder()
        .detector(Arc::clone(&detector))
        .policy(Arc::clone(&policy))
        .scorer(Arc::clone(&scorer))
        .store(Arc::new(MemoryStore::new()))
        .clock(Arc::new(SystemClock))
        .observer(Arc::new(Silent))
        .build()
        .unwrap();
    assert_eq!(engine.process(login("eve")).decision().unwrap().action, Action::Block);
    let later = Timestamp::from_secs(1_750_000_000 + 3600);
    let subject = Entity::User("eve".into());
    let again = Finding::new(Logins::new().0, subject.clone(), later, Severity::High)
        .with_response(Response::new(Action::Block));
    let risk = scorer.score(&subject, std::slice::from_ref(&again), later);
    assert_eq!(risk.contributions[0].times, 2, "the engine used the same scorer");
    assert_eq!(policy.decide(&subject, &risk, &[again]).unwrap().strikes, 1, "and the same policy");
}

#[test]
fn settings_can_be_updated_from_outside() {
    let config = EngineConfig { max_ahead: Duration::from_secs(5), ..EngineConfig::default() };
    let verdict = builder().config(config).build().unwrap().process(Event::new(Timestamp::MAX));
    assert_eq!(verdict.faults[0].kind, FaultKind::ImplausibleTime);
}

#[test]
fn a_verdict_is_json() {
    let engine = builder().build().unwrap();
    engine.allowlist().insert(Entity::User("eve".into()), "ours");
    let verdict = serde_json::to_value(engine.process(login("eve"))).unwrap();
    let assessment = &verdict["assessments"][0];
    let finding = &assessment["findings"][0];
    let decision = &assessment["decision"];
    assert_eq!(verdict["time"], "2025-06-15T15:06:40Z");
    assert_eq!(
        verdict["faults"][0],
        serde_json::json!({ "kind": "evicted", "origin": "log\u{7}ins", "detail": "forgot eve" })
    );
    assert_eq!(assessment["subject"], serde_json::json!({ "type": "user", "value": "eve" }));
    assert_eq!(finding["analytic"]["kind"], "behavioral");
    assert_eq!(finding["analytic"]["tags"][0], "attack.t1078");
    assert_eq!((&finding["severity"], &finding["shadow"]), (&"high".into(), &false.into()));
    assert_eq!(finding["response"], serde_json::json!({ "action": "block", "for": "1m" }));
    assert_eq!(assessment["risk"]["contributions"][0]["times"], 1);
    assert_eq!((&decision["action"], &decision["duration"]), (&"block".into(), &"1m".into()));
    assert_eq!(decision["id"].as_str().map(str::len), Some(16));
    assert_eq!(decision["reasons"][0], serde_json::json!({ "type": "asked", "analytic": "login\n" }));
    assert_eq!(
        assessment["refusal"],
        serde_json::json!({ "code": "allowlisted", "text": "the allowlist holds `eve` (ours)" })
    );
}
