//! The AWS WAF plugin.

use std::time::{Duration, Instant};

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use ipnet::IpNet;
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, busy, held, nets};
use crate::plugin::simulators::Trouble;
use crate::plugin::simulators::wafv2::{KEY, REGION, Waf};

pub(super) fn setup() -> Setup {
    let set = |name: &str, id: &str| json!({"name": name, "id": id});
    let config = json!({
        "region": REGION, "ipv4": [set("blocked-1", "id-1"), set("blocked-2", "id-2")],
        "ipv6": [set("blocked-6", "id-6")],
    });
    Setup { plugin: "aws-wafv2", config, secret: "aws-wafv2-key", value: KEY }
}

fn many(count: u32) -> impl Iterator<Item = IpNet> {
    (0..count).map(|n| format!("10.{}.{}.{}/32", n >> 16, n >> 8 & 255, n & 255).parse().unwrap())
}

#[tokio::test]
async fn keeps_every_promise() {
    let device = Waf::new();
    device.state().is_paced = false;
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    assert_conforms(&firewall, || "the sets are the plugin's alone".to_owned()).await;
}

#[tokio::test]
async fn one_change_a_second_is_kept() {
    let device = Waf::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let begun = Instant::now();
    for n in 1..=3 {
        assert!(are_done(&firewall.block(&[block(&format!("192.0.2.{n}/32"), 60)]).await.unwrap()));
    }
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(held(&firewall).await.len(), 3);
    // Somebody else's change uses the second up.
    let hasty = online.hasty(Made::Component, &setup()).await;
    assert_eq!(busy(hasty.block(&[block("192.0.2.4/32", 60)]).await), Some(1));
}

#[tokio::test]
async fn a_change_of_both_families_takes_two_calls() {
    let device = Waf::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let blocks = [block("192.0.2.1/32", 60), block("192.0.2.2/32", 60), block("2001:db8::/64", 60)];
    let first = firewall.block(&blocks).await.unwrap();
    assert!(are_done(&first[..2]) && first[2].status == Status::Deferred, "{first:?}");
    assert!(are_done(&firewall.block(&blocks).await.unwrap()));
    assert_eq!(
        held(&firewall).await,
        ["192.0.2.1/32 for ever", "192.0.2.2/32 for ever", "2001:db8::/64 for ever"]
    );
    let updates = device.state().asked.iter().filter(|asked| asked.starts_with("Update")).count();
    assert_eq!(updates, 2);
}

#[tokio::test]
async fn somebody_quicker_is_not_overwritten() {
    let device = Waf::new();
    device.state().is_paced = false;
    device.state().rivals = 2;
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
    assert_eq!(held(&firewall).await, ["10.255.0.0/16 for ever", "192.0.2.1/32 for ever"]);
    device.state().rivals = 9;
    assert_eq!(busy(firewall.block(&[block("192.0.2.2/32", 60)]).await), Some(1), "in vain after four tries");
}

#[tokio::test]
async fn sets_are_filled_one_after_the_other() {
    let device = Waf::new();
    device.state().is_paced = false;
    device.state().sets.get_mut("id-1").unwrap().addresses = many(9_999).collect();
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let blocks = ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"].map(|target| block(target, 60));
    while !are_done(&firewall.block(&blocks).await.unwrap()) {}
    let sizes =
        |device: &Waf| device.state().sets.values().map(|set| set.addresses.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&device), [10_000, 2, 0]);
    assert_eq!(firewall.blocked().await.unwrap().len(), 10_002);
    device.state().sets.get_mut("id-2").unwrap().addresses = many(20_000).skip(10_000).collect();
    let outcomes = firewall.block(&[block("192.0.2.4/32", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Rejected(why) if why.contains("full")), "{outcomes:?}");
    let health = firewall.health().await.unwrap();
    assert!(
        health.enforcing && health.detail.starts_with("degraded: 3 sets, the fullest with 10000"),
        "{health:?}"
    );
}

#[tokio::test]
async fn says_what_is_wrong() {
    let device = Waf::new();
    device.state().is_paced = false;
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let mut absent = setup();
    absent.config["ipv4"][0]["id"] = "id-9".into();
    let wrong = online.hasty(Made::Component, &absent).await;
    let error = wrong.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(
        matches!(&error, EnforceError::Rejected { .. }) && error.to_string().contains("no such set"),
        "{error}"
    );
    let mut swapped = setup();
    swapped.config["ipv6"] = json!([]);
    swapped.config["ipv4"] = json!([{"name": "blocked-6", "id": "id-6"}]);
    let wrong = online.hasty(Made::Component, &swapped).await;
    let error = wrong.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(error.to_string().contains("a set is of IPV6"), "{error}");
    let outcomes = wrong.block(&[block("2001:db8::/64", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Unsupported(_)), "{outcomes:?}");
    for trouble in [Trouble::CutBefore, Trouble::Truncated, Trouble::Status(500, None)] {
        device.state().troubles.0.push_back(trouble);
        let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Transport { .. }), "{trouble:?}: {error}");
    }
}

#[tokio::test]
async fn an_update_that_was_cut_off_is_done_once() {
    let device = Waf::new();
    device.state().is_paced = false;
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    device.state().troubles.0.extend([
        Trouble::Slow(Duration::ZERO),
        Trouble::Slow(Duration::ZERO),
        Trouble::CutAfter,
    ]);
    assert!(firewall.block(&[block("192.0.2.1/32", 60)]).await.is_err());
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32"])).await.unwrap()));
    assert_eq!(held(&firewall).await, [""; 0]);
    let updates = device.state().asked.iter().filter(|asked| asked.starts_with("Update")).count();
    assert_eq!(updates, 2);
}
