//! The answers of a table that is too simple to be wrong: a hash map a length, asked from the longest.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use autosec_core::net::PrefixTable;
use ipnet::IpNet;

use super::list::{V4, V6, below_provider, pick};
use crate::random::Random;

/// Random addresses asked for in each family.
const RANDOM: usize = 1_000_000;

/// Checks value and prefix for the first and the last address of every prefix and for random ones, of one table that
/// holds both families. Panics where they differ.
pub(super) fn check(v4: &V4, v6: &V6, random: &mut Random) {
    let entries = || {
        let v4 = v4.iter().map(|(net, value)| (IpNet::V4(*net), *value));
        v4.chain(v6.iter().map(|(net, value)| (IpNet::V6(*net), *value)))
    };
    let table = PrefixTable::new(entries()).expect("it has room");
    let mut by_length: BTreeMap<(bool, u8), HashMap<IpNet, u32>> = BTreeMap::new();
    for (net, value) in entries() {
        by_length.entry((net.addr().is_ipv4(), net.prefix_len())).or_default().insert(net, value);
    }
    assert_eq!(table.len(), by_length.values().map(HashMap::len).sum::<usize>());
    let expected = |address: IpAddr| {
        let family = address.is_ipv4();
        by_length.range((family, 0)..=(family, 128)).rev().find_map(|((_, length), held)| {
            let network = IpNet::new(address, *length).expect("a length of its family").trunc();
            held.get(&network).map(|value| (network, *value))
        })
    };
    let ends = entries().flat_map(|(net, _)| [net.network(), net.broadcast()]);
    let mut random_v4 = random.clone();
    let v4 = (0..RANDOM).map(|_| IpAddr::V4(Ipv4Addr::from(random_v4.below(u32::MAX))));
    let v6 = (0..RANDOM).map(|_| {
        let site = u128::from(pick(v6, random).0.network()) >> 80;
        IpAddr::V6((site << 80 | below_provider(random) & ((1 << 80) - 1)).into())
    });
    let mut checked = 0;
    for address in ends.chain(v4).chain(v6) {
        let expected = expected(address);
        assert_eq!(table.lookup_prefix(address), expected, "{address}");
        assert_eq!(table.lookup(address), expected.map(|(_, value)| value), "{address}");
        checked += 1;
    }
    println!("note prefix BGP: {} prefixes, {checked} addresses answered as a hash map a length does", table.len());
}
