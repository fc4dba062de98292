//! What every way and every mode have in common, and where they differ.

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::asa::{AsaConfig, AsaMode, AsaSave, ShunOwner};

use super::device::Device;
use super::{Simulator, WAYS, Way, blocks, grouped, held, is_done, net, nets, shunning};

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    for way in WAYS {
        for config in [grouped(), shunning()] {
            let simulator = Simulator::start().await;
            let asa = simulator.asa(way, config.clone());
            let device = simulator.device.clone();
            let how = Conformance {
                largest_call: 40,
                beside: Some(Box::new(move || device.beside())),
                ..Conformance::default()
            };
            let report = conformance::check(&asa, &how).await;
            assert!(report.is_passed(), "{way:?} {:?}\n{report}", config.mode);
            let untried =
                report.promises().filter(|(_, how)| matches!(how, conformance::Outcome::Untried(_)));
            assert_eq!(untried.count(), 1, "only times\n{report}");
        }
    }
}

#[tokio::test]
async fn drops_new_and_live_connections_and_lets_them_in_again() {
    for way in WAYS {
        for (config, targets) in [
            (grouped(), &["203.0.113.7/32", "198.51.100.128/25", "2001:db8:7::/48", "2001:db8::9/128"][..]),
            (shunning(), &["203.0.113.7/32"][..]),
        ] {
            let simulator = Simulator::start().await;
            let (device, asa) = (&simulator.device, simulator.asa(way, config));
            let clients = ["203.0.113.7", "198.51.100.200", "2001:db8:7::1", "2001:db8::9"];
            let clients = &clients[..targets.len()];
            let others = ["203.0.113.8", "198.51.100.127", "2001:db8:8::1"];
            assert!(clients.iter().chain(&others).all(|client| device.connects(client)));
            for _ in 0..2 {
                assert!(is_done(&asa.block(&blocks(targets)).await.unwrap()));
            }
            for client in clients {
                assert!(!device.carries(client) && !device.connects(client), "{way:?} {client}");
            }
            assert!(others.iter().all(|other| device.carries(other) && device.connects(other)));
            let mut wanted: Vec<_> = nets(targets);
            wanted.sort_unstable();
            assert_eq!(held(&asa).await, wanted.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert!(is_done(&asa.unblock(&nets(targets)).await.unwrap()));
            assert!(clients.iter().all(|client| device.connects(client)));
        }
    }
}

#[tokio::test]
async fn sends_nothing_twice() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let asa = simulator.asa(way, grouped());
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        simulator.device.state().lines.clear();
        assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()));
        let lines = simulator.device.state().lines.clone();
        assert!(
            lines.iter().all(|line| line.starts_with("show ") || line.starts_with("terminal pager")),
            "{lines:?}"
        );
        assert!(asa.block(&[]).await.unwrap().is_empty() && asa.unblock(&[]).await.unwrap().is_empty());
        assert_eq!(simulator.device.state().lines.len(), lines.len(), "nothing asked, nothing sent");
    }
}

#[tokio::test]
async fn makes_its_group_and_leaves_others_alone() {
    for way in WAYS {
        let simulator = Simulator::with(Device::default()).await;
        let (device, asa) = (&simulator.device, simulator.asa(way, grouped()));
        assert!(held(&asa).await.is_empty() && device.listing("AUTOSEC_BLOCK").is_empty());
        assert!(is_done(&asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap()));
        assert!(device.listing("AUTOSEC_BLOCK").is_empty(), "taking out makes no group");
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        let listing = device.listing("AUTOSEC_BLOCK");
        assert!(
            listing.contains(" description autosec") && listing.contains("host 192.0.2.254"),
            "{listing}"
        );

        let foreign = AsaConfig { mode: AsaMode::group("PARTNERS"), ..grouped() };
        device.administer(&[
            "configure terminal",
            "object-group network PARTNERS",
            "network-object host 198.51.100.7",
        ]);
        let (before, asa) = (device.listing("PARTNERS"), simulator.asa(way, foreign));
        for result in [
            asa.block(&blocks(&["203.0.113.7/32"])).await.err(),
            asa.unblock(&nets(&["198.51.100.7/32"])).await.err(),
            asa.blocked().await.err(),
        ] {
            assert!(matches!(result, Some(EnforceError::Rejected { target: None, .. })), "{result:?}");
        }
        assert_eq!(device.listing("PARTNERS"), before);
    }
}

