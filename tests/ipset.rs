//! The ipset adapter against the kernel, with real packets between network namespaces, by both kinds of `iptables`.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use autosec_core::engine::Engine;
use autosec_integrations::conformance::{self, Conformance};
use autosec_integrations::firewall::ipset::{Ipset, IpsetConfig};
use autosec_integrations::transport::{CommandRunner, Finished, LocalCommands};
use ipnet::IpNet;

use crate::lab::{Lab, SERVER};
use crate::namespace::Namespace;

/// Runs commands in a namespace; with a lock of the tests' own, so that they hold up nobody else on this machine.
#[derive(Debug)]
struct Inside {
    namespace: String,
    lock: String,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.lock);
    }
}

#[async_trait]
impl CommandRunner for Inside {
    async fn run(&self, program: &str, arguments: &[&str]) -> std::io::Result<Finished> {
        let lock = format!("XTABLES_LOCKFILE={}", self.lock);
        let mut all = vec!["netns", "exec", &self.namespace, "env", &lock, program];
        all.extend(arguments);
        LocalCommands.run("ip", &all).await
    }
}

fn net(text: &str) -> IpNet {
    autosec_core::net::network(text).unwrap()
}

fn nets(targets: &[&str]) -> Vec<IpNet> {
    targets.iter().map(|target| net(target)).collect()
}

fn blocks(targets: &[&str], ttl: Option<Duration>) -> Vec<Block> {
    let block = |target| Block { target, ttl, reason: "rule=ssh-bf".to_owned() };
    nets(targets).into_iter().map(block).collect()
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

fn sleep(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

fn all_done(outcomes: &[Outcome], targets: &[IpNet]) {
    let done = |target: &IpNet| Outcome { target: *target, status: Status::Done };
    assert_eq!(outcomes, targets.iter().map(done).collect::<Vec<_>>());
}

async fn block(firewall: &Ipset, targets: &[&str], ttl: Option<Duration>) {
    all_done(&firewall.block(&blocks(targets, ttl)).await.unwrap(), &nets(targets));
}

async fn unblock(firewall: &Ipset, targets: &[&str]) {
    all_done(&firewall.unblock(&nets(targets)).await.unwrap(), &nets(targets));
}

async fn held(firewall: &Ipset) -> Vec<IpNet> {
    firewall.blocked().await.unwrap().iter().map(|block| block.target).collect()
}

/// Two namespaces, or nothing, said aloud, where this machine lacks what it takes; in CI that is a failure.
fn lab() -> Option<Lab> {
    let lab = Lab::new()?;
    match lab.server.shell("ipset --version && ipset list && iptables --version && ip6tables -t raw -S") {
        Ok(_) => Some(lab),
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "\nskipped: ipset with real packets: {why}");
            assert!(std::env::var_os("CI").is_none(), "in CI nothing may be skipped: {why}");
            None
        }
    }
}

fn open(lab: &Lab, config: IpsetConfig) -> Ipset {
    try_open(lab, config).unwrap()
}

fn try_open(lab: &Lab, config: IpsetConfig) -> Result<Ipset, EnforceError> {
    let commands = Inside { namespace: lab.server.name().to_owned(), lock: lock(lab) };
    lab.server.inside(|| Ipset::by(Arc::new(commands), config))
}

fn lock(lab: &Lab) -> String {
    std::env::temp_dir().join(format!("autosec-xtables-{}", lab.server.name())).display().to_string()
}

/// By each kind of `iptables` that works here.
fn both_kinds(lab: &Lab) -> Vec<IpsetConfig> {
    let mut configs = Vec::new();
    for kind in ["legacy", "nft"] {
        match lab.server.shell(&format!("iptables-{kind} -t raw -S && ip6tables-{kind} -t raw -S")) {
            Ok(_) => configs.push(IpsetConfig {
                iptables: format!("iptables-{kind}"),
                ip6tables: format!("ip6tables-{kind}"),
                ..IpsetConfig::default()
            }),
            Err(why) => {
                let _ = writeln!(std::io::stderr(), "\nskipped: ipset with iptables-{kind}: {why}");
            }
        }
    }
    assert!(!configs.is_empty(), "neither kind of iptables works");
    configs
}

