//! Numbers as bytes: whole ones of variable length, the least significant seven bits first.

/// The bits of a word's bytes that say that more of a number follows.
const MORE: u64 = 0x8080_8080_8080_8080;

/// Writes a number: small ones take few bytes.
pub(super) fn put(to: &mut Vec<u8>, mut number: u64) {
    if let Some((word, length)) = spelled(number) {
        return put_word(to, word, length);
    }
    while number > 0x7f {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push((number & 0x7f) as u8);
}

/// Writes the lowest bytes of a number, at most four, the least significant first.
pub(super) fn put_little(to: &mut Vec<u8>, number: u32, width: usize) {
    put_word(to, u64::from(number), width.min(4));
}

/// Writes the lowest bytes of a word, at most eight: a word of known length is one write, and the rest of it is taken back.
pub(super) fn put_word(to: &mut Vec<u8>, word: u64, width: usize) {
    let length = to.len() + width;
    to.extend_from_slice(&word.to_le_bytes());
    to.truncate(length);
}

/// A number of at most 28 bits as [`put`] writes it: its bytes as a word, and how many they are.
pub(super) fn spelled(number: u64) -> Option<(u64, usize)> {
    let length = (number.max(1).ilog2() / 7 + 1) as usize;
    let groups = number & 0x7f | (number & 0x3f80) << 1 | (number & 0x1f_c000) << 2 | (number & 0xfe0_0000) << 3;
    (number >> 28 == 0).then_some((groups | MORE & ((1 << (8 * (length - 1))) - 1), length))
}

/// Bytes that are being read. Everything it gives is `None` where the bytes end or make no sense.
#[derive(Debug)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        // Nearly all numbers take at most four bytes: these are read at once, whatever their length.
        if let Some(bytes) = self.0.first_chunk::<4>() {
            let word = u64::from(u32::from_le_bytes(*bytes));
            let ends = !word & MORE >> 32;
            if ends != 0 {
                let length = ends.trailing_zeros() / 8 + 1;
                let word = word & (u64::MAX >> (u64::BITS - 8 * length));
                self.bytes(length as usize)?;
                return Some(word & 0x7f | word >> 1 & 0x3f80 | word >> 2 & 0x1f_c000 | word >> 3 & 0xfe0_0000);
            }
        }
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.bytes(1)? else { return None };
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits {
                return None;
            }
            number |= placed;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    pub(super) fn little(&mut self, width: usize) -> Option<u32> {
        if let Some(bytes) = self.0.first_chunk::<4>().filter(|_| (1..=4).contains(&width)) {
            self.bytes(width)?;
            return Some(u32::from_le_bytes(*bytes) & u32::MAX >> (32 - 8 * width));
        }
        let bytes = self.bytes(width)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    pub(super) fn fixed(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    /// A number of things of which each takes at least one byte more.
    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|length| *length <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_it_wrote(numbers: Vec<u64>, little in 0u32..1 << 24) {
            let mut to = Vec::new();
            let numbers: Vec<u64> = numbers.into_iter().flat_map(|number| [number, number >> 36, number >> 57]).collect();
            numbers.iter().for_each(|number| put(&mut to, *number));
            put_little(&mut to, little, 3);
            let mut from = Reader(&to);
            for number in numbers {
                prop_assert_eq!(from.number(), Some(number));
            }
            prop_assert_eq!(from.little(3), Some(little));
            prop_assert_eq!(from.number(), None);
        }

        #[test]
        fn survives_any_bytes(bytes: Vec<u8>) {
            let mut from = Reader(&bytes);
            while from.number().is_some() && from.little(2).is_some() && from.length().is_some() {}
        }
    }
}
