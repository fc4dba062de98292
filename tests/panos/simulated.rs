//! What goes well, against our simulator.

use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::{FirewallIntegration, Status};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::panos::{Credentials, PanOs, PanOsConfig};

use super::device::Device;
use super::{Canned, are_done, block, canned, held, net, secrets};

async fn assert_conforms(device: &Device, firewall: &PanOs) {
    // Theirs: an address with a tag of theirs alone, and one that is also in the kit's range.
    let theirs = || {
        let mut state = device.state();
        state.tags.entry("192.0.2.1".to_owned()).or_default().insert("theirs".to_owned(), None);
        state.tags.entry("10.9.8.7".to_owned()).or_default().insert("theirs".to_owned(), None);
    };
    theirs();
    let beside = || {
        let state = device.state();
        let theirs =
            state.tags.iter().filter(|(_, tags)| tags.contains_key("theirs")).map(|(ip, _)| ip.clone());
        theirs.collect::<Vec<_>>().join(" ")
    };
    let how = Conformance { beside: Some(Box::new(beside)), ..Conformance::default() };
    let report = conformance::check(firewall, &how).await;
    assert!(report.is_passed(), "{report}");
    let untried =
        report.promises().filter(|(_, outcome)| matches!(outcome, conformance::Outcome::Untried(_)));
    assert_eq!(untried.count(), 0, "{report}");
}

#[tokio::test]
async fn keeps_every_promise_over_tls() {
    let device = Device::new();
    let (_web, firewall) = device.online_over_tls().await;
    assert_conforms(&device, &firewall).await;
}

#[tokio::test]
async fn keeps_every_promise_in_whatever_order_a_message_is_heard() {
    let device = Device::new().with(|state| state.registers_first = true);
    let (_web, firewall) = device.online().await;
    assert_conforms(&device, &firewall).await;
}

#[tokio::test]
async fn a_longer_and_a_shorter_time_take_effect() {
    for registers_first in [false, true] {
        let device = Device::new().with(|state| state.registers_first = registers_first);
        let (_web, firewall) = device.online().await;
        let first = [block("192.0.2.1/32", 60), block("192.0.2.2/32", 3_600), block("192.0.2.3/32", 0)];
        let second = [block("192.0.2.1/32", 3_600), block("192.0.2.2/32", 60), block("192.0.2.3/32", 60)];
        assert!(are_done(&firewall.block(&first).await.unwrap()));
        assert_eq!(
            held(&firewall).await,
            ["192.0.2.1/32 60 s", "192.0.2.2/32 3600 s", "192.0.2.3/32 for ever"]
        );
        // One that is new is among them.
        assert!(are_done(
            &firewall.block(&[&second[..], &[block("192.0.2.4/32", 60)]].concat()).await.unwrap()
        ));
        assert_eq!(
            held(&firewall).await,
            ["192.0.2.1/32 3600 s", "192.0.2.2/32 60 s", "192.0.2.3/32 60 s", "192.0.2.4/32 60 s"]
        );
        device.state().advance(Duration::from_secs(61));
        assert_eq!(held(&firewall).await, ["192.0.2.1/32 3539 s"]);
        assert!(device.state().blocks("192.0.2.1") && !device.state().blocks("192.0.2.3"));
        for seconds in [60, 3_600] {
            assert!(are_done(&firewall.block(&[block("198.51.100.0/24", seconds)]).await.unwrap()));
        }
        assert_eq!(held(&firewall).await[1..], ["198.51.100.0/24 3600 s"]);
    }
}

#[tokio::test]
async fn touches_only_its_own_tag() {
    let device = Device::new();
    let (_web, firewall) = device.online().await;
    for ip in ["192.0.2.1", "192.0.2.2"] {
        device.state().tags.entry(ip.to_owned()).or_default().insert("theirs".to_owned(), None);
    }
    assert!(are_done(
        &firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.3/32", 60)]).await.unwrap()
    ));
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 90)]).await.unwrap()));
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 90 s", "192.0.2.3/32 60 s"]);
    let all = ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32", "192.0.2.4/32"].map(net);
    for _ in 0..2 {
        assert!(are_done(&firewall.unblock(&all).await.unwrap()));
        assert_eq!(held(&firewall).await, [""; 0]);
    }
    let state = device.state();
    let left: Vec<_> = state.tags.iter().map(|(ip, tags)| (ip.as_str(), tags.len())).collect();
    assert_eq!(left, [("192.0.2.1", 1), ("192.0.2.2", 1)]);
}

#[tokio::test]
async fn reads_page_by_page() {
    for count in [0_u32, 499, 500, 501, 1_203] {
        let device = Device::new();
        let (_web, firewall) = device.online().await;
        for n in 0..count {
            let tags = [("autosec-block".to_owned(), None), ("theirs".to_owned(), None)];
            let (ours, others) =
                (format!("10.1.{}.{}", n / 250, n % 250), format!("10.2.{}.{}", n / 250, n % 250));
            device.state().tags.insert(ours, tags.clone().into());
            device.state().tags.insert(others, [tags[1].clone()].into());
        }
        assert_eq!(firewall.blocked().await.unwrap().len(), count as usize);
        assert_eq!(device.state().asked.len(), count as usize / 500 + 1, "{count}");
    }
}

