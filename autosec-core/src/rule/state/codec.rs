//! How state is written down: whole numbers of variable length, the least significant seven bits first.

use crate::sketch::{Millionths, Ranks, Ring, Slot, Sum};

/// Bytes that are being written.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

/// Bytes that are being read. Everything it gives is `None` where the bytes end or make no sense.
#[derive(Debug)]
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl Writer {
    pub(crate) fn number(&mut self, number: u64) {
        self.wide(u128::from(number));
    }

    pub(crate) fn wide(&mut self, mut number: u128) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    /// A number of either sign: small ones take few bytes.
    pub(crate) fn signed(&mut self, number: i128) {
        self.wide((number << 1 ^ number >> 127).cast_unsigned());
    }

    /// A number that is as likely large as small.
    pub(crate) fn fixed(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend(text.as_bytes());
    }
}

impl<'b> Reader<'b> {
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.wide()?.try_into().ok()
    }

    pub(crate) fn wide(&mut self) -> Option<u128> {
        let mut number = 0;
        for shift in (0..u128::BITS).step_by(7) {
            let [byte] = self.bytes(1)? else { return None };
            let bits = u128::from(byte & 0x7f);
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

    pub(crate) fn signed(&mut self) -> Option<i128> {
        let number = self.wide()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A time or a slot.
    pub(crate) fn place(&mut self) -> Option<i64> {
        self.signed()?.try_into().ok()
    }

    pub(crate) fn small(&mut self) -> Option<u32> {
        self.wide()?.try_into().ok()
    }

    pub(crate) fn fixed(&mut self) -> Option<u64> {
        let bytes = self.bytes(8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    /// A number of things of which each takes at least one byte more.
    pub(crate) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|length| *length <= self.0.len())
    }

    pub(crate) fn text(&mut self) -> Option<&'b str> {
        let length = self.length()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }
}

/// What a slot holds, written down.
pub(super) trait Coded: Slot + PartialEq {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Option<Self>;
}

/// Writes the slots that hold anything.
pub(super) fn write_ring<T: Coded>(ring: &Ring<T>, to: &mut Writer) {
    let empty = T::default();
    let filled = || ring.by_slot().filter(|(_, what)| *what != empty);
    to.length(filled().count());
    for (slot, what) in filled() {
        to.signed(i128::from(ring.newest()) - i128::from(slot));
        what.write(to);
    }
}

/// Reads the slots into an empty window that stands where the written one stood.
pub(super) fn read_ring<T: Coded>(ring: &mut Ring<T>, from: &mut Reader<'_>) -> Option<()> {
    for _ in 0..from.length()? {
        let age = i64::try_from(from.signed()?).ok()?;
        ring.add(ring.newest().saturating_sub(age), &T::read(from)?);
    }
    Some(())
}

impl Coded for u32 {
    fn write(&self, to: &mut Writer) {
        to.number(u64::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.small()
    }
}

impl Coded for Sum {
    fn write(&self, to: &mut Writer) {
        to.number(self.count);
        to.signed(self.sum.units());
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Sum { count: from.number()?, sum: Millionths::of_units(from.signed()?) })
    }
}

impl Coded for Ranks {
    fn write(&self, to: &mut Writer) {
        to.number(u64::from(self.count));
        self.below.iter().for_each(|below| to.number(u64::from(*below)));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut ranks = Ranks { count: from.small()?, ..Ranks::default() };
        for below in &mut ranks.below {
            *below = from.small()?;
        }
        Some(ranks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_it_wrote(number: u64, wide: u128, signed: i128, place: i64, text: String) {
            let mut to = Writer::default();
            to.number(number);
            to.wide(wide);
            to.signed(signed);
            to.signed(i128::from(place));
            to.fixed(number);
            to.text(&text);
            let mut from = Reader(&to.0);
            prop_assert_eq!(from.number(), Some(number));
            prop_assert_eq!(from.wide(), Some(wide));
            prop_assert_eq!(from.signed(), Some(signed));
            prop_assert_eq!(from.place(), Some(place));
            prop_assert_eq!(from.fixed(), Some(number));
            prop_assert_eq!(from.text(), Some(text.as_str()));
            prop_assert_eq!(from.number(), None);
        }

        #[test]
        fn survives_any_bytes(bytes: Vec<u8>) {
            let mut from = Reader(&bytes);
            while from.text().is_some() || from.signed().is_some() {}
        }
    }
}
