//! The grammar of JSON, a piece at a time, without a tree and without copying.
//!
//! The scanner never looks at what a string holds: a security log with one broken byte must not be lost, and most strings
//! are not wanted. It does check everything else in parts that nobody wants, so that whether a line is accepted does not
//! depend on which fields detectors read.

use super::JsonError;
use super::text::Quoted;

/// An error is boxed on its way up: it is rare, and every step returns in registers without it.
pub(super) type Step<T> = Result<T, Box<JsonError>>;

/// A place in the input; every call reads one piece of JSON and moves behind it.
///
/// Brackets, commas, colons, literals and numbers are checked in wanted and unwanted parts alike, so both agree
/// on where a value ends. The inside of a string is never checked, only its closing quote is found.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
}

/// A value that holds no others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'a> {
    Quoted(Quoted<'a>),
    Number(&'a [u8]),
    True,
    False,
    Null,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], max_depth: usize) -> Self {
        Self { bytes, at: 0, max_depth }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Enters the object or array that opens here, the `depth`th level counted from 0.
    pub(super) fn open(&mut self, depth: usize) -> Step<()> {
        if depth >= self.max_depth {
            return Err(Box::new(JsonError::TooDeep { offset: self.at, limit: self.max_depth }));
        }
        self.at += 1;
        Ok(())
    }

    /// The object's next key with the input from its first byte on, or nothing at the object's end; behind it the
    /// value follows. `first` is true before the first call.
    #[inline(always)]
    pub(super) fn key(&mut self, first: &mut bool) -> Step<Option<(Quoted<'a>, &'a [u8])>> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !*first => {
                self.at += 1;
                self.peek();
            }
            _ if !*first => return Err(self.expected("`,` or `}`")),
            _ => {}
        }
        *first = false;
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.expected("a key in quotes"));
        }
        let input = self.bytes.get(self.at + 1..).unwrap_or_default();
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok(Some((key, input)))
    }

    /// Whether the array goes on with an element here. `first` is true before the first call.
    pub(super) fn element(&mut self, first: &mut bool) -> Step<bool> {
        match self.peek() {
            Some(b']') if *first => {}
            Some(_) if *first => {
                *first = false;
                return Ok(true);
            }
            Some(b',') => {
                self.at += 1;
                return Ok(true);
            }
            Some(b']') => {}
            _ => return Err(self.expected("`,` or `]`")),
        }
        self.at += 1;
        Ok(false)
    }

    /// Reads over a value of any kind.
    pub(super) fn skip(&mut self, depth: usize) -> Step<()> {
        let mut first = true;
        match self.peek() {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'{') => {
                self.open(depth)?;
                while self.key(&mut first)?.is_some() {
                    self.skip(depth + 1)?;
                }
            }
            Some(b'[') => {
                self.open(depth)?;
                while self.element(&mut first)? {
                    self.skip(depth + 1)?;
                }
            }
            _ => {
                self.scalar()?;
            }
        }
        Ok(())
    }

    /// Reads a string, number, boolean or null.
    #[inline(always)]
    pub(super) fn scalar(&mut self) -> Step<Scalar<'a>> {
        match self.peek() {
            Some(b'"') => self.string().map(Scalar::Quoted),
            Some(b'-' | b'0'..=b'9') => self.number().map(Scalar::Number),
            Some(b't') => self.literal(b"true").map(|()| Scalar::True),
            Some(b'f') => self.literal(b"false").map(|()| Scalar::False),
            Some(b'n') => self.literal(b"null").map(|()| Scalar::Null),
            _ => Err(self.expected("a value")),
        }
    }

    /// Checks that only white space follows.
    pub(super) fn end(&mut self) -> Step<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Box::new(JsonError::Trailing { offset: self.at })),
        }
    }

    /// Reads the string whose opening quote is here.
    #[inline]
    fn string(&mut self) -> Step<Quoted<'a>> {
        let start = self.at + 1;
        let mut end = start;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let Some(stop) = quote_or_backslash(rest) else {
                return Err(self.truncated());
            };
            end += stop;
            if rest.get(stop) == Some(&b'"') {
                break;
            }
            escaped = true;
            // Whatever is escaped, be it a quote or a backslash, does not end the string.
            end += 2;
        }
        self.at = end + 1;
        let raw = self.bytes.get(start..end).unwrap_or_default();
        Ok(if escaped { Quoted::Escaped(raw) } else { Quoted::Plain(raw) })
    }

    fn number(&mut self) -> Step<&'a [u8]> {
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        // A zero stands alone: digits behind it are left for whoever reads on, and are refused there.
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Step<()> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &'static [u8]) -> Step<()> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        if word.starts_with(rest) {
            return Err(self.truncated());
        }
        Err(self.expected("`true`, `false` or `null`"))
    }

    #[cold]
    fn expected(&self, expected: &'static str) -> Box<JsonError> {
        if self.at >= self.bytes.len() {
            return self.truncated();
        }
        Box::new(JsonError::Malformed { offset: self.at, expected })
    }

    #[cold]
    fn truncated(&self) -> Box<JsonError> {
        Box::new(JsonError::Truncated { offset: self.bytes.len() })
    }
}

/// Most strings end within sixteen bytes, where the choice of an instruction set that `memchr2` makes on each call
/// costs more than the search: SSE2, part of x86-64 itself, needs no choice.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(search) = memchr::arch::x86_64::sse2::memchr::Two::new(b'"', b'\\') {
        return search.find(bytes);
    }
    memchr::memchr2(b'"', b'\\', bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_string_ends_at_every_distance() {
        for stop in [b'"', b'\\'] {
            for length in 0..100 {
                let mut bytes = vec![b'!' | 0x80; length];
                assert_eq!(quote_or_backslash(&bytes), None);
                bytes.extend([stop, b'#', b']', b'"']);
                bytes.extend([b'x'; 20]);
                assert_eq!(quote_or_backslash(&bytes), Some(length), "{length}");
            }
        }
    }

    #[test]
    fn checks_numbers_and_literals() {
        for right in ["0", "-0", "12", "1.50", "1e5", "-1.0E+10", "true", "false", "null", "\"\\\"\""] {
            let mut scan = Scanner::new(right.as_bytes(), 1);
            assert!(scan.skip(0).is_ok() && scan.end().is_ok(), "{right}");
        }
        for wrong in
            ["-", "01", "1.", ".5", "+1", "1e", "1e+", "tru", "nul", "nulL", "True", "\"\\\"", "", "}"]
        {
            let mut scan = Scanner::new(wrong.as_bytes(), 1);
            assert!(scan.skip(0).and_then(|()| scan.end()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn checks_brackets() {
        for right in ["{}", "[]", "[ 1 , [ ] ]", "{\"a\":{\"b\":[{}]}}"] {
            let mut scan = Scanner::new(right.as_bytes(), 9);
            assert!(scan.skip(0).is_ok() && scan.end().is_ok(), "{right}");
        }
        for wrong in
            ["{]", "[}", "[1,]", "[,1]", "[1 2]", "{,}", "{\"a\":1,}", "{\"a\"}", "{1:2}", "{\"a\":}", "[["]
        {
            let mut scan = Scanner::new(wrong.as_bytes(), 9);
            assert!(scan.skip(0).and_then(|()| scan.end()).is_err(), "{wrong}");
        }
    }
}
