//! Numbers and texts as few bytes.

/// Adds a number, 7 bits a byte.
#[expect(clippy::cast_possible_truncation, reason = "what is left fits a byte")]
pub(super) fn put_number(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Adds a signed number, small ones of either sign in few bytes.
pub(super) fn put_signed(number: i64, to: &mut Vec<u8>) {
    put_number((number << 1 ^ number >> 63) as u64, to);
}

pub(super) fn put_text(text: &[u8], to: &mut Vec<u8>) {
    put_number(text.len() as u64, to);
    to.extend_from_slice(text);
}

/// Reads what was put; beyond the end everything is zero and empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    pub(super) fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }

    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    pub(super) fn text(&mut self) -> &'a [u8] {
        let length = usize::try_from(self.number()).unwrap_or(usize::MAX);
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_put() {
        let mut bytes = Vec::new();
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            put_number(number, &mut bytes);
        }
        for number in [0, -1, 1, i64::MIN, i64::MAX] {
            put_signed(number, &mut bytes);
        }
        put_text(b"abc", &mut bytes);
        let mut reader = Reader(&bytes);
        assert_eq!([0; 7].map(|_: u8| reader.number()), [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX]);
        assert_eq!([0; 5].map(|_: u8| reader.signed()), [0, -1, 1, i64::MIN, i64::MAX]);
        assert_eq!(reader.text(), b"abc");
        assert_eq!((reader.byte(), reader.number(), reader.text()), (0, 0, &b""[..]));
    }
}
