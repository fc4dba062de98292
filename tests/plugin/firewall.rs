//! A plugin behind the real enforcer: nothing is lost, whatever it does.

use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::{
    Block, EnforceConfig, EnforceError, FirewallIntegration, MemoryFirewall, Status,
};
use autosec_core::engine::Engine;
use autosec_core::time::{Clock, ManualClock, Timestamp};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::plugin::firewall::PluginFirewall;
use autosec_integrations::plugin::interface::{Crash, FailureKind, Page};

use super::device::{Act, Device, entry};
use crate::support::{Shared, block};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(NOW))
}

fn firewall(device: &Device, clock: &Arc<ManualClock>) -> PluginFirewall {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    PluginFirewall::new(&device.metadata.name, Arc::new(device.clone())).unwrap().with_clock(clock)
}

fn engine(device: &Device, clock: &Arc<ManualClock>, attempts: u32) -> Engine {
    let config = EnforceConfig { seed: Some(7), attempts, ..EnforceConfig::default() };
    let builder = Engine::builder().clock(Shared(Arc::clone(clock))).enforcement(config);
    builder.firewall(firewall(device, clock)).build().unwrap()
}

fn host(number: usize) -> String {
    format!("198.18.{}.{}", number / 250, number % 250 + 1)
}

fn blocks(count: usize) -> Vec<Block> {
    let block =
        |number| Block { target: network(&host(number)), ttl: None, reason: format!("rule={number}") };
    (0..count).map(block).collect()
}

fn network(text: &str) -> ipnet::IpNet {
    autosec_core::net::network(text).unwrap()
}

/// So many turns of the host's timer, half a minute apart.
async fn wait(engine: &Engine, clock: &ManualClock, turns: usize) {
    for _ in 0..turns {
        clock.advance(Duration::from_secs(30));
        engine.maintain().await;
    }
}

async fn enforce(engine: &Engine, count: usize) -> bool {
    let decisions: Vec<_> = (0..count).map(|number| block(&host(number), &host(number), 86_400)).collect();
    engine.enforcer().enforce_all(&decisions).await.is_complete()
}

