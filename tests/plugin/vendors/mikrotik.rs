//! The MikroTik plugin.

use std::time::Duration;

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, busy, held, nets};
use crate::plugin::simulators::Trouble;
use crate::plugin::simulators::mikrotik::{MikroTik, PASSWORD};

pub(super) fn setup() -> Setup {
    Setup { plugin: "mikrotik", config: json!({}), secret: "mikrotik-password", value: PASSWORD }
}

#[tokio::test]
async fn keeps_every_promise() {
    let device = MikroTik::new();
    device.state().put(false, "theirs", "192.0.2.1");
    device.state().put(true, "theirs", "2001:db8::1/128");
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let beside = || {
        let state = device.state();
        let theirs =
            state.entries.iter().flat_map(|entries| entries.values()).filter(|entry| entry.list == "theirs");
        theirs.map(|entry| entry.address.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_conforms(&firewall, beside).await;
}

#[tokio::test]
async fn a_longer_and_a_shorter_time_take_effect() {
    let device = MikroTik::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let first = [block("192.0.2.1/32", 600), block("192.0.2.0/24", 3_600), block("2001:db8::/48", 0)];
    assert!(are_done(&firewall.block(&first).await.unwrap()));
    let second = [block("192.0.2.1/32", 3_600), block("192.0.2.0/24", 600), block("2001:db8::/48", 600)];
    assert!(are_done(&firewall.block(&second).await.unwrap()));
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 0)]).await.unwrap()));
    device.state().advance(Duration::from_secs(700));
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 for ever"]);
}

#[tokio::test]
async fn what_is_right_already_is_left_alone() {
    let device = MikroTik::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let blocks = [block("192.0.2.1/32", 600), block("192.0.2.2/32", 0)];
    for _ in 0..2 {
        assert!(are_done(&firewall.block(&blocks).await.unwrap()));
    }
    let state = device.state();
    let changes: Vec<_> = state.asked.iter().filter(|line| !line.starts_with("GET")).collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
}

#[tokio::test]
async fn names_and_ranges_of_others_stay_in_the_list() {
    let device = MikroTik::new();
    for odd in ["192.0.2.1-192.0.2.9", "example.org"] {
        device.state().put(false, "autosec", odd);
    }
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    assert_eq!(held(&firewall).await, [""; 0]);
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32"])).await.unwrap()));
    assert_eq!(device.state().entries[0].len(), 2);
}

#[tokio::test]
async fn without_ipv6_no_ipv6_is_asked_for() {
    let device = MikroTik::new();
    let online = Online::start(device.clone()).await;
    let mut setup = setup();
    setup.config["ipv6"] = false.into();
    let firewall = online.firewall(Made::Component, &setup).await;
    let outcomes = firewall.block(&[block("2001:db8::1/128", 60), block("192.0.2.1/32", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Unsupported(_)), "{outcomes:?}");
    assert_eq!(held(&firewall).await.len(), 1);
    assert!(!device.state().asked.iter().any(|line| line.contains("ipv6")), "{:?}", device.state().asked);
}

#[tokio::test]
async fn says_how_it_is_and_what_is_wrong() {
    let device = MikroTik::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let health = firewall.health().await.unwrap();
    assert!(
        health.enforcing && health.detail.contains("hAP ax3 with RouterOS 7.16.1 (stable)"),
        "{health:?}"
    );
    device.state().rules.clear();
    assert!(!firewall.health().await.unwrap().enforcing, "a list that no rule uses blocks nothing");
    let stranger = online.firewall(Made::Component, &Setup { value: "another", ..setup() }).await;
    let error = stranger.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(matches!(&error, EnforceError::Forbidden { .. }), "{error}");
    for trouble in [Trouble::CutBefore, Trouble::Truncated, Trouble::Status(500, None)] {
        device.state().troubles.0.push_back(trouble);
        let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Transport { .. }), "{trouble:?}: {error}");
    }
    // The second item finds the router gone: the first one counts.
    device.state().troubles.0.extend([
        Trouble::Slow(Duration::ZERO),
        Trouble::Slow(Duration::ZERO),
        Trouble::CutBefore,
    ]);
    let outcomes = firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)]).await.unwrap();
    assert_eq!([&outcomes[0].status, &outcomes[1].status], [&Status::Done, &Status::Deferred]);
    let other = online.firewall(Made::Component, &setup()).await;
    device.state().troubles.0.push_back(Trouble::Status(429, Some(7)));
    assert_eq!(busy(other.block(&[block("192.0.2.1/32", 60)]).await), Some(7));
}
