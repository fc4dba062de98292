use std::borrow::Cow;

/// A string of the input as it stands between its quotes.
///
/// Two variants and not a flag: the padding behind a `bool` is copied in pieces that wait for each other, 6 % of the
/// whole read (2026-11-22, 2-core x86-64 VM).
#[derive(Clone, Copy, Debug)]
pub(super) enum Quoted<'a> {
    Plain(&'a [u8]),
    /// With a backslash in it.
    Escaped(&'a [u8]),
}

impl<'a> Quoted<'a> {
    /// The text. A security log must not be lost because of one byte, so nothing is refused: bytes that are no
    /// UTF-8 and surrogates without their other half become U+FFFD, an escape that JSON does not know (`\x22`)
    /// stays as it stands, control characters and NUL are kept.
    #[inline]
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Quoted::Plain(raw) => match std::str::from_utf8(raw) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(raw),
            },
            Quoted::Escaped(raw) => Cow::Owned(unescape(&String::from_utf8_lossy(raw))),
        }
    }
}

fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        text.push_str(plain);
        let (character, length) = decode(escape);
        match character {
            Some(character) => text.push(character),
            None => text.push_str(escape.get(..length).unwrap_or_default()),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The character of the escape at the start of `escape` and the escape's length; no character where JSON knows
/// no such escape, then the length of the backslash alone.
fn decode(escape: &str) -> (Option<char>, usize) {
    let simple = match escape.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => return decode_unicode(escape),
    };
    (Some(simple), 2)
}

fn decode_unicode(escape: &str) -> (Option<char>, usize) {
    let Some(high) = code_unit(escape) else { return (None, 1) };
    if let Some(character) = char::from_u32(high) {
        return (Some(character), 6);
    }
    let low = escape.get(6..).and_then(code_unit).filter(|low| (0xDC00..0xE000).contains(low));
    match low {
        Some(low) if high < 0xDC00 => {
            (char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), 12)
        }
        _ => (Some(char::REPLACEMENT_CHARACTER), 6),
    }
}

/// The number of a `\uXXXX` at the start.
fn code_unit(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_json_knows() {
        let raw = r#"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00 \u0000"#;
        assert_eq!(unescape(raw), "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600} \0");
    }

    #[test]
    fn keeps_what_json_does_not_know() {
        for (raw, text) in [
            (r"\x22", r"\x22"),
            (r"\u12", r"\u12"),
            (r"\u+123", r"\u+123"),
            (r"\", r"\"),
            (r"\é\n", "\\é\n"),
            (r"\ud800", "\u{fffd}"),
            (r"\udc00\ud800x", "\u{fffd}\u{fffd}x"),
            (r"\ud800\u0041", "\u{fffd}A"),
            (r"\ud800\ud83d\ude00", "\u{fffd}\u{1f600}"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    #[test]
    fn borrows_plain_text_and_replaces_broken_bytes() {
        let plain = Quoted::Plain("naïve".as_bytes());
        assert!(matches!(plain.text(), Cow::Borrowed("naïve")));
        let broken = Quoted::Plain(b"a\xffb");
        assert_eq!(broken.text(), "a\u{fffd}b");
        assert_eq!(Quoted::Escaped(b"\xff\\n").text(), "\u{fffd}\n");
    }
}
