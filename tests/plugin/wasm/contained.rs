//! Everything bad that a plugin can do, each while another works beside it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use autosec_integrations::plugin::interface::{Crash, Guest};
use autosec_integrations::plugin::wasm::{WasmGuest, WasmLimits};

use super::neighbour::Neighbour;
use super::services::Recorded;
use super::{configured, context, does, does_within, entry, guest, load, plugin, says};

/// How long a call may take here: long enough for a fault on a busy machine, short enough to wait for.
const MS: u32 = 300;

/// Runs `fault` beside a working plugin, which must stay as fast as it was before.
pub async fn beside<R>(fault: impl Future<Output = R>) -> R {
    let (neighbour, _) = guest().await;
    let alone = Neighbour::of(Arc::clone(&neighbour));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (alone, _) = alone.median().await;
    let (neighbour, _) = guest().await;
    let beside = Neighbour::of(neighbour);
    let result = fault.await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (during, calls) = beside.median().await;
    assert!(calls > 0, "the neighbour was never called");
    // A busy machine doubles anything; a fault that reached the neighbour would cost it the deadline.
    let bound = alone * 5 + Duration::from_millis(2);
    assert!(during <= bound, "the neighbour took {during:?} a call, {alone:?} before");
    result
}

/// What the deed crashes with, beside a neighbour; and that the next call finds a fresh instance, configured alike.
async fn crash(guest: &WasmGuest, deed: &str, ms: u32) -> Crash {
    assert_eq!(says(guest, "calls").await, "1");
    let crash = beside(does_within(guest, deed, ms)).await.unwrap_err();
    assert_eq!(says(guest, "calls").await, "1", "a fresh instance");
    assert_eq!(says(guest, "calls").await, "2");
    assert_eq!(says(guest, "config").await, "{}");
    crash
}

pub fn trap(word: &str, crash: &Crash) {
    assert!(matches!(crash, Crash::Trap(why) if why.contains(word)), "{crash:?}");
}

