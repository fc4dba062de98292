//! What several test files need: examples as programs, scores on simulated logins, golden files, data sets, and a firewall that misbehaves on demand.

pub mod challenges;
pub mod folder;
pub mod golden;
pub mod logins;
pub mod model;
pub mod npz;
pub mod program;
pub mod python;
pub mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::decision::Decision;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, MemoryFirewall, Outcome,
};
use autosec_core::entity::Entity;
use autosec_core::finding::Action;
use autosec_core::measure::RiskScore;
use autosec_core::time::{Clock, ManualClock, Timestamp};
use ipnet::IpNet;

/// A clock that the test and the engine share.
#[derive(Clone, Debug)]
pub struct Shared(pub Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// How a [`Moody`] firewall treats a call.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// It wants to be asked again in so much time.
    Busy(Duration),
    Fine,
    Hang,
    Lost,
    Rejects(IpNet),
    Slow,
    Unreachable,
}

/// A firewall in memory that treats its n-th change as the n-th mood says, the last mood for ever.
#[derive(Clone, Debug)]
pub struct Moody {
    pub memory: MemoryFirewall,
    moods: Arc<Vec<Mood>>,
    calls: Arc<AtomicUsize>,
    native_ttl: bool,
    unreadable: Arc<AtomicUsize>,
}

impl Moody {
    pub fn new(memory: MemoryFirewall, moods: &[Mood]) -> Self {
        Self {
            memory,
            moods: Arc::new(moods.to_vec()),
            calls: Arc::default(),
            native_ttl: true,
            unreadable: Arc::default(),
        }
    }

    pub fn without_ttl(mut self) -> Self {
        self.native_ttl = false;
        self
    }

    /// The next so many times it cannot be read back.
    pub fn unreadable_for(self, times: usize) -> Self {
        self.unreadable.store(times, Ordering::SeqCst);
        self
    }

    /// How often it was asked to change.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn change(&self, items: &[IpNet], work: impl Future<Output = Answer>) -> Answer {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let mood = self.moods.get(call).or(self.moods.last()).copied().unwrap_or(Mood::Fine);
        let firewall = self.name().to_owned();
        match mood {
            Mood::Busy(after) => {
                Err(EnforceError::Busy { firewall, after, reason: "too many requests".into() })
            }
            Mood::Fine => work.await,
            Mood::Hang => std::future::pending().await,
            Mood::Lost => {
                self.memory.flush();
                Err(EnforceError::Lost { firewall, reason: "somebody flushed it".into() })
            }
            Mood::Rejects(target) if items.contains(&target) => {
                Err(EnforceError::Rejected { firewall, target: Some(target), reason: "bad item".into() })
            }
            Mood::Rejects(_) => work.await,
            Mood::Slow => {
                tokio::time::sleep(Duration::from_millis(call as u64 % 5)).await;
                let answer = work.await;
                tokio::task::yield_now().await;
                answer
            }
            Mood::Unreachable => {
                Err(EnforceError::Transport { firewall, reason: "connection refused".into() })
            }
        }
    }
}

type Answer = Result<Vec<Outcome>, EnforceError>;

#[async_trait]
impl FirewallIntegration for Moody {
    fn name(&self) -> &str {
        self.memory.name()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { native_ttl: self.native_ttl, ..self.memory.capabilities() }
    }

    async fn block(&self, blocks: &[Block]) -> Answer {
        let items: Vec<IpNet> = blocks.iter().map(|block| block.target).collect();
        self.change(&items, self.memory.block(blocks)).await
    }

    async fn unblock(&self, targets: &[IpNet]) -> Answer {
        self.change(targets, self.memory.unblock(targets)).await
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        let left =
            self.unreadable.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            let (firewall, reason) = (self.name().to_owned(), "connection refused".to_owned());
            return Err(EnforceError::Transport { firewall, reason });
        }
        self.memory.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.memory.health().await
    }
}

/// A decision to block `target` for `seconds`.
pub fn block(target: &str, id: &str, seconds: u64) -> Decision {
    let subject = Entity::from(autosec_core::net::network(target).unwrap());
    let (time, duration) = (Timestamp::from_secs(1_700_000_000), Duration::from_secs(seconds));
    let mut decision = Decision::new(subject, Action::Block, time, duration)
        .with_risk(RiskScore::ONE)
        .with_scenario("test-rule");
    decision.id = id.into();
    decision
}

pub fn address(text: &str) -> std::net::IpAddr {
    text.parse().unwrap()
}
