/// Numbers or addresses that begin with the same bits. Any range of them is made of a few blocks, and which blocks a value
/// lies in is one look-up for each of their lengths.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Block {
    pub(super) family: Family,
    /// How many bits are the same.
    pub(super) length: u8,
    /// These bits.
    pub(super) prefix: u128,
}

/// What a block holds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Family {
    Integer,
    V4,
    V6,
}

impl Family {
    fn width(self) -> u8 {
        match self {
            Family::Integer => 64,
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }
}

impl Block {
    /// One integer.
    pub(super) fn integer(number: i64) -> Self {
        Self { family: Family::Integer, length: 64, prefix: u128::from(ordered(number)) }
    }

    /// One IPv4 address.
    pub(super) fn v4(address: u32) -> Self {
        Self { family: Family::V4, length: 32, prefix: u128::from(address) }
    }

    /// One IPv6 address.
    pub(super) fn v6(address: u128) -> Self {
        Self { family: Family::V6, length: 128, prefix: address }
    }

    /// The block of this length around a block that is at least as long.
    pub(super) fn around(self, length: u8) -> Self {
        let shift = u32::from(self.length.saturating_sub(length));
        Self { length, prefix: self.prefix.checked_shr(shift).unwrap_or(0), ..self }
    }

    /// Which share of all values of its family it holds, as a power of two: 0 for all, -32 for one IPv4 address.
    pub(super) fn share(self) -> i32 {
        -i32::from(self.length)
    }
}

/// The blocks of a range of integers, ends included.
pub(super) fn integers(first: i64, last: i64, into: &mut Vec<Block>) {
    range(Family::Integer, ordered(first).into(), ordered(last).into(), into);
}

/// The blocks of a range of IPv4 addresses, ends included.
pub(super) fn v4(first: u32, last: u32, into: &mut Vec<Block>) {
    range(Family::V4, first.into(), last.into(), into);
}

/// The blocks of a range of IPv6 addresses, ends included.
pub(super) fn v6(first: u128, last: u128, into: &mut Vec<Block>) {
    range(Family::V6, first, last, into);
}

/// The number in the order of unsigned ones.
fn ordered(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

fn range(family: Family, first: u128, last: u128, into: &mut Vec<Block>) {
    let width = u32::from(family.width());
    let mut first = first;
    while first <= last {
        // As large as its first value allows, and no larger than what is left.
        let left = (last - first).checked_add(1).map_or(128, u128::ilog2);
        let bits = first.trailing_zeros().min(left).min(width);
        let length = u8::try_from(width - bits).unwrap_or(0);
        into.push(Block { family, length, prefix: first.checked_shr(bits).unwrap_or(0) });
        let Some(next) = 1_u128.checked_shl(bits).and_then(|size| first.checked_add(size)) else { return };
        first = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_hold_the_range_and_nothing_else(a in -300_i64..300, b in -300_i64..300, probe in -310_i64..310) {
            let (first, last) = (a.min(b), a.max(b));
            let mut blocks = Vec::new();
            integers(first, last, &mut blocks);
            let value = Block::integer(probe);
            let inside = blocks.iter().filter(|block| value.around(block.length) == **block).count();
            prop_assert_eq!(inside, usize::from((first..=last).contains(&probe)));
        }
    }

    #[test]
    fn reaches_both_ends() {
        let mut blocks = Vec::new();
        integers(i64::MIN, i64::MAX, &mut blocks);
        v4(0, u32::MAX, &mut blocks);
        v6(0, u128::MAX, &mut blocks);
        assert_eq!(blocks.iter().map(|block| block.length).collect::<Vec<_>>(), [0, 0, 0]);
        assert_eq!(Block::v6(u128::MAX).around(0).prefix, 0);
        blocks.clear();
        v6(1, u128::MAX, &mut blocks);
        assert_eq!(blocks.len(), 128);
    }
}
