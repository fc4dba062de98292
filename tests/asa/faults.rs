//! What goes wrong, and what comes of it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use autosec_integrations::firewall::asa::{Asa, AsaConfig};
use autosec_integrations::transport::{Shell, Terminal};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::device::Fault;
use super::{
    Simulator, WAYS, Way, assert_no_secret, blocks, grouped, held, is_done, nets, secrets, shunning,
};

async fn refused(asa: &Asa) -> EnforceError {
    let error = asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap_err();
    assert_no_secret(&format!("{asa:?} {error:?} {error}"));
    error
}

#[tokio::test]
async fn a_cut_connection_is_tried_again_without_harm() {
    for way in WAYS {
        for (config, verb) in [(grouped(), "network-object host 203"), (shunning(), "shun ")] {
            for fault in [
                Fault::CutBefore("show "),
                Fault::CutBefore(verb),
                Fault::CutAfter(verb),
                Fault::CutBefore("clear conn"),
                Fault::CutAfter("clear conn"),
            ] {
                let simulator = Simulator::start().await;
                let (device, asa) = (&simulator.device, simulator.asa(way, config.clone()));
                assert!(device.connects("203.0.113.7"));
                device.fail(fault.clone());
                let error = refused(&asa).await;
                assert!(matches!(error, EnforceError::Transport { .. }), "{way:?} {fault:?}: {error}");
                assert!(
                    is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()),
                    "{way:?} {fault:?}"
                );
                assert!(
                    !device.carries("203.0.113.7") && !device.connects("203.0.113.7"),
                    "{way:?} {fault:?}"
                );
                assert_eq!(held(&asa).await, ["203.0.113.7/32"]);
                device.fail(Fault::CutAfter("no "));
                asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap_err();
                assert!(is_done(&asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap()));
                assert!(device.connects("203.0.113.7"));
            }
        }
    }
}

#[tokio::test]
async fn what_a_device_lost_is_said() {
    for way in WAYS {
        for config in [grouped(), shunning()] {
            let simulator = Simulator::start().await;
            let asa = simulator.asa(way, config);
            let both = blocks(&["203.0.113.7/32", "203.0.113.8/32"]);
            asa.block(&both).await.unwrap();
            simulator.device.reload();
            let lost = refused(&asa).await;
            assert!(matches!(lost, EnforceError::Lost { .. }), "{way:?}: {lost}");
            assert!(is_done(&asa.block(&both).await.unwrap()), "and then taken");
            assert!(!simulator.device.connects("203.0.113.8"));
        }
        let simulator = Simulator::start().await;
        let asa = simulator.asa(way, shunning());
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        simulator.device.fail_over();
        assert!(held(&asa).await.is_empty(), "a listing says so as well");
        assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()), "which is enough");
    }
}

#[tokio::test]
async fn items_without_room_are_refused_by_name() {
    for way in WAYS {
        for (config, used) in [(grouped(), 3), (shunning(), 3)] {
            let simulator = Simulator::start().await;
            simulator.device.state().capacity = Some(used + 1);
            let asa = simulator.asa(way, config);
            let outcomes = asa.block(&blocks(&["203.0.113.7/32", "203.0.113.8/32"])).await.unwrap();
            assert_eq!(outcomes[0].status, Status::Done, "{way:?}");
            let Status::Rejected(why) = &outcomes[1].status else { panic!("{outcomes:?}") };
            assert!(why.contains("memory") || why.contains("resources"), "{why}");
            assert_eq!(held(&asa).await, ["203.0.113.7/32"]);
        }
    }
}

#[tokio::test]
async fn answers_are_told_apart() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let (device, asa) = (&simulator.device, simulator.asa(way, grouped()));
        device.fail(Fault::Answer("show running", "<html><body>Log in"));
        assert!(
            matches!(refused(&asa).await, EnforceError::Rejected { .. }),
            "a page for people is no listing"
        );
        let denied = "ERROR: Command authorization failed";
        for start in ["show running", "object-group", "network-object"] {
            device.fail(Fault::Answer(start, denied));
            let error = refused(&asa).await;
            assert!(matches!(error, EnforceError::Forbidden { .. }), "{way:?} {start}: {error}");
        }
        device.fail(Fault::Answer("object-group", "Command Ignored, Configuration in progress..."));
        assert!(matches!(refused(&asa).await, EnforceError::Busy { .. }));
        device.fail(Fault::Answer("clear conn", denied));
        assert!(matches!(refused(&asa).await, EnforceError::Forbidden { .. }));
        device.state().failover = Some("Secondary - Standby Ready");
        let error = refused(&asa).await;
        assert!(error.to_string().contains("it is the standby unit"), "{error}");
        asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap_err();
    }
}

