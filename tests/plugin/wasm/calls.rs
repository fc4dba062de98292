//! What a well-behaved plugin is called with, and what it asks of its host.

use std::sync::Arc;

use autosec_integrations::plugin::interface::{
    Effect, Failure, FailureKind, Guest, HealthState, Outcome, PrefixLengths,
};
use autosec_integrations::plugin::wasm::StartError;

use super::services::Recorded;
use super::{configured, context, does, entry, guest, plugin, says};

#[tokio::test]
async fn a_plugin_says_what_it_is_before_it_is_configured() {
    let plugin = plugin();
    let metadata = plugin.metadata();
    assert_eq!((metadata.name.as_str(), metadata.vendor.as_str()), ("fixture", "AutoSec"));
    assert_eq!(metadata.ipv6, Some(PrefixLengths { shortest: 16, longest: 128 }));
    assert_eq!((metadata.limits.max_batch, metadata.limits.max_entries), (1000, Some(10_000)));
    assert!(metadata.features.listing && !metadata.features.ttl && metadata.features.native_batch);
    assert_eq!(metadata.extra[0].0, "deeds");
    let schema: serde_json::Value = serde_json::from_str(plugin.config_schema()).unwrap();
    assert_eq!(schema["properties"]["reject"]["type"], "string");
    assert!(plugin.memory_peak() > 64 << 10, "{}", plugin.memory_peak());
}

#[tokio::test]
async fn a_configuration_reaches_the_plugin_or_is_refused_in_its_words() {
    let text = r#"{"url":"https://fw.example/","password":"hunter2"}"#;
    let (guest, _) = configured(&plugin(), text).await;
    assert_eq!(says(&guest, "config").await, text);
    assert!(!format!("{guest:?}").contains("hunter2"), "{guest:?}");
    for (config, why) in [(r#"{"reject":"no such device"}"#, "no such device"), ("{", "is not JSON: EOF")] {
        let refused = plugin().configure(config, Arc::new(Recorded::default())).await.unwrap_err();
        let StartError::Refused(failure) = &refused else { panic!("{refused:?}") };
        assert_eq!(failure.kind, FailureKind::InvalidConfig);
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

fn effects(answers: Vec<Result<Outcome, Failure>>) -> Vec<Effect> {
    answers.into_iter().map(|answer| answer.unwrap().effect).collect()
}

#[tokio::test]
async fn blocks_are_made_listed_and_taken_back() {
    let (guest, _) = guest().await;
    let entries = ["192.0.2.1", "2001:db8::/48", "198.51.100.0/24"].map(|target| entry(target, "scan"));
    let dry = super::Context { dry_run: true, ..context(20_000) };
    assert_eq!(effects(guest.block(&dry, &entries).await.unwrap()), [Effect::Planned; 3]);
    assert_eq!(effects(guest.block(&context(20_000), &entries).await.unwrap()), [Effect::Applied; 3]);
    assert_eq!(effects(guest.block(&context(20_000), &entries).await.unwrap()), [Effect::Already; 3]);
    let first = guest.list_blocked(&context(20_000), None, 2).await.unwrap().unwrap();
    assert_eq!(first.entries, entries[..2]);
    let rest = guest.list_blocked(&context(20_000), first.next.as_deref(), 2).await.unwrap().unwrap();
    assert_eq!((rest.entries.as_slice(), rest.next), (&entries[2..], None));
    let targets = ["192.0.2.1".to_owned(), "192.0.2.9".to_owned()];
    let back = effects(guest.unblock(&context(20_000), &targets).await.unwrap());
    assert_eq!(back, [Effect::Applied, Effect::Absent]);
    let health = guest.check_health(&context(20_000)).await.unwrap().unwrap();
    assert_eq!((health.state, health.detail.as_str()), (HealthState::Healthy, "2 blocked"));
    assert_eq!(guest.block(&context(20_000), &[]).await.unwrap(), []);
}

#[tokio::test]
async fn failures_come_back_whole() {
    let (guest, _) = guest().await;
    let failure = does(&guest, "fail slow down").await.unwrap().unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(1500)));
    assert_eq!(failure.message, "slow down");
}

#[tokio::test]
async fn every_import_reaches_the_host_and_its_answer_the_plugin() {
    let (guest, services) = guest().await;
    for (deed, answer, asked) in [
        ("http http://there/a", "200 hello", "GET http://there/a []"),
        ("http PUT http://there/b key", "200 hello", "PUT http://there/b [\"key\"]"),
        ("exec /bin/tool add set", "-1 out", "/bin/tool [\"add\", \"set\"] < 5"),
        ("session edge show;exit", "show!;exit!", "edge: [\"show\", \"exit\"] None"),
        ("log a line", "", "Info a line"),
        ("get known", "value", "get known"),
        ("get other", "none", "get other"),
        ("set small value", "", "set small 5"),
    ] {
        assert_eq!(says(&guest, deed).await, answer, "{deed}");
        assert_eq!(services.asked().last().unwrap(), asked, "{deed}");
    }
    assert_eq!(says(&guest, "now").await, "1750000000000");
    assert_eq!(says(&guest, "random").await, u64::MAX.to_string());
    for (deed, kind, message) in [
        ("http http://denied/", FailureKind::Denied, "Denied(\"host `denied`\")"),
        ("http http://huge/", FailureKind::Unavailable, "TransportError::TooLarge(1048576)"),
        ("set large 12345678", FailureKind::Internal, "KvError::TooLarge(7)"),
        ("delete it", FailureKind::Internal, "KvError::Unavailable(\"gone\")"),
    ] {
        let failure = does(&guest, deed).await.unwrap().unwrap_err();
        assert_eq!(failure.kind, kind, "{deed}");
        assert!(failure.message.ends_with(message.trim_start_matches("TransportError::")), "{failure:?}");
    }
}
