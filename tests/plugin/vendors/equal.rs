//! One source, two artefacts: a component and a native library ask the same and answer the same.

use autosec_integrations::plugin::interface::{Context, Entry, Guest};

use super::{Made, Online, Setup, cloudflare, fortigate, mikrotik, panos, wafv2};
use crate::panos::device::Device;
use crate::plugin::simulators::cloudflare::Cloudflare;
use crate::plugin::simulators::fortigate::FortiGate;
use crate::plugin::simulators::mikrotik::MikroTik;
use crate::plugin::simulators::wafv2::Waf;
use crate::support::web::Site;

/// All that a guest answered, as text.
async fn told(guest: &dyn Guest) -> Vec<String> {
    let context = |dry_run| Context { correlation_id: "test".to_owned(), deadline_ms: 30_000, dry_run };
    let entry = |target: &str, ttl_secs| Entry {
        target: target.to_owned(),
        ttl_secs,
        reason: "rule=test \"'<&>".to_owned(),
        idempotency_key: target.to_owned(),
        extra: Vec::new(),
    };
    let all = [
        entry("192.0.2.1", None),
        entry("192.0.2.2/32", None),
        entry("198.51.100.0/24", None),
        entry("2001:db8::/64", None),
        entry("2001:db8::1/128", None),
        entry("not an address", Some(0)),
        entry("192.0.2.1", None),
    ];
    let targets = ["192.0.2.1/32", "192.0.2.77", "2001:db8::/64", "odd"].map(str::to_owned);
    let mut told = vec![format!("{:?}", guest.metadata())];
    told.push(format!("{:?}", guest.block(&context(true), &all).await));
    for _ in 0..2 {
        told.push(format!("{:?}", guest.block(&context(false), &all).await));
        told.push(format!("{:?}", guest.list_blocked(&context(false), None, 2).await));
    }
    for _ in 0..2 {
        told.push(format!("{:?}", guest.unblock(&context(false), &targets).await));
    }
    told.push(format!("{:?}", guest.list_blocked(&context(false), None, 1_000).await));
    told.push(format!("{:?}", guest.list_blocked(&context(false), Some("999999"), 1_000).await));
    told.push(format!("{:?}", guest.block(&context(false), &[]).await));
    let health =
        guest.check_health(&context(false)).await.unwrap().map(|health| (health.state, health.detail));
    told.push(format!("{health:?}"));
    told
}

/// Asks both, each with a device of its own.
async fn assert_equal<S: Site + Clone>(
    setup: &Setup,
    device: impl Fn() -> S,
    asked: impl Fn(&S) -> Vec<String>,
) {
    let mut both = Vec::new();
    for made in [Made::Component, Made::Library] {
        let device = device();
        let online = Online::start(device.clone()).await;
        let guest = online.guest(made, setup).await;
        both.push((told(&*guest).await, asked(&device)));
    }
    let [(component, of_component), (library, of_library)] = <[_; 2]>::try_from(both).unwrap();
    assert_eq!(component, library, "{}", setup.plugin);
    assert_eq!(of_component, of_library, "{}", setup.plugin);
    assert!(of_component.len() > 8, "{of_component:?}");
}

#[tokio::test]
async fn cloudflare_is_one_plugin() {
    assert_equal(&cloudflare::setup(), Cloudflare::new, |device| device.state().asked.clone()).await;
}

#[tokio::test]
async fn fortigate_is_one_plugin() {
    assert_equal(&fortigate::setup(), FortiGate::new, |device| device.state().asked.clone()).await;
}

#[tokio::test]
async fn mikrotik_is_one_plugin() {
    assert_equal(&mikrotik::setup(), MikroTik::new, |device| device.state().asked.clone()).await;
}

#[tokio::test]
async fn wafv2_is_one_plugin() {
    let device = || {
        let device = Waf::new();
        device.state().is_paced = false;
        device
    };
    assert_equal(&wafv2::setup(), device, |device| device.state().asked.clone()).await;
}

#[tokio::test]
async fn panos_is_one_plugin() {
    let asked = |device: &Device| {
        let state = device.state();
        state.asked.iter().map(|(kind, command)| format!("{kind} {command}")).collect()
    };
    assert_equal(&panos::setup(), Device::new, asked).await;
}
