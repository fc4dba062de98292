//! Sorted ranges of addresses that do not overlap, and the number that belongs to each.
//!
//! The first bits of an IPv4 address, as many as make buckets of two ranges on average, choose a bucket. Where no range
//! begins in a bucket it holds the number itself; else it says where its ranges stand, each in 32 bits with its number, so
//! that a look-up waits for memory twice at most. A range has the bits of its first address that do not choose the bucket,
//! and as many for the number as do. Of IPv6 addresses the 16 bits after the first three are taken, since all that are in
//! use begin alike (2000::/3).
//!
//! Tried: the number never in the bucket, and eight ranges compared at once without a branch; a third slower, since half of
//! all addresses then wait for a line more (2026-11-23, 2-core x86-64 VM).

use std::net::IpAddr;

/// What belongs to addresses of which nothing is known.
pub(super) const NONE: u32 = u32::MAX;

/// What an address answers.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    v4: V4,
    v6: V6,
}

/// Where a range begins, and the number that belongs to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Start<A> {
    pub(super) first: A,
    pub(super) value: u32,
}

impl Ranges {
    /// Ranges from these starts, which are sorted; the first of each family begins at 0, and there are fewer than 2^32.
    pub(super) fn new(v4: &[Start<u32>], v6: &[Start<u128>]) -> Self {
        Self { v4: V4::new(v4), v6: V6::new(v6) }
    }

    /// The number that belongs to an address, if there is one.
    #[inline]
    pub(super) fn find(&self, address: IpAddr) -> Option<u32> {
        let value = match address.to_canonical() {
            IpAddr::V4(address) => self.v4.find(address.to_bits()),
            IpAddr::V6(address) => self.v6.find(address.to_bits()),
        };
        value.filter(|value| *value != NONE)
    }

    /// How many bytes of memory they take.
    pub(super) fn bytes(&self) -> usize {
        let v4 = size_of_val(&*self.v4.buckets) + size_of_val(&*self.v4.ranges);
        v4 + size_of_val(&*self.v6.buckets) + size_of_val(&*self.v6.starts) + size_of_val(&*self.v6.values)
    }
}

#[derive(Debug, Default)]
struct V4 {
    /// Bits of an address that do not choose a bucket; as many as a range has beside its number.
    shift: u32,
    /// Empty if there is no range.
    buckets: Box<[Bucket]>,
    /// For each bucket in which a range begins how many do, and then these, from the one that is in force where the bucket
    /// begins: the rest of the first address above the number, which is all ones for [`NONE`].
    ranges: Box<[u32]>,
}

/// A number if the highest bit is set, or else a place in the ranges.
#[derive(Clone, Copy, Debug)]
struct Bucket(u32);

const IS_NUMBER: u32 = 1 << 31;

impl V4 {
    fn new(starts: &[Start<u32>]) -> Self {
        if starts.is_empty() {
            return Self::default();
        }
        let most = starts.iter().map(|start| start.value).filter(|value| *value != NONE).max().unwrap_or(0);
        // At most 26 bits: there are no more numbers than ranges, and of these at most twice as many as networks.
        let number_bits = u32::BITS - (most + 1).leading_zeros();
        let bits = (starts.len() / 2).max(2).ilog2().max(number_bits);
        let mut made = Self { shift: u32::BITS - bits, ..Self::default() };
        let (mut buckets, mut ranges) = (Vec::with_capacity(1 << bits), Vec::new());
        let (mut rest, mut before) = (starts, NONE);
        for bucket in 0..1 << bits {
            let inside;
            (inside, rest) = rest.split_at(rest.partition_point(|start| start.first >> made.shift <= bucket));
            if inside.is_empty() {
                buckets.push(Bucket(before | IS_NUMBER));
                continue;
            }
            buckets.push(Bucket(u32::try_from(ranges.len()).unwrap_or(0)));
            ranges.push(u32::try_from(inside.len() + 1).unwrap_or(0));
            ranges.push(made.range(0, before));
            ranges.extend(inside.iter().map(|start| made.range(start.first, start.value)));
            before = inside.last().map_or(before, |start| start.value);
        }
        (made.buckets, made.ranges) = (buckets.into(), ranges.into());
        made
    }

    #[inline]
    fn range(&self, first: u32, value: u32) -> u32 {
        let rest = first.checked_shl(u32::BITS - self.shift).unwrap_or(0);
        rest | value & self.numbers()
    }

    /// The bits that a range has for its number.
    #[inline]
    fn numbers(&self) -> u32 {
        u32::MAX >> self.shift
    }

    #[inline]
    fn find(&self, address: u32) -> Option<u32> {
        let bucket = self.buckets.get((address >> self.shift) as usize)?.0;
        if bucket & IS_NUMBER != 0 {
            return Some(if bucket == NONE { NONE } else { bucket & !IS_NUMBER });
        }
        let (count, behind) = self.ranges.get(bucket as usize..)?.split_first()?;
        let inside = behind.get(..*count as usize)?;
        let last = self.range(address, NONE);
        // The first one is never behind an address of the bucket. No branch depends on what is compared, so the processor
        // goes on with the next look-up meanwhile; `partition_point` took a quarter longer for addresses that come again.
        let (mut place, mut size) = (0, inside.len());
        while size > 1 {
            let half = size / 2;
            place += if inside.get(place + half).is_some_and(|range| *range <= last) { half } else { 0 };
            size -= half;
        }
        let number = inside.get(place)? & self.numbers();
        Some(if number == self.numbers() { NONE } else { number })
    }
}

#[derive(Debug, Default)]
struct V6 {
    buckets: Box<[u32]>,
    starts: Box<[u128]>,
    values: Box<[u32]>,
}

impl V6 {
    const BUCKETS: usize = 1 << 16;

    fn new(starts: &[Start<u128>]) -> Self {
        if starts.is_empty() {
            return Self::default();
        }
        Self {
            buckets: buckets(Self::BUCKETS, starts.iter().map(|start| Self::bucket(start.first))),
            starts: starts.iter().map(|start| start.first).collect(),
            values: starts.iter().map(|start| start.value).collect(),
        }
    }

    /// Grows with the address: everything before 2000::/3 is in the first bucket, everything behind it in the last.
    #[inline]
    fn bucket(address: u128) -> usize {
        let high = (address >> 109) as usize;
        high.saturating_sub(1 << 16).min(Self::BUCKETS - 1)
    }

    #[inline]
    fn find(&self, address: u128) -> Option<u32> {
        let bucket = Self::bucket(address);
        let (&from, &to) = (self.buckets.get(bucket)?, self.buckets.get(bucket + 1)?);
        let inside = self.starts.get(from as usize..to as usize)?;
        let behind = from as usize + inside.partition_point(|start| *start <= address);
        self.values.get(behind.checked_sub(1)?).copied()
    }
}

/// Where each of so many buckets begins among things that are in these buckets, which never fall, and where the last ends.
fn buckets(count: usize, of: impl ExactSizeIterator<Item = usize>) -> Box<[u32]> {
    let things = u32::try_from(of.len()).unwrap_or(u32::MAX);
    let mut begins = Vec::with_capacity(count + 1);
    for (bucket, number) in of.zip(0..) {
        while begins.len() <= bucket {
            begins.push(number);
        }
    }
    begins.resize(count + 1, things);
    begins.into()
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