#[tokio::test]
async fn an_unknown_answer_is_looked_into() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        let (device, asa) = (&simulator.device, simulator.asa(way, grouped()));
        device.fail(Fault::Answer("network-object host 203.0.113.7", "Something never seen"));
        let outcomes = asa.block(&blocks(&["203.0.113.7/32", "203.0.113.8/32"])).await.unwrap();
        assert_eq!(outcomes[0].status, Status::Rejected("it answered `Something never seen`".to_owned()));
        assert_eq!(outcomes[1].status, Status::Done);
        device.fail(Fault::Answer("no network-object", "Something never seen"));
        let outcomes = asa.unblock(&nets(&["203.0.113.8/32"])).await.unwrap();
        assert!(matches!(outcomes[0].status, Status::Rejected(_)), "{outcomes:?}");
        // What is unknown, but changes nothing about what was asked, is no failure.
        device.fail(Fault::Answer("clear conn", "Something never seen"));
        assert!(is_done(&asa.block(&blocks(&["203.0.113.9/32"])).await.unwrap()));
    }
}

#[tokio::test]
async fn statuses_of_http_are_told_apart() {
    let simulator = Simulator::start().await;
    let (device, asa) = (&simulator.device, simulator.asa(Way::Https, grouped()));
    let after = |status, seconds| {
        device.fail(Fault::Status(status, seconds));
        refused(&asa)
    };
    for (status, seconds, wanted) in
        [(429, Some("7"), 7), (503, None, 10), (503, Some("soon"), 10), (429, Some("99999"), 3_600)]
    {
        let error = after(status, seconds).await;
        assert!(
            matches!(&error, EnforceError::Busy { after, .. } if *after == Duration::from_secs(wanted)),
            "{error:?}"
        );
    }
    for status in [401, 400, 403] {
        assert!(matches!(after(status, None).await, EnforceError::Forbidden { .. }), "{status}");
    }
    assert!(matches!(after(404, None).await, EnforceError::Absent { .. }));
    assert!(matches!(after(302, None).await, EnforceError::Rejected { .. }));
    assert!(matches!(after(500, None).await, EnforceError::Transport { .. }));
    device.fail(Fault::Truncated);
    let error = refused(&asa).await;
    assert!(matches!(error, EnforceError::Transport { .. }), "{error}");
    assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()));
}

#[tokio::test]
async fn wrong_and_missing_secrets_are_named_and_not_shown() {
    let simulator = Simulator::start().await;
    let wrong = |name: &str| secrets().with(name, "wrong-Secret-8");
    for (way, name) in [(Way::Ssh, "ssh"), (Way::Ssh, "enable"), (Way::Https, "web")] {
        let asa = simulator.asa_with(way, grouped(), wrong(name));
        let error = refused(&asa).await;
        assert!(matches!(error, EnforceError::Forbidden { .. }), "{name}: {error}");
        assert!(!format!("{asa:?} {error:?}").contains("wrong-Secret-8"));
    }
    let asa = simulator.asa(Way::Ssh, AsaConfig { enable: None, ..grouped() });
    assert!(refused(&asa).await.to_string().contains("no secret for `enable`"));
    let asa = simulator.asa(Way::Ssh, AsaConfig { enable: Some("lost".into()), ..grouped() });
    assert!(matches!(refused(&asa).await, EnforceError::Absent { .. }));
    let asa = simulator.asa_with(Way::Ssh, grouped(), secrets().with("enable", "a\nreload"));
    assert!(matches!(refused(&asa).await, EnforceError::Absent { .. }));
    assert!(!simulator.device.state().lines.iter().any(|line| line.contains("reload")));
}

#[tokio::test]
async fn a_banner_that_looks_like_a_prompt_is_none() {
    for banner in ["Welcome to asa> \r\nmotd#\r\n", "asa#\r\n", ""] {
        let simulator = Simulator::start().await;
        let door = super::ssh::Door { banner, ..super::ssh::Door::default() };
        let ssh = super::ssh::Server::start(&simulator.device, door).await;
        let asa = Simulator { ssh, ..simulator }.asa(Way::Ssh, grouped());
        assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()), "{banner:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    for way in WAYS {
        let simulator = Simulator::start().await;
        simulator.device.fail(Fault::Slow("clear conn", Duration::from_millis(300)));
        let asa = simulator.asa(way, grouped());
        assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()));
    }
}

