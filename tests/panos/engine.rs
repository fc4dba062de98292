//! From an event to the firewall and back, against our simulator.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use autosec_core::enforce::{EnforceConfig, Enforcement, FirewallConfig, FirewallIntegration};
use autosec_core::engine::Engine;
use autosec_core::event::Schema;
use autosec_core::observe::{Observer, Record};
use autosec_core::rule::RuleSet;
use autosec_core::time::Timestamp;
use autosec_integrations::firewall::panos::PanOsConfig;
use autosec_integrations::log::{Format, LogReader, Options};

use super::device::{Device, Fault};
use super::{KEY, held, net, secrets};
use crate::support;

/// Keeps everything it is told, in words.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<String>>);

impl Observer for Told {
    fn note(&self, _at: Timestamp, record: &Record<'_>) {
        self.0.lock().unwrap().push_str(&format!("{record:?}\n"));
    }
}

#[tokio::test]
async fn a_log_line_becomes_a_tag() {
    let device = Device::new();
    let (_web, firewall) = device.online_over_tls().await;
    let firewall = Arc::new(firewall);
    let rules = RuleSet::builder(&Schema::ecs()).starter().build().unwrap();
    let engine = Engine::builder().detector(rules).firewall(Arc::clone(&firewall)).build().unwrap();
    let log =
        "Nov 22 14:02:11 web1 sshd[42]: Failed password for root from 203.0.113.7 port 4711 ssh2\n".repeat(5);
    let now = Timestamp::parse("2026-11-22T15:00:00Z").unwrap();
    let options = Options { fields: engine.fields().clone(), ..Options::new(now) };
    let mut reader = LogReader::new(log.as_bytes(), Format::Auto, options);
    while let Some(line) = reader.read().unwrap() {
        for decision in engine.process(line.unwrap()).decisions() {
            assert!(engine.enforce(decision).await.is_complete());
        }
    }
    assert!(device.state().blocks("203.0.113.7"));
    assert!(engine.unblock(net("203.0.113.7/32")).await.is_complete());
    assert!(!device.state().blocks("203.0.113.7"));
}

#[tokio::test]
async fn nothing_is_lost_to_trouble_and_the_key_is_nowhere() {
    let device = Device::new();
    let (web, firewall) = device.online().await;
    let firewall = Arc::new(firewall);
    let told = Told::default();
    let brief = Duration::from_millis(1);
    let pace = EnforceConfig { backoff: brief, longest_pause: brief, ..EnforceConfig::default() };
    let engine = Engine::builder()
        .firewall(Arc::clone(&firewall))
        .enforcement(pace)
        .observer(told.clone())
        .build()
        .unwrap();
    let mut texts = String::new();
    let troubles = [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Truncated,
        Fault::Status(500, None),
        Fault::Status(503, Some("0")),
        Fault::Slow(Duration::from_millis(20)),
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        device.state().faults.push_back(trouble.clone());
        let ip = format!("203.0.113.{number}");
        let enforcement = engine.enforce(&support::block(&ip, &ip, 3_600)).await;
        texts += &format!("{enforcement} {enforcement:?}\n");
        // At most a pause later, whether within the call or by what the host does every second.
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            texts += &format!("{:?}\n", engine.maintain().await);
        }
        assert!(device.state().blocks(&ip), "{trouble:?}: {enforcement}");
    }
    assert_eq!(held(&firewall).await.len(), 6);
    // Somebody takes one tag out and puts one in; a wrong key, an unreachable firewall.
    device.state().tags.remove("203.0.113.1");
    device.state().tags.insert("198.51.100.9".to_owned(), [("autosec-block".to_owned(), None)].into());
    texts += &format!("{:?}\n", engine.reconcile().await);
    assert!(device.state().blocks("203.0.113.1") && !device.state().blocks("198.51.100.9"));
    device.state().key = "another".to_owned();
    let refused = engine.enforce(&support::block("203.0.113.77", "b", 60)).await;
    assert!(matches!(refused, Enforcement::Fanned { .. }) && !refused.is_complete(), "{refused}");
    texts += &format!("{refused} {refused:?} {:?}\n", engine.reconcile().await);
    drop(web);
    tokio::task::yield_now().await;
    texts += &format!(
        "{:?} {:?} {:?}\n",
        engine.reconcile().await,
        engine.enforcer().status(),
        firewall.health().await
    );
    texts += &format!("{engine:?} {firewall:?} {}", told.0.lock().unwrap());
    for said in ["could not be reached", "Invalid Credential", "503", "PanOs {"] {
        assert!(texts.contains(said), "{said}");
    }
    let places = texts.match_indices(KEY).map(|(at, _)| &texts[at.saturating_sub(99)..at]);
    assert_eq!(places.collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test]
