//! Numbers as bytes: whole ones of variable length, the least significant seven bits first.

/// Writes a number: small ones take few bytes.
pub(super) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push((number & 0x7f) as u8);
}

/// Where numbers are written one behind the other: bytes that are there already, since a list that grows asks for each of them
/// whether there is room. What does not fit is counted and not written.
#[derive(Debug)]
pub(super) struct Writer<'b> {
    to: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    /// At the beginning of these bytes; behind what is written they may change, by seven bytes at most.
    pub(super) fn new(to: &'b mut [u8]) -> Self {
        Self { to, length: 0 }
    }

    /// How many bytes were written.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Writes a number as [`put`] does.
    #[inline]
    pub(super) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.put(number & 0x7f | 0x80, 1);
            number >>= 7;
        }
        self.put(number, 1);
    }

    /// Writes the lowest bytes of a number, at most four, the least significant first.
    #[inline]
    pub(super) fn little(&mut self, number: u32, width: u32) {
        self.put(u64::from(number), width);
    }

    /// Writes eight bytes at once, of which so many count.
    #[inline]
    fn put(&mut self, bits: u64, count: u32) {
        if let Some(bytes) = self.to.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *bytes = bits.to_le_bytes();
        }
        self.length += count as usize;
    }
}

/// A few small numbers in a register: they are written to memory, and read from it, all at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    bits: u64,
    /// Bytes written, or read, of eight.
    length: u32,
}

impl Word {
    /// One of so many bytes, at most four, of a number.
    pub(super) fn little(number: u32, width: u32) -> Self {
        Self { bits: u64::from(number), length: width }
    }

    /// With a number as [`put`] writes it; none if it takes more than two bytes. There is room for two beside three bytes.
    #[inline]
    pub(super) fn with(self, number: u64) -> Option<Self> {
        let more = u64::from(number > 0x7f);
        let spelled = number & 0x7f | more << 7 | number >> 7 << 8;
        let bits = self.bits | spelled.checked_shl(8 * self.length)?;
        (number >> 14 == 0).then(|| Self { bits, length: self.length + 1 + u32::from(more == 1) })
    }

    /// Writes it.
    #[inline]
    pub(super) fn put(self, to: &mut Writer<'_>) {
        to.put(self.bits, self.length);
    }

    /// The next eight bytes; none if there are fewer.
    pub(super) fn of(from: &Reader<'_>) -> Option<Self> {
        Some(Self { bits: u64::from_le_bytes(*from.0.first_chunk()?), length: 0 })
    }

    /// Takes a number of so many bytes, at most four, off it.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is cut to its width")]
    pub(super) fn take_little(&mut self, width: u32) -> u32 {
        let number = self.bits as u32 & u32::MAX >> (u32::BITS - 8 * width);
        self.bits >>= 8 * width;
        self.length += width;
        number
    }

    /// Takes a number of one byte or two off it; none if it takes more.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u32> {
        let (first, second) = ((self.bits & 0xff) as u32, (self.bits >> 8 & 0xff) as u32);
        let more = first >> 7;
        if more & second >> 7 != 0 {
            return None;
        }
        self.bits >>= 8 + 8 * more;
        self.length += 1 + more;
        Some(first & 0x7f | (second * more) << 7)
    }
}

/// Bytes that are being read. Everything it gives is `None` where the bytes end or make no sense.
#[derive(Debug)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    /// Goes on behind what a word has read.
    pub(super) fn skip(&mut self, read: Word) -> Option<()> {
        self.bytes(read.length as usize).map(|_| ())
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
        // Most numbers are small, and nearly all others take two bytes.
        if let [first, second, ..] = self.0
            && first & second & 0x80 == 0
        {
            let more = first >> 7;
            let number = u64::from(first & 0x7f) | u64::from(second * more) << 7;
            self.bytes(usize::from(more) + 1)?;
            return Some(number);
        }
        self.long_number()
    }

    fn long_number(&mut self) -> Option<u64> {
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

    pub(super) fn little(&mut self, width: u32) -> Option<u32> {
        let bytes = self.bytes(width as usize)?;
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
            let mut room = vec![0; to.len() + 3 + 8];
            let mut writer = Writer::new(&mut room);
            numbers.iter().for_each(|number| writer.number(*number));
            writer.little(little, 3);
            let length = writer.length();
            prop_assert_eq!(&room[..length - 3], &to);
            room.truncate(length);
            let to = room;
            let mut from = Reader(&to);
            for number in numbers {
                prop_assert_eq!(from.number(), Some(number));
            }
            prop_assert_eq!(from.little(3), Some(little));
            prop_assert_eq!(from.number(), None);
        }

        #[test]
        fn words_are_the_same_bytes(little in 0u32..1 << 24, numbers: [u16; 2]) {
            let numbers = numbers.map(|number| u64::from(number >> (number & 15)));
            let (mut bytes, mut word) = (Vec::new(), Some(Word::little(little, 3)));
            bytes.extend(&little.to_le_bytes()[..3]);
            for number in numbers {
                put(&mut bytes, number);
                word = word.and_then(|word| word.with(number));
            }
            prop_assert_eq!(word.is_some(), numbers.iter().all(|number| number >> 14 == 0));
            let mut written = [0; 16];
            let mut writer = Writer::new(&mut written);
            if let Some(word) = word {
                word.put(&mut writer);
                let length = writer.length();
                prop_assert_eq!(&written[..length], &bytes);
            }
            bytes.extend([0; 8]);
            let from = Reader(&bytes);
            let mut word = Word::of(&from).unwrap();
            prop_assert_eq!(word.take_little(3), little);
            for number in numbers {
                let taken = word.take();
                prop_assert_eq!(taken.map(u64::from), Some(number).filter(|number| number >> 14 == 0));
                if taken.is_none() { break }
            }
        }

        #[test]
        fn survives_any_bytes(bytes: Vec<u8>) {
            let mut from = Reader(&bytes);
            while from.number().is_some() && from.little(2).is_some() && from.length().is_some() {}
        }
    }
}
