//! Clocks that are set backwards and forwards while blocks are in force: none for ever, none lost early but by a clock set
//! forward, which ends what ends by the new time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, MemoryFirewall, Outcome,
};
use autosec_core::engine::Engine;
use autosec_core::store::MemoryStore;
use autosec_core::time::{Clock, ManualClock, Timestamp};
use futures_util::FutureExt;
use ipnet::IpNet;

use crate::support::block;

const STEP: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A device, whose own clock is right whatever the host's says.
#[derive(Clone, Debug)]
struct Device(MemoryFirewall, Capabilities);

#[async_trait]
impl FirewallIntegration for Device {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.1
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.0.block(blocks).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.0.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.0.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.0.health().await
    }
}

/// What is known of a block.
#[derive(Debug)]
struct Known {
    /// In right time: when it began, or when the clock was last set back since.
    counted_from: Timestamp,
    began: Timestamp,
    duration: Duration,
    /// Whether the clock was set forward since.
    may_be_early: bool,
}

struct World {
    /// What time it is, and what time the host believes it is.
    right: Arc<ManualClock>,
    host: Arc<ManualClock>,
    devices: [Device; 3],
    store: Arc<MemoryStore>,
    known: BTreeMap<IpNet, Known>,
    dice: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let start = Timestamp::from_secs(1_700_000_000);
        let [right, host] = [start, start].map(|at| Arc::new(ManualClock::new(at)));
        let device = |name: &str, native_ttl, max_ttl| {
            let memory = MemoryFirewall::with_clock(name, Arc::clone(&right) as Arc<dyn Clock>);
            let can = Capabilities { native_ttl, max_ttl, ..memory.capabilities() };
            Device(memory, can)
        };
        let devices =
            [device("native", true, None), device("old", false, None), device("short", true, Some(HOUR / 6))];
        Self { right, host, devices, store: Arc::default(), known: BTreeMap::new(), dice: seed }
    }

    fn engine(&self) -> Engine {
        let mut builder = Engine::builder().clock(Arc::clone(&self.host)).store(Arc::clone(&self.store));
        for device in &self.devices {
            builder = builder.firewall(device.clone());
        }
        builder.build().unwrap()
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 16) % sides
    }

    /// The host's clock is set by an hour or a day.
    fn jump(&mut self) {
        let span = if self.roll(2) == 0 { HOUR } else { DAY };
        let forward = self.roll(2) == 0;
        let now = self.host.now();
        self.host.set(if forward { now + span } else { now - span });
        for known in self.known.values_mut() {
            if forward {
                known.may_be_early = true;
            } else {
                known.counted_from = self.right.now();
            }
        }
    }

    fn block(&mut self, engine: &Engine, number: u32) {
        let address = std::net::Ipv4Addr::from(0xC612_0000 + number);
        let duration = STEP * (2 + u32::try_from(self.roll(300)).unwrap());
        let decision = block(&address.to_string(), &number.to_string(), duration.as_secs());
        assert!(now(engine.enforce(&decision)).is_complete());
        let began = self.right.now();
        let known = Known { counted_from: began, began, duration, may_be_early: false };
        self.known.insert(IpNet::from(std::net::IpAddr::from(address)), known);
    }

    /// Holds every device against what is known; forgets what has ended everywhere.
    fn look(&mut self, place: &str) {
        let right = self.right.now();
        for device in &self.devices {
            for (target, known) in &self.known {
                let is_held = device.0.drops(target.addr());
                let is_due = right < known.began + known.duration;
                assert!(
                    is_held || known.may_be_early || !is_due,
                    "{place}: {} lost {target} {known:?}",
                    device.name()
                );
                // A device whose times are ours to keep is told within a step.
                let is_late = right > known.counted_from + known.duration + STEP * 2;
                assert!(!is_held || !is_late, "{place}: {} keeps {target} {known:?}", device.name());
            }
        }
        let devices = &self.devices;
        self.known.retain(|target, known| {
            right < known.began + known.duration || devices.iter().any(|device| device.0.drops(target.addr()))
        });
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

#[test]
fn make_no_block_immortal_and_lose_none_early() {
    let (mut jumps, mut restarts) = (0, 0);
    for seed in 1..=if cfg!(debug_assertions) { 8 } else { 40 } {
        let mut world = World::new(seed * 0x9E37_79B9);
        let mut engine = world.engine();
        for step in 0..2_000 {
            let place = format!("seed {seed}, step {step}");
            if world.roll(8) == 0 {
                world.block(&engine, step);
            }
            if world.roll(100) == 0 {
                jumps += 1;
                world.jump();
            }
            if world.roll(200) == 0 {
                // Off for a moment, in which the clock may be set as well.
                restarts += 1;
                drop(engine);
                if world.roll(2) == 0 {
                    world.jump();
                }
                engine = world.engine();
                now(engine.reconcile());
            }
            [&world.right, &world.host].iter().for_each(|clock| clock.advance(STEP));
            now(engine.maintain());
            if world.roll(20) == 0 {
                now(engine.reconcile());
            }
            world.look(&place);
        }
        // When the clock is left alone, everything ends.
        for step in 0..320 {
            [&world.right, &world.host].iter().for_each(|clock| clock.advance(STEP));
            now(engine.maintain());
            world.look(&format!("seed {seed}, step {step} of the end"));
        }
        assert!(world.known.is_empty() && engine.in_force().is_empty(), "seed {seed}: {:?}", world.known);
    }
    assert!(jumps > 100 && restarts > 50, "{jumps} jumps, {restarts} restarts");
}
