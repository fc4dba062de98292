//! Killed at any point, started again with the same store: no block lost, none for ever.

use std::io::{BufRead, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{
    Block, Capabilities, EnforceError, FirewallIntegration, Health, MemoryFirewall, Outcome,
};
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::store::{FileStore, Store, StoreError};
use futures_util::FutureExt;
use ipnet::IpNet;

use crate::support::{address, block};

/// Counts down to the step at which the process "dies": every store write and every firewall change is two steps,
/// before and after it takes effect.
#[derive(Clone, Debug)]
struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    fn new(steps: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(steps)))
    }

    fn step(&self) {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left != Ok(1), "killed here");
    }
}

#[derive(Debug)]
struct MortalStore(FileStore, Fuse);

impl Store for MortalStore {
    fn append(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.1.step();
        self.0.append(journal, records)?;
        self.1.step();
        Ok(())
    }

    fn read(&self, journal: &str) -> Result<Vec<String>, StoreError> {
        self.0.read(journal)
    }

    fn replace(&self, journal: &str, records: &[String]) -> Result<(), StoreError> {
        self.0.replace(journal, records)
    }
}

#[derive(Debug)]
struct MortalFirewall(MemoryFirewall, Fuse);

#[async_trait]
impl FirewallIntegration for MortalFirewall {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn block(&self, blocks: &[Block]) -> Result<Vec<Outcome>, EnforceError> {
        self.1.step();
        let outcomes = self.0.block(blocks).await;
        self.1.step();
        outcomes
    }

    async fn unblock(&self, targets: &[IpNet]) -> Result<Vec<Outcome>, EnforceError> {
        self.1.step();
        let outcomes = self.0.unblock(targets).await;
        self.1.step();
        outcomes
    }

    async fn blocked(&self) -> Result<Vec<Block>, EnforceError> {
        self.0.blocked().await
    }

    async fn health(&self) -> Result<Health, EnforceError> {
        self.0.health().await
    }
}

fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("autosec-crash-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

fn engine(directory: &Path, firewall: &MemoryFirewall, fuse: &Fuse) -> Engine {
    let store = FileStore::open(directory).unwrap();
    Engine::builder()
        .store(MortalStore(store, fuse.clone()))
        .firewall(MortalFirewall(firewall.clone(), fuse.clone()))
        .build()
        .unwrap()
}

/// What a host does in this story; gives the addresses that were acknowledged as blocked and as free.
async fn story(engine: &Engine, blocked: &mut Vec<&'static str>) {
    let enforce = async |address: &'static str, blocked: &mut Vec<&'static str>| {
        assert!(engine.enforce(&block(address, address, 3600)).await.is_complete());
        blocked.push(address);
    };
    enforce("203.0.113.1", blocked).await;
    enforce("203.0.113.2", blocked).await;
    enforce("203.0.113.3", blocked).await;
    // From the moment it is asked for, the address may be free: it is no longer one that must be blocked.
    blocked.retain(|address| *address != "203.0.113.2");
    engine.unblock("203.0.113.2/32".parse().unwrap()).await;
    blocked.retain(|address| *address != "203.0.113.3");
    engine.allow(Entity::address(address("203.0.113.3")), "monitor").await;
    enforce("203.0.113.4", blocked).await;
}

#[tokio::test]
async fn at_every_step() {
    std::panic::set_hook(Box::new(|info| {
        if !info.to_string().contains("killed here") {
            eprintln!("{info}");
        }
    }));
    let mut survived_whole = false;
    for steps in 1..40 {
        let directory = directory(&steps.to_string());
        let firewall = MemoryFirewall::new("edge");
        let mut blocked = Vec::new();
        let first = engine(&directory, &firewall, &Fuse::new(steps));
        survived_whole = AssertUnwindSafe(story(&first, &mut blocked)).catch_unwind().await.is_ok();
        drop(first);

        let again = engine(&directory, &firewall, &Fuse::new(0));
        again.reconcile().await;
        let ledger: Vec<IpNet> = again.in_force().iter().map(|entry| entry.target).collect();
        let kernel = firewall.blocked().await.unwrap();
        assert_eq!(
            kernel.iter().map(|held| held.target).collect::<Vec<_>>(),
            ledger,
            "killed at step {steps}"
        );
        assert!(kernel.iter().all(|held| held.ttl.is_some()), "none for ever");
        for address in blocked {
            let target: IpNet = format!("{address}/32").parse().unwrap();
            assert!(ledger.contains(&target), "killed at step {steps}: {address} was lost");
        }
        std::fs::remove_dir_all(&directory).unwrap();
        if survived_whole {
            break;
        }
    }
    let _ = std::panic::take_hook();
    assert!(survived_whole, "the story must have been killed at each of its steps, and once not at all");
}

const CHILD: &str = "AUTOSEC_CRASH_CHILD";

/// The process that is killed: blocks address after address and says so after each.
#[tokio::test]
async fn child() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let engine = Engine::builder()
        .store(FileStore::open(directory).unwrap())
        .firewall(MemoryFirewall::new("edge"))
        .build()
        .unwrap();
    for number in 0..60_000_u32 {
        let address = std::net::Ipv4Addr::from(0xC633_0000 + number);
        assert!(engine.enforce(&block(&address.to_string(), &number.to_string(), 3600)).await.is_complete());
        println!("blocked {address}");
    }
}

#[test]
fn by_a_real_kill() {
    for round in 0..5_u64 {
        let directory = directory(&format!("kill-{round}"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(CHILD, &directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<String> = Vec::new();
        let note = |line: std::io::Result<String>, all: &mut Vec<String>| {
            all.extend(line.unwrap().strip_prefix("blocked ").map(ToOwned::to_owned));
        };
        while acknowledged.len() < 20 {
            note(lines.next().expect("the child goes on until it is killed"), &mut acknowledged);
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| note(line, &mut acknowledged));

        let store = FileStore::open(&directory).unwrap();
        let engine = Engine::builder().store(store).build().unwrap();
        let ledger: Vec<String> =
            engine.in_force().iter().map(|entry| entry.target.addr().to_string()).collect();
        let lost = acknowledged.iter().filter(|address| !ledger.contains(address)).count();
        assert_eq!(lost, 0, "of {} acknowledged blocks", acknowledged.len());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