#[tokio::test]
async fn a_question_is_passed_on_and_not_answered() {
    for (start, shown, question) in [
        (
            "configure terminal",
            "***************************** NOTICE *****************************\r\n\r\n\
             Would you like to enable anonymous error reporting to help improve\r\n\
             the product? [Y]es, [N]o, [A]sk later: ",
            "the product? [Y]es, [N]o, [A]sk later:",
        ),
        ("clear conn", "Clear all of them? [confirm]", "Clear all of them? [confirm]"),
    ] {
        let simulator = Simulator::start().await;
        let asa = simulator.asa(Way::Ssh, grouped());
        simulator.device.fail(Fault::Ask(start, shown));
        let asked = tokio::time::timeout(Duration::from_secs(30), refused(&asa));
        let error = asked.await.expect("it does not wait for a prompt that never comes");
        assert!(matches!(error, EnforceError::Rejected { target: None, .. }), "{error:?}");
        let wanted = format!("it asks `{question}`: answer it once by hand");
        assert!(error.to_string().contains(&wanted), "{error}");
        assert_eq!(simulator.device.state().lines.iter().filter(|line| line.starts_with(start)).count(), 0);
        assert!(is_done(&asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap()), "once it was answered");
    }
}

#[tokio::test]
async fn a_call_that_is_cut_short_again_and_again_gets_on() {
    let many: Vec<String> = (1..=40).map(|host| format!("203.0.113.{host}/32")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for config in [grouped(), shunning()] {
        let simulator = Simulator::start().await;
        let (device, asa) = (&simulator.device, simulator.asa(Way::Ssh, config));
        // Fewer than the 40 blocks need, whether to be made or to have their connections cleared.
        device.state().lines_a_session = Some(35);
        let mut tries = 1;
        while asa.block(&blocks(&many)).await.is_err() {
            tries += 1;
            assert!(tries <= 5, "what was done is not done again");
        }
        assert!(tries >= 3, "{tries}");
        assert!((1..=40).all(|host| !device.connects(&format!("203.0.113.{host}"))));

        for _ in 0..2 {
            asa.unblock(&nets(&many)).await.unwrap_err();
        }
        assert!((1..=40).all(|host| device.connects(&format!("203.0.113.{host}"))), "all in two tries");
        device.state().lines_a_session = None;
        assert!(is_done(&asa.unblock(&nets(&many)).await.unwrap()));
    }
}

/// A device that says anything at all, a few bytes at a time whatever is typed, and then nothing.
#[derive(Clone, Debug)]
struct Babble {
    bytes: Vec<u8>,
    at: usize,
    step: usize,
}

#[async_trait]
impl Shell for Babble {
    async fn open(&self) -> io::Result<Box<dyn Terminal>> {
        Ok(Box::new(self.clone()))
    }
}

impl AsyncRead for Babble {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.bytes.len().min(self.at + self.step);
        buf.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Babble {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn told(bytes: &[u8], step: usize, config: AsaConfig) -> Asa {
    let shell = Babble { bytes: bytes.to_vec(), at: 0, step };
    Asa::over_shell(Arc::new(shell), Arc::new(secrets()), config).unwrap()
}

async fn listen_to(bytes: &[u8], step: usize) {
    for config in [grouped(), shunning()] {
        let asa = told(bytes, step, config);
        let _ = asa.blocked().await;
        let _ = asa.block(&blocks(&["203.0.113.7/32"])).await;
        let _ = asa.unblock(&nets(&["203.0.113.7/32"])).await;
        let _ = asa.health().await;
    }
}

/// What a device shows in a call that blocks.
const SHOWN: &[u8] = b"Hello\r\nasa> enable\r\nPassword: \r\nasa# terminal pager 0\r\nasa# show failover\r\n\
    Failover Off\r\nasa# show running-config object-group id AUTOSEC_BLOCK\r\nobject-group network AUTOSEC_BLOCK\r\n\
    \x20description autosec\r\n<--- More --->\r              \r network-object host 192.0.2.254\r\n\
    asa# configure terminal\r\nasa(config)# object-group network AUTOSEC_BLOCK\r\n\
    asa(config-network)# network-object host 203.0.113.7\r\nasa(config-network)# end\r\n\
    asa# clear conn address 203.0.113.7\r\n1 connection(s) deleted.\r\nasa# ";

#[tokio::test]
async fn every_truncation_is_survived() {
    assert!(is_done(&told(SHOWN, 1, grouped()).block(&blocks(&["203.0.113.7/32"])).await.unwrap()));
    for length in 0..SHOWN.len() - 1 {
        listen_to(&SHOWN[..length], 1).await;
        let cut = told(&SHOWN[..length], 1, grouped()).block(&blocks(&["203.0.113.7/32"])).await;
        assert!(cut.is_err(), "{length} {cut:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_survived(
        at in 0..SHOWN.len(),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        lines in "([a-z ]{0,5}(\r\n|asa# |Shun 1|ERROR|Password: |network-object )){0,5}",
        step in 1_usize..9,
    ) {
        let mut bytes = SHOWN[..at].to_vec();
        bytes.extend(noise);
        bytes.extend(lines.into_bytes());
        bytes.extend(&SHOWN[at..]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(listen_to(&bytes, step));
    }
}
