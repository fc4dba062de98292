use super::ImageError;

/// Bytes that grow by numbers and texts.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
}

impl Output {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.byte((number & 0x7f) as u8);
    }

    /// Small numbers of either sign are short.
    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes behind their length.
    pub(crate) fn sized(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }
}

/// Bytes that are read from the front; whoever wrote them is not trusted.
#[derive(Clone, Debug)]
pub(crate) struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Input<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn malformed(&self, what: &'static str) -> ImageError {
        ImageError::Malformed { at: self.at, what }
    }

    /// Whether all was read.
    pub(crate) fn finish(&self) -> Result<(), ImageError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.malformed("more than belongs there")) }
    }

    pub(crate) fn raw(&mut self, count: usize) -> Result<&'b [u8], ImageError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.malformed("less than belongs there"))?;
        self.at += count;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let taken = self.raw(N)?;
        taken.try_into().map_err(|_| self.malformed("less than belongs there"))
    }

    pub(crate) fn byte(&mut self) -> Result<u8, ImageError> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, ImageError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("neither yes nor no")),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, ImageError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.malformed("a number that is too large"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, ImageError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// How many of something follow: each takes a byte at least.
    pub(crate) fn count(&mut self) -> Result<usize, ImageError> {
        let count = self.number()?;
        let count = usize::try_from(count).ok().filter(|count| *count <= self.bytes.len() - self.at);
        count.ok_or_else(|| self.malformed("more of something than there are bytes left"))
    }

    /// Bytes behind their length.
    pub(crate) fn sized(&mut self) -> Result<&'b [u8], ImageError> {
        let count = self.count()?;
        self.raw(count)
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, ImageError> {
        let bytes = self.sized()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("a text that is none"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reads_what_was_written(plain: u64, signed: i64, text in ".{0,20}") {
            let mut output = Output::default();
            output.number(plain);
            output.signed(signed);
            output.sized(text.as_bytes());
            let mut input = Input::new(&output.bytes);
            prop_assert_eq!(input.number(), Ok(plain));
            prop_assert_eq!(input.signed(), Ok(signed));
            prop_assert_eq!(input.text(), Ok(text.as_str()));
            prop_assert_eq!(input.finish(), Ok(()));
        }
    }

    #[test]
    fn refuses_numbers_and_lengths_that_cannot_be() {
        assert!(Input::new(&[0xff; 10]).number().is_err());
        assert!(Input::new(&[0x80]).number().is_err());
        assert_eq!(
            Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number(),
            Ok(u64::MAX)
        );
        assert!(Input::new(&[3, b'a', b'b']).sized().is_err());
        assert!(Input::new(&[2, 0xc3, 0x28]).text().is_err());
    }
}
