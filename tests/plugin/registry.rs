//! Plugins that are configured, replaced, disabled and rested while they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, EnforceConfig, EnforceError, FirewallConfig, FirewallIntegration};
use autosec_core::engine::Engine;
use autosec_core::observe::{Observer, Record};
use autosec_core::time::{Clock, ManualClock, Timestamp};
use autosec_integrations::plugin::interface::{Crash, Failure, FailureKind, Metadata};
use autosec_integrations::plugin::registry::{
    About, ConfigureError, Configured, Module, PluginRegistry, PluginState, RegistryError, Settings,
};
use tokio::sync::Semaphore;

use super::device::{Act, Device, Told};
use crate::support::{Shared, block};

const SCHEMA: &str = r#"{
    "type": "object", "required": ["url"], "additionalProperties": false,
    "properties": { "url": { "type": "string", "pattern": "^https://" }, "port": { "type": "integer", "maximum": 65535 } }
}"#;
pub const CONFIG: &str = r#"{"url": "https://edge"}"#;
const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A module of the host's own.
#[derive(Debug)]
pub struct Own {
    about: About,
    device: Device,
    /// What it refuses.
    refuses: Option<&'static str>,
}

impl Own {
    pub fn new(version: &str, device: &Device) -> Arc<Self> {
        let about = About {
            id: device.metadata.name.clone(),
            version: version.to_owned(),
            kind: "test".to_owned(),
            ..About::default()
        };
        Arc::new(Self { about, device: device.clone(), refuses: None })
    }

    fn refusing(version: &str, device: &Device, refuses: &'static str) -> Arc<Self> {
        let own = Self::new(version, device);
        Arc::new(Self { refuses: Some(refuses), about: own.about.clone(), device: device.clone() })
    }
}

#[async_trait]
impl Module for Own {
    fn about(&self) -> &About {
        &self.about
    }

    fn metadata(&self) -> &Metadata {
        &self.device.metadata
    }

    fn config_schema(&self) -> &str {
        SCHEMA
    }

    async fn configure(
        &self,
        name: &str,
        config_json: &str,
        observer: Arc<dyn Observer>,
    ) -> Result<Configured, ConfigureError> {
        if let Some(refused) = self.refuses.filter(|refused| config_json.contains(refused)) {
            let message = format!("{refused} is no more");
            let kind = FailureKind::InvalidConfig;
            return Err(ConfigureError::Refused(Failure {
                kind,
                message,
                retry_after_ms: None,
                extra: Vec::new(),
            }));
        }
        let denied =
            Record::Denied { plugin: name, asked: "GET https://elsewhere/", why: "nobody granted it" };
        observer.note(NOW, &denied);
        Ok(Configured::new(Arc::new(self.device.clone())))
    }
}

pub struct Stage {
    pub clock: Arc<ManualClock>,
    told: Told,
    pub plugins: PluginRegistry,
}

impl Stage {
    fn new() -> Self {
        let (clock, told) = (Arc::new(ManualClock::new(NOW)), Told::default());
        let settings = Settings {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            observer: Arc::new(told.clone()),
            ..Settings::default()
        };
        Self { clock, told, plugins: PluginRegistry::new(settings) }
    }

    /// With one plugin that is configured.
    pub async fn with(device: &Device) -> Self {
        let stage = Self::new();
        stage.plugins.add("edge", Own::new("1.0.0", device)).unwrap();
        stage.plugins.configure("edge", CONFIG).await.unwrap();
        stage
    }

    fn state(&self) -> PluginState {
        self.plugins.list()[0].state.clone()
    }

    pub fn edge(&self) -> Arc<dyn FirewallIntegration> {
        self.plugins.firewall("edge").unwrap()
    }
}

fn blocks(last: u8) -> Vec<Block> {
    vec![Block {
        target: std::net::IpAddr::from([203, 0, 113, last]).into(),
        ttl: None,
        reason: String::new(),
    }]
}

