//! The nftables adapter against the kernel, with real packets between network namespaces.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
use ipnet::IpNet;

use crate::lab::{Lab, SERVER};
use crate::namespace::Namespace;

pub fn net(text: &str) -> IpNet {
    autosec_core::net::network(text).unwrap()
}

pub fn blocks(targets: &[&str], ttl: Option<Duration>) -> Vec<Block> {
    let block = |target: &&str| Block { target: net(target), ttl, reason: "rule=ssh-bf".to_owned() };
    targets.iter().map(block).collect()
}

fn all_done(outcomes: &[Outcome], targets: &[IpNet]) {
    let asked: Vec<_> =
        targets.iter().map(|target| Outcome { target: *target, status: Status::Done }).collect();
    assert_eq!(outcomes, asked);
}

pub async fn block(firewall: &Nftables, targets: &[&str], ttl: Option<Duration>) {
    let blocks = blocks(targets, ttl);
    let targets: Vec<_> = blocks.iter().map(|block| block.target).collect();
    all_done(&firewall.block(&blocks).await.unwrap(), &targets);
}

async fn unblock(firewall: &Nftables, targets: &[&str]) {
    let targets: Vec<_> = targets.iter().map(|target| net(target)).collect();
    all_done(&firewall.unblock(&targets).await.unwrap(), &targets);
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

fn sleep(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

/// With and without the idempotent delete that kernels before 6.3 lack.
fn both_ways() -> [NftablesConfig; 2] {
    [Some(true), Some(false)].map(|destroy| NftablesConfig { destroy, ..NftablesConfig::default() })
}

#[tokio::test]
async fn hosts_and_prefixes_are_dropped_until_their_time_is_over() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    let blocked = ["203.0.113.7", "198.18.7.0/24", "2001:db8:1::7", "2001:db8:2:7::/64"];
    let stopped = ["203.0.113.7", "198.18.7.0", "198.18.7.255", "2001:db8:1::7", "2001:db8:2:7:ffff::1"];
    let beside = ["203.0.113.8", "198.18.6.255", "198.18.8.0", "2001:db8:1::8", "2001:db8:2:8::"];
    for source in stopped.iter().chain(&beside) {
        assert!(lab.arrives(source), "{source} before");
    }
    block(&firewall, &blocked, seconds(4.0)).await;
    for source in stopped {
        assert!(!lab.arrives(source), "{source} while blocked");
    }
    for source in beside {
        assert!(lab.arrives(source), "{source} is nobody's target");
    }
    sleep(3.5);
    for source in stopped {
        assert!(lab.arrives(source), "{source} after its time");
    }
    assert_eq!(firewall.blocked().await.unwrap(), []);
}

#[tokio::test]
async fn unblocking_lets_through_at_once_also_connections() {
    let Some(lab) = Lab::new() else { return };
    for config in both_ways() {
        let firewall = lab.firewall(config);
        let to: SocketAddr = (SERVER[0].parse::<IpAddr>().unwrap(), 9001).into();
        let listener = lab.server.inside(|| TcpListener::bind(to).unwrap());
        let connects =
            || lab.client.inside(|| TcpStream::connect_timeout(&to, Duration::from_millis(300)).is_ok());
        assert!(connects());
        block(&firewall, &["198.51.100.2", "2001:db8:1::/64"], None).await;
        assert!(!connects() && !lab.arrives("2001:db8:1::1"));
        unblock(&firewall, &["198.51.100.2", "2001:db8:1::/64", "203.0.113.99", "10.0.0.0/8"]).await;
        assert!(connects() && lab.arrives("2001:db8:1::1"));
        drop(listener);
    }
}

#[tokio::test]
async fn asking_again_prolongs_and_shortens() {
    let Some(lab) = Lab::new() else { return };
    for config in both_ways() {
        let firewall = lab.firewall(config);
        block(&firewall, &["203.0.113.1", "2001:db8:1::/64"], seconds(0.5)).await;
        block(&firewall, &["203.0.113.1", "2001:db8:1::/64"], seconds(60.0)).await;
        block(&firewall, &["203.0.113.2", "198.18.2.0/24"], None).await;
        block(&firewall, &["203.0.113.2", "198.18.2.0/24"], seconds(0.5)).await;
        sleep(1.2);
        assert!(!lab.arrives("203.0.113.1") && !lab.arrives("2001:db8:1::1"), "prolonged");
        assert!(lab.arrives("203.0.113.2") && lab.arrives("198.18.2.1"), "shortened");
        firewall.release().unwrap();
    }
}

#[tokio::test]
async fn forwarded_traffic_is_dropped_too() {
    let Some(lab) = Lab::new() else { return };
    let inner = Namespace::new("i").unwrap();
    inner
        .shell(&format!(
            "ip link add near0 type veth peer name inner0 netns {}\n\
             ip address add 192.0.2.2/24 dev near0\n\
             ip link set near0 up\n\
             ip route add default via 192.0.2.1",
            lab.server.name()
        ))
        .unwrap();
    lab.server
        .shell(
            "ip address add 192.0.2.1/24 dev inner0\n\
             ip link set inner0 up\n\
             echo 1 > /proc/sys/net/ipv4/ip_forward",
        )
        .unwrap();
    lab.client.shell("ip route add 192.0.2.0/24 via 198.51.100.1").unwrap();
    let to: SocketAddr = "192.0.2.2:9002".parse().unwrap();
    let _listener = inner.inside(|| TcpListener::bind(to).unwrap());
    let connects = || lab.client.inside(|| TcpStream::connect_timeout(&to, Duration::from_secs(2)).is_ok());
    assert!(connects());
    let firewall = lab.firewall(NftablesConfig::default());
    block(&firewall, &["198.51.100.0/30"], None).await;
    assert!(!connects());
    unblock(&firewall, &["198.51.100.0/30"]).await;
    assert!(connects());
}

#[tokio::test]
async fn prefixes_that_reach_the_ends_of_the_space() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    let sources = ["203.0.113.1", "198.18.0.1", "2001:db8:1::1", "2001:db8:2::1"];
    let flows = |lab: &Lab| sources.map(|source| lab.arrives(source));
    for (target, left) in [
        ("0.0.0.0/0", [false, false, true, true]),
        ("128.0.0.0/1", [false, false, true, true]),
        ("255.0.0.0/8", [true; 4]),
        ("255.255.255.255", [true; 4]),
        ("::/0", [true, true, false, false]),
        ("2000::/3", [true, true, false, false]),
        ("8000::/1", [true; 4]),
        ("0.0.0.0/1", [true; 4]),
    ] {
        block(&firewall, &["198.18.255.0/24", target], None).await;
        let mut held: Vec<_> = firewall.blocked().await.unwrap().iter().map(|block| block.target).collect();
        held.sort();
        let mut asked = vec![net("198.18.255.0/24"), net(target)];
        asked.sort();
        assert_eq!((flows(&lab), held), (left, asked), "{target}");
        unblock(&firewall, &[target]).await;
        assert_eq!(flows(&lab), [true; 4], "{target}");
    }
}

