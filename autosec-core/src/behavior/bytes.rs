//! Numbers as bytes: whole ones of variable length, the least significant seven bits first.

/// Where bytes are written to.
pub(super) trait Sink {
    /// Adds bytes.
    fn add(&mut self, bytes: &[u8]);
    /// Adds a byte.
    fn add_byte(&mut self, byte: u8);
}

impl Sink for Vec<u8> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn add_byte(&mut self, byte: u8) {
        self.push(byte);
    }
}

impl<A: smallvec::Array<Item = u8>> Sink for smallvec::SmallVec<A> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn add_byte(&mut self, byte: u8) {
        self.push(byte);
    }
}

/// Writes a number: small ones take few bytes.
pub(super) fn put(to: &mut impl Sink, mut number: u64) {
    while number > 0x7f {
        to.add_byte((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.add_byte((number & 0x7f) as u8);
}

/// Writes the lowest bytes of a number, at most four, the least significant first.
pub(super) fn put_little(to: &mut impl Sink, number: u32, width: usize) {
    to.add(number.to_le_bytes().get(..width).unwrap_or_default());
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
        // Most numbers are small.
        if let [byte @ 0..=0x7f, rest @ ..] = self.0 {
            self.0 = rest;
            return Some(u64::from(*byte));
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