#[tokio::test]
async fn it_conforms() {
    for listing in [true, false] {
        let mut device = Device::new("edge");
        device.metadata.features.listing = listing;
        let report = conformance::check(&firewall(&device, &clock()), &Conformance::default()).await;
        assert!(report.is_passed(), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_a_batch_loses_nothing() {
    let clock = clock();
    let device = Device::new("edge").acting([Act::CrashHalfWay]);
    let engine = engine(&device, &clock, 1);
    assert!(!enforce(&engine, 40).await);
    assert_eq!(device.targets().len(), 20, "half of it was done, and nobody knows");
    assert_eq!(engine.in_force().len(), 40, "the ledger has all of it");
    assert_eq!(engine.enforcer().status()[0].queued, 40);
    wait(&engine, &clock, 4).await;
    assert_eq!(device.targets().len(), 40);
    assert_eq!(engine.enforcer().status()[0].queued, 0);
}

#[tokio::test(start_paused = true)]
async fn any_crash_is_an_error_of_this_firewall_alone() {
    let crashes = [
        Crash::Trap("unreachable".to_owned()),
        Crash::Deadline(Duration::from_secs(3)),
        Crash::Limit("memory".to_owned()),
        Crash::Protocol("odd".to_owned()),
        Crash::Gone("no place in the pool".to_owned()),
    ];
    for crash in crashes {
        let clock = clock();
        let device = Device::new("edge").acting([Act::Crash(crash.clone())]);
        let beside = MemoryFirewall::with_clock("beside", Arc::clone(&clock) as Arc<dyn Clock>);
        let engine = Engine::builder().clock(Shared(Arc::clone(&clock)));
        let config = EnforceConfig { attempts: 1, seed: Some(7), ..EnforceConfig::default() };
        let engine = engine.enforcement(config).firewall(firewall(&device, &clock)).firewall(beside.clone());
        let engine = engine.build().unwrap();
        assert!(!enforce(&engine, 3).await, "{crash}");
        assert!(beside.drops("198.18.0.2".parse().unwrap()), "{crash}");
        wait(&engine, &clock, 4).await;
        assert_eq!(device.targets().len(), 3, "{crash}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_item_that_crashes_the_plugin_stands_in_the_way_of_no_other() {
    let clock = clock();
    let device = Device { poison: Some("198.18.0.8"), ..Device::new("edge") };
    let engine = engine(&device, &clock, 3);
    enforce(&engine, 60).await;
    wait(&engine, &clock, 200).await;
    assert_eq!(device.targets().len(), 59, "{:?}", device.widths());
    let dead = engine.enforcer().dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].target, network("198.18.0.8"));
    assert_eq!(dead[0].reason, "the plugin broke off: unreachable");
    assert_eq!(engine.in_force().len(), 60, "and it is still in force elsewhere");
}

#[tokio::test]
async fn answers_that_are_no_answers_are_refused() {
    for count in [0, 2, 4, 100_000] {
        let device = Device::new("edge").acting([Act::Answers(count)]);
        let error = firewall(&device, &clock()).block(&blocks(3)).await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "firewall `edge` could not be reached: the plugin does not keep to the interface: it gave {count} \
                 answers to 3 items"
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_call_takes_is_several_calls() {
    let mut device = Device::new("edge");
    device.metadata.limits.max_batch = 10;
    let outcomes = firewall(&device, &clock()).block(&blocks(25)).await.unwrap();
    assert_eq!(device.widths(), [10, 10, 5]);
    assert!(
        outcomes
            .iter()
            .zip(blocks(25))
            .all(|(one, asked)| one.target == asked.target && one.status == Status::Done)
    );
}

#[tokio::test(start_paused = true)]
async fn later_calls_that_fail_do_not_undo_earlier_ones() {
    let mut device = Device::new("edge").acting([Act::Well, Act::Fail(FailureKind::Unavailable, None)]);
    device.metadata.limits.max_batch = 10;
    let outcomes = firewall(&device, &clock()).block(&blocks(25)).await.unwrap();
    let done = outcomes.iter().filter(|outcome| outcome.status == Status::Done).count();
    let deferred = outcomes.iter().filter(|outcome| outcome.status == Status::Deferred).count();
    assert_eq!((done, deferred), (10, 15));
}

#[tokio::test(start_paused = true)]
async fn pauses_between_changes_are_kept() {
    let mut device = Device::new("edge");
    device.metadata.limits.min_interval_ms = 800;
    let edge = firewall(&device, &clock());
    let started = tokio::time::Instant::now();
    for _ in 0..3 {
        edge.block(&blocks(1)).await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::from_millis(1_600), "a short one is waited for");

    device.metadata.limits.min_interval_ms = 90_000;
    let edge = firewall(&device, &clock());
    edge.block(&blocks(1)).await.unwrap();
    let busy = edge.unblock(&[network("198.18.0.1")]).await.unwrap_err();
    assert!(matches!(busy, EnforceError::Busy { after, .. } if after == Duration::from_secs(90)), "{busy}");
}

#[tokio::test(start_paused = true)]
async fn what_the_device_had_no_time_for_is_done_when_it_has() {
    let clock = clock();
    let device = Device::new("edge").acting([Act::FailFrom(7, FailureKind::RateLimited)]);
    let engine = engine(&device, &clock, 1);
    assert!(!enforce(&engine, 10).await);
    assert_eq!(device.targets().len(), 7);
    assert_eq!(engine.enforcer().status()[0].failures, 0, "it is no failure of the firewall");
    tokio::time::advance(Duration::from_secs(11)).await;
    wait(&engine, &clock, 2).await;
    assert_eq!(device.targets().len(), 10);
    assert_eq!(device.widths(), [10, 3], "what was done was not asked for again");
}

#[tokio::test(start_paused = true)]
async fn failures_reach_the_enforcer_as_what_they_are() {
    let cases = [
        (
            FailureKind::Unauthorized,
            "firewall `edge` needs more rights: the device refuses the credentials: ",
        ),
        (
            FailureKind::Denied,
            "firewall `edge` needs more rights: the host denied the plugin what it needs: ",
        ),
        (FailureKind::RateLimited, "firewall `edge` wants to be asked again in 10s: "),
        (FailureKind::Conflict, "firewall `edge` wants to be asked again in 1s: somebody else changed it"),
        (FailureKind::InvalidConfig, "firewall `edge` rejected the change: its configuration cannot work: "),
        (FailureKind::Unavailable, "firewall `edge` could not be reached: as the test wants it"),
    ];
    for (kind, expected) in cases {
        let device = Device::new("edge").acting([Act::Fail(kind, None)]);
        let error = firewall(&device, &clock()).block(&blocks(2)).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let device = Device::new("edge").acting([Act::Fail(FailureKind::Full, None)]);
    let outcomes = firewall(&device, &clock()).block(&blocks(1)).await.unwrap();
    assert_eq!(outcomes[0].status, Status::Rejected("the device is full: as the test wants it".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_at_its_deadline_and_delays_no_other() {
    let clock = clock();
    let device = Device { usual: Act::Hangs, ..Device::new("edge") };
    let edge = firewall(&device, &clock).with_deadline(Duration::from_millis(200));
    let started = tokio::time::Instant::now();
    let late = edge.block(&blocks(1)).await.unwrap_err();
    assert_eq!(late.to_string(), "firewall `edge` did not answer within 200ms");
    assert_eq!(started.elapsed(), Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_is_followed_by_smaller_ones() {
    let clock = clock();
    let device = Device { usual: Act::Hangs, ..Device::new("edge") };
    let edge = firewall(&device, &clock);
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::from_millis(10), edge.block(&blocks(80))).await;
        assert!(given_up.is_err());
    }
    assert_eq!(device.widths(), [80, 20, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_block_ends_on_a_device_that_knows_no_time() {
    let clock = clock();
    let device = Device::new("edge");
    let engine = engine(&device, &clock, 1);
    engine.enforce(&block("198.18.0.1", "a", 60)).await;
    assert_eq!(device.held.lock().unwrap()["198.18.0.1"].ttl_secs, None);
    clock.advance(Duration::from_secs(61));
    engine.maintain().await;
    assert_eq!(device.targets(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_key_of_the_first_try() {
    let clock = clock();
    let mut device = Device::new("edge").acting([Act::CrashHalfWay]);
    device.metadata.features.ttl = true;
    let engine = engine(&device, &clock, 1);
    engine.enforce(&block("198.18.0.1", "a", 3_600)).await;
    clock.advance(Duration::from_secs(30));
    engine.maintain().await;
    let calls = device.calls.lock().unwrap();
    let [first, second] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((first.entries[0].ttl_secs, second.entries[0].ttl_secs), (Some(3_600), Some(3_570)));
    assert_eq!(first.entries[0].idempotency_key, second.entries[0].idempotency_key);
    assert_ne!(first.context.correlation_id, second.context.correlation_id);
}

#[tokio::test]
async fn a_listing_has_an_end() {
    let page =
        |next: Option<&str>| Page { entries: vec![entry("203.0.113.1")], next: next.map(str::to_owned) };
    let said = async |pages: Vec<Page>| {
        let device = Device { pages: Some(pages), ..Device::new("edge") };
        firewall(&device, &clock()).blocked().await.map_err(|error| error.to_string())
    };
    assert_eq!(said(vec![page(Some("1")), page(None)]).await.unwrap().len(), 2);
    let returns = said(vec![page(Some("1")), page(Some("0"))]).await.unwrap_err();
    assert!(returns.ends_with("its listing comes back to a cursor that it gave before"), "{returns}");
    let long = said(vec![page(Some(&"9".repeat(2_000)))]).await.unwrap_err();
    assert!(long.ends_with("a cursor of its listing is longer than 1,024 bytes"), "{long}");
    let endless: Vec<Page> = (1..=10_001).map(|next: usize| page(Some(&next.to_string()))).collect();
    let endless = said(endless).await.unwrap_err();
    assert!(endless.ends_with("its listing has more than 10,000 pages"), "{endless}");
    let huge = Page { entries: vec![entry("203.0.113.1"); 1_000_001], next: None };
    let huge = said(vec![huge]).await.unwrap_err();
    assert!(huge.ends_with("it lists more than 1,000,000 entries"), "{huge}");
}

#[tokio::test]
async fn entries_that_cannot_be_read_are_told() {
    let entries = vec![entry("203.0.113.1"), entry("everyone"), entry("10.0.0.0/99")];
    let device = Device { pages: Some(vec![Page { entries, next: None }]), ..Device::new("edge") };
    let edge = firewall(&device, &clock());
    assert_eq!(edge.blocked().await.unwrap().len(), 1);
    assert_eq!(edge.unreadable(), 2);
    let health = edge.health().await.unwrap();
    let expected = "degraded: 0 held (1.5ms); 2 entries of its listing cannot be read";
    assert!(health.enforcing && health.detail == expected, "{}", health.detail);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_cannot_list_is_not_given_everything_over_and_over() {
    let clock = clock();
    let mut device = Device::new("edge");
    device.metadata.features.listing = false;
    let engine = engine(&device, &clock, 1);
    assert!(enforce(&engine, 5).await);
    engine.reconcile().await;
    assert_eq!(device.widths(), [5]);
    clock.advance(Duration::from_secs(3_700));
    engine.reconcile().await;
    assert_eq!(device.widths(), [5, 5], "after an hour nobody knows");
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let device = Device::new("edge");
    let edge = firewall(&device, &clock());
    let plans = edge.plan_block(&blocks(2)).await.unwrap();
    assert_eq!(plans[1].target, network(&host(1)));
    assert_eq!((&plans[1].status, plans[1].detail.as_str()), (&Status::Observed, "PUT /list"));
    assert_eq!(edge.plan_unblock(&[network("198.18.0.1")]).await.unwrap()[0].status, Status::Observed);
    assert_eq!(device.targets(), [] as [&str; 0]);
    assert!(device.calls.lock().unwrap().iter().all(|call| call.context.dry_run));

    let mut blunt = Device::new("edge");
    blunt.metadata.features.dry_run = false;
    let refused = firewall(&blunt, &clock()).plan_block(&blocks(1)).await.unwrap_err();
    assert_eq!(refused.to_string(), "firewall `edge` rejected the change: the plugin has no dry run");
    assert!(blunt.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn its_debug_shows_its_name_only() {
    let shown = format!("{:?}", firewall(&Device::new("edge"), &clock()));
    assert_eq!(shown, "PluginFirewall { name: \"edge\", .. }");
}
