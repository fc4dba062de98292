//! The OPNsense plugin, which is written in JavaScript: whatever a component is made of, it is a plugin.

use autosec_core::enforce::{EnforceError, FirewallIntegration, Status};
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, busy, held};
use crate::plugin::simulators::Trouble;
use crate::plugin::simulators::opnsense::{KEY, OpnSense};

pub(super) fn setup() -> Setup {
    Setup { plugin: "opnsense", config: json!({}), secret: "opnsense-key", value: KEY }
}

#[tokio::test]
async fn keeps_every_promise() {
    let device = OpnSense::default();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    assert_conforms(&firewall, || "the alias is the plugin's alone".to_owned()).await;
}

#[tokio::test]
async fn says_how_it_is_and_what_is_wrong() {
    let device = OpnSense::default();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let plans = firewall.plan_block(&[block("192.0.2.1/32", 60)]).await.unwrap();
    assert_eq!((&plans[0].status, device.state().held.len()), (&Status::Observed, 0));
    assert!(are_done(
        &firewall.block(&[block("192.0.2.1/32", 60), block("2001:db8::/48", 60)]).await.unwrap()
    ));
    assert_eq!(held(&firewall).await, ["192.0.2.1/32 for ever", "2001:db8::/48 for ever"]);
    let health = firewall.health().await.unwrap();
    assert!(health.enforcing && health.detail.contains("`autosec` holds 2 entries"), "{health:?}");

    let stranger = online.firewall(Made::Component, &Setup { value: "a:b", ..setup() }).await;
    let error = stranger.block(&[block("192.0.2.2/32", 60)]).await.unwrap_err();
    assert!(matches!(&error, EnforceError::Forbidden { .. }), "{error}");
    for trouble in [Trouble::CutBefore, Trouble::Truncated, Trouble::Status(500, None)] {
        device.state().troubles.0.push_back(trouble);
        let error = firewall.block(&[block("192.0.2.2/32", 60)]).await.unwrap_err();
        assert!(matches!(&error, EnforceError::Transport { .. }), "{trouble:?}: {error}");
    }
    device.state().troubles.0.push_back(Trouble::Status(429, Some(7)));
    assert_eq!(busy(firewall.block(&[block("192.0.2.2/32", 60)]).await), Some(7));
}
