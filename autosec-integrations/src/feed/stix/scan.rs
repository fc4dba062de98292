//! Cuts an input into its objects without reading it whole: it looks for brackets, quotes and backslashes, and leaves the
//! rest to the JSON reader.

use std::io::{BufRead, BufReader, Read};

use super::error::BundleFault;

/// One member of the list of objects.
#[derive(Debug, PartialEq)]
pub(super) enum Element<'b> {
    Object(&'b [u8]),
    /// One that is longer than it may be.
    TooLong,
    /// Something that is no object, such as a number.
    Strange,
}

/// Where something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) at: u64,
    pub(super) line: u64,
}

#[derive(Debug)]
pub(super) struct Scanner<R> {
    input: BufReader<R>,
    place: Place,
    buffer: Vec<u8>,
    limit: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Start,
    /// Among the members of a list that stands in so many objects.
    List {
        inside: u8,
    },
    /// Among the keys of the outer object.
    Keys,
    End,
}

/// How long a key of the outer object may be to be looked at.
const KEY_LIMIT: usize = 64;

impl<R: Read> Scanner<R> {
    /// Reads objects of at most `limit` bytes.
    pub(super) fn new(input: R, limit: usize) -> Self {
        let place = Place { at: 0, line: 1 };
        Self {
            input: BufReader::with_capacity(64 << 10, input),
            place,
            buffer: Vec::new(),
            limit,
            state: State::Start,
        }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next object and where it begins; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Place, Element<'_>)>, BundleFault> {
        loop {
            match self.state {
                State::Start => self.start()?,
                State::Keys => self.keys()?,
                State::End => return Ok(None),
                State::List { inside } => match self.peek_solid()? {
                    Some(b']') => {
                        self.advance()?;
                        self.state = if inside > 0 { State::Keys } else { State::End };
                    }
                    Some(b',') => self.advance()?,
                    Some(first) => {
                        let place = self.place;
                        let whole = self.capture()?;
                        let element = match (first, whole) {
                            (b'{', true) => Element::Object(&self.buffer),
                            (b'{', false) => Element::TooLong,
                            _ => Element::Strange,
                        };
                        return Ok(Some((place, element)));
                    }
                    None => return Err(BundleFault::Truncated),
                },
            }
        }
    }

    fn start(&mut self) -> Result<(), BundleFault> {
        // A byte order mark is three bytes that no JSON begins with.
        while matches!(self.peek()?, Some(0xef | 0xbb | 0xbf)) {
            self.advance()?;
        }
        self.state = match self.peek_solid()? {
            Some(b'[') => State::List { inside: 0 },
            Some(b'{') => State::Keys,
            other => return Err(malformed("a JSON object or list", other)),
        };
        self.advance()
    }

    /// Steps over the members of the outer object, into the list `objects`.
    fn keys(&mut self) -> Result<(), BundleFault> {
        match self.peek_solid()? {
            Some(b'}') => {
                self.advance()?;
                self.state = State::End;
                Ok(())
            }
            Some(b',') => self.advance(),
            Some(b'"') => {
                self.capture()?;
                let is_objects = self.buffer == b"\"objects\"" && self.buffer.len() <= KEY_LIMIT;
                match self.peek_solid()? {
                    Some(b':') => self.advance()?,
                    other => return Err(malformed("`:`", other)),
                }
                if is_objects && self.peek_solid()? == Some(b'[') {
                    self.advance()?;
                    self.state = State::List { inside: 1 };
                    return Ok(());
                }
                self.peek_solid()?.ok_or(BundleFault::Truncated)?;
                self.capture().map(|_| ())
            }
            other => Err(malformed("a key or `}`", other)),
        }
    }

    /// Takes one JSON value into the buffer; false if it is longer than allowed, and then it is left out.
    fn capture(&mut self) -> Result<bool, BundleFault> {
        self.buffer.clear();
        let mut shape = Shape::default();
        let mut length = 0_usize;
        loop {
            let chunk = fill(&mut self.input)?;
            if chunk.is_empty() {
                return if shape.is_scalar() {
                    Ok(length <= self.limit)
                } else {
                    Err(BundleFault::Truncated)
                };
            }
            let (used, ended) = shape.read(chunk);
            let taken = chunk.get(..used).unwrap_or_default();
            length += used;
            if length <= self.limit {
                self.buffer.extend_from_slice(taken);
            }
            self.place.line += lines(taken);
            self.place.at += used as u64;
            self.input.consume(used);
            if ended {
                return Ok(length <= self.limit);
            }
        }
    }