#[tokio::test]
async fn never_empties_a_group_in_use() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let (device, asa) = (&simulator.device, simulator.asa(way, grouped()));
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        device.administer(&[
            "configure terminal",
            "object-group network AUTOSEC_BLOCK",
            "no network-object host 192.0.2.254",
        ]);
        assert!(is_done(&asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap()));
        assert!(
            device.listing("AUTOSEC_BLOCK").contains("host 192.0.2.254"),
            "it is back, before the last one went"
        );
        assert!(device.connects("203.0.113.7"));
        let outcomes = asa.block(&blocks(&["192.0.2.254/32", "203.0.113.9/32", "::/0"])).await.unwrap();
        assert!(
            matches!(outcomes[0].status, Status::Unsupported(_))
                && matches!(outcomes[2].status, Status::Unsupported(_))
        );
        assert!(outcomes[1].status == Status::Done && !device.connects("203.0.113.9"));
        assert!(is_done(&asa.unblock(&nets(&["192.0.2.254/32"])).await.unwrap()));
        assert!(device.listing("AUTOSEC_BLOCK").contains("host 192.0.2.254"));
    }
}

#[tokio::test]
async fn saves_when_asked_to() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let (device, target) = (&simulator.device, blocks(&["203.0.113.7/32"]));
        let never = simulator.asa(way, grouped());
        never.block(&target).await.unwrap();
        assert!(!device.is_saved());
        never.unblock(&nets(&["203.0.113.7/32"])).await.unwrap();

        let saving = simulator.asa(way, AsaConfig { save: AsaSave::AfterChange, ..grouped() });
        device.fail(super::device::Fault::Answer("write memory", "ERROR: flash is full"));
        let error = saving.block(&target).await.unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("was not saved: `ERROR: flash is full`"),
            "{error}"
        );
        assert!(!device.connects("203.0.113.7") && !device.is_saved());
        assert!(is_done(&saving.block(&target).await.unwrap()) && device.is_saved(), "the next call saves");
        device.reload();
        assert!(!device.connects("203.0.113.7"), "it outlives a reload");
    }
}

#[tokio::test]
async fn shuns_of_others_are_theirs_unless_told_otherwise() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let shared = simulator.asa(way, shunning());
        assert!(held(&shared).await.is_empty(), "somebody else's is not listed");
        shared.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        assert_eq!(held(&shared).await, ["203.0.113.7/32"]);

        // After a restart nothing is known, until the first comparison asks for everything in force again.
        let restarted = simulator.asa(way, shunning());
        assert!(held(&restarted).await.is_empty());
        assert!(is_done(&restarted.block(&blocks(&["203.0.113.7/32"])).await.unwrap()));
        assert_eq!(held(&restarted).await, ["203.0.113.7/32"]);
        // What ended meanwhile is not listed, and is taken off by its address once the enforcer asks for that.
        let again = simulator.asa(way, shunning());
        assert!(is_done(&again.unblock(&nets(&["203.0.113.7/32"])).await.unwrap()));
        assert!(simulator.device.connects("203.0.113.7"));

        let all = AsaConfig { mode: AsaMode::Shun { owner: ShunOwner::AutoSec }, ..shunning() };
        assert_eq!(held(&simulator.asa(way, all)).await, ["198.51.100.66/32"]);
    }
}

