//! The kernel's verdict on real packets equals an oracle: 10,000 overlapping prefixes of both families that end at different
//! times, and 100,000 addresses. With optimization those are the numbers; without it a fifth of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant};

use autosec_core::decision::Decision;
use autosec_core::engine::Engine;
use autosec_core::entity::Entity;
use autosec_core::time::{Clock, SystemClock, Timestamp};
use autosec_integrations::firewall::nftables::NftablesConfig;
use ipnet::IpNet;

use crate::lab::{Lab, SERVER};
use crate::support::block;

const PREFIXES: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };
const PROBES: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
/// Where packets come from: a million addresses of each family.
const FROM: [&str; 2] = ["45.0.0.0/12", "2001:db8:2::/48"];
const PORT: u16 = 9009;
/// Packets under way at once: fewer than a socket's buffer holds.
const AT_ONCE: usize = 100;

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }

    fn address(&mut self) -> IpAddr {
        let low = self.roll(1 << 20);
        if self.roll(3) == 0 {
            // Spread over subnets as well as hosts.
            let (subnet, host) = (u128::from(low >> 8), u128::from(low & 255));
            Ipv6Addr::from((0x2001_0db8_0002_u128 << 80) | (subnet << 64) | host).into()
        } else {
            Ipv4Addr::from(0x2D00_0000 + u32::try_from(low).unwrap()).into()
        }
    }

    /// A prefix of any length that the guard lets through, long ones more often.
    fn prefix(&mut self) -> IpNet {
        let address = self.address();
        let (full, widest) = if address.is_ipv4() { (32, 16) } else { (128, 72) };
        let width = self.roll(widest).min(self.roll(widest)).min(self.roll(widest));
        IpNet::new(address, full - u8::try_from(width).unwrap()).unwrap().trunc()
    }
}

/// When each blocked prefix ends; looks a prefix up for each length, other than the kernel's and the enforcer's ways.
#[derive(Default)]
struct Oracle(HashMap<IpNet, Timestamp>);

impl Oracle {
    fn ends(&self, address: IpAddr) -> Option<Timestamp> {
        let host = IpNet::from(address);
        (0..=host.prefix_len())
            .filter_map(|length| self.0.get(&IpNet::new(address, length).unwrap().trunc()))
            .max()
            .copied()
    }

    /// By looking at every prefix.
    fn slowly(&self, address: IpAddr) -> Option<Timestamp> {
        self.0.iter().filter(|(net, _)| net.contains(&address)).map(|(_, end)| *end).max()
    }
}

/// Which packets, one from each source, arrive at the server.
struct Range<'l> {
    lab: &'l Lab,
    heard: [UdpSocket; 2],
}

impl<'l> Range<'l> {
    fn new(lab: &'l Lab) -> Self {
        for (network, gateway) in FROM.iter().zip(["198.51.100.2", "2001:db8::2"]) {
            let flag = if network.contains(':') { "-6" } else { "-4" };
            // The lab has some of them.
            let _ = lab.client.shell(&format!("ip {flag} route add local {network} dev lo"));
            let _ = lab.server.shell(&format!("ip {flag} route add {network} via {gateway}"));
        }
        let bind = |address: &str| UdpSocket::bind((address.parse::<IpAddr>().unwrap(), PORT)).unwrap();
        let heard = lab.server.inside(|| SERVER.map(bind));
        heard.iter().for_each(|socket| socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap());
        Self { lab, heard }
    }

    fn arrivals(&self, sources: &[IpAddr]) -> Vec<bool> {
        let mut arrived = vec![false; sources.len()];
        for (part, sources) in sources.chunks(AT_ONCE).enumerate() {
            self.lab.client.inside(|| {
                for (index, source) in sources.iter().enumerate() {
                    send(*source, &format!("{}", part * AT_ONCE + index));
                }
                // Nobody blocks these two, which come last.
                ["198.51.100.2", "2001:db8::2"].iter().for_each(|fence| send(fence.parse().unwrap(), "end"));
            });
            for socket in &self.heard {
                let mut bytes = [0; 64];
                loop {
                    let length = socket.recv(&mut bytes).expect("the last packet of a part arrives");
                    match std::str::from_utf8(&bytes[..length]).unwrap() {
                        "end" => break,
                        index => arrived[index.parse::<usize>().unwrap()] = true,
                    }
                }
            }
        }
        arrived
    }

    /// Holds the kernel's verdicts against the oracle's; gives how many of the sources are blocked. None of what the
    /// oracle knows may end while it is asked.
    fn compare(&self, oracle: &Oracle, sources: &[IpAddr], place: &str) -> usize {
        let begun = SystemClock.now();
        let mut arrived = self.arrivals(sources);
        // A busy machine may hand a packet to another processor, where it is overtaken.
        let late: Vec<usize> = (0..sources.len())
            .filter(|at| !arrived[*at] && oracle.ends(sources[*at]).is_none_or(|end| end <= begun))
            .collect();
        let again = self.arrivals(&late.iter().map(|at| sources[*at]).collect::<Vec<_>>());
        late.iter().zip(again).for_each(|(at, arrived_now)| arrived[*at] = arrived_now);
        let over = SystemClock.now();
        let mut blocked = 0;
        for (source, arrived) in sources.iter().zip(arrived) {
            let end = oracle.ends(*source);
            assert!(end.is_none_or(|end| end <= begun || end > over), "{place}: {source} ends meanwhile");
            let expected = end.is_some_and(|end| end > over);
            assert_eq!(!arrived, expected, "{place}: {source}, which ends {end:?}");
            blocked += usize::from(expected);
        }
        blocked
    }
}