    /// The next byte that is no white space.
    fn peek_solid(&mut self) -> Result<Option<u8>, BundleFault> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.advance()?;
        }
        Ok(None)
    }

    fn peek(&mut self) -> Result<Option<u8>, BundleFault> {
        Ok(fill(&mut self.input)?.first().copied())
    }

    fn advance(&mut self) -> Result<(), BundleFault> {
        let is_line_end = self.peek()? == Some(b'\n');
        self.place.line += u64::from(is_line_end);
        self.place.at += 1;
        self.input.consume(1);
        Ok(())
    }
}

fn fill<R: Read>(input: &mut BufReader<R>) -> Result<&[u8], BundleFault> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(input.buffer())
}

fn lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

fn malformed(expected: &'static str, found: Option<u8>) -> BundleFault {
    found
        .map_or(BundleFault::Truncated, |found| BundleFault::Malformed { expected, found: char::from(found) })
}

/// How far a value is.
#[derive(Debug, Default)]
struct Shape {
    depth: u32,
    begun: bool,
    in_text: bool,
    escaped: bool,
}

impl Shape {
    /// How many of the bytes belong to the value, and whether it ends with them.
    fn read(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (index, byte) in bytes.iter().enumerate() {
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return (index + 1, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return (index + 1, true),
                // A number or a word ends before what follows it.
                b'}' | b']' | b',' if self.begun && self.depth == 0 => return (index, true),
                b'}' | b',' if self.depth == 0 => return (index + 1, true),
                _ => {}
            }
            self.begun = true;
        }
        (bytes.len(), false)
    }

    /// Whether it may end with the input.
    fn is_scalar(&self) -> bool {
        self.depth == 0 && !self.in_text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements in short, and how it ended.
    fn scan(text: &str) -> (Vec<String>, Option<String>) {
        let mut scanner = Scanner::new(OneByOne(text.as_bytes()), 24);
        let mut found = Vec::new();
        loop {
            match scanner.next() {
                Ok(Some((place, element))) => {
                    let shown = match element {
                        Element::Object(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                        other => format!("{other:?}"),
                    };
                    found.push(format!("{}:{} {shown}", place.line, place.at));
                }
                Ok(None) => return (found, None),
                Err(fault) => return (found, Some(fault.to_string())),
            }
        }
    }

    /// An input that comes a byte at a time.
    struct OneByOne<'b>(&'b [u8]);

    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (Some(byte), Some(place)) = (self.0.first(), buffer.first_mut()) else { return Ok(0) };
            *place = *byte;
            self.0 = &self.0[1..];
            Ok(1)
        }
    }

    #[test]
    fn finds_objects_wherever_they_are_listed() {
        let (found, ended) = scan(
            "\u{feff}{\"id\": \"a]\", \"x\": [{\"objects\": [1]}], \n\"objects\": [{\"a\\\"}\": 1},\n {}] , \"more\": false}",
        );
        assert_eq!((found, ended), (vec!["2:54 {\"a\\\"}\": 1}".to_owned(), "3:68 {}".to_owned()], None));
        assert_eq!(
            scan("[{}, 5, \"a,\", [{}], {\"long\": \"0123456789012345\"}]").0,
            ["1:1 {}", "1:5 Strange", "1:8 Strange", "1:14 Strange", "1:20 TooLong"]
        );
        assert_eq!(scan("{}"), (vec![], None));
        assert_eq!(scan("{\"type\": \"bundle\"}"), (vec![], None));
    }

    #[test]
    fn says_how_it_ended() {
        for text in [
            "{\"objects\": [{}",
            "{\"objects\": [{\"a\": \"",
            "{\"objects\": [",
            "{",
            "[",
            "",
            "{\"objects\"",
            "{\"a\":",
        ] {
            assert_eq!(scan(text).1.as_deref(), Some("the bundle is truncated"), "{text}");
        }
        assert_eq!(scan("<html>").1.as_deref(), Some("expected a JSON object or list, found `<`"));
        assert_eq!(scan("{\"a\" 1}").1.as_deref(), Some("expected `:`, found `1`"));
        assert_eq!(scan("{1}").1.as_deref(), Some("expected a key or `}`, found `1`"));
    }
}