#[tokio::test]
async fn a_plugin_is_listed_configured_and_used() {
    let (stage, device) = (Stage::new(), Device::new("edge"));
    stage.plugins.add("edge", Own::new("1.0.0", &device)).unwrap();
    stage.plugins.refuse("broken", About::default(), "`plugin.toml` is missing");
    let listed: Vec<String> = stage.plugins.list().iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["broken: refused: `plugin.toml` is missing", "edge 1.0.0, test: not configured"]);
    assert!(stage.plugins.firewalls().is_empty());
    let unasked = stage.edge().block(&blocks(1)).await.unwrap_err();
    assert_eq!(unasked.to_string(), "firewall `edge` is not available: its plugin is not configured");

    stage.plugins.configure("edge", CONFIG).await.unwrap();
    assert_eq!(stage.state(), PluginState::Refused { why: "`plugin.toml` is missing".to_owned() });
    assert_eq!(stage.plugins.list()[1].state, PluginState::Ready);
    let mut builder = Engine::builder().clock(Shared(Arc::clone(&stage.clock)));
    for firewall in stage.plugins.firewalls() {
        builder = builder.firewall(firewall);
    }
    let engine = builder.build().unwrap();
    assert!(engine.enforce(&block("203.0.113.7", "a", 60)).await.is_complete());
    assert_eq!(device.targets(), ["203.0.113.7"]);
    let told = stage.told.take();
    assert_eq!(
        told,
        [
            "edge loaded 1.0.0",
            "broken refused `plugin.toml` is missing",
            "edge denied GET https://elsewhere/: nobody granted it",
            "edge configured 1.0.0",
        ]
    );
}

