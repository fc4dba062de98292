use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::{canonical, canonical_network};
use super::build::Entry;
use super::v4::Whole;
use super::v6::{Chunks, Long};
use super::values::Values;

/// More prefixes than a [`PrefixTable`] takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("more than {limit} prefixes of one address family: merge those that touch, or split the list")]
pub struct TooManyPrefixes {
    limit: usize,
}

/// Prefixes with a number each, asked for the longest one that an address belongs to.
///
/// It is made for lists of ten as of a million: nearly every IPv4 lookup reads one cache line. It is built once and then
/// only asked; a change means a new table, which takes some 60 ms a million IPv4 prefixes. For values other than numbers see [`PrefixMap`](super::PrefixMap), for a few thousand prefixes without values
/// [`AddressSet`](super::super::AddressSet).
///
/// IPv4-mapped IPv6 addresses and prefixes (`::ffff:192.0.2.0/120`) are the IPv4 ones they stand for. Therefore `::/0`
/// covers no IPv4 address, in neither spelling.
///
/// ```
/// use autosec_core::net::PrefixTable;
///
/// let table = PrefixTable::new([
///     ("192.0.2.0/24".parse()?, 1),
///     ("192.0.2.128/25".parse()?, 2),
///     ("2001:db8::/32".parse()?, 3),
/// ])?;
/// assert_eq!(table.lookup("192.0.2.7".parse()?), Some(1));
/// assert_eq!(table.lookup("::ffff:192.0.2.200".parse()?), Some(2));
/// assert_eq!(table.lookup("198.51.100.1".parse()?), None);
/// let (prefix, number) = table.lookup_prefix("2001:db8::7".parse()?).unwrap();
/// assert_eq!((prefix.to_string().as_str(), number), ("2001:db8::/32", 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PrefixTable {
    v4: Whole,
    v6: Chunks,
    len: usize,
}

impl PrefixTable {
    /// The most prefixes of one address family, those given twice included: 67,108,864.
    pub const MOST_PREFIXES: usize = 1 << INDEX_BITS;

    /// The table of these prefixes, in any order. Host bits are cleared; where a prefix is given more than once, the last
    /// number counts.
    ///
    /// # Errors
    /// There are more than [`MOST_PREFIXES`](Self::MOST_PREFIXES) of one family.
    pub fn new(entries: impl IntoIterator<Item = (IpNet, u32)>) -> Result<Self, TooManyPrefixes> {
        Self::limited(entries, Self::MOST_PREFIXES)
    }

    fn limited(
        entries: impl IntoIterator<Item = (IpNet, u32)>,
        limit: usize,
    ) -> Result<Self, TooManyPrefixes> {
        let (mut v4, mut v6) = (V4::default(), V6::default());
        for (network, value) in entries {
            match canonical_network(network) {
                IpNet::V4(net) => v4.add(net, value),
                IpNet::V6(net) => v6.add(net, value),
            }
            if v4.values.len().max(v6.keys.len()) > limit {
                return Err(TooManyPrefixes { limit });
            }
        }
        let ((v4, v4_len), (v6, v6_len)) = (v4.finish(), v6.finish());
        Ok(Self { v4, v6, len: v4_len + v6_len })
    }

    /// The number of the longest prefix that `address` belongs to.
    #[inline(always)]
    pub fn lookup(&self, address: IpAddr) -> Option<u32> {
        match canonical(address) {
            IpAddr::V4(v4) => self.v4.value(u32::from(v4)),
            IpAddr::V6(v6) => self.v6.value(u128::from(v6)),
        }
    }

    /// The longest prefix that `address` belongs to, in its canonical form, and its number.
    pub fn lookup_prefix(&self, address: IpAddr) -> Option<(IpNet, u32)> {
        let address = canonical(address);
        let found = match address {
            IpAddr::V4(v4) => self.v4.prefix(u32::from(v4)),
            IpAddr::V6(v6) => self.v6.prefix(u128::from(v6)),
        };
        let (value, length) = found?;
        Some((IpNet::new(address, length).ok()?.trunc(), value))
    }