fn shell(lab: &Lab, script: &str) -> String {
    lab.server.shell(script).unwrap()
}

#[tokio::test]
async fn hosts_and_prefixes_are_dropped_until_their_time_is_over() {
    let Some(lab) = lab() else { return };
    let blocked = ["203.0.113.7", "198.18.7.0/24", "2001:db8:1::7", "2001:db8:2:7::/64"];
    let stopped = ["203.0.113.7", "198.18.7.0", "198.18.7.255", "2001:db8:1::7", "2001:db8:2:7:ffff::1"];
    let beside = ["203.0.113.8", "198.18.6.255", "198.18.8.0", "2001:db8:1::8", "2001:db8:2:8::"];
    for config in both_kinds(&lab) {
        let firewall = open(&lab, config);
        assert!(!firewall.health().await.unwrap().enforcing);
        assert!(stopped.iter().chain(&beside).all(|source| lab.arrives(source)));
        block(&firewall, &blocked, seconds(3.0)).await;
        let health = firewall.health().await.unwrap();
        assert!(health.enforcing && health.detail.starts_with("iptables v"), "{}", health.detail);
        for source in stopped {
            assert!(!lab.arrives(source), "{source} while blocked");
        }
        for source in beside {
            assert!(lab.arrives(source), "{source} is nobody's target");
        }
        sleep(3.2);
        for source in stopped {
            assert!(lab.arrives(source), "{source} after its time");
        }
        assert_eq!(held(&firewall).await, []);
        firewall.release().await.unwrap();
        assert_eq!(shell(&lab, "ipset list -n"), "");
        assert!(!shell(&lab, "iptables-save; ip6tables-save").contains("autosec"));
        firewall.release().await.unwrap();
    }
}

#[tokio::test]
async fn unblocking_lets_through_at_once_also_connections() {
    let Some(lab) = lab() else { return };
    for config in both_kinds(&lab) {
        let firewall = open(&lab, config);
        unblock(&firewall, &["198.51.100.2"]).await;
        assert_eq!(shell(&lab, "ipset list -n"), "", "nothing is made to let somebody in");
        let to: SocketAddr = (SERVER[0].parse::<IpAddr>().unwrap(), 9001).into();
        let listener = lab.server.inside(|| TcpListener::bind(to).unwrap());
        let connects =
            || lab.client.inside(|| TcpStream::connect_timeout(&to, Duration::from_millis(300)).is_ok());
        assert!(connects());
        block(&firewall, &["198.51.100.2", "2001:db8:1::/64"], None).await;
        assert!(!connects() && !lab.arrives("2001:db8:1::1"));
        unblock(&firewall, &["198.51.100.2", "2001:db8:1::/64", "203.0.113.99", "0.0.0.0/0", "::/0"]).await;
        assert!(connects() && lab.arrives("2001:db8:1::1"));
        drop(listener);
        firewall.release().await.unwrap();
    }
}

#[tokio::test]
async fn overlapping_prefixes_each_stand_for_themselves() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig::default());
    let steps = ["198.18.0.0/16", "198.18.7.0/24", "198.18.7.7", "2001:db8:1::/48", "2001:db8:1::7"];
    block(&firewall, &steps, seconds(600.0)).await;
    let mut wanted = nets(&steps);
    wanted.sort();
    assert_eq!(held(&firewall).await, wanted);
    let arrive =
        || ["198.18.7.7", "198.18.7.8", "198.18.8.8", "2001:db8:1::7"].map(|source| lab.arrives(source));
    unblock(&firewall, &["198.18.0.0/16", "2001:db8:1::/48"]).await;
    assert_eq!(arrive(), [false, false, true, false]);
    unblock(&firewall, &["198.18.7.0/24"]).await;
    assert_eq!(arrive(), [false, true, true, false]);
    block(&firewall, &["0.0.0.0/1", "128.0.0.0/1", "255.0.0.0/8", "8000::/1"], seconds(600.0)).await;
    assert_eq!(arrive(), [false, false, false, false]);
    unblock(&firewall, &["128.0.0.0/1", "198.18.7.7", "2001:db8:1::7"]).await;
    assert_eq!(arrive(), [true; 4]);
}

