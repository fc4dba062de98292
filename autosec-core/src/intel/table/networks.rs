use std::net::IpAddr;

use ipnet::IpNet;

use super::Hashed;
use crate::net::{PrefixTable, canonical_network};

/// Numbers by prefixes: all that an address belongs to, longest first, where [`PrefixTable`] knows but the longest.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// The number of a prefix that has but one and lies in no other, as nearly all: that saves a read of memory that waits
    /// for this one. Of others the place of their node, with [`IN_NODE`].
    table: PrefixTable,
    nodes: Box<[Node]>,
    numbers: Box<[u32]>,
}

/// A prefix: its number, or where several of them are, and the next one around it.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The number itself if there is but one.
    first: u32,
    /// The upper bits are the number of the next longer node around this one plus one, 0 if there is none; the lowest
    /// says that there are several numbers, which begin at `first` with how many they are.
    parent: u32,
}

/// The bit of a node that has several numbers.
const SEVERAL: u32 = 1;

/// The bit of a place of a node, among numbers that the table holds without a list of them. There are fewer nodes.
const IN_NODE: u32 = 1 << 29;

impl Networks {
    /// The table of these prefixes and numbers, of which there are at most [`PrefixTable::MOST_PREFIXES`], and how many
    /// numbers had to be left out because too many are of one prefix.
    pub(crate) fn new(mut given: Vec<(IpNet, u32)>) -> (Self, usize) {
        given.iter_mut().for_each(|(network, _)| *network = canonical_network(*network));
        given.sort_unstable();
        let (mut nodes, mut numbers) = (Vec::<Node>::new(), Vec::new());
        let mut prefixes: Vec<(IpNet, u32)> = Vec::new();
        // Prefixes around the next one, each with its place among the prefixes, and among the nodes once it has one.
        let mut around: Vec<(usize, Option<u32>)> = Vec::new();
        let mut left_out = 0;
        for same in given.chunk_by(|one, other| one.0 == other.0) {
            let Some((network, number)) = same.first().copied() else { continue };
            while around
                .pop_if(|(outer, _)| !prefixes.get(*outer).is_some_and(|outer| outer.0.contains(&network)))
                .is_some()
            {}
            let outer = around.last_mut().map(|(outer, node)| {
                *node.get_or_insert_with(|| {
                    nodes.push(Node { first: prefixes.get(*outer).map_or(0, |outer| outer.1), parent: 0 });
                    as_u32(nodes.len() - 1)
                })
            });
            let parent = outer.map_or(0, |outer| (outer + 1) << 1);
            if same.len() == 1 && parent == 0 && number < IN_NODE {
                around.push((prefixes.len(), None));
                prefixes.push((network, number));
                continue;
            }
            around.push((prefixes.len(), Some(as_u32(nodes.len()))));
            prefixes.push((network, IN_NODE | as_u32(nodes.len())));
            if same.len() == 1 {
                nodes.push(Node { first: number, parent });
                continue;
            }
            let kept = same.len().min(Hashed::MOST_EQUAL);
            left_out += same.len() - kept;
            nodes.push(Node { first: as_u32(numbers.len()), parent: parent | SEVERAL });
            numbers.push(as_u32(kept));
            numbers.extend(same.iter().take(kept).map(|(_, number)| *number));
        }
        // There are no more than the table takes.
        let table = PrefixTable::new(prefixes).unwrap_or_default();
        (Self { table, nodes: nodes.into(), numbers: numbers.into() }, left_out)
    }

    /// The numbers of every prefix that `address` belongs to, those of longer prefixes first.
    #[inline]
    pub(crate) fn find(&self, address: IpAddr) -> impl Iterator<Item = u32> + '_ {
        let mut node = self.table.lookup(address).and_then(|found| match found & IN_NODE {
            0 => Some(Node { first: found, parent: 0 }),
            _ => self.node(found ^ IN_NODE),
        });
        std::iter::from_fn(move || {
            let here = node?;
            node = (here.parent >> 1).checked_sub(1).and_then(|outer| self.node(outer));
            Some(self.numbers_of(here))
        })
        .flatten()
    }

    /// Whether there is a prefix that `address` belongs to.
    #[inline]
    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        self.table.lookup(address).is_some()
    }

    fn node(&self, place: u32) -> Option<Node> {
        self.nodes.get(place as usize).copied()
    }

    #[inline]
    fn numbers_of(&self, node: Node) -> impl Iterator<Item = u32> + '_ {
        let several = node.parent & SEVERAL != 0;
        let numbers = if several { self.several(node.first as usize) } else { &[] };
        (!several).then_some(node.first).into_iter().chain(numbers.iter().copied())
    }

    fn several(&self, first: usize) -> &[u32] {
        let count = self.numbers.get(first).map_or(0, |count| *count as usize);
        self.numbers.get(first + 1..first + 1 + count).unwrap_or_default()
    }

    /// How many bytes of memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes() + size_of_val(&*self.nodes) + size_of_val(&*self.numbers)
    }
}

fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::net::canonical;

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            (0xC000_0200u32..0xC000_0210).prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
            any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
            (0xC000_0200u32..0xC000_0210).prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
            (0u128..16).prop_map(|host| IpAddr::V6(Ipv6Addr::from(0x2001_0db8_u128 << 96 | host))),
        ]
    }

    fn network() -> impl Strategy<Value = IpNet> {
        (address(), 0u8..=128).prop_map(|(address, length)| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            IpNet::new(address, length.min(most)).unwrap()
        })
    }

    proptest! {
        #[test]
        fn finds_every_prefix_around(given in prop::collection::vec((network(), 0u32..100), 0..60), asked in prop::collection::vec(address(), 30)) {
            let (table, left_out) = Networks::new(given.clone());
            prop_assert_eq!(left_out, 0);
            for address in asked {
                let address = canonical(address);
                let mut around: Vec<(u8, u32)> = given
                    .iter()
                    .map(|(network, number)| (canonical_network(*network), *number))
                    .filter(|(network, _)| network.contains(&address))
                    .map(|(network, number)| (u8::MAX - network.prefix_len(), number))
                    .collect();
                around.sort_unstable();
                let expected: Vec<u32> = around.iter().map(|(_, number)| *number).collect();
                prop_assert_eq!(table.find(address).collect::<Vec<_>>(), expected);
            }
        }
    }
}
