//! The FortiGate plugin.

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, busy, held, nets};
use crate::plugin::simulators::Trouble;
use crate::plugin::simulators::fortigate::{Ban, FortiGate, TOKEN};

pub(super) fn setup() -> Setup {
    Setup { plugin: "fortigate", config: json!({}), secret: "fortigate-token", value: TOKEN }
}

fn sensed(device: &FortiGate, ip: &str) {
    let expires = device.state().now() + 3_600;
    device.state().bans.insert(ip.parse().unwrap(), Ban { expires, cause: "IPS" });
}

#[tokio::test]
async fn keeps_every_promise_whether_or_not_bans_take_new_ends() {
    for takes_new_ends in [true, false] {
        let device = FortiGate::new();
        device.state().takes_new_ends = takes_new_ends;
        sensed(&device, "198.51.100.7");
        let online = Online::start(device.clone()).await;
        let firewall = online.firewall(Made::Component, &setup()).await;
        let beside = || {
            let state = device.state();
            let theirs = state.bans.iter().filter(|(_, ban)| ban.cause == "IPS");
            theirs.map(|(ip, _)| ip.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_conforms(&firewall, beside).await;
    }
}

#[tokio::test]
async fn a_longer_and_a_shorter_time_take_effect() {
    for takes_new_ends in [true, false] {
        let device = FortiGate::new();
        device.state().takes_new_ends = takes_new_ends;
        let online = Online::start(device.clone()).await;
        let firewall = online.firewall(Made::Component, &setup()).await;
        let first = [block("192.0.2.1/32", 600), block("192.0.2.2/32", 3_600), block("2001:db8::3/128", 0)];
        assert!(are_done(&firewall.block(&first).await.unwrap()));
        let second =
            [block("192.0.2.1/32", 3_600), block("192.0.2.2/32", 600), block("2001:db8::3/128", 600)];
        assert!(are_done(&firewall.block(&second).await.unwrap()));
        let held = held(&firewall).await;
        let about = |text: &str, target: &str, least: u64, most: u64| {
            let left = text.strip_prefix(target).and_then(|rest| rest.strip_suffix(" s"));
            left.and_then(|left| left.trim().parse().ok())
                .is_some_and(|left: u64| (least..=most).contains(&left))
        };
        assert!(about(&held[0], "192.0.2.1/32", 3_590, 3_600), "{held:?}");
        assert!(about(&held[1], "192.0.2.2/32", 590, 600), "{held:?}");
        assert!(about(&held[2], "2001:db8::3/128", 590, 600), "{held:?}");
        device.state().advanced = 700;
        assert_eq!(super::held(&firewall).await.len(), 1);
    }
}

#[tokio::test]
async fn what_its_own_sensors_banned_is_not_touched() {
    let device = FortiGate::new();
    sensed(&device, "192.0.2.1");
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()), "it is banned");
    assert_eq!(held(&firewall).await, [""; 0], "but not by us");
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32"])).await.unwrap()));
    assert_eq!(device.state().bans.len(), 1);
}

#[tokio::test]
async fn prefixes_are_refused_by_themselves() {
    let online = Online::start(FortiGate::new()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let outcomes = firewall.block(&[block("192.0.2.0/24", 60), block("192.0.2.1/32", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Unsupported(_)), "{outcomes:?}");
    assert_eq!(outcomes[1].status, Status::Done);
}

#[tokio::test]
async fn says_how_it_is_and_what_is_wrong() {
    let device = FortiGate::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let health = firewall.health().await.unwrap();
    assert!(
        health.enforcing && health.detail.contains("FortiGate 60F `edge` with FortiOS v7.4.4"),
        "{health:?}"
    );
    let mut elsewhere = setup();
    elsewhere.config["vdom"] = "guests".into();
    for setup in [Setup { value: "another", ..setup() }, elsewhere] {
        let stranger = online.firewall(Made::Component, &setup).await;
        let error = stranger.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Forbidden { .. }), "{error}");
    }
    for trouble in [Trouble::CutBefore, Trouble::Truncated, Trouble::Status(500, None)] {
        device.state().troubles.0.push_back(trouble);
        let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Transport { .. }), "{trouble:?}: {error}");
    }
    device.state().troubles.0.push_back(Trouble::Status(429, Some(7)));
    assert_eq!(busy(firewall.block(&[block("192.0.2.1/32", 60)]).await), Some(7));
}