#[tokio::test]
async fn asking_again_prolongs_and_shortens() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig::default());
    block(&firewall, &["203.0.113.1", "2001:db8:1::/64"], seconds(0.4)).await;
    block(&firewall, &["203.0.113.1", "2001:db8:1::/64"], seconds(60.0)).await;
    block(&firewall, &["203.0.113.2", "198.18.2.0/24"], None).await;
    block(&firewall, &["203.0.113.2", "198.18.2.0/24"], seconds(0.4)).await;
    sleep(1.3);
    assert!(!lab.arrives("203.0.113.1") && !lab.arrives("2001:db8:1::1"), "prolonged");
    assert!(lab.arrives("203.0.113.2") && lab.arrives("198.18.2.1"), "shortened");
}

#[tokio::test]
async fn extreme_times_are_neither_refused_nor_for_ever() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig::default());
    block(&firewall, &["203.0.113.1"], Some(Duration::ZERO)).await;
    block(&firewall, &["203.0.113.2"], Some(Duration::from_nanos(1))).await;
    block(&firewall, &["203.0.113.3"], Some(Duration::MAX)).await;
    block(&firewall, &["203.0.113.4"], None).await;
    sleep(1.3);
    let held = firewall.blocked().await.unwrap();
    let [longest, endless] = held.as_slice() else { panic!("{held:?}") };
    assert_eq!((longest.target, endless.target, endless.ttl), (net("203.0.113.3"), net("203.0.113.4"), None));
    let kept = firewall.capabilities().max_ttl.unwrap() - longest.ttl.unwrap();
    assert!(kept < Duration::from_secs(5), "{kept:?}");
}

#[tokio::test]
async fn reads_back_what_was_asked_and_what_the_program_lists() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig::default());
    assert_eq!(firewall.blocked().await.unwrap(), []);
    let long = "x".repeat(300);
    let asked = [
        ("203.0.113.1/32", Some(3600), "rule=ssh-bf;id=42"),
        ("203.0.113.0/24", None, ""),
        ("2001:db8:1::1/128", Some(86_400 * 20), "say \"hi\"\n\u{e9}"),
        ("2001:db8::/32", Some(700), long.as_str()),
    ]
    .map(|(target, ttl, reason)| Block {
        target: target.parse().unwrap(),
        ttl: ttl.map(Duration::from_secs),
        reason: reason.to_owned(),
    });
    // Twice in one call: the last one counts. Twice in two calls: nothing changes but the time.
    let twice: Vec<Block> =
        [Block { ttl: None, ..asked[0].clone() }].into_iter().chain(asked.clone()).collect();
    for _ in 0..2 {
        assert_eq!(firewall.block(&twice).await.unwrap().len(), twice.len());
    }
    let cut = "x".repeat(120);
    let reasons = ["rule=ssh-bf;id=42", "", "say 'hi'??", &cut];
    let held = firewall.blocked().await.unwrap();
    assert_eq!(held.len(), asked.len());
    for (asked, reason) in asked.iter().zip(reasons) {
        let held = held.iter().find(|held| held.target == asked.target).unwrap();
        assert_eq!(held.reason, reason);
        let late = asked.ttl.unwrap_or_default().saturating_sub(held.ttl.unwrap_or_default());
        assert!(held.ttl.is_some() == asked.ttl.is_some() && late < Duration::from_secs(5), "{held:?}");
    }
    // Thousands more, so that the listing comes in several parts.
    let more: Vec<Block> = (0..5_000_u32)
        .map(|index| Block {
            target: IpNet::from(IpAddr::from((0xC612_0000 + index * 3).to_be_bytes())),
            ttl: seconds(f64::from(1_000 + index)),
            reason: format!("number {index}"),
        })
        .collect();
    firewall.block(&more).await.unwrap();
    let ours = firewall.blocked().await.unwrap();
    let saved = shell(&lab, "ipset list -o save");
    let mut theirs: BTreeMap<IpNet, (u64, &str)> =
        saved.lines().filter(|line| line.starts_with("add ")).filter_map(saved_entry).collect();
    assert_eq!(ours.len(), 5_004);
    for block in &ours {
        let (seconds, comment) = theirs.remove(&block.target).unwrap();
        let ttl = block.ttl.map_or(0, |ttl| ttl.as_secs());
        assert_eq!(format!("autosec:{}", block.reason), comment);
        // Both listings are made within seconds.
        assert!(ttl.abs_diff(seconds) < 10 && (ttl == 0) == (seconds == 0), "{block:?}: {seconds}");
    }
    assert_eq!(theirs, BTreeMap::new());
    assert_eq!(saved.matches(" nomatch comment \"autosec\"").count(), 2, "each set has our mark");
}

