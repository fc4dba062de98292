//! The PAN-OS plugin does what the built-in firewall does, request for request.

use std::time::Duration;

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use autosec_integrations::firewall::panos::PanOs;
use autosec_integrations::plugin::firewall::PluginFirewall;
use serde_json::json;

use super::{Made, Online, Setup, are_done, assert_conforms, block, held, nets};
use crate::panos::KEY;
use crate::panos::device::{Device, Fault, State, Strictness};
use crate::support::web::Web;

pub(super) fn setup() -> Setup {
    Setup { plugin: "pan-os", config: json!({}), secret: "pan-os-key", value: KEY }
}

/// Two firewalls in the same state, one asked by the built-in, one by the plugin.
struct Pair {
    devices: [Device; 2],
    built_in: PanOs,
    plugin: PluginFirewall,
    _web: Web,
    _online: Online,
}

impl Pair {
    async fn of(state: impl Fn(&mut State)) -> Self {
        let devices = [(); 2].map(|()| Device::new().with(&state));
        let (web, built_in) = devices[0].online().await;
        let online = Online::start(devices[1].clone()).await;
        let plugin = online.firewall(Made::Component, &setup()).await;
        Self { devices, built_in, plugin, _web: web, _online: online }
    }

    fn change(&self, change: impl Fn(&mut State)) {
        self.devices.iter().for_each(|device| change(&mut device.state()));
    }

    async fn assert_blocks_alike(&self, blocks: &[Block]) {
        let answers = [self.built_in.block(blocks).await, self.plugin.block(blocks).await];
        self.assert_alike(answers).await;
    }

    async fn assert_unblocks_alike(&self, texts: &[&str]) {
        let targets: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let answers = [self.built_in.unblock(&targets).await, self.plugin.unblock(&targets).await];
        self.assert_alike(answers).await;
    }

    /// The same answer, after the same requests, and the same is blocked.
    async fn assert_alike(&self, answers: [Result<Vec<Outcome>, EnforceError>; 2]) {
        let [one, other] = answers.map(|answer| answer.map(plain).map_err(|error| kind(&error)));
        assert_eq!(one, other);
        let asked = self.devices.each_ref().map(|device| std::mem::take(&mut device.state().asked));
        assert_eq!(asked[0], asked[1]);
        let troubles = self.devices.each_ref().map(|device| std::mem::take(&mut device.state().faults));
        assert!(troubles.iter().all(|left| left.is_empty()), "{troubles:?}");
        assert_eq!(held(&self.built_in).await, held(&self.plugin).await);
        self.devices.iter().for_each(|device| device.state().asked.clear());
    }
}

/// Outcomes without the word that the host puts before a plugin's own kind of failure.
fn plain(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let plain = |status| match status {
        Status::Rejected(why) => Status::Rejected(why.strip_prefix("refused: ").unwrap_or(&why).to_owned()),
        status => status,
    };
    outcomes.into_iter().map(|outcome| Outcome { status: plain(outcome.status), ..outcome }).collect()
}

