//! Plugins of one component: what ends one of them ends no other, and time is each call's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use autosec_integrations::plugin::interface::Crash;

use super::{configured, does_within, guest, plugin, runtime, says};

const MS: u32 = 200;

fn late() -> Crash {
    Crash::Deadline(Duration::from_millis(MS.into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_timeout_harms_no_sibling_that_waits_and_none_that_runs() {
    let plugin = plugin();
    let (hanging, _) = configured(&plugin, "{}").await;
    let (waiting, _) = configured(&plugin, "{}").await;
    let (running, _) = configured(&plugin, "{}").await;
    let runs = Arc::clone(&running);
    // Longer than the other's deadline: it is on its way when that ends.
    let work = tokio::spawn(async move {
        let before = Instant::now();
        while before.elapsed() < Duration::from_millis(3 * u64::from(MS)) {
            says(&runs, "work 20000000").await;
        }
    });
    let slow = tokio::spawn({
        let running = Arc::clone(&running);
        async move { says(&running, "http http://slow/").await }
    });
    assert_eq!(does_within(&hanging, "loop", MS).await.unwrap_err(), late());
    assert_eq!(says(&waiting, "calls").await, "1", "it was never called before");
    work.await.unwrap();
    assert_eq!(slow.await.unwrap(), "200 slowly");
    let calls: u32 = says(&running, "calls").await.parse().unwrap();
    assert!(calls >= 3, "the same instance, which counted {calls} calls");
}

#[tokio::test]
async fn one_thread_is_enough_for_a_hang_and_its_neighbours() {
    let (hanging, _) = guest().await;
    let (working, _) = guest().await;
    let mut longest = Duration::ZERO;
    let hang = tokio::spawn(async move { does_within(&hanging, "loop", 1000).await });
    let mut calls = 0;
    while !hang.is_finished() {
        let before = Instant::now();
        assert_eq!(says(&working, "echo yes").await, "yes");
        tokio::time::sleep(Duration::from_millis(1)).await;
        longest = longest.max(before.elapsed());
        calls += 1;
    }
    assert!(matches!(hang.await.unwrap(), Err(Crash::Deadline(_))));
    assert!(calls >= 10, "{calls} calls in a second");
    assert!(longest < Duration::from_millis(900), "one of them took {longest:?}");
}

#[tokio::test]
async fn calls_of_one_plugin_wait_for_each_other_and_have_their_own_time() {
    let (guest, _) = guest().await;
    let first = tokio::spawn({
        let guest = Arc::clone(&guest);
        async move { does_within(&guest, "loop", MS).await }
    });
    tokio::task::yield_now().await;
    // Its time begins when the first one is over.
    let second = does_within(&guest, "work 1000", MS).await.unwrap().unwrap();
    assert!(second.detail.is_some());
    assert_eq!(first.await.unwrap().unwrap_err(), late());
    // A deadline belongs to a call: an instance that is older than it goes on.
    tokio::time::sleep(Duration::from_millis(2 * u64::from(MS))).await;
    assert!(does_within(&guest, "echo", MS).await.unwrap().is_ok());
}

#[tokio::test]
async fn time_goes_on_for_as_long_as_a_plugin_lives() {
    let runtime = runtime();
    let file = std::fs::read(super::fixture()).unwrap();
    let plugin = runtime.load(file, &Default::default()).await.unwrap();
    let (guest, _) = configured(&plugin, "{}").await;
    drop((runtime, plugin));
    assert_eq!(does_within(&guest, "loop", MS).await.unwrap_err(), late());
}

#[tokio::test]
async fn no_time_is_a_deadline_too() {
    let (guest, _) = guest().await;
    let ended = does_within(&guest, "loop", 0).await.unwrap_err();
    assert_eq!(ended, Crash::Deadline(Duration::ZERO));
    assert_eq!(says(&guest, "calls").await, "1");
}
