//! What becomes of the ledger when something happens to a plugin in the middle of a call: nothing is lost of it.

use std::sync::Arc;
use std::time::Duration;

use autosec_core::enforce::EnforceConfig;
use autosec_core::engine::Engine;
use tokio::sync::Semaphore;

use super::device::{Act, Device};
use super::registry::{CONFIG, Own, Stage};
use crate::support::{Shared, block};

const ATTACKERS: [&str; 3] = ["198.18.0.1", "198.18.0.2", "198.18.0.3"];

/// What happens in the middle.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// Whoever asked no longer waits.
    Dropped,
    /// The enforcer's time is over.
    GivenUp,
    Replaced,
    Disabled,
    Configured,
    /// It is replaced, and the earlier version put back.
    WentBack,
}

const ALL: [Happens; 6] = [
    Happens::Dropped,
    Happens::GivenUp,
    Happens::Replaced,
    Happens::Disabled,
    Happens::Configured,
    Happens::WentBack,
];

/// A plugin that waits in its first call, with an engine in front.
struct Scene {
    stage: Stage,
    engine: Arc<Engine>,
    old: Device,
    new: Device,
    door: Arc<Semaphore>,
}

impl Scene {
    async fn new() -> Self {
        let (old, new) = (Device::new("edge"), Device::new("edge"));
        let stage = Stage::with(&old).await;
        let config = EnforceConfig {
            seed: Some(7),
            attempts: 1,
            timeout: Duration::from_millis(500),
            ..EnforceConfig::default()
        };
        let builder = Engine::builder().clock(Shared(Arc::clone(&stage.clock))).enforcement(config);
        let engine = Arc::new(builder.firewall(stage.edge()).build().unwrap());
        Self { stage, engine, old, new, door: Arc::new(Semaphore::new(0)) }
    }

    /// The next call of the plugin waits.
    fn wait(&self) {
        self.old.acts.lock().unwrap().push_back(Act::Waits(Arc::clone(&self.door)));
        self.old.calls.lock().unwrap().clear();
    }

    async fn is_called(&self) {
        while self.old.calls.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    async fn happens(&self, what: Happens, call: tokio::task::JoinHandle<()>) {
        let plugins = &self.stage.plugins;
        match what {
            Happens::Dropped => {
                call.abort();
                assert!(call.await.unwrap_err().is_cancelled());
                return;
            }
            Happens::GivenUp => {
                call.await.unwrap();
                return;
            }
            Happens::Replaced => plugins.replace("edge", Own::new("2.0.0", &self.new)).await.unwrap(),
            Happens::Disabled => plugins.disable("edge").unwrap(),
            Happens::Configured => plugins.configure("edge", CONFIG).await.unwrap(),
            Happens::WentBack => {
                plugins.replace("edge", Own::new("2.0.0", &self.new)).await.unwrap();
                plugins.go_back("edge").await.unwrap();
            }
        }
        self.door.add_permits(1);
        call.await.unwrap();
    }

    /// Turns of the host's timer, until all is caught up with.
    async fn catch_up(&self) {
        self.stage.plugins.enable("edge").unwrap();
        for _ in 0..8 {
            self.stage.clock.advance(Duration::from_secs(30));
            self.engine.maintain().await;
        }
        self.engine.reconcile().await;
    }

    /// What is on the device that is asked now.
    fn held(&self) -> Vec<String> {
        let is_new = self.stage.plugins.list()[0].about.version == "2.0.0";
        if is_new { self.new.targets() } else { self.old.targets() }
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_whose_call_is_torn_is_made_in_the_end() {
    for what in ALL {
        let scene = Scene::new().await;
        scene.wait();
        let engine = Arc::clone(&scene.engine);
        let call = tokio::spawn(async move {
            let decisions = ATTACKERS.map(|attacker| block(attacker, attacker, 86_400));
            engine.enforcer().enforce_all(&decisions).await;
        });
        scene.is_called().await;
        scene.happens(what, call).await;
        assert_eq!(scene.engine.in_force().len(), 3, "{what:?}: the ledger has all of it");
        scene.catch_up().await;
        assert_eq!(scene.held(), ATTACKERS, "{what:?}");
        assert_eq!(scene.engine.enforcer().status()[0].queued, 0, "{what:?}");
        assert!(scene.engine.enforcer().dead_letters().is_empty(), "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_to_be_let_in_again_is_let_in_in_the_end() {
    for what in ALL {
        let scene = Scene::new().await;
        let decisions = ATTACKERS.map(|attacker| block(attacker, attacker, 86_400));
        assert!(scene.engine.enforcer().enforce_all(&decisions).await.is_complete());
        // Another version has the same device before it.
        *scene.new.held.lock().unwrap() = scene.old.held.lock().unwrap().clone();
        scene.wait();
        let engine = Arc::clone(&scene.engine);
        let call = tokio::spawn(async move {
            engine.unblock(autosec_core::net::network(ATTACKERS[1]).unwrap()).await;
        });
        scene.is_called().await;
        scene.happens(what, call).await;
        assert_eq!(scene.engine.in_force().len(), 2, "{what:?}");
        scene.catch_up().await;
        assert_eq!(scene.held(), [ATTACKERS[0], ATTACKERS[2]], "{what:?}");
        assert_eq!(scene.engine.enforcer().status()[0].queued, 0, "{what:?}");
    }
}
