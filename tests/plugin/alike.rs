//! One source in three places, a sandbox, a thread and a process of its own, gives the same answers.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use autosec_integrations::plugin::interface::{Context, Entry, Guest};
use autosec_integrations::plugin::native::{Isolation, NativeLimits, NativePlugin, Runs, StartError};
use autosec_integrations::plugin::wasm::{self, WasmLimits, WasmRuntime, WasmRuntimeConfig};

use super::artifact;
use super::services::Notes;

const CONFIG: &str = r#"{"key":"value"}"#;

/// What a guest says to everything that an honest caller may ask, one line an answer.
async fn transcript(guest: &dyn Guest) -> Vec<String> {
    let mut lines = vec![format!("{:?}", guest.metadata())];
    let context = Context { correlation_id: "a".to_owned(), deadline_ms: 60_000, dry_run: false };
    let dry = Context { dry_run: true, ..context.clone() };
    for context in [&dry, &context, &context] {
        let blocked =
            guest.block(context, &[entry("192.0.2.1", ""), entry("2001:db8::/48", "why \"é\"")]).await;
        lines.push(format!("{blocked:?}"));
    }
    for deed in DEEDS {
        lines.push(format!("{deed}: {:?}", guest.block(&context, &[entry("192.0.2.9", deed)]).await));
    }
    for cursor in [None, Some("1"), Some("again"), Some("9")] {
        lines.push(format!("{:?}", guest.list_blocked(&context, cursor, 1).await));
    }
    let targets = ["192.0.2.1", "192.0.2.2", "fail no"].map(str::to_owned);
    for context in [&dry, &context] {
        lines.push(format!("{:?}", guest.unblock(context, &targets).await));
    }
    lines.push(format!("{:?} {:?}", guest.block(&context, &[]).await, guest.unblock(&context, &[]).await));
    lines.push(format!("{:?}", guest.check_health(&context).await));
    let ill = Context { correlation_id: "fail ill".to_owned(), ..context };
    lines.push(format!("{:?}", guest.check_health(&ill).await));
    lines
}

const DEEDS: &[&str] = &[
    "echo a b",
    "fail because",
    "http PUT https://edge.example/",
    "exec /bin/a b",
    "session edge a;b",
    "session none a",
    "log it",
    "now",
    "random",
    "get k",
    "set k v",
    "get k",
    "delete k",
    "get k",
    "work 1000",
    "config",
    "calls",
    "answers 3",
    "answers 0",
];

fn entry(target: &str, reason: &str) -> Entry {
    let [target, reason, idempotency_key] = [target, reason, "k"].map(str::to_owned);
    Entry {
        target,
        ttl_secs: Some(60),
        reason,
        idempotency_key,
        extra: vec![("a".to_owned(), "b".to_owned())],
    }
}

#[tokio::test]
async fn one_source_answers_alike_wherever_it_runs() {
    let bytes = fs::read(artifact::root().join("tests/data/plugins/fixture.wasm")).unwrap();
    let runtime = WasmRuntime::new(WasmRuntimeConfig::default()).unwrap();
    let start = Duration::from_secs(60);
    let component = runtime.load(bytes, &WasmLimits { start, ..WasmLimits::default() }).await.unwrap();
    let notes = Arc::new(Notes::default());
    let guest = component.configure(CONFIG, notes.clone()).await.unwrap();
    let expected = transcript(&guest).await;
    let asked = notes.lines.lock().unwrap().clone();
    let refused = component.configure(r#"{"reject":"no"}"#, Arc::new(Notes::default())).await.unwrap_err();
    let wasm::StartError::Refused(refused) = refused else { panic!("{refused}") };

    let library = artifact::native("fixture");
    for runs in [Runs::InProcess, Runs::Isolated(Isolation::new(artifact::runner()))] {
        let limits = NativeLimits { start, ..NativeLimits::default() };
        let plugin = NativePlugin::load(&library, runs, limits).await.unwrap();
        assert_eq!(plugin.config_schema(), component.config_schema());
        let notes = Arc::new(Notes::default());
        let guest = plugin.configure(CONFIG, notes.clone()).await.unwrap();
        assert_eq!(transcript(&guest).await, expected);
        assert_eq!(*notes.lines.lock().unwrap(), asked);
        let no = plugin.configure(r#"{"reject":"no"}"#, Arc::new(Notes::default())).await.unwrap_err();
        assert!(matches!(&no, StartError::Refused(no) if *no == refused), "{no}");
    }
}
