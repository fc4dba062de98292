//! A call to the nftables adapter is one transaction however large: nobody sees a part of it, and a part of it is never
//! left.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autosec_core::enforce::{Block, EnforceError, FirewallIntegration, Outcome, Status};
use autosec_integrations::firewall::nftables::NftablesConfig;
use ipnet::IpNet;

use crate::generation::generation;
use crate::lab::{Lab, SERVER};

/// A tenth of this in a debug build, which takes its time to write the messages.
const MANY: u32 = 1_000_000;

fn many() -> u32 {
    if cfg!(debug_assertions) { MANY / 10 } else { MANY }
}

fn host(index: u32) -> IpNet {
    IpNet::from(IpAddr::V4(Ipv4Addr::from(0xC612_0000 + index)))
}

fn block(index: u32) -> Block {
    Block {
        target: host(index),
        ttl: Some(Duration::from_secs(3600)),
        reason: "rule=ssh-bf;id=42".to_owned(),
    }
}

#[tokio::test]
async fn a_large_call_is_one_transaction_and_never_seen_in_part() {
    let Some(lab) = Lab::new() else { return };
    let firewall = lab.firewall(NftablesConfig::default());
    assert_eq!(firewall.capabilities().batch, 1_000_000);
    firewall.block(&[]).await.unwrap();
    let blocks: Vec<Block> = (0..many()).map(block).collect();
    let before = lab.server.inside(generation);
    let watch = Watch::new(&lab);
    let is_over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watching = scope.spawn(|| watch.until(&is_over));
        let blocking = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let outcomes = runtime.block_on(firewall.block(&blocks)).unwrap();
            is_over.store(true, Ordering::Release);
            outcomes
        });
        let outcomes = blocking.join().unwrap();
        let is_done = |(outcome, block): (&Outcome, &Block)| {
            outcome.target == block.target && outcome.status == Status::Done
        };
        assert!(outcomes.len() == blocks.len() && outcomes.iter().zip(&blocks).all(is_done));
        watching.join().unwrap()
    });
    assert_eq!(lab.server.inside(generation), before + 1, "one transaction");
    assert_eq!(seen.in_part, 0, "the first was dropped and the last was not: {seen:?}");
    assert!(seen.none > 0 && seen.whole > 0, "{seen:?}");
    let targets: Vec<IpNet> = blocks.iter().map(|block| block.target).collect();
    firewall.unblock(&targets).await.unwrap();
    assert_eq!(lab.server.inside(generation), before + 2, "letting in is one transaction too");
    assert_eq!(firewall.blocked().await.unwrap(), []);
}

#[tokio::test]
async fn a_large_call_that_fails_leaves_nothing() {
    let Some(lab) = Lab::new() else { return };
    let config = NftablesConfig { capacity: Some(many() / 2), ..NftablesConfig::default() };
    let firewall = lab.firewall(config);
    firewall.block(&[block(7)]).await.unwrap();
    let before = lab.server.inside(generation);
    let blocks: Vec<Block> = (0..many()).map(block).collect();
    let full = firewall.block(&blocks).await.unwrap_err();
    assert!(matches!(full, EnforceError::Rejected { target: Some(_), .. }), "{full}");
    let too_many = vec![block(0); firewall.capabilities().batch + 1];
    let refused = firewall.block(&too_many).await.unwrap_err();
    assert!(refused.to_string().contains("send at most 1000000"), "{refused}");
    assert_eq!(lab.server.inside(generation), before, "no transaction");
    let held: Vec<IpNet> = firewall.blocked().await.unwrap().iter().map(|block| block.target).collect();
    assert_eq!(held, [host(7)]);
    assert!(lab.arrives("198.18.0.0") && !lab.arrives("198.18.0.7"));
}

/// Packets from the first and the last of the blocked, in turn.
struct Watch {
    senders: [UdpSocket; 2],
    heard: UdpSocket,
}

/// How often none, both, or the first alone was dropped.
#[derive(Debug, Default)]
struct Seen {
    none: usize,
    whole: usize,
    in_part: usize,
}

impl Watch {
    fn new(lab: &Lab) -> Self {
        let to: SocketAddr = (SERVER[0].parse::<IpAddr>().unwrap(), 9003).into();
        let heard = lab.server.inside(|| UdpSocket::bind(to).unwrap());
        heard.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        // Of a debug build's hosts, and of all that the lab's client has.
        let last = many().min(65_536) - 1;
        let senders = lab.client.inside(|| {
            [0, last].map(|index| {
                let socket = UdpSocket::bind((host(index).addr(), 0)).unwrap();
                socket.connect(to).unwrap();
                socket
            })
        });
        Self { senders, heard }
    }

    fn until(&self, is_over: &AtomicBool) -> Seen {
        let mut seen = Seen::default();
        let mut after = 0;
        while after < 3 {
            after += usize::from(is_over.load(Ordering::Acquire));
            // The first before the last: what is half-way would drop the first and let the last through.
            self.senders
                .iter()
                .zip([b"a", b"b"])
                .for_each(|(sender, name)| assert!(sender.send(name).is_ok()));
            let mut arrived = [false; 2];
            let mut byte = [0];
            while arrived != [true; 2] && self.heard.recv(&mut byte).is_ok() {
                arrived[usize::from(byte[0] == b'b')] = true;
            }
            match arrived {
                [true, true] => seen.none += 1,
                [false, false] => seen.whole += 1,
                [false, true] => seen.in_part += 1,
                // The change came between the two.
                [true, false] => {}
            }
        }
        seen
    }
}