    /// How many different prefixes it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no prefix.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes of memory it takes, the value itself aside. A thousand, a hundred thousand and a million IPv4
    /// prefixes of a blocklist take 16 to 22 bytes each, a million IPv6 prefixes 21 (2026-11-22). The most adverse sets known
    /// take 36 bytes a prefix and five lines an address for IPv4, 138 bytes a prefix for IPv6 (pairs of hosts far from all others).
    /// Numbers of 2^30 - 1 and above, if there are any, take 4 bytes more a prefix.
    pub fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.bytes()
    }
}

/// Room for the place of a prefix in the order it was given, which makes the last of equal ones the last when sorted.
const INDEX_BITS: u32 = 26;
const LENGTH_BITS: u32 = 6;
const INDEX: u64 = (1 << INDEX_BITS) - 1;

/// IPv4 prefixes while they come in: network, length and place in one number, so that sorting is a sort of numbers.
#[derive(Default)]
struct V4 {
    keys: Vec<u64>,
    values: Vec<u32>,
}

impl V4 {
    fn add(&mut self, net: Ipv4Net, value: u32) {
        let prefix = u64::from(u32::from(net.network())) << LENGTH_BITS | u64::from(net.prefix_len());
        self.keys.push(prefix << INDEX_BITS | self.values.len() as u64 & INDEX);
        self.values.push(value);
    }

    fn finish(mut self) -> (Whole, usize) {
        self.keys.sort_unstable();
        self.keys.dedup_by(|next, kept| {
            let equal = *next >> INDEX_BITS == *kept >> INDEX_BITS;
            if equal {
                *kept = *next;
            }
            equal
        });
        let value = |key: &u64| self.values.get((key & INDEX) as usize).copied().unwrap_or_default();
        let values = Values::new(self.keys.iter().map(value));
        let entries: Vec<Entry> = self
            .keys
            .iter()
            .zip(0..)
            .map(|(key, place)| Entry {
                first: (key >> (INDEX_BITS + LENGTH_BITS)) as u32,
                length: ((key >> INDEX_BITS) & ((1 << LENGTH_BITS) - 1)) as u8,
                slot: values.slot(place, value(key)),
            })
            .collect();
        (Whole::new(&entries, values), entries.len())
    }
}

/// IPv6 prefixes while they come in: network, length, place, value.
#[derive(Default)]
struct V6 {
    keys: Vec<(u128, u8, u32, u32)>,
}

impl V6 {
    fn add(&mut self, net: Ipv6Net, value: u32) {
        let place = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        self.keys.push((u128::from(net.network()), net.prefix_len(), place, value));
    }