fn send(source: IpAddr, text: &str) {
    let to: IpAddr = SERVER[usize::from(source.is_ipv6())].parse().unwrap();
    let socket = UdpSocket::bind((source, 0)).unwrap_or_else(|error| panic!("{source}: {error}"));
    socket.send_to(text.as_bytes(), (to, PORT)).unwrap();
}

/// Blocks so many more prefixes, each for its own time, and tells the oracle.
async fn block_more(engine: &Engine, dice: &mut Dice, oracle: &mut Oracle, count: usize, millis: (u64, u64)) {
    let mut decisions: Vec<Decision> = Vec::new();
    while decisions.len() < count {
        let target = dice.prefix();
        let millis = millis.0 + dice.roll(millis.1 - millis.0);
        // What is in force already would be renewed, or not, which is another matter.
        if let Entry::Vacant(vacant) = oracle.0.entry(target) {
            vacant.insert(Timestamp::EPOCH);
            let mut decision = block("203.0.113.1", &target.to_string(), 1);
            (decision.subject, decision.duration) = (Entity::Address(target), Duration::from_millis(millis));
            decisions.push(decision);
        }
    }
    let bulk = engine.enforcer().enforce_all(&decisions).await;
    assert!(bulk.is_complete() && bulk.apart.is_empty(), "{}", bulk.together);
    let ends: HashMap<IpNet, Timestamp> =
        engine.in_force().iter().map(|entry| (entry.target, entry.until)).collect();
    for decision in decisions {
        let target = decision.subject.network().unwrap();
        oracle.0.insert(target, ends[&target]);
    }
}

#[tokio::test]
async fn equal_an_oracle_for_every_address() {
    let Some(lab) = Lab::new() else { return };
    let engine = Engine::builder().firewall(lab.firewall(NftablesConfig::default())).build().unwrap();
    let (range, mut dice, mut oracle) = (Range::new(&lab), Dice(0x0DD_BA11), Oracle::default());
    let begun = Instant::now();
    // A minute at least lasts until they are probed.
    block_more(&engine, &mut dice, &mut oracle, PREFIXES, (120_000, 3_600_000)).await;
    let targets: Vec<IpNet> = oracle.0.keys().copied().collect();
    let mut probes: Vec<IpAddr> = (0..PROBES / 2).map(|_| dice.address()).collect();
    // Where it is most likely to be wrong: the first and the last address of a prefix, and the one behind.
    let edges = (probes.len()..PROBES).map(|at| {
        let net = targets[usize::try_from(dice.roll(targets.len() as u64)).unwrap()];
        match at % 3 {
            0 => net.network(),
            1 => net.broadcast(),
            _ => behind(net),
        }
    });
    probes.extend(edges.collect::<Vec<_>>());
    for probe in &probes[..200] {
        assert_eq!(oracle.ends(*probe), oracle.slowly(*probe), "the oracle itself: {probe}");
    }
    let blocked = range.compare(&oracle, &probes, "all in force");
    assert!(blocked > PROBES / 10 && blocked < PROBES * 9 / 10, "{blocked} of {PROBES} tell little");

    // Some are taken back; others last a moment only.
    for target in &targets[..PREFIXES / 20] {
        // Overlapping ones go with it.
        engine.unblock(*target).await;
        oracle.0.retain(|net, _| !net.contains(target) && !target.contains(net));
    }
    block_more(&engine, &mut dice, &mut oracle, PREFIXES / 10, (1_000, 3_000)).await;
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    let blocked_later = range.compare(&oracle, &probes[PROBES * 4 / 5..], "the short ones over");
    assert!(blocked_later > PROBES / 50, "{blocked_later}");
    let took = begun.elapsed().as_secs_f64();
    let line = format!(
        "bar enforce/verdicts measured 0 wrong asks <=0 ok ({PREFIXES} prefixes, {} packets, {blocked} of {PROBES} blocked, {took:.1} s)\n",
        PROBES + PROBES / 5
    );
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

/// The first address that is not the prefix's any more, or its own first where no packets come from that one.
fn behind(net: IpNet) -> IpAddr {
    let next: IpAddr = match net {
        IpNet::V4(net) => Ipv4Addr::from(u32::from(net.broadcast()).wrapping_add(1)).into(),
        IpNet::V6(net) => Ipv6Addr::from(u128::from(net.broadcast()).wrapping_add(1)).into(),
    };
    let is_from = |from: &str| from.parse::<IpNet>().unwrap().contains(&next);
    if FROM.iter().any(|from| is_from(from)) { next } else { net.network() }
}
