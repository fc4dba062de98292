//! What goes wrong, against our simulator.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use autosec_integrations::firewall::panos::{Credentials, PanOs, PanOsConfig};
use autosec_integrations::secret::{FixedSecrets, SecretSource};
use autosec_integrations::transport::HttpClient;
use http::{Request, Response};
use secrecy::SecretString;

use super::device::{Device, Fault, Strictness};
use super::{Canned, KEY, are_done, block, canned, held, net, secrets};

/// Gives one secret after the other, the last one for ever, and counts.
struct Changing(Mutex<VecDeque<&'static str>>, Mutex<usize>);

impl fmt::Debug for Changing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Changing")
    }
}

impl Changing {
    fn new(values: &[&'static str]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(values.iter().copied().collect()), Mutex::new(0)))
    }

    fn asked(&self) -> usize {
        *self.1.lock().unwrap()
    }
}

#[async_trait]
impl SecretSource for Changing {
    async fn secret(&self, _name: &str) -> io::Result<SecretString> {
        *self.1.lock().unwrap() += 1;
        let mut values = self.0.lock().unwrap();
        Ok(if values.len() > 1 { values.pop_front().unwrap() } else { values[0] }.into())
    }
}

async fn fails(fault: Fault) -> (Device, EnforceError) {
    let device = Device::new().with(|state| state.faults.push_back(fault));
    let (_web, firewall) = device.online().await;
    let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(!format!("{error} {error:?} {firewall:?}").contains(KEY));
    // It is over, and the same call again does what is asked.
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()), "{error}");
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 60 s"], "{error}");
    (device, error)
}

#[tokio::test]
async fn exchanges_that_break_off_are_tried_again() {
    for fault in [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Truncated,
        Fault::Status(500, None),
        Fault::Status(502, None),
    ] {
        let (_, error) = fails(fault.clone()).await;
        assert!(
            matches!(error, EnforceError::Transport { .. }) && error.is_transient(),
            "{fault:?}: {error}"
        );
    }
}

#[tokio::test]
async fn those_who_are_busy_are_asked_later() {
    for (fault, seconds) in [
        (Fault::Committing, 30),
        (Fault::Status(429, Some("7")), 7),
        (Fault::Status(503, None), 10),
        (Fault::Status(503, Some("Sun, 22 Nov 2026 20:00:00 GMT")), 10),
    ] {
        let (_, error) = fails(fault.clone()).await;
        let EnforceError::Busy { after, .. } = error else { panic!("{fault:?}: {error}") };
        assert_eq!(after, Duration::from_secs(seconds), "{fault:?}");
    }
}

#[tokio::test]
async fn a_slow_firewall_is_waited_for() {
    let device = Device::new().with(|state| state.faults.push_back(Fault::Slow(Duration::from_millis(300))));
    let (_web, firewall) = device.online().await;
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
}

#[tokio::test]
async fn a_passive_peer_is_absent() {
    let device = Device::new().with(|state| state.pair = "passive");
    let (_web, firewall) = device.online().await;
    for answer in [
        firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)]).await,
        firewall.unblock(&[net("192.0.2.1/32")]).await,
    ] {
        let error = answer.unwrap_err();
        assert!(
            matches!(&error, EnforceError::Absent { reason, .. } if reason.contains("active peer")),
            "{error}"
        );
    }
    assert!(!firewall.health().await.unwrap().enforcing);
    // A failover, and it is asked as ever.
    device.state().pair = "active";
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
}

#[tokio::test]
async fn a_wrong_entry_does_not_stand_in_the_way_of_others() {
    for strictness in [Strictness::Named, Strictness::NamedAlone, Strictness::Unnamed] {
        for wrong in [vec![], vec![0], vec![127], vec![17, 18], vec![0, 100, 127]] {
            let ip = |n: usize| format!("192.0.2.{n}");
            let device = Device::new().with(|state| {
                state.strictness = strictness;
                state.wrong = wrong.iter().copied().map(ip).collect();
            });
            let (_web, firewall) = device.online().await;
            let blocks: Vec<_> = (0..128).map(|n| block(&format!("192.0.2.{n}/32"), 60)).collect();
            for _ in 0..2 {
                let outcomes = firewall.block(&blocks).await.unwrap();
                for (n, outcome) in outcomes.iter().enumerate() {
                    let is_fine = if wrong.contains(&n) {
                        matches!(outcome.status, Status::Rejected(_))
                    } else {
                        outcome.status == Status::Done && device.state().blocks(&ip(n))
                    };
                    assert!(is_fine, "{strictness:?} {wrong:?}: {outcome:?}");
                }
            }
            let requests = device.state().asked.len();
            assert!(requests < 150, "{strictness:?} {wrong:?} took {requests} requests");
        }
    }
}

