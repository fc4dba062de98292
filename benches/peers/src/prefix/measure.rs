//! Three tables of the same prefixes, asked the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use autosec_core::net::PrefixTable;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use iptrie::{Ipv4Prefix, Ipv6Prefix};
use prefix_trie::PrefixMap;

use super::list::{V4, V6, below_provider, pick};
use crate::clock::{time, turns};
use crate::random::Random;

/// Addresses asked for in a round, and rounds that count.
const ADDRESSES: usize = 4_000_000;
const ROUNDS: usize = 7;
const BUILDS: usize = 3;
/// What an address without a prefix gives; no prefix has this value.
const NONE: u32 = u32::MAX;

/// What bars are set for.
pub(super) struct Measured {
    /// How many times as long iptrie takes, half of the addresses being members.
    pub(super) against_iptrie: f64,
    /// Bytes a prefix.
    pub(super) bytes: f64,
}

pub(super) fn v4(name: &str, list: &V4, random: &mut Random) -> Measured {
    let ours =
        || PrefixTable::new(list.iter().map(|(net, value)| (IpNet::V4(*net), *value))).expect("it has room");
    let iptrie = || {
        let mut trie = iptrie::map::RTrieMap::<Ipv4Prefix, u32>::with_root_and_capacity(NONE, list.len());
        for (net, value) in list {
            trie.insert((*net).into(), *value);
        }
        trie.compress()
    };
    let prefix_trie = || list.iter().copied().collect::<PrefixMap<Ipv4Net, u32>>();
    builds(name, list.len(), ours, iptrie, prefix_trie);
    let (ours, iptrie, prefix_trie) = (ours(), iptrie(), prefix_trie());
    let lookup = |address| ours.lookup(IpAddr::V4(address)).unwrap_or(NONE);
    let peers = (
        |address| *iptrie.lookup(&address).1,
        |address| prefix_trie.get_lpm(&Ipv4Net::from(address)).map_or(NONE, |(_, value)| *value),
    );
    let mut uniform = || Ipv4Addr::from(random.below(u32::MAX));
    let addresses: Vec<Ipv4Addr> = (0..ADDRESSES).map(|_| uniform()).collect();
    lookups(&format!("{name}, uniform"), &addresses, lookup, peers);
    let half = halves(addresses, list, random, Ipv4Net::network);
    let against_iptrie = lookups(&format!("{name}, half members"), &half, lookup, peers);
    lookups(&format!("{name}, the same thousand"), &few(&half, random), lookup, peers);
    let bytes = per(ours.bytes(), ours.len());
    println!(
        "note prefix {name}: {bytes:.1} bytes a prefix, prefix-trie {:.1}",
        per(prefix_trie.mem_size(), prefix_trie.len())
    );
    Measured { against_iptrie, bytes }
}

pub(super) fn v6(name: &str, list: &V6, random: &mut Random) -> Measured {
    let name = &format!("IPv6 {name}");
    let ours =
        || PrefixTable::new(list.iter().map(|(net, value)| (IpNet::V6(*net), *value))).expect("it has room");
    let iptrie = || {
        let mut trie = iptrie::map::RTrieMap::<Ipv6Prefix, u32>::with_root_and_capacity(NONE, list.len());
        for (net, value) in list {
            trie.insert((*net).into(), *value);
        }
        trie.compress()
    };
    let prefix_trie = || list.iter().copied().collect::<PrefixMap<Ipv6Net, u32>>();
    builds(name, list.len(), ours, iptrie, prefix_trie);
    let (ours, iptrie, prefix_trie) = (ours(), iptrie(), prefix_trie());
    let lookup = |address| ours.lookup(IpAddr::V6(address)).unwrap_or(NONE);
    let peers = (
        |address| *iptrie.lookup(&address).1,
        |address| prefix_trie.get_lpm(&Ipv6Net::from(address)).map_or(NONE, |(_, value)| *value),
    );
    // Nearly all of the IPv6 space is empty: the other addresses are of the same providers.
    let near: Vec<Ipv6Addr> = (0..ADDRESSES)
        .map(|_| {
            let provider = u128::from(pick(list, random).0.network()) >> 96;
            Ipv6Addr::from(provider << 96 | below_provider(random))
        })
        .collect();
    lookups(&format!("{name}, same /32s"), &near, lookup, peers);
    let half = halves(near, list, random, Ipv6Net::network);
    let against_iptrie = lookups(&format!("{name}, half members"), &half, lookup, peers);
    lookups(&format!("{name}, the same thousand"), &few(&half, random), lookup, peers);
    let bytes = per(ours.bytes(), ours.len());
    println!(
        "note prefix {name}: {bytes:.1} bytes a prefix, prefix-trie {:.1}",
        per(prefix_trie.mem_size(), prefix_trie.len())
    );
    Measured { against_iptrie, bytes }
}