async fn a_firewall_that_takes_too_long_is_asked_again() {
    let device = Device::new().with(|state| state.faults.push_back(Fault::Slow(Duration::from_secs(60))));
    let (_web, firewall) = device.online().await;
    let brief = Duration::from_millis(1);
    let pace = EnforceConfig {
        timeout: Duration::from_secs(2),
        attempts: 1,
        backoff: brief,
        longest_pause: brief,
        ..EnforceConfig::default()
    };
    let engine = Engine::builder().firewall(firewall).enforcement(pace).build().unwrap();
    let late = engine.enforce(&support::block("203.0.113.7", "a", 3_600)).await.to_string();
    assert!(late.contains("did not answer within 2s (1 will be tried again)"), "{late}");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let reports = engine.maintain().await;
    assert!(reports.iter().all(|report| report.result.is_ok() && report.pending == 0), "{reports:?}");
    assert!(device.state().blocks("203.0.113.7"));
}

#[tokio::test]
async fn room_is_given_to_the_most_important() {
    let device = Device::new().with(|state| state.capacity = 3);
    let room = |config| PanOsConfig { capacity: Some(3), ..config };
    let (_web, firewall) = device.online_with(room, Arc::new(secrets())).await;
    let engine = Engine::builder().firewall(firewall).build().unwrap();
    // Of the same risk, those that end last.
    for number in 1..=6 {
        let ip = format!("203.0.113.{number}");
        engine.enforce(&support::block(&ip, &ip, 600 * number)).await;
    }
    let held = |device: &Device| device.state().tags.keys().cloned().collect::<Vec<_>>();
    assert_eq!(held(&device), ["203.0.113.4", "203.0.113.5", "203.0.113.6"]);
    engine.unblock(net("203.0.113.5/32")).await;
    engine.maintain().await;
    assert_eq!(held(&device), ["203.0.113.3", "203.0.113.4", "203.0.113.6"]);
}

#[tokio::test]
async fn what_it_cannot_hold_takes_no_place() {
    let device = Device::new();
    let room = |config| PanOsConfig { capacity: Some(2), ..config };
    let (_web, firewall) = device.online_with(room, Arc::new(secrets())).await;
    let engine = Engine::builder().firewall(firewall).build().unwrap();
    // Those that end last come first where the risk is the same.
    let wide = ["2001:db8:1::/64", "2001:db8:2::/64"].map(|target| support::block(target, target, 7_200));
    let hosts = ["203.0.113.1", "203.0.113.2"].map(|target| support::block(target, target, 600));
    let all = engine.enforcer().enforce_all(&[&wide[..], &hosts[..]].concat()).await;
    let text = format!("{all:?}");
    assert_eq!(text.matches("it takes no prefixes of IPv6").count(), 2, "{text}");
    assert!(!text.contains("Evicted"), "{text}");
    assert!(engine.reconcile().await.iter().all(|report| report.result.is_ok()));
    assert_eq!(device.state().tags.keys().collect::<Vec<_>>(), ["203.0.113.1", "203.0.113.2"]);
}

#[tokio::test]
async fn neighbours_become_no_prefix_that_it_refuses() {
    let device = Device::new();
    let (_web, firewall) = device.online().await;
    let own = FirewallConfig { aggregate: true, ..FirewallConfig::default() };
    let config = EnforceConfig { firewalls: [("pan-os".to_owned(), own)].into(), ..EnforceConfig::default() };
    let engine = Engine::builder().firewall(firewall).enforcement(config).build().unwrap();
    let hosts = ["2001:db8::2/128", "2001:db8::3/128", "203.0.113.2/32", "203.0.113.3/32"];
    engine.enforcer().enforce_all(&hosts.map(|target| support::block(target, target, 600))).await;
    let held: Vec<String> = device.state().tags.keys().cloned().collect();
    assert_eq!(held, ["2001:db8::2", "2001:db8::3", "203.0.113.2/31"]);
}