#[tokio::test]
async fn the_search_for_wrong_entries_ends() {
    let all: Vec<_> = (0..256).map(|n| format!("192.0.2.{n}")).collect();
    let blocks: Vec<_> = all.iter().map(|ip| block(&format!("{ip}/32"), 60)).collect();
    let device = Device::new().with(|state| {
        state.strictness = Strictness::Unnamed;
        state.wrong = all.iter().cloned().collect();
    });
    let (_web, firewall) = device.online().await;
    let error = firewall.block(&blocks).await.unwrap_err();
    assert!(matches!(error, EnforceError::Rejected { target: None, .. }), "{error}");
    assert_eq!(device.state().asked.len(), 48);
    // Every second one: some are done, some are refused, and the rest is for another time.
    device.state().wrong.retain(|ip| ip.ends_with(['0', '2', '4', '6', '8']));
    let outcomes = firewall.block(&blocks).await.unwrap();
    let count = |fits: fn(&Status) -> bool| outcomes.iter().filter(|outcome| fits(&outcome.status)).count();
    assert!(count(|status| *status == Status::Done) > 5);
    assert!(count(|status| matches!(status, Status::Rejected(_))) > 5);
    assert!(count(|status| *status == Status::Deferred) > 100);
    for outcome in outcomes.iter().filter(|outcome| outcome.status == Status::Done) {
        assert!(device.state().blocks(&outcome.target.addr().to_string()), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_full_firewall_says_for_which_it_has_no_room() {
    let device = Device::new().with(|state| state.capacity = 2);
    let (_web, firewall) =
        device.online_with(|config| PanOsConfig { capacity: Some(2), ..config }, Arc::new(secrets())).await;
    assert_eq!(firewall.capabilities().capacity, Some(2));
    let blocks = ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"].map(|target| block(target, 60));
    let outcomes = firewall.block(&blocks).await.unwrap();
    assert!(are_done(&outcomes[..2]));
    assert_eq!(outcomes[2].status, Status::Rejected("registered ip limit reached".to_owned()));
    firewall.unblock(&[net("192.0.2.1/32")]).await.unwrap();
    assert!(are_done(&firewall.block(&blocks[2..]).await.unwrap()));
}

#[tokio::test]
async fn a_key_that_is_not_known_is_asked_for_once_more() {
    let device = Device::new();
    let changed = Changing::new(&["an old key", KEY]);
    let (_web, firewall) = device.online_with(|config| config, changed.clone()).await;
    assert!(are_done(&firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
    assert_eq!((changed.asked(), device.state().asked.len()), (2, 2));
    assert!(are_done(&firewall.block(&[block("192.0.2.2/32", 60)]).await.unwrap()));
    assert_eq!(changed.asked(), 2, "the new one is kept");

    let wrong = Changing::new(&["a wrong key"]);
    let (_web, firewall) = device.online_with(|config| config, wrong.clone()).await;
    let before = device.state().asked.len();
    let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(
        matches!(&error, EnforceError::Forbidden { reason, .. } if reason.contains("Invalid Credential")),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {firewall:?}").contains("wrong key"));
    assert_eq!(
        (wrong.asked(), device.state().asked.len() - before),
        (2, 1),
        "the same key is not tried twice"
    );

    let none = Arc::new(FixedSecrets::default());
    let (_web, firewall) = device.online_with(|config| config, none).await;
    let error = firewall.blocked().await.unwrap_err();
    assert!(
        matches!(&error, EnforceError::Forbidden { reason, .. } if reason.contains("`pan-os-key`")),
        "{error}"
    );
    let odd = Arc::new(FixedSecrets::default().with("pan-os-key", "two\nlines"));
    let (_web, firewall) = device.online_with(|config| config, odd).await;
    let error = firewall.blocked().await.unwrap_err().to_string();
    assert!(error.contains("characters that no key has") && !error.contains("lines"), "{error}");
}

#[tokio::test]
async fn a_refused_password_is_not_tried_again_and_again() {
    let device = Device::new().with(|state| state.password = "changed".to_owned());
    let login = Credentials::Login { user: "autosec".into(), password: "pan-os-password".into() };
    let (_web, firewall) =
        device.online_with(|config| PanOsConfig { credentials: login, ..config }, Arc::new(secrets())).await;
    let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(
        matches!(&error, EnforceError::Forbidden { reason, .. } if reason.contains("password of `autosec`")),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {firewall:?}").contains("correct horse"), "{error}");
    assert_eq!(device.state().asked.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_sent_back_is_not_shown() {
    let echo = |status, body: String| Canned { status, ..Canned::new(body) };
    let error = |inner: &str| {
        format!("<response status=\"error\" code=\"17\"><msg><line>{inner}</line></msg></response>")
    };
    for client in [
        echo(200, error(&format!("X-PAN-KEY: {KEY} is not welcome"))),
        echo(403, error(&format!("not authorized: {KEY}"))),
        echo(200, error(&format!("A commit is in progress by {KEY}"))),
        echo(400, error(KEY)),
    ] {
        let firewall = canned(&client, PanOsConfig::new("https://fw.example"));
        let one = firewall.block(&[block("192.0.2.1/32", 60)]).await;
        let two = firewall.block(&[block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)]).await;
        let texts = format!("{one:?} {two:?} {:?} {:?}", firewall.blocked().await, firewall.health().await);
        assert!(texts.contains('…') && !texts.contains(KEY), "{texts}");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_is_no_word_about_its_only_entry() {
    let refused =
        "<response status=\"error\" code=\"18\"><msg><line>uid-message is invalid</line></msg></response>";
    let firewall = canned(&Canned::new(refused), PanOsConfig::new("https://fw.example"));
    for error in [
        firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err(),
        firewall.unblock(&[net("192.0.2.1/32")]).await.unwrap_err(),
    ] {
        assert!(matches!(&error, EnforceError::Rejected { target: None, .. }), "{error}");
    }
    // One that it names is wrong, though it be the only one.
    let device = Device::new().with(|state| {
        state.strictness = Strictness::NamedAlone;
        state.wrong = ["192.0.2.1".to_owned()].into();
    });
    let (_web, firewall) = device.online().await;
    let outcomes = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap();
    assert_eq!(outcomes[0].status, Status::Rejected("Failed to register".to_owned()));
}

#[tokio::test]
async fn what_stands_in_front_is_asked_once() {
    let client = Canned { status: 451, ..Canned::new("<html>not here</html>") };
    let firewall = canned(&client, PanOsConfig::new("https://fw.example"));
    let blocks: Vec<_> = (0..64).map(|n| block(&format!("192.0.2.{n}/32"), 60)).collect();
    let error = firewall.block(&blocks).await.unwrap_err();
    assert!(matches!(error, EnforceError::Absent { .. }), "{error}");
    assert_eq!(client.asked().len(), 1);
}

/// Fails in its own way, with a text.
#[derive(Debug)]
struct Failing(io::ErrorKind);

#[async_trait]
impl HttpClient for Failing {
    async fn send(&self, _request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
        Err(io::Error::new(self.0, "why"))
    }
}

#[async_trait]
impl SecretSource for Failing {
    async fn secret(&self, _name: &str) -> io::Result<SecretString> {
        Err(io::Error::new(self.0, "why"))
    }
}

#[tokio::test]
async fn what_waiting_does_not_help_is_not_tried_again_at_once() {
    for (kind, passes) in [
        (io::ErrorKind::InvalidData, false),
        (io::ErrorKind::InvalidInput, false),
        (io::ErrorKind::PermissionDenied, false),
        (io::ErrorKind::NotFound, false),
        (io::ErrorKind::TimedOut, true),
        (io::ErrorKind::ConnectionRefused, true),
        (io::ErrorKind::Other, true),
    ] {
        let config = PanOsConfig::new("https://fw.example");
        let cut_off = PanOs::new(config.clone(), Arc::new(Failing(kind)), Arc::new(secrets())).unwrap();
        let error = cut_off.blocked().await.unwrap_err();
        assert_eq!(error.is_transient(), passes, "{kind}: {error}");
        let client = Arc::new(Canned::new(""));
        let without_key = PanOs::new(config, client, Arc::new(Failing(kind))).unwrap();
        let error = without_key.blocked().await.unwrap_err();
        assert_eq!(error.is_transient(), passes, "{kind}: {error}");
        assert_eq!(matches!(error, EnforceError::Forbidden { .. }), !passes, "{kind}: {error}");
    }
}
