//! What must not be told is not told: a firewall's key in no log, no error and no `Debug` of AutoSec's, though its
//! integration be careless.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use autosec_core::decision::{Allowlist, Guard, GuardConfig};
use autosec_core::enforce::{
    Block, Capabilities, DryRun, EnforceConfig, EnforceError, Enforcer, FirewallIntegration, Health,
    MemoryFirewall, Outcome,
};
use autosec_core::engine::Engine;
use autosec_core::observe::{Observer, Record, Silent};
use autosec_core::store::{MemoryStore, Store};
use autosec_core::time::{SystemClock, Timestamp};
use ipnet::IpNet;

use crate::support::block;

const KEY: &str = "LUFRPT1hbm90aGVy";

/// Shows its key wherever it can: in its `Debug`, and when it panics.
#[derive(Clone, Debug)]
struct Careless {
    memory: MemoryFirewall,
    _key: &'static str,
    panics: bool,
}

impl Careless {
    fn new(name: &str, panics: bool) -> Self {
        Self { memory: MemoryFirewall::new(name), _key: KEY, panics }
    }

    fn slip(&self) {
        if self.panics {
            // Past the hook, which prints where a panic was; what it says is the integration's own.
            std::panic::resume_unwind(Box::new(format!("login with {KEY} failed")));
        }
    }
}

#[async_trait]
impl FirewallIntegration for Careless {
    fn name(&self) -> &str {
        self.memory.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.slip();
        self.memory.block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.slip();
        self.memory.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.slip();
        self.memory.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.slip();
        self.memory.health().await
    }

    async fn drift(&self) {
        self.slip();
    }
}

/// Everything an observer is told, as a log would hold it.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Observer for Log {
    fn note(&self, at: Timestamp, record: &Record<'_>) {
        *self.0.lock().unwrap() += &format!("{at} {record:?}\n");
    }
}

#[tokio::test(start_paused = true)]
async fn a_firewall_s_key_is_nowhere() {
    assert!(format!("{:?}", Careless::new("edge", false)).contains(KEY), "it would be easy");
    for panics in [false, true] {
        let (log, store) = (Log::default(), Arc::new(MemoryStore::new()));
        let edge = Careless::new("edge", panics);
        let dry = DryRun::over(Careless::new("dry", panics));
        let engine = Engine::builder().firewall(edge.clone()).firewall(dry.clone()).observer(log.clone());
        let engine = engine.store(Arc::clone(&store)).build().unwrap();
        let enforcer = engine.enforcer();
        let decision = block("203.0.113.7", "a", 3600);
        let mut told = vec![
            format!("{:?}", engine.enforce(&decision).await),
            engine.enforce(&decision).await.to_string(),
            format!("{:?}", engine.reconcile().await),
            format!("{:?}", enforcer.plan(&[block("203.0.113.8", "b", 60)]).await),
            format!("{:?}", enforcer.health().await),
            format!(
                "{:?}",
                enforcer.try_out(&[block("203.0.113.9", "c", 60)], std::time::Duration::from_secs(1)).await
            ),
            format!("{:?}", engine.unblock("203.0.113.0/24".parse().unwrap()).await),
            enforcer.release_all().await.to_string(),
            format!("{:?} {:?}", enforcer.dead_letters(), enforcer.replay().await),
            format!("{engine:?} {enforcer:?} {:?}", enforcer.status()),
            format!("{dry:?} {dry} {:?}", dry.recorded()),
        ];
        let running = tokio::time::timeout(std::time::Duration::from_secs(3), enforcer.run());
        assert!(running.await.is_err(), "it goes on");
        told.push(log.0.lock().unwrap().clone());
        told.push(store.read("ledger").unwrap().join("\n"));
        for text in &told {
            assert!(!text.contains(KEY), "{text}");
        }
        let all = told.concat();
        assert!(all.contains("edge") && all.contains("dry"), "something was told");
        assert_eq!(all.contains("Broken"), panics, "{all}");
    }
}

#[test]
fn nor_in_an_enforcer_by_itself() {
    let edge = Arc::new(Careless::new("edge", false));
    let guard = Arc::new(Guard::new(GuardConfig::default(), Allowlist::new()));
    let store = Arc::new(MemoryStore::new());
    let enforcer = Enforcer::open(
        vec![edge],
        guard,
        store,
        Arc::new(SystemClock),
        Arc::new(Silent),
        EnforceConfig::default(),
    );
    assert!(!format!("{:?}", enforcer.unwrap()).contains(KEY));
}