#[tokio::test]
async fn a_wrong_configuration_is_said_with_its_places_and_changes_nothing() {
    let device = Device::new("edge");
    let stage = Stage::with(&device).await;
    let refused = async |config: &str| stage.plugins.configure("edge", config).await.unwrap_err().to_string();
    assert_eq!(
        refused(r#"{"url": "http://hunter2", "port": 70000, "x": 1}"#).await,
        "the configuration of `edge` does not fit: `/port`: it must be at most 65535; `/url`: it must match `^https://`; \
         `/x`: there is no such setting; there are `port`, `url`"
    );
    assert_eq!(refused("{hunter2").await, "the configuration of `edge` is no JSON at line 1, column 2");
    assert_eq!(refused(&" ".repeat(70_000)).await, "the configuration of `edge` is larger than 64 KiB");
    assert_eq!(stage.state(), PluginState::Ready);
    stage.edge().block(&blocks(1)).await.unwrap();
    let unknown = stage.plugins.configure("core", CONFIG).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no plugin called `core`: there are edge");
}

#[tokio::test]
async fn names_and_identities_are_checked() {
    let (stage, device) = (Stage::new(), Device::new("edge"));
    let own = || Own::new("1.0.0", &device);
    stage.plugins.add("edge-1", own()).unwrap();
    stage.plugins.add("edge-2", own()).unwrap();
    for (name, why) in [("edge-1", "taken"), ("", "no name"), ("a b", "no name"), ("\u{1b}[2J", "no name")] {
        let error = stage.plugins.add(name, own()).unwrap_err();
        assert!(matches!(&error, RegistryError::Name { why: said, .. } if said.starts_with(why)), "{error}");
    }
    let mut liar = Own::new("1.0.0", &device);
    Arc::get_mut(&mut liar).unwrap().about.id = "other".to_owned();
    let error = stage.plugins.add("liar", liar).unwrap_err().to_string();
    assert!(error.starts_with("the manifest says `other`, and the plugin calls itself `edge`"), "{error}");
    let mut odd = Device::new("odd");
    odd.metadata.limits.max_batch = 0;
    let error = stage.plugins.add("odd", Own::new("1.0.0", &odd)).unwrap_err().to_string();
    assert_eq!(error, "plugin `odd`: the plugin's limit `max-batch` is 0, so nothing can be blocked with it");
}

#[tokio::test]
async fn a_replaced_plugin_ends_its_calls_and_gets_no_new_ones() {
    let door = Arc::new(Semaphore::new(0));
    let old = Device::new("edge").acting([Act::Waits(Arc::clone(&door))]);
    let stage = Stage::with(&old).await;
    let edge = stage.edge();
    let under_way = tokio::spawn(async move { edge.block(&blocks(1)).await });
    while old.calls.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let new = Device::new("edge");
    stage.plugins.replace("edge", Own::new("2.0.0", &new)).await.unwrap();
    stage.edge().block(&blocks(2)).await.unwrap();
    assert_eq!((old.targets().len(), new.targets().len()), (0, 1), "the old one is still at it");
    door.add_permits(1);
    under_way.await.unwrap().unwrap();
    assert_eq!(
        (old.targets(), new.targets()),
        (vec!["203.0.113.1".to_owned()], vec!["203.0.113.2".to_owned()])
    );
    let info = &stage.plugins.list()[0];
    assert_eq!((info.about.version.as_str(), info.earlier.as_deref()), ("2.0.0", Some("1.0.0")));

    stage.plugins.go_back("edge").await.unwrap();
    stage.edge().block(&blocks(3)).await.unwrap();
    assert_eq!((old.targets().len(), new.targets().len()), (2, 1));
    assert!(matches!(stage.plugins.go_back("edge").await, Err(RegistryError::NoEarlier { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replacing_under_fire_fails_no_call() {
    let devices: Vec<Device> = (0..20).map(|_| Device::new("edge")).collect();
    let stage = Stage::with(&devices[0]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> = (0..4)
        .map(|caller| {
            let (edge, stop) = (stage.edge(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut calls = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    edge.block(&blocks(caller)).await.unwrap();
                    edge.blocked().await.unwrap();
                    calls += 2;
                    tokio::task::yield_now().await;
                }
                calls
            })
        })
        .collect();
    for (number, device) in devices.iter().enumerate().skip(1) {
        stage.plugins.replace("edge", Own::new(&format!("{number}.0.0"), device)).await.unwrap();
        while device.widths().len() < 5 {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    let mut total = 0;
    for call in calls {
        total += call.await.unwrap();
    }
    let metrics = &stage.plugins.metrics()[0];
    assert!(metrics.calls >= total, "a listing has pages: {} calls for {total}", metrics.calls);
    assert_eq!((metrics.crashes, metrics.failures, metrics.abandoned), (0, 0, 0));
}

#[tokio::test]
async fn a_new_version_that_does_not_take_the_configuration_changes_nothing() {
    let (old, new) = (Device::new("edge"), Device::new("edge"));
    let stage = Stage::with(&old).await;
    let refused =
        stage.plugins.replace("edge", Own::refusing("2.0.0", &new, "https://edge")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the configuration of `edge` does not work: the plugin refuses it: https://edge is no more"
    );
    let other = stage.plugins.replace("edge", Own::new("1.0.0", &Device::new("core"))).await.unwrap_err();
    assert!(matches!(other, RegistryError::OtherPlugin { .. }), "{other}");
    stage.edge().block(&blocks(1)).await.unwrap();
    assert_eq!((old.targets().len(), new.targets().len()), (1, 0));
    assert_eq!(stage.plugins.list()[0].about.version, "1.0.0");
}

#[tokio::test]
async fn a_new_version_that_crashes_from_the_start_is_taken_back() {
    let old = Device::new("edge");
    let new = Device { usual: Act::Crash(Crash::Trap("unreachable".to_owned())), ..Device::new("edge") };
    let stage = Stage::with(&old).await;
    stage.plugins.replace("edge", Own::new("2.0.0", &new)).await.unwrap();
    stage.told.take();
    for _ in 0..5 {
        assert!(stage.edge().block(&blocks(1)).await.is_err());
    }
    assert_eq!(stage.plugins.list()[0].about.version, "1.0.0");
    assert_eq!(stage.state(), PluginState::Ready);
    stage.edge().block(&blocks(1)).await.unwrap();
    let last = stage.told.take().pop().unwrap();
    assert_eq!(last, "edge went-back to 1.0.0, because the new version crashed from the start");
}

#[tokio::test]
async fn what_an_earlier_version_ends_with_proves_nothing_of_the_new_one() {
    let door = Arc::new(Semaphore::new(0));
    let old = Device::new("edge").acting([Act::Waits(Arc::clone(&door))]);
    let new = Device { usual: Act::Crash(Crash::Trap("unreachable".to_owned())), ..Device::new("edge") };
    let stage = Stage::with(&old).await;
    let edge = stage.edge();
    let under_way = tokio::spawn(async move { edge.block(&blocks(1)).await });
    while old.calls.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stage.plugins.replace("edge", Own::new("2.0.0", &new)).await.unwrap();
    for _ in 0..4 {
        stage.edge().block(&blocks(1)).await.unwrap_err();
    }
    // The old one comes to a good end in the middle of the new one's crashes.
    door.add_permits(1);
    under_way.await.unwrap().unwrap();
    stage.edge().block(&blocks(1)).await.unwrap_err();
    assert_eq!(stage.plugins.list()[0].about.version, "1.0.0", "five crashes in a row, and nothing well");
    assert_eq!(stage.plugins.metrics()[0].crashes, 5);
}

#[tokio::test]
async fn only_who_signed_a_plugin_replaces_it() {
    let signed = |version: &str, signer: Option<&str>| {
        let own = Own::new(version, &Device::new("edge"));
        let about = About { signer: signer.map(str::to_owned), ..own.about.clone() };
        Arc::new(Own { about, device: own.device.clone(), refuses: None })
    };
    let stage = Stage::new();
    stage.plugins.add("edge", signed("1.0.0", None)).unwrap();
    stage.plugins.configure("edge", CONFIG).await.unwrap();
    stage.plugins.replace("edge", signed("1.1.0", Some("vendor"))).await.unwrap();
    stage.plugins.replace("edge", signed("1.2.0", Some("vendor"))).await.unwrap();
    for (other, said) in [(None, "nobody"), (Some("somebody"), "somebody")] {
        let refused = stage.plugins.replace("edge", signed("9.0.0", other)).await.unwrap_err().to_string();
        assert!(
            refused.starts_with("`edge` is signed by `vendor`, and cannot be replaced by what"),
            "{refused}"
        );
        assert!(refused.contains(&format!("`{said}` signed")), "{refused}");
    }
    assert_eq!(stage.plugins.list()[0].about.version, "1.2.0");
}

#[tokio::test]
async fn a_plugin_that_crashes_in_a_row_rests() {
    let device = Device::new("edge").acting(vec![Act::Crash(Crash::Trap("unreachable".to_owned())); 6]);
    let stage = Stage::with(&device).await;
    let one = blocks(1);
    for _ in 0..5 {
        assert!(matches!(stage.edge().block(&one).await, Err(EnforceError::Transport { .. })));
    }
    let asked = device.calls.lock().unwrap().len();
    let busy = stage.edge().block(&one).await.unwrap_err();
    assert_eq!(
        busy.to_string(),
        "firewall `edge` wants to be asked again in 30s: its plugin crashed too often in a row: the plugin broke off: \
         unreachable"
    );
    assert_eq!(device.calls.lock().unwrap().len(), asked, "it is left alone");
    let health = stage.plugins.health().await.remove(0).health.unwrap();
    assert!(
        !health.enforcing && health.detail.starts_with("its plugin is resting until 2023-11-14T22:13:50"),
        "{health:?}"
    );
    assert!(matches!(stage.state(), PluginState::Resting { .. }));

    stage.clock.advance(Duration::from_secs(30));
    assert_eq!(stage.state(), PluginState::Ready);
    assert!(stage.edge().block(&one).await.is_err(), "the sixth crash");
    assert!(
        matches!(stage.state(), PluginState::Resting { until, .. } if until == NOW + Duration::from_secs(90))
    );
    stage.clock.advance(Duration::from_secs(60));
    stage.edge().block(&one).await.unwrap();
    assert_eq!(stage.state(), PluginState::Ready);
    let metrics = &stage.plugins.metrics()[0];
    assert_eq!((metrics.calls, metrics.crashes, metrics.items), (7, 6, 7));
}

#[tokio::test]
async fn a_disabled_plugin_is_not_asked_and_catches_up_afterwards() {
    let device = Device::new("edge");
    let stage = Stage::with(&device).await;
    let engine =
        Engine::builder().clock(Shared(Arc::clone(&stage.clock))).firewall(stage.edge()).build().unwrap();
    stage.edge().drift().await;
    stage.plugins.disable("edge").unwrap();
    stage.edge().drift().await;
    assert!(!engine.enforce(&block("203.0.113.7", "a", 3_600)).await.is_complete());
    assert_eq!(stage.state(), PluginState::Disabled);
    assert!(device.calls.lock().unwrap().is_empty());
    let health = stage.edge().health().await.unwrap();
    assert_eq!((health.enforcing, health.detail.as_str()), (false, "its plugin is disabled"));

    stage.plugins.enable("edge").unwrap();
    let drift = tokio::time::timeout(Duration::from_secs(5), stage.edge().drift()).await;
    assert!(drift.is_ok(), "whoever waits for drift is told");
    stage.clock.advance(Duration::from_secs(60));
    engine.reconcile().await;
    assert_eq!(device.targets(), ["203.0.113.7"]);
    let fresh = Stage::new();
    fresh.plugins.add("edge", Own::new("1.0.0", &device)).unwrap();
    assert!(matches!(fresh.plugins.enable("edge"), Err(RegistryError::Unconfigured { .. })));
}

#[tokio::test]
async fn what_a_plugin_does_is_counted() {
    let device = Device::new("edge").acting([
        Act::Well,
        Act::FailFrom(1, FailureKind::Full),
        Act::Crash(Crash::Deadline(Duration::from_secs(3))),
        Act::Waits(Arc::new(Semaphore::new(0))),
    ]);
    let stage = Stage::with(&device).await;
    let two = [blocks(1), blocks(2)].concat();
    stage.edge().block(&two).await.unwrap();
    stage.edge().block(&two).await.unwrap();
    stage.edge().block(&two).await.unwrap_err();
    let dropped = tokio::time::timeout(Duration::from_millis(5), stage.edge().block(&two)).await;
    assert!(dropped.is_err());
    stage.edge().blocked().await.unwrap();
    let metrics = stage.plugins.metrics().remove(0);
    assert_eq!((metrics.calls, metrics.failures, metrics.crashes, metrics.abandoned), (4, 1, 1, 1));
    assert_eq!((metrics.items, metrics.denials, metrics.times.count()), (6, 1, 4));
    let (at, words) = metrics.last_crash.unwrap();
    assert_eq!((at, words.as_str()), (NOW, "the plugin did not end within 3s"));
}

#[tokio::test]
async fn a_plan_is_asked_of_one_plugin() {
    let device = Device::new("edge");
    let stage = Stage::with(&device).await;
    let plan = stage.plugins.plan("edge", &blocks(1)).await.unwrap();
    assert_eq!(plan[0].detail, "PUT /list");
    assert!(stage.plugins.plan("core", &blocks(1)).await.is_err());
}

#[tokio::test]
async fn the_enforcer_gives_a_plugin_its_time() {
    let stage = Stage::with(&Device::new("edge")).await;
    let short = EnforceConfig { timeout: Duration::from_secs(1), ..EnforceConfig::default() };
    let config = stage.plugins.timeouts(short.clone());
    assert_eq!(config.firewalls["edge"].timeout, Some(Duration::from_secs(5)), "its three seconds, and two");
    let own = FirewallConfig { timeout: Some(Duration::from_millis(7)), ..FirewallConfig::default() };
    let config = EnforceConfig { firewalls: [("edge".to_owned(), own)].into(), ..short };
    let config = stage.plugins.timeouts(config);
    assert_eq!(config.firewalls["edge"].timeout, Some(Duration::from_millis(7)));
    assert_eq!(stage.plugins.timeouts(EnforceConfig::default()), EnforceConfig::default(), "it has enough");
}
