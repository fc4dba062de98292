//! A process that ends owing a firewall something, and the next one that pays it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceConfig, EnforceError, FirewallIntegration, Health, Outcome, Status,
};
use autosec_core::engine::Engine;
use autosec_core::store::{MemoryStore, Store};
use autosec_core::time::{ManualClock, Timestamp};
use ipnet::IpNet;

use crate::support::{Shared, block};

/// What outlives processes: a device that keeps neither ends nor owners.
#[derive(Clone, Debug, Default)]
struct Device {
    held: Arc<Mutex<BTreeSet<IpNet>>>,
    is_away: Arc<AtomicBool>,
}

impl Device {
    fn holds(&self, target: &str) -> bool {
        self.held.lock().unwrap().contains(&target.parse().unwrap())
    }
}

/// One process's view of it: it lists only what this process asked for.
#[derive(Debug, Default)]
struct Forgetful {
    device: Device,
    asked: Mutex<BTreeSet<IpNet>>,
}

impl Forgetful {
    fn reach(&self) -> Result<(), EnforceError> {
        if self.device.is_away.load(Ordering::SeqCst) {
            let reason = "nobody there".to_owned();
            return Err(EnforceError::Transport { firewall: "edge".to_owned(), reason });
        }
        Ok(())
    }
}

#[async_trait]
impl FirewallIntegration for Forgetful {
    fn name(&self) -> &str {
        "edge"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_ttl: false,
            max_ttl: None,
            prefixes: false,
            ipv6: false,
            batch: 10,
            capacity: None,
            atomic: false,
        }
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.reach()?;
        let targets: Vec<IpNet> = blocks.iter().map(|block| block.target).collect();
        self.device.held.lock().unwrap().extend(&targets);
        self.asked.lock().unwrap().extend(&targets);
        Ok(done(&targets))
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.reach()?;
        self.device.held.lock().unwrap().retain(|held| !targets.contains(held));
        self.asked.lock().unwrap().retain(|held| !targets.contains(held));
        Ok(done(targets))
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.reach()?;
        let asked = self.asked.lock().unwrap();
        let block = |target: &IpNet| Block { target: *target, ttl: None, reason: String::new() };
        Ok(asked.iter().map(block).collect())
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.reach()?;
        Ok(Health { enforcing: true, detail: String::new() })
    }
}

fn done(targets: &[IpNet]) -> Vec<Outcome> {
    targets.iter().map(|target| Outcome { target: *target, status: Status::Done }).collect()
}

/// A process over what outlives it.
fn start(store: &Arc<dyn Store>, device: &Device, clock: &Arc<ManualClock>) -> Engine {
    Engine::builder()
        .store(Arc::clone(store))
        .clock(Shared(Arc::clone(clock)))
        .enforcement(EnforceConfig { seed: Some(7), ..EnforceConfig::default() })
        .firewall(Forgetful { device: device.clone(), asked: Mutex::default() })
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_ended_while_nobody_was_there_is_let_go_of() {
    let (store, device): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::new()), Device::default());
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
    let first = start(&store, &device, &clock);
    for (client, seconds) in [("203.0.113.7", 60), ("203.0.113.8", 3600)] {
        assert!(first.enforce(&block(client, client, seconds)).await.is_complete());
    }
    drop(first);
    clock.advance(Duration::from_secs(120));

    let second = start(&store, &device, &clock);
    second.reconcile().await;
    assert!(device.holds("203.0.113.7/32"), "a comparison cannot see it");
    second.maintain().await;
    assert!(!device.holds("203.0.113.7/32") && device.holds("203.0.113.8/32"));
    // Somebody may put it back, and nobody takes it off a second time.
    device.held.lock().unwrap().insert("203.0.113.7/32".parse().unwrap());
    second.maintain().await;
    assert!(device.holds("203.0.113.7/32"));
}

#[tokio::test]
async fn what_could_not_be_let_go_of_is_still_owed_after_a_restart() {
    for by_hand in [false, true] {
        let (store, device): (Arc<dyn Store>, _) = (Arc::new(MemoryStore::new()), Device::default());
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
        let first = start(&store, &device, &clock);
        assert!(first.enforce(&block("203.0.113.7", "a", 60)).await.is_complete());
        device.is_away.store(true, Ordering::SeqCst);
        if by_hand {
            assert!(!first.unblock("203.0.113.7/32".parse().unwrap()).await.is_complete());
        } else {
            clock.advance(Duration::from_secs(61));
            first.maintain().await;
        }
        assert!(device.holds("203.0.113.7/32"));
        drop(first);

        device.is_away.store(false, Ordering::SeqCst);
        start(&store, &device, &clock).maintain().await;
        assert!(!device.holds("203.0.113.7/32"), "by hand: {by_hand}");
    }
}
