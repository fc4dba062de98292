//! Whatever a firewall answers, nothing panics, and nothing is taken for done that is not.

use autosec_core::enforce::{FirewallIntegration, Status};
use autosec_integrations::firewall::panos::PanOsConfig;
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::{Canned, KEY, block, canned, net};

const LISTED: &str = "<response status=\"success\"><result><entry ip=\"192.0.2.1\" from_agent=\"0\" persistent=\"1\"><tag>\
                      <member>theirs</member><member timeout=\"59\">autosec-block</member></tag></entry>\
                      <entry ip=\"10.0.0.0/8\"><tag><member>autosec-block</member></tag></entry><count>2</count></result>\
                      </response>";
const COMPLAINED: &str = "<response status=\"error\"><msg><line><uid-response><version>2.0</version><payload><unregister/>\
                          <register><entry ip=\"192.0.2.1\" message=\"tag autosec-block already exists, ignore\"/>\
                          <entry ip=\"192.0.2.2\" message=\"Failed to register\"/></register></payload></uid-response>\
                          </line></msg></response>";

/// Everything that is asked of a firewall that gives this answer, whatever it is asked.
fn ask(status: u16, body: Vec<u8>) -> bool {
    let client = Canned { status, ..Canned::new(body) };
    let firewall = canned(&client, PanOsConfig::new("https://fw.example"));
    let blocks = [block("192.0.2.1/32", 60), block("192.0.2.2/32", 60)];
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let blocked = firewall.block(&blocks).await;
        let unblocked = firewall.unblock(&[net("192.0.2.1/32")]).await;
        let read = firewall.blocked().await;
        let health = firewall.health().await;
        assert!(client.asked().len() < 400);
        assert!(!format!("{blocked:?} {unblocked:?} {read:?} {health:?}").contains(KEY));
        blocked.is_ok_and(|outcomes| outcomes.iter().any(|outcome| outcome.status == Status::Done))
    })
}

/// An answer with bytes changed, put in and taken out.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), prop::sample::select(b"<>&\"'/=; \0\xffa1".to_vec()), 0..3_u8);
    (prop::sample::select(vec![LISTED, COMPLAINED]), prop::collection::vec(edit, 1..8)).prop_map(
        |(answer, edits)| {
            let mut bytes = answer.as_bytes().to_vec();
            for (at, byte, kind) in edits {
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_answer(status in 200..600_u16, body in prop::collection::vec(any::<u8>(), 0..300)) {
        ask(status, body);
    }

    #[test]
    fn any_damage_is_survived(body in damaged()) {
        ask(200, body);
    }
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    for answer in [LISTED, COMPLAINED] {
        assert!(ask(200, answer.into()) || answer == COMPLAINED);
        for end in 0..answer.len() {
            assert!(!ask(200, answer[..end].into()), "{}", &answer[..end]);
        }
    }
}

#[test]
fn an_enormous_answer_is_none() {
    let wide =
        format!("<response status=\"success\"><result>{}</result></response>", "<entry/>".repeat(200_000));
    assert!(!ask(200, wide.into()));
    assert!(!ask(200, "<response status=\"success\">".repeat(100_000).into()));
}