#[tokio::test]
async fn overlapping_prefixes_agree_with_an_oracle() {
    let Some(lab) = Lab::new() else { return };
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    // Both universes hold 65,536 addresses: 1,000 prefixes of mixed lengths cover about half of them.
    let address = |ipv6: bool, low: u64| -> IpAddr {
        let low = u16::try_from(low).unwrap();
        if ipv6 {
            format!("2001:db8:2::{low:x}").parse().unwrap()
        } else {
            format!("198.18.{}.{}", low >> 8, low & 255).parse().unwrap()
        }
    };
    for config in both_ways() {
        let firewall = lab.firewall(config);
        let mut asked = std::collections::BTreeMap::new();
        for _ in 0..40 {
            let batch: Vec<Block> = (0..50)
                .map(|_| {
                    let ipv6 = next(2) == 1;
                    let width = u8::try_from(next(12).min(next(12))).unwrap();
                    let full = if ipv6 { 128 } else { 32 };
                    let target = IpNet::new(address(ipv6, next(65_536)), full - width).unwrap().trunc();
                    Block {
                        target,
                        ttl: (next(3) > 0).then_some(Duration::from_secs(600)),
                        reason: String::new(),
                    }
                })
                .collect();
            firewall.block(&batch).await.unwrap();
            asked.extend(batch.iter().map(|block| (block.target, block.ttl.is_some())));
            let gone: Vec<IpNet> = asked.keys().copied().filter(|_| next(5) == 0).collect();
            firewall.unblock(&gone).await.unwrap();
            asked.retain(|target, _| !gone.contains(target));
        }
        let held = firewall.blocked().await.unwrap();
        let held: std::collections::BTreeMap<_, _> =
            held.iter().map(|block| (block.target, block.ttl.is_some())).collect();
        assert_eq!(held, asked);
        let probes: Vec<IpAddr> = (0..120).map(|at| address(at % 2 == 1, next(65_536))).collect();
        let oracle: Vec<bool> =
            probes.iter().map(|probe| !asked.keys().any(|target| target.contains(probe))).collect();
        assert!(oracle.contains(&true) && oracle.contains(&false), "the probes tell nothing");
        assert_eq!(lab.arrivals(&probes), oracle);
        firewall.release().unwrap();
        assert!(lab.arrivals(&probes).iter().all(|arrived| *arrived));
    }
}