/// `add autosec_v4 192.0.2.1 timeout 59 comment "autosec:ssh"`; nothing where it is an exception.
fn saved_entry(line: &str) -> Option<(IpNet, (u64, &str))> {
    if line.contains(" nomatch ") {
        return None;
    }
    let (entry, comment) = line.split_once(" comment ").unwrap();
    let words: Vec<&str> = entry.split(' ').collect();
    let ["add", _, target, "timeout", seconds] = words.as_slice() else { panic!("{line}") };
    Some((net(target), (seconds.parse().unwrap(), comment.trim_matches('"'))))
}

#[tokio::test]
async fn what_a_set_cannot_hold_stands_in_nobodys_way() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig { capacity: 1_502, ..IpsetConfig::default() });
    let odd = ["203.0.113.1", "0.0.0.0/0", "255.255.255.255", "::/0", "2001:db8:1::1"];
    let outcomes = firewall.block(&blocks(&odd, None)).await.unwrap();
    let done: Vec<bool> = outcomes.iter().map(|outcome| outcome.status == Status::Done).collect();
    assert_eq!(done, [true, false, false, false, true], "{outcomes:?}");
    assert!(matches!(&outcomes[1].status, Status::Unsupported(why) if why.contains("two halves")));
    // About 1,501 more fit; what is there already is refreshed all the same.
    let target = |index: u32| IpNet::from(IpAddr::from((0xC612_0000 + index).to_be_bytes()));
    let one = |target| Block { target, ttl: seconds(600.0), reason: String::new() };
    let mut many: Vec<Block> = (0..1_800).map(|index| one(target(index))).collect();
    many.extend([one(net("203.0.113.1")), one(net("2001:db8:1::2"))]);
    let outcomes = firewall.block(&many).await.unwrap();
    let refused =
        |outcome: &&Outcome| matches!(&outcome.status, Status::Rejected(why) if why.contains("full"));
    let full: Vec<&Outcome> = outcomes.iter().filter(refused).collect();
    let done = outcomes.iter().filter(|outcome| outcome.status == Status::Done).count();
    assert_eq!(full.len() + done, 1_802, "{:?}", full.first());
    let held = firewall.blocked().await.unwrap();
    // The kernel counts by parts of its table, and takes some more than it is told.
    let of_ipv4 = held.iter().filter(|block| !block.target.addr().is_ipv6()).count();
    assert!((1_502..1_700).contains(&of_ipv4), "{of_ipv4}");
    assert!(held.iter().any(|block| block.target == net("203.0.113.1") && block.ttl.is_some()), "refreshed");
    for outcome in &outcomes {
        let is_held = held.iter().any(|block| block.target == outcome.target);
        assert_eq!(is_held, outcome.status == Status::Done, "{outcome:?}");
    }
}