#[tokio::test]
async fn says_what_the_device_is_like() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let (device, asa) = (&simulator.device, simulator.asa(way, grouped()));
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        let health = asa.health().await.unwrap();
        assert!(health.enforcing);
        assert_eq!(health.detail, "up 12 days 3 hours, 1 blocks are in the group `AUTOSEC_BLOCK`");
        device.state().failover = Some("Secondary - Standby Ready");
        let health = asa.health().await.unwrap();
        assert!(!health.enforcing && health.detail.contains("the standby unit"), "{health:?}");
        device.state().failover = Some("Primary - Active");
        device.administer(&[
            "configure terminal",
            "no access-list outside_in extended deny ip object-group AUTOSEC_BLOCK any",
        ]);
        let health = asa.health().await.unwrap();
        assert!(!health.enforcing && health.detail.ends_with("which no access list uses"), "{health:?}");
        let health = simulator.asa(way, shunning()).health().await.unwrap();
        assert!(
            health.enforcing && health.detail.ends_with("the active unit, 1 addresses are shunned"),
            "{health:?}"
        );
    }
}

#[tokio::test]
async fn holds_no_more_than_it_may() {
    for way in WAYS {
        for config in [grouped(), shunning()] {
            let simulator = Simulator::start().await;
            let asa = simulator.asa(way, AsaConfig { capacity: 2, ..config });
            assert_eq!(asa.capabilities().capacity, Some(2));
            let outcomes =
                asa.block(&blocks(&["203.0.113.1/32", "203.0.113.2/32", "203.0.113.3/32"])).await.unwrap();
            assert!(outcomes[..2].iter().all(|outcome| outcome.status == Status::Done));
            assert_eq!(outcomes[2].status, Status::Rejected("it holds as many as it may, 2".to_owned()));
            assert!(simulator.device.connects("203.0.113.3") && !simulator.device.connects("203.0.113.2"));
        }
    }
}

#[tokio::test]
async fn wants_names_and_places_that_are_safe() {
    let simulator = Simulator::start().await;
    for name in ["", "A B", "A\nreload", "-a"] {
        let config = AsaConfig { mode: AsaMode::group(name), ..grouped() };
        let secrets = std::sync::Arc::new(super::secrets());
        let shell = autosec_integrations::transport::SshShell::new(
            super::ssh_config(&simulator.ssh),
            secrets.clone(),
        );
        let refused =
            autosec_integrations::firewall::asa::Asa::over_shell(std::sync::Arc::new(shell), secrets, config);
        assert!(matches!(refused, Err(EnforceError::Rejected { .. })), "{name:?}");
    }
    for url in [
        "http://192.0.2.10",
        "https://u:p@192.0.2.10",
        "https://192.0.2.10/x",
        "192.0.2.10",
        "",
        "ftp://a",
        "https://u:web-Secret-7 @192.0.2.10",
        "ftp://u:web-Secret-7@192.0.2.10",
        "https://192.0.2.10/ ?password=web-Secret-7",
        "ftp://192.0.2.10?password=web-Secret-7",
    ] {
        let place = autosec_integrations::firewall::asa::AsaWeb {
            url: url.into(),
            user: "autosec".into(),
            secret: "web".into(),
        };
        let client = std::sync::Arc::new(super::web::PlainClient);
        let secrets = std::sync::Arc::new(super::secrets());
        let refused = autosec_integrations::firewall::asa::Asa::over_https(client, secrets, place, grouped());
        assert!(matches!(refused, Err(EnforceError::Rejected { .. })), "{url:?}");
        let error = refused.unwrap_err();
        super::assert_no_secret(&format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn reads_listings_page_by_page_and_long_ones() {
    let simulator = Simulator::start().await;
    let asa = simulator.asa(Way::Ssh, AsaConfig { batch: 400, ..grouped() });
    let many: Vec<String> = (0..300).map(|n| format!("203.0.{}.{}/32", 113 + n / 200, n % 200)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(is_done(&asa.block(&blocks(&many)).await.unwrap()));
    simulator.device.state().is_pager_stuck = true;
    assert_eq!(asa.blocked().await.unwrap().len(), 300);
    assert!(is_done(&asa.unblock(&nets(&many[..1])).await.unwrap()));
    assert!(!asa.blocked().await.unwrap().iter().any(|block| block.target == net(many[0])));
}