/// The first thousand addresses, in random order as often as there are addresses.
fn few<A: Copy>(addresses: &[A], random: &mut Random) -> Vec<A> {
    let few = addresses.get(..1_000).expect("more than a thousand addresses");
    addresses.iter().map(|_| pick(few, random)).collect()
}

/// Puts a member's network address in the place of every other address, at random.
fn halves<N: Copy, A>(
    mut addresses: Vec<A>,
    list: &[(N, u32)],
    random: &mut Random,
    network: fn(&N) -> A,
) -> Vec<A> {
    for address in &mut addresses {
        if random.below(2) == 0 {
            *address = network(&pick(list, random).0);
        }
    }
    addresses
}

fn builds<A, B, C>(
    name: &str,
    prefixes: usize,
    ours: impl Fn() -> A,
    iptrie: impl Fn() -> B,
    prefix_trie: impl Fn() -> C,
) {
    let turns = turns(BUILDS, [&mut || time(&ours), &mut || time(&iptrie), &mut || time(&prefix_trie)]);
    println!(
        "note prefix {name}: {prefixes} prefixes built in {:.3} ms, iptrie {:.3} ({:.1} times), prefix-trie {:.3} ({:.1} times)",
        turns.median(0) * 1e3,
        turns.median(1) * 1e3,
        turns.ratio(1, 0),
        turns.median(2) * 1e3,
        turns.ratio(2, 0)
    );
}

/// Prints what a lookup takes, and says how many times as long the first peer takes. All sides answer alike, or it panics.
fn lookups<A: Copy + std::fmt::Display>(
    name: &str,
    addresses: &[A],
    ours: impl Fn(A) -> u32,
    (iptrie, prefix_trie): (impl Fn(A) -> u32, impl Fn(A) -> u32),
) -> f64 {
    let mut hits = 0;
    for address in addresses {
        let value = ours(*address);
        assert_eq!(value, iptrie(*address), "iptrie on {address}");
        assert_eq!(value, prefix_trie(*address), "prefix-trie on {address}");
        hits += usize::from(value != NONE);
    }
    let turns = turns(
        ROUNDS,
        [&mut || time(|| sum(addresses, &ours)), &mut || time(|| sum(addresses, &iptrie)), &mut || {
            time(|| sum(addresses, &prefix_trie))
        }],
    );
    let nanoseconds = |side| turns.median(side) * 1e9 / per(addresses.len(), 1);
    println!(
        "note prefix {name}: {:.1} ns a lookup, iptrie {:.1} ({:.2} times), prefix-trie {:.1} ({:.2} times); {:.0} % in a prefix",
        nanoseconds(0),
        nanoseconds(1),
        turns.ratio(1, 0),
        nanoseconds(2),
        turns.ratio(2, 0),
        100.0 * per(hits, addresses.len())
    );
    turns.ratio(1, 0)
}

fn sum<A: Copy>(addresses: &[A], lookup: impl Fn(A) -> u32) -> u64 {
    addresses.iter().map(|address| u64::from(lookup(*address))).fold(0, u64::wrapping_add)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few million")]
fn per(total: usize, count: usize) -> f64 {
    total as f64 / count as f64
}
