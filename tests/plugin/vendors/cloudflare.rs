//! The Cloudflare plugin.

use std::time::Duration;

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, busy, held, nets};
use crate::plugin::simulators::Trouble;
use crate::plugin::simulators::cloudflare::{ACCOUNT, Cloudflare, Item, LIST, TOKEN};

pub(super) fn setup() -> Setup {
    let config = json!({"account": ACCOUNT, "list": LIST});
    Setup { plugin: "cloudflare", config, secret: "cloudflare-token", value: TOKEN }
}

fn theirs(device: &Cloudflare, id: &str, ip: &str) {
    let item = Item { ip: ip.to_owned(), comment: "office".to_owned() };
    device.state().items.insert(id.to_owned(), item);
}

#[tokio::test]
async fn keeps_every_promise() {
    let device = Cloudflare::new();
    theirs(&device, "item-1", "192.0.2.1");
    theirs(&device, "item-2", "198.51.100.7");
    device.state().items.remove("item-1");
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let beside = || {
        let state = device.state();
        let theirs = state.items.values().filter(|item| !item.comment.starts_with("autosec"));
        theirs.map(|item| item.ip.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_conforms(&firewall, beside).await;
}

#[tokio::test]
async fn others_items_are_neither_taken_out_nor_taken_over() {
    let device = Cloudflare::new();
    theirs(&device, "item-1", "192.0.2.1");
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    assert!(are_done(
        &firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)]).await.unwrap()
    ));
    assert_eq!(held(&firewall).await, ["192.0.2.2/32 for ever"], "theirs is not ours");
    assert!(are_done(&firewall.unblock(&nets(["192.0.2.1/32", "192.0.2.2/32"])).await.unwrap()));
    let left: Vec<_> = device.state().items.values().map(|item| item.ip.clone()).collect();
    assert_eq!(left, ["192.0.2.1"]);
}

#[tokio::test]
async fn single_addresses_of_ipv6_are_refused_and_their_64_is_not() {
    let online = Online::start(Cloudflare::new()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let outcomes =
        firewall.block(&[block("2001:db8::1/128", 60), block("2001:db8:0:1::/64", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Unsupported(_)), "{outcomes:?}");
    assert_eq!(outcomes[1].status, Status::Done);
    assert!(firewall.obstacle(outcomes[0].target).unwrap().contains("/12 to /64"));
    assert_eq!(held(&firewall).await, ["2001:db8:0:1::/64 for ever"]);
}

#[tokio::test]
async fn a_change_that_takes_its_time_is_left_to_the_next_call() {
    let device = Cloudflare::new();
    device.state().slowness = 30;
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let blocks = [block("192.0.2.1/32", 60)];
    assert_eq!(busy(firewall.block(&blocks).await), Some(2), "twenty looks, and it is still under way");
    // Another change meanwhile is refused by the account, not by us.
    assert!(matches!(firewall.block(&[block("192.0.2.2/32", 60)]).await, Err(EnforceError::Busy { .. })));
    for _ in 0..30 {
        device.state().go_on();
    }
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let writes =
        |device: &Cloudflare| device.state().asked.iter().filter(|line| line.starts_with("POST")).count();
    let before = writes(&device);
    assert!(are_done(&firewall.block(&blocks).await.unwrap()));
    assert_eq!(writes(&device), before, "it is there, so that nothing is sent twice");
}

#[tokio::test]
async fn waits_as_long_as_it_is_told() {
    let device = Cloudflare::new();
    let online = Online::start(device.clone()).await;
    for (trouble, seconds) in [
        (Trouble::Status(429, Some(17)), 17),
        (Trouble::Status(429, None), 2),
        (Trouble::Status(503, Some(9)), 9),
    ] {
        let firewall = online.hasty(Made::Component, &setup()).await;
        device.state().troubles.0.push_back(trouble);
        assert_eq!(busy(firewall.block(&[block("192.0.2.1/32", 60)]).await), Some(seconds), "{trouble:?}");
    }
}

#[tokio::test]
async fn what_has_no_room_is_refused_by_itself() {
    let device = Cloudflare::new();
    theirs(&device, "item-1", "198.51.100.7");
    let online = Online::start(device.clone()).await;
    let mut setup = setup();
    setup.config["capacity"] = 2.into();
    let firewall = online.hasty(Made::Component, &setup).await;
    let outcomes = firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)]).await.unwrap();
    assert_eq!(outcomes[0].status, Status::Done);
    assert!(matches!(&outcomes[1].status, Status::Rejected(why) if why.contains("full")), "{outcomes:?}");

    // The list is smaller than the plugin was told: the change fails, and is not said to be done.
    device.state().capacity = 2;
    let told = online.hasty(Made::Component, &super::cloudflare::setup()).await;
    let outcomes = told.block(&[block("192.0.2.3/32", 60)]).await.unwrap();
    assert!(matches!(&outcomes[0].status, Status::Rejected(why) if why.contains("full")), "{outcomes:?}");
}

#[tokio::test]
async fn many_items_are_many_pages() {
    let device = Cloudflare::new();
    for n in 0..1_203_u32 {
        let item = Item { ip: format!("10.1.{}.{}", n / 250, n % 250), comment: "autosec".to_owned() };
        device.state().items.insert(format!("item-{n:06}"), item);
    }
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    assert_eq!(firewall.blocked().await.unwrap().len(), 1_203);
    assert!(are_done(&firewall.unblock(&nets(["10.1.4.202/32"])).await.unwrap()));
    assert_eq!(device.state().items.len(), 1_202);
}

#[tokio::test]
async fn says_how_it_is_and_what_is_wrong() {
    let device = Cloudflare::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let health = firewall.health().await.unwrap();
    assert!(health.enforcing && health.detail.contains("one rule looks into it"), "{health:?}");
    device.state().rules = 0;
    assert!(!firewall.health().await.unwrap().enforcing, "a list that nobody looks into blocks nothing");

    let wrong = Setup { value: "another", ..setup() };
    let stranger = online.hasty(Made::Component, &wrong).await;
    let error = stranger.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(matches!(&error, EnforceError::Forbidden { .. }), "{error}");
    assert!(!error.to_string().contains("another"), "{error}");

    for trouble in [Trouble::CutBefore, Trouble::Truncated, Trouble::Status(502, None)] {
        device.state().troubles.0.push_back(trouble);
        let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Transport { .. }), "{trouble:?}: {error}");
    }
    assert!(device.state().items.is_empty());
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let device = Cloudflare::new();
    let online = Online::start(device.clone()).await;
    let firewall = online.hasty(Made::Component, &setup()).await;
    let plans = firewall.plan_block(&[block("192.0.2.1/32", 60)]).await.unwrap();
    assert_eq!(plans[0].status, Status::Observed);
    assert!(device.state().asked.iter().all(|line| line.starts_with("GET")), "{:?}", device.state().asked);
}
