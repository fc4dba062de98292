//! Lines out of any input, in bounded memory. A line beyond the limit is stepped over as it comes, chunk by chunk: a
//! gigabyte without a line feed costs time but no memory.

use std::io::{self, BufRead, ErrorKind};

use memchr::memchr;

/// Splits an input into lines without holding more than one, nor more of one than the limit.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    limit: usize,
    line: Vec<u8>,
    state: State,
}

/// What one step gave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    End,
    Line,
    TooLong,
}

/// Where in a line the last read stopped; other than `Between` only after an error of the input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Between,
    Within,
    Skipping,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, limit, line: Vec::new(), state: State::Between }
    }

    /// Goes to the next line. After an error of the input a further call goes on where the last one stopped.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        if self.state == State::Between {
            self.line.clear();
        }
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(self.finish(Step::End));
            }
            let end = memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if part.len() > self.limit - self.line.len() {
                self.state = State::Skipping;
            } else if self.state != State::Skipping {
                self.state = State::Within;
                self.line.extend_from_slice(part);
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.input.consume(consumed);
            if end.is_some() {
                return Ok(self.finish(Step::Line));
            }
        }
    }

    /// The line, without its line feed and the carriage return before it.
    pub(super) fn line(&self) -> &[u8] {
        self.line.strip_suffix(b"\r").unwrap_or(&self.line)
    }

    /// What the end of a line or of the input makes of what was read.
    fn finish(&mut self, found: Step) -> Step {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between => found,
            State::Within => Step::Line,
            State::Skipping => Step::TooLong,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use super::*;

    fn split(text: &[u8], limit: usize, chunk: usize) -> Vec<Result<Vec<u8>, ()>> {
        let mut lines = Lines::new(BufReader::with_capacity(chunk, text), limit);
        let mut found = Vec::new();
        loop {
            match lines.step().unwrap() {
                Step::End => return found,
                Step::Line => found.push(Ok(lines.line().to_vec())),
                Step::TooLong => found.push(Err(())),
            }
            assert!(lines.line.capacity() <= 2 * limit.max(8));
        }
    }

    #[test]
    fn splits_whatever_the_chunks() {
        for chunk in 1..12 {
            let found = split(b"one\r\n\ntoolong\ntwo\nexact\n123456\nlast", 5, chunk);
            let expected: Vec<Result<Vec<u8>, ()>> = vec![
                Ok(b"one".to_vec()),
                Ok(b"".to_vec()),
                Err(()),
                Ok(b"two".to_vec()),
                Ok(b"exact".to_vec()),
                Err(()),
                Ok(b"last".to_vec()),
            ];
            assert_eq!(found, expected, "{chunk}");
            assert_eq!(split(b"ends\n", 5, chunk).len(), 1);
            assert_eq!(split(b"", 5, chunk).len(), 0);
            assert_eq!(split(b"\n\n", 0, chunk).len(), 2);
            assert_eq!(split(b"x\n\nlonger", 0, chunk), [Err(()), Ok(Vec::new()), Err(())]);
        }
    }

    #[test]
    fn a_huge_line_costs_no_memory() {
        let huge = io::Read::chain(io::repeat(b'A').take(64 << 20), &b"\nnext"[..]);
        let mut lines = Lines::new(BufReader::new(huge), 4096);
        assert_eq!(lines.step().unwrap(), Step::TooLong);
        assert!(lines.line.capacity() <= 2 * 4096);
        assert_eq!(lines.step().unwrap(), Step::Line);
        assert_eq!(lines.line(), b"next");
    }

    #[test]
    fn goes_on_after_an_error() {
        struct Flaky(Vec<io::Result<&'static [u8]>>);
        impl io::Read for Flaky {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let part = self.0.pop().unwrap_or(Ok(b""))?;
                buffer[..part.len()].copy_from_slice(part);
                Ok(part.len())
            }
        }
        let again = || Err(io::Error::from(ErrorKind::WouldBlock));
        let parts = vec![
            Ok(&b"f\n"[..]),
            again(),
            Ok(&b"cde"[..]),
            Err(io::Error::from(ErrorKind::Interrupted)),
            Ok(&b"ab"[..]),
        ];
        let mut lines = Lines::new(BufReader::new(Flaky(parts)), 100);
        assert_eq!(lines.step().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(lines.step().unwrap(), Step::Line);
        assert_eq!(lines.line(), b"abcdef");
    }
}