#[tokio::test]
async fn without_ipv6_its_blocks_are_said_to_be_impossible() {
    let Some(lab) = lab() else { return };
    let config = IpsetConfig {
        ipv6: Some(false),
        ip6tables: "/nonexistent/program".to_owned(),
        ..IpsetConfig::default()
    };
    let firewall = open(&lab, config);
    assert!(!firewall.capabilities().ipv6);
    let outcomes = firewall.block(&blocks(&["2001:db8:1::1", "203.0.113.1"], None)).await.unwrap();
    assert!(matches!(outcomes[0].status, Status::Unsupported(_)) && outcomes[1].status == Status::Done);
    assert_eq!(shell(&lab, "ipset list -n").trim(), "autosec_v4");
    assert!(firewall.health().await.unwrap().enforcing);
    let missing = IpsetConfig { ip6tables: "/nonexistent/program".to_owned(), ..IpsetConfig::default() };
    let absent = open(&lab, missing).block(&[]).await.unwrap_err();
    assert!(absent.to_string().contains("/nonexistent/program"), "{absent}");
}

#[tokio::test]
async fn forwarded_traffic_is_dropped_and_the_hosts_own_is_not() {
    let Some(lab) = lab() else { return };
    let inner = Namespace::new("i").unwrap();
    inner
        .shell(&format!(
            "ip link add near0 type veth peer name inner0 netns {}\n\
             ip address add 192.0.2.2/24 dev near0\n\
             ip link set near0 up\n\
             ip route add default via 192.0.2.1",
            lab.server.name()
        ))
        .unwrap();
    shell(
        &lab,
        "ip address add 192.0.2.1/24 dev inner0\nip link set inner0 up\n\
         ip address add 203.0.113.1/32 dev lo\necho 1 > /proc/sys/net/ipv4/ip_forward",
    );
    lab.client.shell("ip route add 192.0.2.0/24 via 198.51.100.1").unwrap();
    let to: SocketAddr = "192.0.2.2:9002".parse().unwrap();
    let _listener = inner.inside(|| TcpListener::bind(to).unwrap());
    let connects = || lab.client.inside(|| TcpStream::connect_timeout(&to, Duration::from_secs(2)).is_ok());
    let reaches_itself = |address: &str| {
        lab.server.inside(|| {
            let listener = TcpListener::bind((address.parse::<IpAddr>().unwrap(), 0)).unwrap();
            TcpStream::connect_timeout(&listener.local_addr().unwrap(), Duration::from_secs(1)).is_ok()
        })
    };
    assert!(connects());
    for config in both_kinds(&lab) {
        let firewall = open(&lab, config);
        block(&firewall, &["198.51.100.0/30", "203.0.113.0/24", "127.0.0.0/8", "::1"], None).await;
        assert!(!connects());
        for own in ["203.0.113.1", SERVER[0], "127.0.0.1", "::1"] {
            assert!(reaches_itself(own), "{own}");
        }
        unblock(&firewall, &["198.51.100.0/30"]).await;
        assert!(connects());
        firewall.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_set_that_is_not_ours_is_refused_and_untouched() {
    let Some(lab) = lab() else { return };
    for foreign in [
        "ipset create autosec_v4 hash:ip timeout 0 comment",
        "ipset create autosec_v4 hash:net",
        "ipset create autosec_v4 hash:net family inet6 timeout 0 comment",
        "ipset create autosec_v4 list:set",
        "ipset create autosec_v4 bitmap:port range 1-100",
        "ipset create autosec_v6 hash:net timeout 0 comment",
        "ipset create autosec_v4 hash:net timeout 0 comment; ipset add autosec_v4 203.0.113.0/24",
        "ipset create autosec_v6 hash:net family inet6 timeout 0 comment; ipset add autosec_v6 2001:db8:1::/64",
    ] {
        shell(&lab, foreign);
        let before = shell(&lab, "ipset save");
        let firewall = open(&lab, IpsetConfig::default());
        let refused = firewall.block(&blocks(&["203.0.113.1"], None)).await.unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused, EnforceError::Rejected { .. }) && text.contains("of its own"), "{text}");
        assert!(firewall.unblock(&[net("203.0.113.0/24")]).await.is_err(), "{foreign}");
        assert!(firewall.blocked().await.is_err() && firewall.release().await.is_err(), "{foreign}");
        let health = firewall.health().await.unwrap();
        assert!(!health.enforcing && health.detail.contains("of its own"), "{}", health.detail);
        assert_eq!(shell(&lab, "ipset save"), before, "{foreign}");
        assert!(!shell(&lab, "iptables-save").contains("autosec"));
        let other = open(&lab, IpsetConfig { set: "mine".to_owned(), ..IpsetConfig::default() });
        block(&other, &["203.0.113.1"], None).await;
        other.release().await.unwrap();
        assert_eq!(shell(&lab, "ipset save"), before, "{foreign}");
        shell(&lab, "ipset destroy");
    }
    // One of our kind with nothing in it is nobody's, so it is ours to take.
    shell(&lab, "ipset create autosec_v4 hash:net timeout 0 comment");
    block(&open(&lab, IpsetConfig::default()), &["203.0.113.1"], None).await;
    assert!(!lab.arrives("203.0.113.1"));
}

