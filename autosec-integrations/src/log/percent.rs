//! Decoding of URLs and of what web servers escape in their logs.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::scan::lossy;

/// Decodes `%2f` in a path, once. What is no valid escape stays as it is.
pub(super) fn path(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr(b'%', text) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(decode(text, false)),
    }
}

/// Decodes `%2f` in a query, once, and `+` as a space.
pub(super) fn query(text: &[u8]) -> Cow<'_, [u8]> {
    match memchr2(b'%', b'+', text) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(decode(text, true)),
    }
}

/// Undoes `\x22` (nginx), `\"`, `\\` and `\n` (Apache). What is no such escape stays as it is.
pub(super) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (byte, tail) = match rest {
            [] => return Cow::Owned(bytes),
            [b'\\', b'x', high, low, tail @ ..] if let Some(byte) = hex(*high, *low) => (byte, tail),
            [b'\\', byte @ (b'"' | b'\\'), tail @ ..] => (*byte, tail),
            [b'\\', b'n', tail @ ..] => (b'\n', tail),
            [b'\\', b'r', tail @ ..] => (b'\r', tail),
            [b'\\', b't', tail @ ..] => (b'\t', tail),
            [b'\\', b'b', tail @ ..] => (0x08, tail),
            [b'\\', b'f', tail @ ..] => (0x0c, tail),
            [b'\\', b'v', tail @ ..] => (0x0b, tail),
            [byte, tail @ ..] => (*byte, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
}

/// Text from bytes; what is no UTF-8 becomes U+FFFD.
pub(super) fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
    }
}

fn decode(text: &[u8], plus: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (*first, tail) {
            (b'+', _) if plus => b' ',
            (b'%', [high, low, after @ ..]) => match hex(*high, *low) {
                Some(byte) => {
                    rest = after;
                    byte
                }
                None => b'%',
            },
            (byte, _) => byte,
        });
    }
    bytes
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once() {
        for (given, decoded) in [
            ("/a%20b", "/a b"),
            ("/%252e%252e/", "/%2e%2e/"),
            ("/%2E%2e%2f", "/../"),
            ("/100%", "/100%"),
            ("/%zz%4", "/%zz%4"),
            ("/%%41", "/%A"),
            ("/a+b", "/a+b"),
            ("/%00", "/\0"),
            ("/%c0%af", "/\u{fffd}\u{fffd}"),
            ("/%e2%82%ac", "/€"),
        ] {
            assert_eq!(text(path(given.as_bytes())), decoded, "{given}");
        }
        assert_eq!(text(query(b"q=a+b%2Bc")), "q=a b+c");
        assert!(matches!(path(b"/plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn unescapes_both_servers() {
        for (given, plain) in [
            (r"a\x22b", "a\"b"),
            (r#"a\"b\\c"#, r#"a"b\c"#),
            (r"\x5Cx22", r"\x22"),
            (r"\t\n", "\t\n"),
            (r"\q\x4", r"\q\x4"),
            (r"end\", r"end\"),
            (r"\xff", "\u{fffd}"),
        ] {
            assert_eq!(text(unescape(given.as_bytes())), plain, "{given}");
        }
    }
}