#[tokio::test]
async fn reads_back_what_was_asked() {
    let Some(lab) = Lab::new() else { return };
    for config in both_ways() {
        let firewall = lab.firewall(config);
        assert_eq!(firewall.blocked().await.unwrap(), []);
        let long = "x".repeat(300);
        let asked = [
            ("203.0.113.1/32", Some(3600), "rule=ssh-bf;id=42"),
            ("203.0.113.0/24", None, ""),
            ("2001:db8:1::1/128", Some(86_400 * 365), "say \"hi\"\n\u{e9}"),
            ("2001:db8::/32", Some(7), long.as_str()),
        ]
        .map(|(target, ttl, reason)| Block {
            target: target.parse().unwrap(),
            ttl: ttl.map(Duration::from_secs),
            reason: reason.to_owned(),
        });
        // Twice in one call: the last one counts. Twice in two calls: nothing changes but the time.
        let twice: Vec<Block> =
            [Block { ttl: None, ..asked[0].clone() }].into_iter().chain(asked.clone()).collect();
        for _ in 0..2 {
            assert_eq!(firewall.block(&twice).await.unwrap().len(), twice.len());
        }
        let mut held = firewall.blocked().await.unwrap();
        held.sort_by_key(|block| asked.iter().position(|asked| asked.target == block.target));
        let cut = "x".repeat(120);
        let reasons = ["rule=ssh-bf;id=42", "", "say 'hi'??", &cut];
        assert_eq!(held.len(), asked.len());
        for ((held, asked), reason) in held.iter().zip(&asked).zip(reasons) {
            assert_eq!((held.target, held.reason.as_str()), (asked.target, reason));
            let late = asked.ttl.unwrap_or_default().saturating_sub(held.ttl.unwrap_or_default());
            assert!(held.ttl.is_some() == asked.ttl.is_some() && late < Duration::from_secs(5), "{held:?}");
        }
        assert!(lab.nft("list set inet autosec v4_32").contains("comment \"autosec:rule=ssh-bf;id=42\""));
        firewall.release().unwrap();
        assert_eq!(firewall.blocked().await.unwrap(), []);
    }
}

#[tokio::test]
async fn extreme_times_are_neither_refused_nor_for_ever() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    block(&firewall, &["203.0.113.1"], Some(Duration::ZERO)).await;
    block(&firewall, &["203.0.113.2"], Some(Duration::from_nanos(1))).await;
    block(&firewall, &["203.0.113.3"], Some(Duration::MAX)).await;
    sleep(0.1);
    let held = firewall.blocked().await.unwrap();
    let [longest] = held.as_slice() else { panic!("{held:?}") };
    assert_eq!(longest.target, net("203.0.113.3"));
    let kept = firewall.capabilities().max_ttl.unwrap() - longest.ttl.unwrap();
    assert!(kept < Duration::from_secs(5), "{kept:?}");
}

#[tokio::test]
async fn a_table_removed_behind_our_back_is_lost_then_recovered() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    assert!(!firewall.health().await.unwrap().enforcing);
    for harm in [
        "flush ruleset",
        "delete table inet autosec",
        "flush table inet autosec",
        "flush chain inet autosec prerouting",
        "'flush chain inet autosec prerouting; delete set inet autosec v4_24'",
        "'flush chain inet autosec prerouting; delete chain inet autosec prerouting'",
        "'add table inet autosec { flags dormant; }'",
    ] {
        block(&firewall, &["203.0.113.1", "198.18.1.0/24"], None).await;
        assert!(firewall.health().await.unwrap().enforcing, "{harm}");
        assert!(!lab.arrives("203.0.113.1") && !lab.arrives("198.18.1.1"));
        lab.nft(harm);
        assert!(!firewall.health().await.unwrap().enforcing, "{harm}");
        assert!(lab.arrives("198.18.1.1"), "{harm}");
        unblock(&firewall, &["203.0.113.9"]).await;
        let lost = firewall.block(&blocks(&["203.0.113.2"], None)).await.unwrap_err();
        assert!(matches!(lost, EnforceError::Lost { .. }) && lost.is_transient(), "{harm}: {lost}");
        assert!(lab.arrives("203.0.113.2"), "{harm}: a lost call applies nothing");
        block(&firewall, &["203.0.113.1", "203.0.113.2", "198.18.1.0/24"], None).await;
        assert!(firewall.health().await.unwrap().enforcing, "{harm}");
        for source in ["203.0.113.1", "203.0.113.2", "198.18.1.1"] {
            assert!(!lab.arrives(source), "{harm}: {source}");
        }
        unblock(&firewall, &["203.0.113.2"]).await;
    }
    lab.nft("flush ruleset");
    assert_eq!(firewall.blocked().await.unwrap(), []);
    firewall.release().unwrap();
}