    fn finish(mut self) -> (Chunks, usize) {
        self.keys.sort_unstable();
        self.keys.dedup_by(|next, kept| {
            let equal = (next.0, next.1) == (kept.0, kept.1);
            if equal {
                *kept = *next;
            }
            equal
        });
        let values = Values::new(self.keys.iter().map(|(.., value)| *value));
        let prefixes: Vec<Long> = self
            .keys
            .iter()
            .zip(0..)
            .map(|((first, length, _, value), place)| Long {
                first: *first,
                length: *length,
                slot: values.slot(place, *value),
            })
            .collect();
        (Chunks::new(&prefixes, values), prefixes.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    /// What a look at every prefix says: the longest, and of equal ones the last.
    fn naive(entries: &[(IpNet, u32)], address: IpAddr) -> Option<(IpNet, u32)> {
        let address = canonical(address);
        entries
            .iter()
            .map(|(network, value)| (canonical_network(*network), *value))
            .filter(|(network, _)| network.contains(&address))
            .max_by_key(|(network, _)| network.prefix_len())
    }

    fn v4_address() -> impl Strategy<Value = u32> {
        prop_oneof![0xC000_0200u32..0xC000_0240, 0u32..4, (u32::MAX - 3)..=u32::MAX, any::<u32>()]
    }

    fn v6_address() -> impl Strategy<Value = u128> {
        let site = 0x2001_0db8_u128 << 96;
        prop_oneof![
            (0u128..4, 0u128..4, 0u128..16)
                .prop_map(move |(net, subnet, host)| site | net << 80 | subnet << 64 | host),
            (0u128..64).prop_map(move |host| site | host << 30),
            0u128..4,
            (u128::MAX - 3)..=u128::MAX,
            (0u128..4).prop_map(|host| 0xFFFF_0000_0000 - 2 + host),
            any::<u128>(),
        ]
    }

    /// A prefix, with host bits as often as not.
    fn network() -> impl Strategy<Value = IpNet> {
        let v4_length = prop_oneof![0u8..=32, 22u8..=32];
        let v4 =
            (v4_address(), v4_length).prop_map(|(at, length)| IpNet::new(Ipv4Addr::from(at).into(), length));
        let v6_length = prop_oneof![0u8..=128, Just(32), Just(48), Just(64), 124u8..=128];
        let v6 =
            (v6_address(), v6_length).prop_map(|(at, length)| IpNet::new(Ipv6Addr::from(at).into(), length));
        prop_oneof![v4, v6].prop_map(Result::unwrap)
    }

    /// The first and last address of a prefix, and those beside them.
    fn edges(network: IpNet) -> Vec<IpAddr> {
        match network {
            IpNet::V4(v4) => {
                let (first, last) = (u32::from(v4.network()), u32::from(v4.broadcast()));
                [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                    .map(|at| Ipv4Addr::from(at).into())
                    .to_vec()
            }
            IpNet::V6(v6) => {
                let (first, last) = (u128::from(v6.network()), u128::from(v6.broadcast()));
                [first, last, first.wrapping_sub(1), last.wrapping_add(1)]
                    .map(|at| Ipv6Addr::from(at).into())
                    .to_vec()
            }
        }
    }

    fn assert_agrees(entries: &[(IpNet, u32)], addresses: impl Iterator<Item = IpAddr>) {
        let table = PrefixTable::new(entries.iter().copied()).unwrap();
        let distinct: HashMap<IpNet, u32> =
            entries.iter().map(|(net, value)| (canonical_network(*net), *value)).collect();
        assert_eq!((table.len(), table.is_empty()), (distinct.len(), distinct.is_empty()));
        for address in addresses {
            let expected = naive(entries, address);
            assert_eq!(table.lookup_prefix(address), expected, "{address} in {entries:?}");
            assert_eq!(table.lookup(address), expected.map(|(_, value)| value), "{address} in {entries:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn agrees_with_a_look_at_every_prefix(
            entries in prop::collection::vec((network(), any::<u32>()), 0..40),
            v4 in prop::collection::vec(v4_address(), 8),
            v6 in prop::collection::vec(v6_address(), 8),
        ) {
            let near = entries.iter().flat_map(|(network, _)| edges(*network));
            let v4 = v4.into_iter().flat_map(|at| {
                let at = Ipv4Addr::from(at);
                [IpAddr::V4(at), IpAddr::V6(at.to_ipv6_mapped())]
            });
            let v6 = v6.into_iter().map(|at| IpAddr::V6(Ipv6Addr::from(at)));
            assert_agrees(&entries, near.chain(v4).chain(v6));
        }
    }

    fn entries(texts: &[&str]) -> Vec<(IpNet, u32)> {
        texts.iter().zip(1..).map(|(text, value)| (text.parse().unwrap(), value)).collect()
    }

    #[test]
    fn reaches_the_edges_of_both_spaces() {
        let lists: [&[&str]; 8] = [
            &[],
            &["0.0.0.0/0", "::/0"],
            &[
                "0.0.0.0/0",
                "0.0.0.0/1",
                "0.0.0.0/31",
                "0.0.0.0/32",
                "255.255.255.255/32",
                "255.255.255.254/31",
            ],
            &["::/0", "::/1", "::/127", "::/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "ffff::/16"],
            &["128.0.0.0/1", "8000::/1"],
            &["255.255.255.255/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"],
            &["192.0.2.0/24", "192.0.2.0/24", "192.0.2.77/24", "::ffff:192.0.2.0/120"],
            &["::/96", "::ffff:0:0/96", "::ffff:0:0/95", "::1:0:0:0/80"],
        ];
        for list in lists {
            let entries = entries(list);
            let near = entries.iter().flat_map(|(network, _)| edges(*network)).collect::<Vec<_>>();
            let always = ["0.0.0.0", "255.255.255.255", "::", "::fffe:1:2", "::ffff:1.2.3.4", "8000::"];
            assert_agrees(&entries, near.into_iter().chain(always.map(|text| text.parse().unwrap())));
        }
    }

    #[test]
    fn agrees_with_a_hash_map_a_length_at_a_hundred_thousand() {
        // Splitmix: the same list in every run.
        let mut state = 7u64;
        let mut random = move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        };
        let mut oracle: HashMap<IpNet, u32> = HashMap::new();
        let mut entries = Vec::new();
        for value in 0..100_000 {
            let bits = random();
            let network: IpNet = if bits % 2 == 0 {
                let length = if bits % 20 < 18 {
                    32
                } else {
                    [16, 17, 18, 19, 20, 21, 22, 23, 24][(bits >> 8) as usize % 9]
                };
                IpNet::new(Ipv4Addr::from((bits >> 32) as u32).into(), length).unwrap()
            } else {
                let length = [64, 64, 48, 128, 32, 56][(bits >> 8) as usize % 6];
                let site = u128::from(0x2001_0000 + (bits >> 16) % 3_000) << 96;
                let rest = u128::from(random()) << 32 | u128::from(random()) >> 32;
                IpNet::new(Ipv6Addr::from(site | rest).into(), length).unwrap()
            };
            entries.push((network, value));
            oracle.insert(network.trunc(), value);
        }
        let table = PrefixTable::new(entries.iter().copied()).unwrap();
        assert_eq!(table.len(), oracle.len());
        let near: Vec<IpAddr> = entries.iter().step_by(40).flat_map(|(network, _)| edges(*network)).collect();
        let far = (0..20_000).map(|_| IpAddr::V4(Ipv4Addr::from((random() >> 32) as u32)));
        for address in near.into_iter().chain(far) {
            let expected = (0..=if address.is_ipv4() { 32 } else { 128 }).rev().find_map(|length| {
                let network = IpNet::new(address, length).unwrap().trunc();
                oracle.get(&network).map(|value| (network, *value))
            });
            assert_eq!(table.lookup_prefix(address), expected, "{address}");
        }
    }

    #[test]
    fn refuses_what_it_has_no_room_for() {
        let entries = entries(&["192.0.2.1/32", "192.0.2.2/32", "2001:db8::/32"]);
        assert!(PrefixTable::limited(entries.clone(), 2).is_ok());
        let error = PrefixTable::limited(entries, 1).unwrap_err();
        assert!(error.to_string().starts_with("more than 1 prefixes of one address family"), "{error}");
    }

    #[test]
    fn is_small_when_it_holds_little() {
        assert_eq!(PrefixTable::default().bytes(), 0);
        let one = PrefixTable::new(entries(&["192.0.2.0/24"])).unwrap();
        assert!(one.bytes() <= 64, "{}", one.bytes());
        let one = PrefixTable::new(entries(&["2001:db8::/32"])).unwrap();
        assert!(one.bytes() < 100, "{}", one.bytes());
    }
}
