//! Every request and every documented error, as files.

use std::path::Path;

use autosec_core::enforce::FirewallIntegration;
use autosec_integrations::firewall::asa::{AsaConfig, AsaSave};

use super::device::{Device, Fault};
use super::{Simulator, WAYS, Way, assert_no_secret, blocks, grouped, nets, secrets, shunning};
use crate::support::golden;

fn assert_golden(name: &str, seen: &str) {
    assert_no_secret(seen);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/asa").join(name);
    let differs = golden::differs(&golden, seen);
    assert!(differs.is_none(), "{}", differs.unwrap());
}

#[tokio::test]
async fn every_request() {
    for (mode, config) in [("group", grouped()), ("shun", shunning())] {
        for way in WAYS {
            let simulator = Simulator::with(Device::default()).await;
            let config = AsaConfig { save: AsaSave::AfterChange, ..config.clone() };
            let asa = simulator.asa(way, config);
            let some =
                ["203.0.113.7/32", "203.0.113.8/32", "198.51.100.0/25", "2001:db8:7::/48", "2001:db8::9/128"];
            let _ = asa.block(&blocks(&some)).await.unwrap();
            asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
            asa.blocked().await.unwrap();
            asa.unblock(&nets(&["203.0.113.7/32", "198.51.100.0/25", "2001:db8:7::/48", "203.0.113.99/32"]))
                .await
                .unwrap();
            asa.health().await.unwrap();
            let (name, transcript) = match way {
                Way::Ssh => ("ssh", simulator.ssh.transcript),
                Way::Https => ("https", simulator.web.transcript),
            };
            let transcript = transcript.lock().unwrap().replace('\r', "");
            // A session ends with a prompt that nothing was typed at.
            let transcript: String =
                transcript.lines().map(|line| format!("{}\n", line.trim_end())).collect();
            assert_golden(&format!("{name}-{mode}.txt"), &transcript);
        }
    }
}

#[tokio::test]
async fn every_documented_error() {
    let mut seen = String::new();
    let denied = "ERROR: Command authorization failed";
    let invalid = "                ^\nERROR: % Invalid input detected at '^' marker.";
    let busy = "Command Ignored, Configuration in progress...";
    let empty = "Removing obj from object-group not allowed;\nobject-group (AUTOSEC_BLOCK), being used in access-list, would become empty";
    for way in WAYS {
        for (what, fault) in [
            ("no right to look", Fault::Answer("show running", denied)),
            ("no right to configure", Fault::Answer("object-group", denied)),
            ("a listing that is none", Fault::Answer("show running", invalid)),
            ("a member that is not understood", Fault::Answer("network-object host 203", invalid)),
            (
                "no memory",
                Fault::Answer("network-object host 203", "ERROR: Unable to add object: out of memory"),
            ),
            ("somebody else configures", Fault::Answer("object-group", busy)),
            ("a cut connection", Fault::CutBefore("show ")),
            ("a cut connection after a change", Fault::CutAfter("network-object host 203")),
        ] {
            let simulator = Simulator::start().await;
            let asa = simulator.asa(way, grouped());
            simulator.device.fail(fault);
            let said = match asa.block(&blocks(&["203.0.113.7/32"])).await {
                Ok(outcomes) => format!("{:?}", outcomes[0].status),
                Err(error) => error.to_string(),
            };
            let said = said.replace(&simulator.web.address.to_string(), "asa");
            seen.push_str(&format!("{way:?}, {what}:\n    {said}\n"));
        }
        let simulator = Simulator::start().await;
        let asa = simulator.asa(way, grouped());
        asa.block(&blocks(&["203.0.113.7/32"])).await.unwrap();
        simulator.device.fail(Fault::Answer("no network-object", empty));
        let outcomes = asa.unblock(&nets(&["203.0.113.7/32"])).await.unwrap();
        seen.push_str(&format!("{way:?}, a group that would become empty:\n    {:?}\n", outcomes[0].status));
    }
    for fault in [400, 401, 403, 404, 302, 429, 500, 503] {
        let simulator = Simulator::start().await;
        simulator.device.fail(Fault::Status(fault, None));
        let error = simulator.asa(Way::Https, grouped()).blocked().await.unwrap_err();
        seen.push_str(&format!("Https, status {fault}:\n    {error}\n"));
    }
    let simulator = Simulator::start().await;
    simulator.device.state().failover = Some("Secondary - Standby Ready");
    let error = simulator.asa(Way::Ssh, grouped()).block(&blocks(&["203.0.113.7/32"])).await.unwrap_err();
    seen.push_str(&format!("Ssh, a standby unit:\n    {error}\n"));
    for name in ["ssh", "enable"] {
        let asa = simulator.asa_with(Way::Ssh, grouped(), secrets().with(name, "wrong"));
        let error = asa.blocked().await.unwrap_err().to_string();
        let error = error.replace(&simulator.ssh.address.port().to_string(), "22");
        seen.push_str(&format!("Ssh, a wrong secret `{name}`:\n    {error}\n"));
    }
    assert_golden("errors.txt", &seen);
}