fn limit(word: &str, crash: &Crash) {
    assert!(matches!(crash, Crash::Limit(what) if what.contains(word)), "{crash:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_infinite_loop_ends_at_its_deadline() {
    let (guest, _) = guest().await;
    let before = Instant::now();
    let crash = crash(&guest, "loop", MS).await;
    assert_eq!(crash, Crash::Deadline(Duration::from_millis(MS.into())));
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_memory_bomb_is_refused_or_breaks_off() {
    let (guest, _) = guest().await;
    let survived = beside(does(&guest, "bomb")).await.unwrap().unwrap();
    let words = survived.detail.unwrap();
    let taken: u32 = words.split(' ').nth(2).unwrap().parse().unwrap();
    assert!((20..32).contains(&taken), "{words}");
    assert_eq!(says(&guest, "calls").await, "2", "it was no crash");
    let (guest, _) = super::guest().await;
    limit("33554432 bytes of memory", &crash(&guest, "hoard", 20_000).await);
    assert!(plugin().memory_peak() <= 32 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stack_overflow_breaks_off() {
    let (guest, _) = guest().await;
    // Whichever ends first, the stack of calls or the one in memory, which lies below everything else.
    let crash = crash(&guest, "overflow", 20_000).await;
    assert!(
        matches!(&crash, Crash::Trap(why) if why.contains("call stack exhausted") || why.contains("out of bounds")),
        "{crash:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_trap_and_a_panic_break_off_and_the_panic_says_why() {
    let (guest, services) = guest().await;
    trap("unreachable", &crash(&guest, "trap", 20_000).await);
    let (panicking, said) = super::guest().await;
    trap("unreachable", &crash(&panicking, "panic the device is odd", 20_000).await);
    assert!(services.asked().is_empty());
    let asked = said.asked();
    assert!(
        asked[0].starts_with("Error panicked at src/misdeed.rs") && asked[0].ends_with("the device is odd")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_flood_of_host_calls_ends_at_its_limit() {
    let (guest, _) = guest().await;
    assert_eq!(says(&guest, "flood 1000").await.parse::<u64>().unwrap() % 1000, 0);
    limit("1000 host calls", &beside(does(&guest, "flood")).await.unwrap_err());
    assert_eq!(says(&guest, "flood 1000").await.parse::<u64>().unwrap() % 1000, 0, "each call has its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn giant_answers_and_giant_arguments_are_not_taken() {
    let (guest, services) = guest().await;
    assert_eq!(says(&guest, "giant 1000000").await.len(), 1_000_000);
    let (large, _) = super::guest().await;
    limit("4194304 bytes at once", &crash(&large, "giant 8000000", 20_000).await);
    let (larger, _) = super::guest().await;
    limit("bytes of memory", &crash(&larger, "giant 100000000", 20_000).await);
    limit("4194304 bytes at once", &beside(does(&guest, "nag 8000000")).await.unwrap_err());
    assert_eq!(services.asked(), [""; 0], "nothing of it was logged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_host_call_that_never_returns_ends_at_the_deadline() {
    let (guest, services) = guest().await;
    let crash = crash(&guest, "http http://never/", MS).await;
    assert_eq!(crash, Crash::Deadline(Duration::from_millis(MS.into())));
    assert_eq!(services.asked(), ["GET http://never/ []"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_guest_that_enters_itself_through_the_host_ends_at_the_deadline() {
    let (guest, services) = guest().await;
    *services.back.lock().unwrap() = Some(Arc::downgrade(&guest));
    let ended = beside(does_within(&guest, "http http://back/", MS)).await.unwrap_err();
    assert_eq!(ended, Crash::Deadline(Duration::from_millis(MS.into())));
    assert_eq!(says(&guest, "calls").await, "1");
}

#[tokio::test]
async fn answers_that_do_not_match_the_questions_are_no_answers() {
    let (guest, _) = guest().await;
    for (count, items) in [(0, 1), (2, 1), (1, 3)] {
        let entries = vec![entry("192.0.2.1", &format!("answers {count}")); items];
        let crash = guest.block(&context(20_000), &entries).await.unwrap_err();
        assert_eq!(crash, Crash::Protocol(format!("{count} answers to {items} items")));
    }
    assert_eq!(says(&guest, "calls").await, "1");
}

#[tokio::test]
async fn faults_of_every_function_are_contained() {
    let (guest, _) = guest().await;
    let id = |deed: &str| super::Context { correlation_id: deed.to_owned(), ..context(MS) };
    let late = Crash::Deadline(Duration::from_millis(MS.into()));
    assert_eq!(guest.check_health(&id("loop")).await.unwrap_err(), late);
    trap("unreachable", &guest.unblock(&context(MS), &["trap".to_owned()]).await.unwrap_err());
    assert_eq!(says(&guest, "calls").await, "1");
    // At the start of an instance it is no plugin at all.
    let start = r#"{"start":"panic boom"}"#;
    let error = plugin().configure(start, Arc::new(Recorded::default())).await.unwrap_err().to_string();
    assert!(error.starts_with("the plugin broke off: ") && error.contains("unreachable"), "{error}");
    let slow = load(WasmLimits { start: Duration::from_millis(100), ..WasmLimits::default() }).await;
    let error = slow.configure(r#"{"start":"loop"}"#, Arc::new(Recorded::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "the plugin did not end within 100ms");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_leaves_no_half_run_instance() {
    let (guest, services) = guest().await;
    let waited = tokio::time::timeout(Duration::from_millis(50), does(&guest, "http http://never/")).await;
    assert!(waited.is_err());
    assert_eq!(services.asked().len(), 1, "it was in the middle");
    assert_eq!(says(&guest, "calls").await, "1");
}

#[tokio::test]
async fn a_plugin_that_does_not_start_again_is_gone_until_it_does() {
    let config = r#"{"start":"http http://limited/"}"#;
    let services = Arc::new(Recorded::default());
    services.left.store(1, Ordering::Relaxed);
    let guest = plugin().configure(config, Arc::clone(&services) as Arc<_>).await.unwrap();
    let gone = does(&guest, "trap").await.unwrap_err();
    let Crash::Gone(why) = &gone else { panic!("{gone:?}") };
    assert!(
        why.contains("unreachable") && why.contains("refuses its configuration: TransportError::Timeout"),
        "{why}"
    );
    assert!(matches!(does(&guest, "calls").await, Err(Crash::Gone(_))));
    services.left.store(1, Ordering::Relaxed);
    assert_eq!(says(&guest, "calls").await, "1");
}

#[tokio::test]
async fn the_host_is_told_of_every_call_that_begins() {
    let (guest, services) = guest().await;
    trap("unreachable", &does_within(&guest, "trap", 9000).await.unwrap_err());
    does_within(&guest, "echo", 8000).await.unwrap().unwrap();
    let began = [("configure", 5000), ("test", 9000), ("configure", 5000), ("test", 8000)];
    assert_eq!(*services.began.lock().unwrap(), began.map(|(name, ms)| (name.to_owned(), ms)));
}

#[tokio::test]
async fn a_fresh_instance_is_configured_in_the_time_of_the_call_that_needs_it() {
    let services = Arc::new(Recorded::default());
    let config = r#"{"start":"http http://slow/"}"#;
    let guest = plugin().configure(config, Arc::clone(&services) as Arc<_>).await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_millis(50), does(&guest, "http http://never/")).await;
    assert!(dropped.is_err());
    let late = does_within(&guest, "calls", 30).await.unwrap_err();
    assert!(matches!(&late, Crash::Gone(why) if why == "the plugin did not end within 30ms"), "{late:?}");
    assert_eq!(says(&guest, "calls").await, "1");
    // What is asked in the course of being configured counts to the call that began before.
    let began = [("configure", 5000), ("test", 20_000), ("test", 30), ("test", 20_000)];
    assert_eq!(*services.began.lock().unwrap(), began.map(|(name, ms)| (name.to_owned(), ms)));
}

#[tokio::test]
async fn a_pool_without_room_refuses_and_has_room_again() {
    let config = super::WasmRuntimeConfig { instances: 2, ..Default::default() };
    let runtime = super::WasmRuntime::new(config).unwrap();
    let file = std::fs::read(super::fixture()).unwrap();
    let plugin = runtime.load(file, &WasmLimits::default()).await.unwrap();
    let (first, _) = configured(&plugin, "{}").await;
    let (second, _) = configured(&plugin, "{}").await;
    let full = plugin.configure("{}", Arc::new(Recorded::default())).await.unwrap_err().to_string();
    assert!(full.starts_with("the plugin is not used any more: ") && full.contains("limit of 2"), "{full}");
    trap("unreachable", &does(&first, "trap").await.unwrap_err());
    assert_eq!(says(&first, "calls").await, "1", "the dead one made room for its own successor");
    drop(second);
    configured(&plugin, "{}").await;
}
