//! Steps over bytes, from either end.

use std::borrow::Cow;
use std::str;

use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};

/// What stands before and after the first `byte`.
pub(super) fn cut(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    around(text, memchr(byte, text)?, 1)
}

/// What stands before and after the last `byte`.
pub(super) fn cut_last(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    around(text, memrchr(byte, text)?, 1)
}

/// What stands before and after the first `mark`.
pub(super) fn cut_at<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    around(text, find(text, mark)?, mark.len())
}

/// What stands before and after the last `mark`.
pub(super) fn cut_at_last<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memrchr_iter(*mark.first()?, text).find(|at| stands_at(text, *at, mark))?;
    around(text, at, mark.len())
}

/// Where the first `mark` is. A search for substrings would take longer to prepare than these short texts to read.
pub(super) fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    memchr_iter(*mark.first()?, text).find(|at| stands_at(text, *at, mark))
}

/// The first word and what follows its space; the whole text if it holds none.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    cut(text, b' ').unwrap_or((text, &[]))
}

/// The decimal number that the whole text is: up to 18 digits, nothing else.
pub(super) fn number(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// The decimal digits that the text starts with, and the rest.
pub(super) fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(count).unwrap_or((text, &[]))
}

/// The bytes as text; what is no UTF-8 becomes U+FFFD.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // `from_utf8_lossy` alone goes byte by byte; this takes ASCII by the word.
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

fn stands_at(text: &[u8], at: usize, mark: &[u8]) -> bool {
    text.get(at..).is_some_and(|text| text.starts_with(mark))
}

fn around(text: &[u8], at: usize, length: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_from_either_end() {
        assert_eq!(cut(b"a b c", b' '), Some((&b"a"[..], &b"b c"[..])));
        assert_eq!(cut_last(b"a b c", b' '), Some((&b"a b"[..], &b"c"[..])));
        assert_eq!(cut_at(b"a--b--c", b"--"), Some((&b"a"[..], &b"b--c"[..])));
        assert_eq!(cut_at_last(b"a--b--c", b"--"), Some((&b"a--b"[..], &b"c"[..])));
        assert_eq!(cut(b"abc", b' '), None);
        assert_eq!(word(b"abc"), (&b"abc"[..], &b""[..]));
    }

    #[test]
    fn reads_whole_numbers_only() {
        assert_eq!(number(b"0042"), Some(42));
        for wrong in [&b""[..], b"-1", b"1 ", b"1.5", b"1234567890123456789"] {
            assert_eq!(number(wrong), None);
        }
        assert_eq!(digits(b"12ab"), (&b"12"[..], &b"ab"[..]));
    }
}