#[tokio::test]
async fn a_firewall_without_pages_is_read_once() {
    let device = Device::new().with(|state| state.knows_pages = false);
    let (_web, firewall) = device.online().await;
    for n in 0..700 {
        let ours = [("autosec-block".to_owned(), None)];
        device.state().tags.insert(format!("10.1.{}.{}", n / 250, n % 250), ours.into());
    }
    assert_eq!(firewall.blocked().await.unwrap().len(), 500, "what it does not show cannot be known");
    assert_eq!(device.state().asked.len(), 2);
}

#[tokio::test]
async fn times_that_are_not_listed_are_not_made_up() {
    let device = Device::new().with(|state| state.lists_times = false);
    let (_web, firewall) = device.online().await;
    firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap();
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 for ever"]);
}

#[tokio::test]
async fn what_it_cannot_hold_is_said_so() {
    let device = Device::new();
    let (_web, firewall) = device.online().await;
    let blocks = [
        block("192.0.2.0/24", 60),
        block("2001:db8::/64", 60),
        block("2001:db8::1/128", 60),
        block("192.0.2.7/24", 90),
    ];
    let outcomes = firewall.block(&blocks).await.unwrap();
    assert_eq!(outcomes[1].status, Status::Unsupported("it takes no prefixes of IPv6".to_owned()));
    assert!(are_done(&outcomes[..1]) && are_done(&outcomes[2..]));
    assert_eq!(held(&firewall).await, ["192.0.2.0/24 90 s", "2001:db8::1/128 60 s"], "the later one counts");
    assert!(are_done(&firewall.unblock(&blocks.map(|block| block.target)).await.unwrap()));
    assert!(device.state().tags.is_empty());

    let (_web, old) =
        device.online_with(|config| PanOsConfig { version: 8, ..config }, Arc::new(secrets())).await;
    let can = old.capabilities();
    assert_eq!((can.prefixes, can.native_ttl, can.max_ttl), (false, false, None));
    let outcomes = old.block(&[block("192.0.2.0/24", 60), block("192.0.2.1/32", 60)]).await.unwrap();
    assert_eq!(outcomes[0].status, Status::Unsupported("it takes prefixes from PAN-OS 10 on".to_owned()));
    assert_eq!(held(&old).await, ["192.0.2.1/32 for ever"]);
    let before = device.state().asked.len();
    assert!(are_done(&old.block(&[block("192.0.2.1/32", 90)]).await.unwrap()));
    assert_eq!(device.state().asked.len(), before + 1, "there is no time to be changed");
}

#[tokio::test]
async fn tags_outlive_a_restart_unless_told_otherwise() {
    let device = Device::new();
    let (_web, lasting) = device.online().await;
    let (_web, brief) =
        device.online_with(|config| PanOsConfig { persistent: false, ..config }, Arc::new(secrets())).await;
    lasting.block(&[block("192.0.2.1/32", 60)]).await.unwrap();
    brief.block(&[block("192.0.2.2/32", 60)]).await.unwrap();
    device.state().restart();
    assert_eq!(held(&lasting).await, ["192.0.2.1/32 60 s"]);
}

#[tokio::test]
async fn logs_in_with_a_password() {
    let device = Device::new();
    let login = Credentials::Login { user: "autosec".into(), password: "pan-os-password".into() };
    let (_web, firewall) =
        device.online_with(|config| PanOsConfig { credentials: login, ..config }, Arc::new(secrets())).await;
    for n in 1..=3 {
        firewall.block(&[block(&format!("192.0.2.{n}/32"), 60)]).await.unwrap();
    }
    let kinds = |device: &Device| {
        let asked = std::mem::take(&mut device.state().asked);
        asked.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&device), ["keygen", "user-id", "user-id", "user-id"], "the key is kept");
    device.state().key = "another one".to_owned();
    firewall.block(&[block("192.0.2.4/32", 60)]).await.unwrap();
    assert_eq!(kinds(&device), ["user-id", "keygen", "user-id"], "and asked for anew when it is over");
    assert_eq!(held(&firewall).await.len(), 4);
}

#[tokio::test]
async fn says_how_it_is() {
    let device = Device::new();
    let (_web, firewall) = device.online().await;
    let health = firewall.health().await.unwrap();
    assert!(health.enforcing);
    assert_eq!(
        health.detail,
        "PA-220 with PAN-OS 10.1.6-h3; it stands alone; whether a rule uses the tag cannot be asked; it holds 1000 \
         addresses at most, and the capacity that is set is not that"
    );
    device.state().pair = "passive";
    let health = firewall.health().await.unwrap();
    assert!(!health.enforcing);
    assert!(
        health.detail.contains("it is `passive` of a pair: the URL of the active one is needed"),
        "{health:?}"
    );
    device.state().pair = "active";
    assert!(firewall.health().await.unwrap().enforcing);
}

#[tokio::test]
async fn a_virtual_one_has_the_size_of_its_license() {
    for (license, limit) in [
        ("<vm-license>VM-50</vm-license>", Some("it holds 1000 addresses")),
        ("<vm-license>VM-300</vm-license>", Some("it holds 200000 addresses")),
        ("<vm-license>none</vm-license>", None),
        ("", None),
    ] {
        let client = Canned::new(format!(
            "<response status=\"success\"><result><system><model>PA-VM</model><sw-version>11.1.4</sw-version>{license}\
             </system></result></response>"
        ));
        let detail = canned(&client, PanOsConfig::new("https://fw.example")).health().await.unwrap().detail;
        assert!(detail.starts_with("PA-VM with PAN-OS 11.1.4"), "{detail}");
        match limit {
            Some(limit) => assert!(detail.contains(limit), "{detail}"),
            None => assert!(!detail.contains("it holds"), "{detail}"),
        }
    }
}