#[tokio::test]
async fn a_call_that_changed_nothing_hides_no_loss() {
    let Some(lab) = Lab::new() else { return };
    for config in both_ways() {
        let firewall = lab.firewall(config);
        for absent in [None, Some("203.0.113.9"), Some("198.18.0.0/16")] {
            block(&firewall, &["203.0.113.1"], None).await;
            match absent {
                Some(target) => unblock(&firewall, &[target]).await,
                None => block(&firewall, &[], None).await,
            }
            lab.nft("flush chain inet autosec prerouting");
            let lost = firewall.block(&blocks(&["203.0.113.2"], None)).await.unwrap_err();
            assert!(matches!(lost, EnforceError::Lost { .. }), "{absent:?}: {lost}");
        }
        firewall.release().unwrap();
    }
}

#[tokio::test]
async fn changes_of_others_are_left_alone_and_no_loss() {
    let Some(lab) = Lab::new() else { return };
    lab.nft("-f - <<'END'\ntable inet other { set v4_32 { type ipv4_addr; elements = { 192.0.2.9 }\n }\n chain guard { type filter hook input priority 0\n ip saddr @v4_32 counter drop\n }\n}\nEND");
    let before = lab.nft("list table inet other");
    let firewall = lab.firewall(NftablesConfig::default());
    for round in 0..20 {
        lab.nft(&format!("add element inet other v4_32 '{{ 192.0.2.{} }}'", 100 + round));
        block(&firewall, &[&format!("203.0.113.{round}"), &format!("198.18.0.0/{}", 17 + round % 8)], None)
            .await;
        lab.nft(&format!("delete element inet other v4_32 '{{ 192.0.2.{} }}'", 100 + round));
        unblock(&firewall, &[&format!("198.18.0.0/{}", 17 + round % 8)]).await;
    }
    assert_eq!(firewall.blocked().await.unwrap().len(), 20);
    assert_eq!(lab.nft("list chain inet autosec prerouting").matches("saddr").count(), 9, "one rule a set");
    firewall.release().unwrap();
    firewall.release().unwrap();
    assert_eq!(lab.nft("list table inet other"), before);
    assert_eq!(lab.nft("list tables").trim(), "table inet other");
}

#[tokio::test]
async fn a_second_adapter_takes_over_what_stands() {
    let Some(lab) = Lab::new() else { return };
    let first = lab.firewall(NftablesConfig::default());
    block(&first, &["203.0.113.1", "198.18.0.0/20", "2001:db8:1::/56"], seconds(600.0)).await;
    drop(first);
    assert!(!lab.arrives("198.18.0.1"), "a block outlives the process");
    // Also at another priority, which the kernel cannot change in place.
    let second = lab.firewall(NftablesConfig { priority: -280, ..NftablesConfig::default() });
    assert_eq!(second.blocked().await.unwrap().len(), 3);
    assert!(!second.health().await.unwrap().enforcing, "not where it was configured to be");
    assert_eq!(second.block(&[]).await.unwrap(), [], "a block of nothing declares");
    assert!(second.health().await.unwrap().enforcing);
    assert!(lab.nft("list chain inet autosec prerouting").contains("priority -280"));
    for source in ["203.0.113.1", "198.18.0.1", "2001:db8:1::1"] {
        assert!(!lab.arrives(source), "{source}");
    }
    unblock(&second, &["203.0.113.1", "198.18.0.0/20", "2001:db8:1::/56"]).await;
    assert!(lab.arrives("203.0.113.1") && lab.arrives("198.18.0.1") && lab.arrives("2001:db8:1::1"));
}

