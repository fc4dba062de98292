use std::io::{self, Read};

use super::report::ListError;

/// How much of an input is looked at before it is read.
const HEAD: u64 = 512;

/// How pages for people and other documents that are no list begin.
const PAGES: [&str; 10] =
    ["<!doctype", "<!--", "<html", "<head", "<body", "<script", "<title", "<meta", "<?xml", "<error"];

/// An input of which no more than so much is read, in all and at once.
pub(super) struct Input<R> {
    head: io::Cursor<Vec<u8>>,
    rest: R,
    left: u64,
    /// How much may still be read before [`allow`](Self::allow) is called again.
    allowed: u64,
    is_overrun: bool,
}

impl<R: Read> Input<R> {
    /// Looks at the first bytes, however few come at a time: leaves a byte order mark out, and refuses what is no list.
    pub(super) fn begin(mut rest: R, most: u64) -> Result<Self, ListError> {
        let mut head = Vec::new();
        rest.by_ref().take(HEAD.min(most)).read_to_end(&mut head)?;
        if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
            return Err(ListError::Utf16);
        }
        let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let text = head.get(mark..).unwrap_or_default().trim_ascii_start();
        let text = text.get(..32).unwrap_or(text).to_ascii_lowercase();
        if PAGES.iter().any(|page| text.starts_with(page.as_bytes())) {
            return Err(ListError::WebPage);
        }
        let left = most - head.len() as u64;
        let mut head = io::Cursor::new(head);
        head.set_position(mark as u64);
        Ok(Self { head, rest, left, allowed: u64::MAX, is_overrun: false })
    }

    /// From now on so much may be read until this is called again.
    pub(super) fn allow(&mut self, bytes: u64) {
        self.allowed = bytes;
    }

    /// Whether more was asked for than is allowed at once.
    pub(super) fn is_overrun(&self) -> bool {
        self.is_overrun
    }

    /// Whether the limit was reached before the end.
    pub(super) fn is_cut(&mut self) -> io::Result<bool> {
        Ok(self.left == 0 && self.rest.read(&mut [0])? > 0)
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.allowed == 0 {
            self.is_overrun = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let most = usize::try_from(self.allowed).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let mut read = self.head.read(buffer)?;
        if read == 0 {
            let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
            read = self.rest.read(buffer.get_mut(..most).unwrap_or_default())?;
            self.left -= read as u64;
        }
        self.allowed -= read as u64;
        Ok(read)
    }
}
