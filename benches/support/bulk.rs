//! Many blocks at once: nftables and ipset beside `ipset restore`, and a million in one transaction.
//!
//! Wall time, medians, both sides in turn. All sides begin with no set and end with the same 100,000 entries, each with its
//! time and its comment; AutoSec's also make what drops the packets (for ipset, that runs `iptables` and `ip6tables`).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use autosec_core::enforce::{Block, FirewallIntegration};
use autosec_integrations::firewall::ipset::{Ipset, IpsetConfig};
use autosec_integrations::firewall::nftables::{Nftables, NftablesConfig};
use tokio::runtime::{Builder, Runtime};

use crate::generation::generation;
use crate::namespace::Namespace;
use crate::nftables::{PRESENT, REASON, address, host, median, ratio, run, timed};
use crate::support::{Asks, bar};

const ROUNDS: usize = 7;
const MILLION: u32 = 1_000_000;
/// Every bar of this file.
const BARS: [&str; 4] = [
    "batch-100k-vs-ipset-restore",
    "batch-100k-on-ipset-vs-ipset-restore",
    "batch-1m",
    "batch-1m-transactions",
];

/// Prints the bars, or why there are none.
pub fn measure() {
    let ready = Namespace::new("k")
        .and_then(|namespace| namespace.shell("ipset list && ip6tables -t raw -S").map(|_| namespace));
    match ready {
        // On one thread inside the namespace: our sockets and all programs are there.
        Ok(namespace) => namespace.inside(|| {
            let bench = Bench::new();
            bench.batches();
            bench.one_more();
            bench.million();
        }),
        Err(why) => BARS.iter().for_each(|name| println!("bar enforce/{name} skipped ({why})")),
    }
}

struct Bench {
    runtime: Runtime,
    nftables: Nftables,
    ipset: Ipset,
}

impl Bench {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let nftables = Nftables::open(NftablesConfig::default()).unwrap();
        Self { runtime, nftables, ipset: Ipset::open(IpsetConfig::default()).unwrap() }
    }

    fn block(&self, firewall: &dyn FirewallIntegration, blocks: &[Block]) -> Duration {
        timed(|| drop(self.runtime.block_on(firewall.block(blocks)).unwrap()))
    }

    /// 100,000 into an empty kernel.
    fn batches(&self) {
        let blocks: Vec<Block> = (0..PRESENT).map(host).collect();
        let file = std::env::temp_dir().join(format!("autosec-restore-{}", std::process::id()));
        fs::write(&file, restored(PRESENT)).unwrap();
        let [mut nftables, mut ipset, mut declared, mut theirs] = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            nftables.push(self.block(&self.nftables, &blocks));
            self.nftables.release().unwrap();
            ipset.push(self.block(&self.ipset, &blocks));
            self.runtime.block_on(self.ipset.release()).unwrap();
            // How much of it were the programs.
            declared.push(self.block(&self.ipset, &[]));
            self.runtime.block_on(self.ipset.release()).unwrap();
            theirs.push(timed(|| restore(&file)));
            run(Command::new("ipset").args(["destroy", "peer"]));
        }
        fs::remove_file(&file).unwrap();
        let [nftables, ipset, declared, theirs] = [nftables, ipset, declared, theirs].map(median);
        println!(
            "note enforce/batch-100k nftables {nftables:?}, ipset {ipset:?} ({declared:?} of it to make sets and \
             rules), ipset restore {theirs:?}"
        );
        bar("enforce/batch-100k-vs-ipset-restore", ratio(theirs, nftables), "ratio", Asks::AtLeast(5.0));
        bar(
            "enforce/batch-100k-on-ipset-vs-ipset-restore",
            ratio(theirs, ipset),
            "ratio",
            Asks::AtLeast(5.0),
        );
    }

    /// One more when 100,000 are in force.
    fn one_more(&self) {
        self.block(&self.ipset, &(0..PRESENT).map(host).collect::<Vec<_>>());
        let mut fresh = PRESENT..;
        let mut one = || self.block(&self.ipset, &[host(fresh.next().unwrap())]);
        let _warm: Vec<Duration> = (0..200).map(|_| one()).collect();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..21 {
            ours.extend((0..200).map(|_| one()));
            let address = address(PRESENT * 2 + round).to_string();
            let comment = format!("autosec:{REASON}");
            theirs.push(timed(|| {
                run(Command::new("ipset").args([
                    "-exist",
                    "add",
                    "autosec_v4",
                    &address,
                    "timeout",
                    "3600",
                    "comment",
                    &comment,
                ]));
            }));
        }
        let worst = ours.iter().max().copied();
        let (ours, theirs) = (median(ours), median(theirs));
        let times = ratio(theirs, ours);
        println!(
            "note enforce/one-more-on-ipset ours {ours:?} (at most {worst:?}), ipset {theirs:?}: {times:.0} times"
        );
        self.runtime.block_on(self.ipset.release()).unwrap();
    }

    /// A million in one call, which has to be one transaction.
    fn million(&self) {
        let blocks: Vec<Block> = (0..MILLION).map(host).collect();
        let mut times = Vec::new();
        let mut transactions = 0;
        for _ in 0..3 {
            self.nftables.release().unwrap();
            self.block(&self.nftables, &[]);
            let before = generation();
            times.push(self.block(&self.nftables, &blocks));
            transactions = transactions.max(generation().wrapping_sub(before));
        }
        println!("note enforce/batch-1m {times:?}");
        bar("enforce/batch-1m", median(times).as_secs_f64(), "s", Asks::AtMost(3.0));
        bar("enforce/batch-1m-transactions", f64::from(transactions), "transactions", Asks::AtMost(1.0));
        self.nftables.release().unwrap();
    }
}

/// What `ipset restore` is given: a set as ours is, and its entries.
fn restored(hosts: u32) -> String {
    let mut text = "create peer hash:net family inet maxelem 1000001 timeout 0 comment\n".to_owned();
    for index in 0..hosts {
        let _ = writeln!(text, "add peer {} timeout 3600 comment \"autosec:{REASON}\"", address(index));
    }
    text
}

fn restore(file: &Path) {
    let file = fs::File::open(file).unwrap();
    let mut command = Command::new("ipset");
    run(command.args(["restore", "-exist"]).stdin(Stdio::from(file)));
}
