//! Up to eight prefixes in the 64 bytes that a processor fetches at once.

/// How many places a line has.
const PLACES: usize = 8;

/// How many prefixes of its own a line holds; the last place says what is around them, or where to go on.
pub(super) const HELD: usize = PLACES - 1;

/// One bit a place.
const BITS: [[u32; 4]; 2] = [[1, 2, 4, 8], [16, 32, 64, 128]];

/// A prefix among addresses of 32 bits of which the first is known otherwise: the others, then a one, then zeros. The
/// number therefore holds the length too, and 0 is the prefix of every address.
pub(super) type Key = u32;

/// Places in the order in which they are asked: what is covered before what covers it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Line {
    keys: [[Key; 4]; 2],
    slots: [u32; PLACES],
}

impl Line {
    /// The line of `held`, at most [`HELD`] prefixes, with `around` in all places after them, which matches every address
    /// that comes here.
    pub(super) fn of(held: impl Iterator<Item = (Key, u32)>, around: (Key, u32)) -> Self {
        let mut line = Self { keys: [[around.0; 4]; 2], slots: [around.1; PLACES] };
        for ((key, slot), place) in
            line.keys.as_flattened_mut().iter_mut().zip(&mut line.slots).zip(held.take(HELD))
        {
            (*key, *slot) = place;
        }
        line
    }

    /// The key and the slot of the first place that matches `address`, or where to go on: the last slot of a line whose
    /// last place matches no address that comes here.
    ///
    /// All places are compared at once, which compilers make vectors of, and no branch depends on which one matches: it
    /// would be mispredicted every other time, and the lookups that the processor had begun ahead would be thrown away
    /// with it.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "halves are 0 and 1, lanes 0 to 3")]
    pub(super) fn find(&self, address: u32) -> Result<(Key, u32), u32> {
        let own = address << 1;
        let [low, high] = [0, 1].map(|half| matching(self.keys[half], own, BITS[half]));
        let [a, b, c, d] = [0, 1, 2, 3].map(|lane: usize| low[lane] | high[lane]);
        let place = ((a | c) | (b | d)).trailing_zeros() as usize;
        match (self.keys.as_flattened().get(place), self.slots.get(place)) {
            (Some(key), Some(slot)) => Ok((*key, *slot)),
            _ => Err(self.slots[HELD]),
        }
    }
}

/// The key of the prefix of `length` bits that begins at `first`.
pub(super) fn key(first: u32, length: u8) -> Key {
    first << 1 | 1u32.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

/// The length of the prefix that has this key.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "at most 32")]
pub(super) fn length(key: Key) -> u8 {
    32 - key.trailing_zeros() as u8
}

/// The bits of those keys that match, with zeros for the others. Written for all four alike, which compilers make one vector
/// of: with the lanes spelled out one after the other a lookup took a third longer (2026-11-22).
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "lanes are 0 to 3")]
fn matching(keys: [Key; 4], own: u32, bits: [u32; 4]) -> [u32; 4] {
    std::array::from_fn(|lane| {
        let differing = (own ^ keys[lane]) & !(keys[lane] ^ keys[lane].wrapping_sub(1));
        if differing == 0 { bits[lane] } else { 0 }
    })
}
