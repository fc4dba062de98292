use std::net::IpAddr;

use ipnet::IpNet;

use super::{canonical, canonical_network};

/// A set of addresses given by prefixes, answered in O(log n) from sorted disjoint ranges.
///
/// It is built once and then only asked; a range takes 8 bytes for IPv4 and 32 for IPv6, and prefixes that overlap share
/// one. A change means a new set, which is why whoever holds one that changes (the
/// [`Allowlist`](crate::decision::Allowlist)) builds it anew.
///
/// ```
/// use autosec_core::net::AddressSet;
///
/// let office: AddressSet = ["192.0.2.0/24".parse()?, "2001:db8::/32".parse()?].into_iter().collect();
/// assert!(office.contains("192.0.2.77".parse().unwrap()));
/// assert!(office.contains("::ffff:192.0.2.77".parse().unwrap()));
/// assert!(office.overlaps("192.0.0.0/16".parse()?), "a part of it is in the set");
/// assert!(!office.contains("198.51.100.1".parse().unwrap()));
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AddressSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl AddressSet {
    /// Whether `address` is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        match canonical(address) {
            IpAddr::V4(v4) => touches(&self.v4, u32::from(v4), u32::from(v4)),
            IpAddr::V6(v6) => touches(&self.v6, u128::from(v6), u128::from(v6)),
        }
    }

    /// Whether `network` and the set have an address in common.
    pub fn overlaps(&self, network: IpNet) -> bool {
        match canonical_network(network) {
            IpNet::V4(net) => touches(&self.v4, u32::from(net.network()), u32::from(net.broadcast())),
            IpNet::V6(net) => touches(&self.v6, u128::from(net.network()), u128::from(net.broadcast())),
        }
    }

    /// Its ranges of IPv4 addresses, ends included, in order.
    pub(crate) fn v4(&self) -> &[(u32, u32)] {
        &self.v4
    }

    /// Its ranges of IPv6 addresses, ends included, in order.
    pub(crate) fn v6(&self) -> &[(u128, u128)] {
        &self.v6
    }

    /// A set of ranges, ends included, in any order.
    pub(crate) fn from_ranges(v4: Vec<(u32, u32)>, v6: Vec<(u128, u128)>) -> Self {
        Self { v4: disjoint(v4), v6: disjoint(v6) }
    }

    /// Whether the set holds no address.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl FromIterator<IpNet> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match canonical_network(network) {
                IpNet::V4(net) => v4.push((u32::from(net.network()), u32::from(net.broadcast()))),
                IpNet::V6(net) => v6.push((u128::from(net.network()), u128::from(net.broadcast()))),
            }
        }
        Self { v4: disjoint(v4), v6: disjoint(v6) }
    }
}

/// Whether a range of `ranges` (sorted, disjoint) meets `first..=last`: only the last range that starts at or before
/// `last` can.
fn touches<T: Copy + Ord>(ranges: &[(T, T)], first: T, last: T) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= last);
    after.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|(_, end)| *end >= first)
}

/// Sorts and merges overlapping ranges.
pub(crate) fn disjoint<T: Copy + Ord>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let overlaps = next.0 <= kept.1;
        if overlaps {
            kept.1 = kept.1.max(next.1);
        }
        overlaps
    });
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same prefix in its IPv4-mapped form, with host bits.
    fn mapped(net: IpNet) -> IpNet {
        let IpNet::V4(v4) = net else { return net };
        IpNet::new(v4.broadcast().to_ipv6_mapped().into(), 96 + v4.prefix_len()).unwrap()
    }

    fn small_net() -> impl Strategy<Value = IpNet> {
        (any::<u8>(), 20u8..=32).prop_map(|(low, len)| {
            let address = std::net::Ipv4Addr::from(0xC000_0200_u32 + u32::from(low));
            IpNet::new(address.into(), len).unwrap().trunc()
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_linear_scan(nets in prop::collection::vec(small_net(), 0..12), probe in small_net()) {
            let set: AddressSet = nets.iter().copied().collect();
            let contains = nets.iter().any(|net| net.contains(&probe.addr()));
            let overlaps = nets.iter().any(|net| net.contains(&probe) || probe.contains(net));
            prop_assert_eq!(set.contains(probe.addr()), contains);
            prop_assert_eq!(set.overlaps(probe), overlaps);
            let other: AddressSet = nets.iter().copied().map(mapped).collect();
            prop_assert_eq!(other.contains(probe.addr()), contains);
            prop_assert_eq!(set.overlaps(mapped(probe)), overlaps);
            prop_assert_eq!(other.overlaps(probe), overlaps);
        }
    }

    #[test]
    fn reaches_both_ends_of_the_space() {
        let all: AddressSet = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()].into_iter().collect();
        for edge in ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] {
            assert!(all.contains(edge.parse().unwrap()));
        }
    }
}