#[tokio::test]
async fn two_adapters_share_a_table() {
    let Some(lab) = Lab::new() else { return };
    let pair = [(), ()].map(|()| lab.firewall(NftablesConfig::default()));
    for round in 0..8 {
        for (at, firewall) in pair.iter().enumerate() {
            block(firewall, &[&format!("198.18.{round}.{at}"), &format!("203.0.113.0/{}", 25 + round)], None)
                .await;
            unblock(&pair[1 - at], &[&format!("203.0.113.0/{}", 25 + round)]).await;
        }
    }
    for firewall in &pair {
        assert_eq!(firewall.blocked().await.unwrap().len(), 16);
    }
    assert_eq!(lab.nft("list chain inet autosec prerouting").matches("counter").count(), 8, "one rule a set");
    assert!(!lab.arrives("198.18.7.0") && !lab.arrives("198.18.7.1") && lab.arrives("203.0.113.1"));
    pair[0].release().unwrap();
    let lost = pair[1].block(&[]).await.unwrap_err();
    assert!(matches!(lost, EnforceError::Lost { .. }), "{lost}");
}

#[tokio::test]
async fn a_full_set_names_the_item_and_applies_nothing() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig { capacity: Some(3), ..NftablesConfig::default() });
    block(&firewall, &["203.0.113.1"], None).await;
    let many: Vec<String> = (1..=6).rev().map(|last| format!("203.0.113.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let full = firewall.block(&blocks(&many, None)).await.unwrap_err();
    let EnforceError::Rejected { target: Some(target), reason, .. } = &full else { panic!("{full:?}") };
    assert_eq!(*target, net("203.0.113.4"), "{full}");
    assert!(reason.contains("full"), "{full}");
    assert_eq!(firewall.blocked().await.unwrap().len(), 1);
    // Refreshing what a full set holds is no new entry.
    block(&firewall, &["203.0.113.1", "203.0.113.2", "203.0.113.3"], None).await;
    block(&firewall, &["203.0.113.2"], seconds(60.0)).await;
    block(&firewall, &["198.18.0.0/24"], None).await;
}

#[test]
fn a_table_s_name_has_rules() {
    for table in ["", "1a", "a-b", "a b", &"a".repeat(65)] {
        let wrong = NftablesConfig { table: table.to_owned(), ..NftablesConfig::default() };
        assert!(matches!(Nftables::open(wrong), Err(EnforceError::Rejected { .. })), "{table}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_are_one_transaction() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    let target = |index: u32| IpNet::from(IpAddr::from((0xC612_0000 + index).to_be_bytes()));
    let block = |index| Block { target: target(index), ttl: seconds(3600.0), reason: "bulk".to_owned() };
    let many: Vec<Block> = (0..100_000).map(block).collect();
    let targets: Vec<IpNet> = many.iter().map(|block| block.target).collect();
    all_done(&firewall.block(&many).await.unwrap(), &targets);
    assert!(!lab.arrives("198.18.200.7"));
    all_done(&firewall.block(&many).await.unwrap(), &targets);
    assert_eq!(firewall.blocked().await.unwrap().len(), 100_000);
    all_done(&firewall.unblock(&targets).await.unwrap(), &targets);
    assert_eq!(firewall.blocked().await.unwrap(), []);
    assert!(lab.arrives("198.18.200.7"));
}

#[test]
fn without_the_right_it_says_which() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

    let Some(lab) = Lab::new() else { return };
    let refused = lab.server.inside(|| {
        // Capabilities are the thread's own.
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_ADMIN);
        set_capabilities(None, sets).unwrap();
        let firewall = Nftables::open(NftablesConfig::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let reading = firewall.blocked().await.unwrap_err();
            (firewall.block(&blocks(&["203.0.113.1"], None)).await.unwrap_err(), reading)
        })
    });
    for refused in [refused.0, refused.1] {
        assert!(matches!(refused, EnforceError::Forbidden { .. }), "{refused}");
        assert!(refused.to_string().contains("CAP_NET_ADMIN"), "{refused}");
    }
}

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    let Some(lab) = Lab::new() else { return };
    lab.server.shell("nft add table inet others; nft add set inet others s '{ type ipv4_addr; elements = { 192.0.2.1 } }'").unwrap();
    for config in both_ways() {
        let firewall = lab.firewall(config);
        let beside = || lab.server.shell("nft list table inet others").unwrap();
        let how = Conformance { beside: Some(Box::new(beside)), ..Conformance::default() };
        let report = conformance::check(&firewall, &how).await;
        assert!(report.is_passed(), "{report}");
        firewall.release().unwrap();
    }
}
