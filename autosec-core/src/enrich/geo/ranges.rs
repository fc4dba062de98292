//! Sorted ranges of addresses that do not overlap, and the number that belongs to each.
//!
//! The first 16 bits of an IPv4 address choose a bucket, of which only the other 16 bits are kept: 6 bytes a range, and a
//! bucket of a real city database (46 ranges on average) lies in two cache lines. Of IPv6 addresses the 16 bits after
//! the first three are taken, since all that are in use begin alike (2000::/3).

use std::net::IpAddr;

/// What belongs to addresses of which nothing is known.
pub(super) const NONE: u32 = u32::MAX;

const BUCKETS: usize = 1 << 16;

/// What an address answers.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    v4: Family<u16>,
    v6: Family<u128>,
}

/// Where a range begins, and the number that belongs to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Start<A> {
    pub(super) first: A,
    pub(super) value: u32,
}

#[derive(Debug, Default)]
struct Family<S> {
    /// Where each bucket begins, and one more for the end; empty if there is no range.
    buckets: Box<[u32]>,
    starts: Box<[S]>,
    values: Box<[u32]>,
}

impl Ranges {
    /// Ranges from these starts, which are sorted; the first of each family begins at 0, and there are fewer than 2^32.
    pub(super) fn new(v4: &[Start<u32>], v6: &[Start<u128>]) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
        let low = |first: u32| first as u16;
        Self {
            v4: Family::new(v4, |first| (first >> 16) as usize, low),
            v6: Family::new(v6, bucket, |first| first),
        }
    }

    /// The number that belongs to an address, if there is one.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is kept")]
    pub(super) fn find(&self, address: IpAddr) -> Option<u32> {
        let value = match address.to_canonical() {
            IpAddr::V4(address) => {
                let bits = address.to_bits();
                self.v4.find((bits >> 16) as usize, bits as u16)
            }
            IpAddr::V6(address) => self.v6.find(bucket(address.to_bits()), address.to_bits()),
        };
        value.filter(|value| *value != NONE)
    }

    /// How many ranges there are.
    pub(super) fn len(&self) -> usize {
        self.v4.starts.len() + self.v6.starts.len()
    }

    /// How many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.bytes()
    }
}

/// Grows with the address: everything before 2000::/3 is in the first bucket, everything behind it in the last.
fn bucket(address: u128) -> usize {
    let high = (address >> 109) as usize;
    high.saturating_sub(1 << 16).min(BUCKETS - 1)
}

impl<S: Copy + Ord> Family<S> {
    fn new<A: Copy>(ranges: &[Start<A>], bucket: impl Fn(A) -> usize, kept: impl Fn(A) -> S) -> Self {
        if ranges.is_empty() {
            return Self { buckets: Box::default(), starts: Box::default(), values: Box::default() };
        }
        let mut buckets = Vec::with_capacity(BUCKETS + 1);
        for (range, number) in ranges.iter().zip(0..) {
            while buckets.len() <= bucket(range.first) {
                buckets.push(number);
            }
        }
        buckets.resize(BUCKETS + 1, u32::try_from(ranges.len()).unwrap_or(u32::MAX));
        Self {
            buckets: buckets.into(),
            starts: ranges.iter().map(|range| kept(range.first)).collect(),
            values: ranges.iter().map(|range| range.value).collect(),
        }
    }

    #[inline]
    fn find(&self, bucket: usize, address: S) -> Option<u32> {
        let (&from, &to) = (self.buckets.get(bucket)?, self.buckets.get(bucket + 1)?);
        let inside = self.starts.get(from as usize..to as usize)?;
        let behind = from as usize + inside.partition_point(|start| *start <= address);
        // A range that began before this bucket goes on into it.
        self.values.get(behind.checked_sub(1)?).copied()
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.buckets) + size_of_val(&*self.starts) + size_of_val(&*self.values)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn slow<A: Copy + Ord>(ranges: &[Start<A>], address: A) -> Option<u32> {
        let range = ranges.iter().rev().find(|range| range.first <= address)?;
        Some(range.value).filter(|value| *value != NONE)
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            v4 in proptest::collection::btree_map(prop_oneof![0..=u32::MAX, 0..=u32::from(u16::MAX)], prop_oneof![0..9u32, Just(NONE)], 0..60),
            v6 in proptest::collection::btree_map(prop_oneof![0..=u128::MAX, (1u128 << 125)..(1 << 126), (1u128 << 125)..(1 << 125 | 1 << 100)], prop_oneof![0..9u32, Just(NONE)], 0..60),
            asked4: Vec<u32>, asked6: Vec<u128>,
        ) {
            let v4: Vec<_> = [(0, NONE)].into_iter().chain(v4).map(|(first, value)| Start { first, value }).collect();
            let v6: Vec<_> = [(0, NONE)].into_iter().chain(v6).map(|(first, value)| Start { first, value }).collect();
            let ranges = Ranges::new(&v4, &v6);
            for address in asked4.into_iter().chain(v4.iter().flat_map(|range| [range.first, range.first.wrapping_sub(1)])) {
                prop_assert_eq!(ranges.find(Ipv4Addr::from_bits(address).into()), slow(&v4, address));
            }
            for address in asked6.into_iter().chain(v6.iter().flat_map(|range| [range.first, range.first.wrapping_sub(1)])) {
                let address = Ipv6Addr::from_bits(address);
                if address.to_ipv4_mapped().is_none() {
                    prop_assert_eq!(ranges.find(address.into()), slow(&v6, address.to_bits()));
                }
            }
        }
    }

    #[test]
    fn none_find_nothing() {
        let ranges = Ranges::new(&[], &[]);
        assert_eq!(ranges.find("192.0.2.1".parse().unwrap()), None);
        assert_eq!(ranges.find("2001:db8::1".parse().unwrap()), None);
        assert_eq!(ranges.bytes(), 0);
    }
}