#[tokio::test]
async fn a_set_that_somebody_elses_rule_uses_stays_and_is_empty() {
    let Some(lab) = lab() else { return };
    let firewall = open(&lab, IpsetConfig::default());
    block(&firewall, &["203.0.113.1"], None).await;
    shell(&lab, "iptables -A INPUT -m set --match-set autosec_v4 src -j DROP");
    let refused = firewall.release().await.unwrap_err();
    assert!(refused.to_string().contains("in use by a rule that is not AutoSec's"), "{refused}");
    assert!(lab.arrives("203.0.113.1"));
    assert!(shell(&lab, "iptables -S INPUT").contains("autosec_v4"), "the rule is somebody else's");
}

#[tokio::test]
async fn a_second_adapter_takes_over_what_stands() {
    let Some(lab) = lab() else { return };
    for config in both_kinds(&lab) {
        let first = open(&lab, config.clone());
        block(&first, &["203.0.113.1", "198.18.0.0/20", "2001:db8:1::/56"], seconds(600.0)).await;
        drop(first);
        assert!(!lab.arrives("198.18.0.1"), "a block outlives the process");
        let second = open(&lab, config.clone());
        assert_eq!(held(&second).await.len(), 3);
        assert!(second.health().await.unwrap().enforcing);
        assert_eq!(second.block(&[]).await.unwrap(), [], "a block of nothing declares");
        let rules = shell(&lab, &format!("{} -t raw -S PREROUTING", config.iptables));
        assert_eq!(rules.matches("autosec_v4").count(), 1, "one rule: {rules}");
        unblock(&second, &["203.0.113.1", "198.18.0.0/20", "2001:db8:1::/56"]).await;
        assert!(lab.arrives("203.0.113.1") && lab.arrives("198.18.0.1") && lab.arrives("2001:db8:1::1"));
        second.release().await.unwrap();
    }
}

/// What somebody might do to our sets and rules, and whether a block can tell by itself.
const HARMS: [(&str, bool); 6] = [
    ("ipset flush autosec_v4", true),
    ("ipset flush", true),
    ("IPTABLES -t raw -F", true),
    ("IPTABLES -t raw -F; IP6TABLES -t raw -F; ipset destroy", true),
    ("IPTABLES -t raw -D PREROUTING 1", true),
    (
        "IPTABLES -t raw -A PREROUTING -m set --match-set autosec_v4 src; IPTABLES -t raw -D PREROUTING 1",
        false,
    ),
];