/// What the enforcer does about an error. A plugin has no word for what is not there; like what is refused it is not tried again
/// at once.
fn kind(error: &EnforceError) -> String {
    match error {
        EnforceError::Busy { after, .. } => format!("busy for {after:?}"),
        EnforceError::Transport { .. } | EnforceError::Timeout { .. } => "tried again at once".to_owned(),
        EnforceError::Forbidden { .. } => "forbidden".to_owned(),
        EnforceError::Absent { .. } | EnforceError::Rejected { .. } => "refused".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn keeps_every_promise() {
    let device = Device::new();
    let theirs =
        || device.state().tags.entry("10.9.8.7".to_owned()).or_default().insert("theirs".to_owned(), None);
    theirs();
    let online = Online::start(device.clone()).await;
    let firewall = online.firewall(Made::Component, &setup()).await;
    let beside = || {
        let state = device.state();
        let theirs =
            state.tags.iter().filter(|(_, tags)| tags.contains_key("theirs")).map(|(ip, _)| ip.clone());
        theirs.collect::<Vec<_>>().join(" ")
    };
    assert_conforms(&firewall, beside).await;
}

#[tokio::test]
async fn is_equal_to_the_built_in_when_all_goes_well() {
    for registers_first in [false, true] {
        let pair = Pair::of(|state| state.registers_first = registers_first).await;
        let can = [pair.built_in.capabilities(), pair.plugin.capabilities()];
        assert_eq!(can[0], can[1]);
        let first = [block("192.0.2.1/32", 60), block("192.0.2.2/32", 3_600), block("2001:db8::3/128", 0)];
        pair.assert_blocks_alike(&first).await;
        let second = [block("192.0.2.1/32", 3_600), block("198.51.100.0/24", 60), block("192.0.2.2/32", 60)];
        pair.assert_blocks_alike(&second).await;
        pair.assert_blocks_alike(&[block("198.51.100.0/24", 3_600)]).await;
        pair.change(|state| state.advance(Duration::from_secs(100)));
        pair.assert_unblocks_alike(&["192.0.2.1/32", "192.0.2.9/32", "2001:db8::/64"]).await;
        pair.assert_blocks_alike(&[block("2001:db8::/64", 60), block("192.0.2.7/24", 60)]).await;
    }
}

#[tokio::test]
async fn is_equal_to_the_built_in_about_entries_that_are_refused() {
    for strictness in [Strictness::Named, Strictness::NamedAlone, Strictness::Unnamed] {
        let pair = Pair::of(|state| {
            state.strictness = strictness;
            state.wrong.extend(["192.0.2.3".to_owned(), "192.0.2.6".to_owned()]);
        })
        .await;
        let blocks: Vec<Block> = (1..=9).map(|n| block(&format!("192.0.2.{n}/32"), 60)).collect();
        pair.assert_blocks_alike(&blocks).await;
        pair.assert_blocks_alike(&[block("192.0.2.3/32", 60)]).await;
        pair.assert_unblocks_alike(&["192.0.2.1/32", "192.0.2.3/32"]).await;
    }
}

#[tokio::test]
async fn is_equal_to_the_built_in_in_trouble() {
    for fault in [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::Truncated,
        Fault::Slow(Duration::from_millis(20)),
        Fault::Status(429, Some("17")),
        Fault::Status(503, None),
        Fault::Status(500, None),
        Fault::Status(404, None),
        Fault::Status(413, None),
        Fault::Committing,
    ] {
        let pair = Pair::of(|_| {}).await;
        pair.change(|state| state.faults.push_back(fault.clone()));
        pair.assert_blocks_alike(&[block("192.0.2.1/32", 60)]).await;
    }
    let pair = Pair::of(|state| state.pair = "passive").await;
    pair.assert_blocks_alike(&[block("192.0.2.1/32", 60)]).await;
    let health = [pair.built_in.health().await.unwrap(), pair.plugin.health().await.unwrap()];
    assert!(
        health.iter().all(|health| !health.enforcing && health.detail.contains("it is `passive` of a pair"))
    );
}

#[tokio::test]
async fn is_equal_to_the_built_in_when_reading_page_by_page() {
    for (count, knows_pages) in
        [(0_u32, true), (499, true), (500, true), (501, true), (1_203, true), (700, false)]
    {
        let pair = Pair::of(|state| {
            state.knows_pages = knows_pages;
            for n in 0..count {
                let ours = [("autosec-block".to_owned(), None)];
                state.tags.insert(format!("10.1.{}.{}", n / 250, n % 250), ours.into());
            }
        })
        .await;
        assert_eq!(held(&pair.built_in).await, held(&pair.plugin).await);
        let asked = pair.devices.each_ref().map(|device| std::mem::take(&mut device.state().asked));
        assert_eq!(asked[0], asked[1], "{count}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_known_is_said_so_and_not_shown() {
    let device = Device::new();
    let online = Online::start(device.clone()).await;
    let wrong = Setup { value: "another-key-of-the-test", ..setup() };
    let firewall = online.firewall(Made::Component, &wrong).await;
    let error = firewall.block(&[block("192.0.2.1/32", 60)]).await.unwrap_err();
    assert!(matches!(&error, EnforceError::Forbidden { .. }), "{error}");
    assert!(!error.to_string().contains("another-key"), "{error}");
    let right = online.firewall(Made::Component, &setup()).await;
    assert!(are_done(&right.block(&[block("192.0.2.1/32", 60)]).await.unwrap()));
    assert!(are_done(&right.unblock(&nets(["192.0.2.1/32"])).await.unwrap()));
}
