//! Twenty firewalls, five of which hang: how long it takes until the other fifteen are served, beside fifteen alone.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use autosec_core::decision::Decision;
use autosec_core::enforce::{
    Block, BreakerConfig, Capabilities, EnforceConfig, EnforceError, FirewallIntegration, Health,
    MemoryFirewall, Outcome,
};
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::time::Timestamp;
use ipnet::IpNet;

use crate::support::{Asks, bar};

const HEALTHY: usize = 15;
const HANGING: usize = 5;
const ROUNDS: u32 = 400;
/// What a device in the same data centre takes.
const LATENCY: Duration = Duration::from_millis(3);
const TIMEOUT: Duration = Duration::from_millis(15);

/// Prints the bar. The circuit breaker is off, so that the five hang in every round.
pub fn measure() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (alone, among) = runtime.block_on(async {
        let (alone, among) = (Fleet::new(0), Fleet::new(HANGING));
        for round in 0..ROUNDS {
            // Whoever is first in one round is second in the next.
            let fleets = if round % 2 == 0 { [&alone, &among] } else { [&among, &alone] };
            for fleet in fleets {
                fleet.block(round).await;
            }
        }
        (alone.percentile(99), among.percentile(99))
    });
    println!(
        "note enforce/hanging-firewalls p99 {HEALTHY} alone {alone:?}, among {HANGING} that hang {among:?}"
    );
    bar("enforce/hanging-firewalls", among.as_secs_f64() / alone.as_secs_f64(), "ratio", Asks::AtMost(1.2));
}

struct Fleet {
    engine: Engine,
    served: Served,
}

/// When the round began, and how long each healthy firewall took to be served.
type Served = Arc<Mutex<(Option<Instant>, Vec<Duration>)>>;

impl Fleet {
    fn new(hanging: usize) -> Self {
        let breaker = BreakerConfig { failures: 0, ..BreakerConfig::default() };
        let config = EnforceConfig { timeout: TIMEOUT, attempts: 1, breaker, ..EnforceConfig::default() };
        let served = Served::default();
        let mut builder = Engine::builder().enforcement(config);
        for number in 0..hanging + HEALTHY {
            let memory = MemoryFirewall::new(format!("firewall {number}"));
            // Those that hang come first: each of them could hold up all others.
            let served = (number >= hanging).then(|| Arc::clone(&served));
            builder = builder.firewall(Device { memory, served });
        }
        Self { engine: builder.build().unwrap(), served }
    }

    async fn block(&self, round: u32) {
        let subject = Entity::address(Ipv4Addr::from(0xC612_0000 + round).into());
        let time = Timestamp::from_secs(1_700_000_000);
        let decision = Decision::new(subject, Action::Block, time, Duration::from_secs(3600));
        self.served.lock().unwrap().0 = Some(Instant::now());
        self.engine.enforce(&decision).await;
    }

    fn percentile(&self, percent: usize) -> Duration {
        let mut served = self.served.lock().unwrap().1.clone();
        assert_eq!(served.len(), HEALTHY * ROUNDS as usize, "each healthy firewall is served in each round");
        served.sort_unstable();
        served[served.len() * percent / 100]
    }
}

/// Answers after a while and notes when, or never.
#[derive(Debug)]
struct Device {
    memory: MemoryFirewall,
    served: Option<Served>,
}

#[async_trait]
impl FirewallIntegration for Device {
    fn name(&self) -> &str {
        self.memory.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        let Some(served) = &self.served else { return std::future::pending().await };
        tokio::time::sleep(LATENCY).await;
        let outcomes = self.memory.block(blocks).await;
        let (begun, took) = &mut *served.lock().unwrap();
        took.extend(begun.map(|begun| begun.elapsed()));
        outcomes
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.memory.unblock(targets).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.memory.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.memory.health().await
    }
}
