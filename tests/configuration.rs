//! Configurations through the public API: what is wrong is refused with a code, a place and a help line.

use autosec_core::decision::{EscalationConfig, GuardConfig, PolicyConfig, ThresholdPolicy};
use autosec_core::enforce::EnforceConfig;
use autosec_core::engine::{Engine, EngineBuilder, EngineConfig};
use autosec_core::entity::Entity;
use autosec_core::measure::RiskScore;
use autosec_core::rule::Diagnostic;
use autosec_core::score::ScoreConfig;

fn refused(text: &str) -> Diagnostic {
    EngineConfig::parse("autosec.yaml", text).expect_err(text)
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(EngineConfig::parse("autosec.yaml", "").unwrap(), EngineConfig::default());
}

#[test]
fn settings_reach_their_stage() {
    let text = "
allowlist:
  - { network: 192.0.2.7/24, name: office }
  - { user: root }
guard: { max_new: 7, interval: 5m }
policy: { escalation: { factor: 2 } }
";
    let config = EngineConfig::parse("autosec.yaml", text).unwrap();
    assert_eq!(config.allowlist[0].entity, Entity::Address("192.0.2.0/24".parse().unwrap()));
    assert_eq!((config.guard.max_new, config.policy.escalation.factor), (7, 2));
    Engine::builder().config(config).build().unwrap();
}

#[test]
fn what_is_wrong_is_named_with_code_place_and_help() {
    let cases = [
        ("gaurd: {}", "E102", Some((1, 1)), "unknown key `gaurd`"),
        ("guard:\n  max_knew: 3", "E102", Some((2, 3)), "unknown key `max_knew`"),
        ("allowlist:\n  - { network: 192.0.2.0/33 }", "E105", Some((2, 5)), "`192.0.2.0/33` is neither"),
        ("allowlist:\n  - { name: nobody }", "E105", Some((2, 5)), "exactly one of"),
        ("policy: { duration: 10 minutes }", "E105", Some((1, 21)), "`10 minutes` is not a duration"),
        ("policy: { block: 1.5 }", "E105", Some((1, 18)), "`1.5` is outside the range 0 to 1"),
        (
            "policy: { alert: 0.9 }",
            "E301",
            None,
            "setting `policy.alert` is 0.90, and must be at most `policy.block`",
        ),
        (
            "guard: { max_share: 2 }",
            "E301",
            None,
            "setting `guard.max_share` is 2, and must be between 0 and 1",
        ),
        ("enforcement: { attempts: 0 }", "E301", None, "setting `enforcement.attempts` is 0"),
        (
            "policy: { duration: 0s }",
            "E301",
            None,
            "`policy.duration` is 0s, and must be longer than nothing",
        ),
        ("policy: { duration: 366d }", "E301", None, "and at most 365d"),
        ("policy: { escalation: { factor: 0 } }", "E301", None, "`policy.escalation.factor` is 0"),
        ("policy: { escalation: { subjects: 0 } }", "E301", None, "`policy.escalation.subjects` is 0"),
        ("policy: { escalation: { longest: 366d } }", "E301", None, "`policy.escalation.longest` is 52w 2d"),
        ("scoring: { subjects: 0 }", "E301", None, "`scoring.subjects` is 0, and must be at least 1"),
        ("enforcement: { capacity: 0 }", "E301", None, "`enforcement.capacity` is 0, and must be at least 1"),
        ("guard: []", "E104", Some((1, 8)), "expected keys and values"),
        ("guard: [", "E101", Some((1, 8)), "unclosed bracket"),
        ("{", "E101", Some((1, 1)), ""),
    ];
    for (text, code, position, title) in cases {
        let diagnostic = refused(text);
        assert_eq!(diagnostic.code(), code, "{diagnostic}");
        assert_eq!(diagnostic.position(), position, "{diagnostic}");
        assert!(diagnostic.title().contains(title), "{diagnostic}");
    }
    assert_eq!(refused("gaurd: {}").help_line(), Some("did you mean `guard`?"));
}

#[test]
fn settings_given_in_code_are_checked_too() {
    let guard = GuardConfig { max_share: f64::NAN, ..GuardConfig::default() };
    let error = Engine::builder().guard(guard).build().unwrap_err();
    assert_eq!(error.to_string(), "setting `guard.max_share` is NaN, and must be between 0 and 1");
    let refused = |builder: EngineBuilder| builder.build().unwrap_err().to_string();
    let thresholds = PolicyConfig { alert: RiskScore::ONE, ..PolicyConfig::default() };
    assert_eq!(
        refused(Engine::builder().thresholds(thresholds.clone())),
        "setting `policy.alert` is 1.00, and must be at most `policy.block`"
    );
    let escalation = EscalationConfig { factor: 0, ..EscalationConfig::default() };
    let policy = PolicyConfig { escalation, ..PolicyConfig::default() };
    let config = EngineConfig { policy, ..EngineConfig::default() };
    assert!(refused(Engine::builder().config(config)).contains("`policy.escalation.factor` is 0"));
    let scoring = ScoreConfig { subjects: 0, ..ScoreConfig::default() };
    assert!(refused(Engine::builder().scoring(scoring)).contains("`scoring.subjects` is 0"));
    let enforcement = EnforceConfig { capacity: 0, ..EnforceConfig::default() };
    assert!(refused(Engine::builder().enforcement(enforcement)).contains("`enforcement.capacity` is 0"));
    let own = Engine::builder().thresholds(thresholds).policy(ThresholdPolicy::default());
    assert!(own.build().is_ok(), "settings of the default policy are nothing to a policy of one's own");
}
