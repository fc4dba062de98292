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

/// What a fuse shows that has burnt down: nothing more happens in a dead process.
const DEAD: usize = usize::MAX;

impl Fuse {
    /// One that burns down in so many steps; in none, never.
    fn new(steps: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(steps)))
    }

    fn step(&self) {
        let burn = |left| match left {
            0 | DEAD => None,
            1 => Some(DEAD),
            more => Some(more - 1),
        };
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, burn);
        assert!(!matches!(left, Ok(1) | Err(DEAD)), "killed here");
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

/// Another test that starts a process holds our lock for a moment, in the copy that becomes that process.
fn open(directory: &Path) -> FileStore {
    for _ in 0..100 {
        match FileStore::open(directory) {
            Err(StoreError::Owned { .. }) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap(),
        }
    }
    panic!("`{}` stays locked", directory.display())
}

fn engine(directory: &Path, firewall: &MemoryFirewall, fuse: &Fuse) -> Engine {
    let store = open(directory);
    Engine::builder()
        .store(MortalStore(store, fuse.clone()))
        .firewall(MortalFirewall(firewall.clone(), fuse.clone()))
        .build()
        .unwrap()
}

/// In a story that is not cut short everything is acknowledged; in a dead process nobody hears about it.
fn acknowledged(is_complete: bool) {
    assert!(is_complete, "not acknowledged, because killed here");
}

/// What a host does in this story; gives the addresses that were acknowledged as blocked and not asked to be free since.
/// Each `seed` is another story.
async fn story(engine: &Engine, seed: u32, blocked: &mut Vec<String>) {
    let host = |number: u32| format!("203.0.113.{}", 1 + number % 200);
    let enforce = async |number: u32, blocked: &mut Vec<String>| {
        let address = host(number);
        acknowledged(engine.enforce(&block(&address, &format!("{seed}-{number}"), 3600)).await.is_complete());
        blocked.push(address);
    };
    for number in 0..2 + seed % 3 {
        enforce(seed * 7 + number, blocked).await;
    }
    // From the moment it is asked for, an address may be free: it is no longer one that must be blocked.
    let free = host(seed * 7);
    blocked.retain(|address| *address != free);
    if seed.is_multiple_of(2) {
        engine.unblock(format!("{free}/32").parse().unwrap()).await;
    } else {
        engine.allow(Entity::address(address(&free)), "monitor").await;
    }
    // Many at once are written at once: all of them are in force, or none.
    let many = [100, 101, 102].map(|number| block(&host(seed + number), &format!("{seed}-{number}"), 3600));
    acknowledged(engine.enforcer().enforce_all(&many).await.is_complete());
    blocked.extend([100, 101, 102].map(|number| host(seed + number)));
    if seed % 4 == 3 {
        blocked.clear();
        engine.enforcer().release_all().await;
        enforce(seed + 150, blocked).await;
    }
    let trial =
        engine.enforcer().try_out(&[block("203.0.113.250", "trial", 3600)], Duration::from_secs(60)).await;
    acknowledged(engine.enforcer().confirm(trial).await.is_complete());
    blocked.push("203.0.113.250".to_owned());
    engine.reconcile().await;
}

#[tokio::test]
async fn at_every_step() {
    std::panic::set_hook(Box::new(|info| {
        if !info.to_string().contains("killed here") {
            eprintln!("{info}");
        }
    }));
    let mut runs = 0;
    for seed in 0..12 {
        for steps in 1.. {
            runs += 1;
            if killed_at(seed, steps).await {
                break;
            }
            assert!(steps < 100, "the story must end some time");
        }
    }
    let _ = std::panic::take_hook();
    assert!(runs >= 200, "{runs} runs");
}

/// Kills a story at a step, starts again and looks; says whether the story was over before.
async fn killed_at(seed: u32, steps: usize) -> bool {
    let place = format!("story {seed}, killed at step {steps}");
    let directory = directory(&format!("{seed}-{steps}"));
    let firewall = MemoryFirewall::new("edge");
    let mut blocked = Vec::new();
    let first = engine(&directory, &firewall, &Fuse::new(steps));
    let survived = AssertUnwindSafe(story(&first, seed, &mut blocked)).catch_unwind().await.is_ok();
    drop(first);

    let again = engine(&directory, &firewall, &Fuse::new(0));
    again.reconcile().await;
    let ledger: Vec<IpNet> = again.in_force().iter().map(|entry| entry.target).collect();
    let kernel = firewall.blocked().await.unwrap();
    assert_eq!(kernel.iter().map(|held| held.target).collect::<Vec<_>>(), ledger, "{place}");
    assert!(kernel.iter().all(|held| held.ttl.is_some()), "{place}: none for ever");
    for address in blocked {
        let target: IpNet = format!("{address}/32").parse().unwrap();
        assert!(ledger.contains(&target), "{place}: {address} was lost");
    }
    std::fs::remove_dir_all(&directory).unwrap();
    survived
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
    for round in 0..12_u64 {
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
        std::thread::sleep(Duration::from_millis(3 * round));
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