#[tokio::test]
async fn what_is_removed_behind_our_back_is_lost_then_recovered() {
    let Some(lab) = lab() else { return };
    for config in both_kinds(&lab) {
        let firewall = open(&lab, config.clone());
        for (harm, is_seen) in HARMS {
            let harm = harm.replace("IPTABLES", &config.iptables).replace("IP6TABLES", &config.ip6tables);
            block(&firewall, &["203.0.113.1", "198.18.1.0/24", "2001:db8:1::/64"], None).await;
            assert!(firewall.health().await.unwrap().enforcing, "{harm}");
            assert!(!lab.arrives("203.0.113.1") && !lab.arrives("2001:db8:1::1"));
            shell(&lab, &harm);
            assert!(lab.arrives("198.18.1.1"), "{harm}");
            if is_seen {
                // Rules are looked for at most once a second.
                sleep(1.1);
            } else {
                assert!(!firewall.health().await.unwrap().enforcing, "{harm}");
            }
            let lost = firewall.block(&blocks(&["203.0.113.2", "2001:db8:1::2"], None)).await.unwrap_err();
            assert!(matches!(lost, EnforceError::Lost { .. }) && lost.is_transient(), "{harm}: {lost}");
            assert!(!firewall.health().await.unwrap().enforcing, "{harm}");
            block(&firewall, &["203.0.113.1", "203.0.113.2", "198.18.1.0/24"], None).await;
            assert!(firewall.health().await.unwrap().enforcing, "{harm}");
            assert!(!lab.arrives("203.0.113.1") && !lab.arrives("198.18.1.1"), "{harm}");
        }
        shell(&lab, &format!("{0} -t raw -F; {1} -t raw -F", config.iptables, config.ip6tables));
        firewall.release().await.unwrap();
    }
}

#[tokio::test]
async fn the_enforcer_repairs_whatever_is_gone() {
    let Some(lab) = lab() else { return };
    for config in both_kinds(&lab) {
        let firewall = Arc::new(open(&lab, config.clone()));
        let engine = Engine::builder().firewall(Arc::clone(&firewall)).build().unwrap();
        let targets = ["203.0.113.7", "203.0.113.32/27", "2001:db8:1:2::/64"];
        for target in targets {
            let enforcement = engine.enforce(&crate::support::block(target, target, 3600)).await;
            assert!(enforcement.is_complete(), "{enforcement}");
        }
        let inside = ["203.0.113.7", "203.0.113.40", "2001:db8:1:2::9"];
        let by_hand = "ipset del autosec_v4 203.0.113.7; ipset add autosec_v4 203.0.113.99";
        for (harm, _) in HARMS.iter().chain(&[(by_hand, true)]) {
            let harm = harm.replace("IPTABLES", &config.iptables).replace("IP6TABLES", &config.ip6tables);
            shell(&lab, &harm);
            assert!(lab.arrives("203.0.113.7"), "{harm}");
            let reports = engine.reconcile().await;
            assert!(reports.iter().all(|report| report.result.is_ok()), "{harm}: {reports:?}");
            for source in inside {
                assert!(!lab.arrives(source), "{harm}: {source}");
            }
            assert!(lab.arrives("203.0.113.99"), "{harm}: by hand into our set");
            assert_eq!(held(&firewall).await, nets(&targets), "{harm}");
        }
        // A decision about what is in force tells that the rule is gone.
        shell(&lab, &format!("{} -t raw -F", config.iptables));
        sleep(1.1);
        let enforcement = engine.enforce(&crate::support::block("203.0.113.8", "another", 3600)).await;
        assert!(enforcement.is_complete(), "{enforcement}");
        assert!(!lab.arrives("203.0.113.7") && !lab.arrives("203.0.113.8"));
        drop(engine);
        let again = open(&lab, config);
        again.release().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_held_by_others_is_waited_for_and_said() {
    let Some(lab) = lab() else { return };
    let Some(legacy) = both_kinds(&lab).into_iter().find(|config| config.iptables.ends_with("legacy")) else {
        return;
    };
    let firewall = open(&lab, IpsetConfig { lock_wait: 1, ..legacy });
    let file = lock(&lab);
    let hold = |seconds: &str| {
        let holder = Command::new("flock").args([&file, "sleep", seconds]).spawn().unwrap();
        sleep(0.3);
        holder
    };
    let mut holder = hold("3");
    let busy = firewall.block(&blocks(&["203.0.113.1"], None)).await.unwrap_err();
    assert!(matches!(&busy, EnforceError::Busy { reason, .. } if reason.contains("xtables lock")), "{busy}");
    assert!(lab.arrives("203.0.113.1"), "nothing is in a set before its rule stands");
    holder.wait().unwrap();
    let patient = open(
        &lab,
        IpsetConfig {
            lock_wait: 5,
            iptables: "iptables-legacy".to_owned(),
            ip6tables: "ip6tables-legacy".to_owned(),
            ..IpsetConfig::default()
        },
    );
    let mut holder = hold("1");
    block(&patient, &["203.0.113.1"], None).await;
    assert!(!lab.arrives("203.0.113.1"));
    holder.wait().unwrap();
}

#[test]
fn without_the_right_it_says_which() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

    let Some(lab) = lab() else { return };
    let refused = lab.server.inside(|| {
        // Capabilities are the thread's own.
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_ADMIN);
        set_capabilities(None, sets).unwrap();
        let firewall = Ipset::open(IpsetConfig::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let reading = firewall.blocked().await.unwrap_err();
            (firewall.block(&blocks(&["203.0.113.1"], None)).await.unwrap_err(), reading)
        })
    });
    for refused in [refused.0, refused.1] {
        assert!(matches!(refused, EnforceError::Forbidden { .. }), "{refused}");
        assert!(refused.to_string().contains("CAP_NET_ADMIN"), "{refused}");
    }
}

#[test]
fn a_configuration_has_rules() {
    for set in ["", "1a", "a.b", "a b", &"a".repeat(25)] {
        let wrong = IpsetConfig { set: set.to_owned(), ..IpsetConfig::default() };
        assert!(matches!(Ipset::open(wrong), Err(EnforceError::Rejected { .. })), "{set}");
    }
    for wrong in [
        IpsetConfig { capacity: 0, ..IpsetConfig::default() },
        IpsetConfig { lock_wait: 0, ..IpsetConfig::default() },
        IpsetConfig { timeout: Duration::ZERO, ..IpsetConfig::default() },
    ] {
        assert!(matches!(Ipset::open(wrong), Err(EnforceError::Rejected { .. })));
    }
}

#[tokio::test]
async fn keeps_what_every_firewall_promises() {
    let Some(lab) = lab() else { return };
    shell(&lab, "ipset create others hash:net; ipset add others 192.0.2.0/24");
    for config in both_kinds(&lab) {
        let (iptables, ip6tables) = (config.iptables.clone(), config.ip6tables.clone());
        shell(&lab, &format!("{iptables} -t raw -A PREROUTING -m set --match-set others src -j ACCEPT"));
        shell(&lab, &format!("{ip6tables} -t raw -A PREROUTING -s 2001:db8:ffff::/48 -j DROP"));
        let beside = || {
            shell(
                &lab,
                &format!(
                    "ipset save others; ({iptables} -t raw -S; {ip6tables} -t raw -S) | grep -v autosec"
                ),
            )
        };
        let firewall = open(&lab, config.clone());
        let how = Conformance { beside: Some(Box::new(beside)), ..Conformance::default() };
        let report = conformance::check(&firewall, &how).await;
        assert!(report.is_passed(), "{report}");
        firewall.release().await.unwrap();
        shell(&lab, &format!("{iptables} -t raw -F; {ip6tables} -t raw -F"));
    }
}
